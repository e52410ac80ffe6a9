// What the tests of several files have customers do.

import { Stage } from "./stage.mjs";

/** A stage with the portal, a service that has numbers, and the account `bob`, which can pay for them. */
export async function startWithCustomer() {
  const stage = await Stage.start({ settings: '[portal]\norigin = "http://127.0.0.1:0"' });
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
  await stage.account("bob");
  return stage;
}

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
