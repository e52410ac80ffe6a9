// An order without a mouse.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { numberOf, startWithCustomer } from "./customers.mjs";
import { assertNoFaults, closeBrowser, PASSWORD } from "./stage.mjs";

let stage;
before(async () => {
  stage = await startWithCustomer();
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

/** What has the focus: its name, and whether that is seen. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const label = element.labels?.[0]?.textContent ?? element.getAttribute("aria-label") ?? element.textContent;
    return { name: label.trim(), isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
  });

/** Presses the tabulator until what has this name has the focus. Each stop on the way has to be seen. */
async function tabTo(page, name) {
  const stops = [];
  while (stops.length < 40) {
    await page.keyboard.press("Tab");
    const stop = await focused(page);
    stops.push(stop.name);
    assert.ok(stop.isSeen, `it is not seen that ${stop.name} has the focus`);
    if (stop.name === name) return stops;
  }
  assert.fail(`${name} is not among ${stops.join(", ")}`);
}

test("a customer signs in, orders and copies the code by keys alone", async () => {
  const first = await stage.customer("bob");
  await first.context().close();
  const page = await stage.page({ permissions: ["clipboard-read", "clipboard-write"] });
  await page.goto(stage.portal);
  await tabTo(page, "Name");
  await page.keyboard.type("bob-login");
  await tabTo(page, "Password");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Services" }).waitFor();

  assert.deepEqual(await tabTo(page, "Skip to the content"), ["Skip to the content"], "it comes first");
  await page.keyboard.press("Enter");
  const stops = await tabTo(page, "Order a number for Uber");
  assert.ok(!stops.includes("Account"), `the menu was skipped: ${stops}`);
  await page.keyboard.press("Enter");
  const number = await numberOf(page);
  await stage.send(number, "Uber", "Your Uber code is 553311.");
  await page.getByRole("status").getByText("553311").waitFor();
  await tabTo(page, "Copy the code");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assertNoFaults(page);
});
