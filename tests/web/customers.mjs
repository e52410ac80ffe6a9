// What the tests of several files have customers do.

/** Orders the first number on the page of the services, and answers it. */
export async function orderNumber(stage, page) {
  await page.goto(stage.portal);
  await page.getByRole("button", { name: /^Order/ }).first().click();
  return numberOf(page);
}

/** The number of the order that the page shows or is about to show. */
export async function numberOf(page) {
  await page.waitForURL(/\/orders\/\d+$/);
  const [number] = (await page.textContent("main")).match(/\+31\d{9}/);
  return number;
}

/** The mark that a page's changes come by a stream. */
export const liveMark = (page) => page.locator("#live", { hasText: /^live$/ });
