// What customers and operators do, on a phone 360 pixels wide, with a finger, and what fits on a tablet.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { numberOf } from "./customers.mjs";
import { assertNoFaults, assertNoSidewaysScrolling, closeBrowser, eventually, signIn, Stage } from "./stage.mjs";

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
/** How many pixels a finger needs at least, to each side. */
const FINGER = 40;

let stage;
before(async () => {
  stage = await Stage.start({ modems: 4, settings: '[portal]\norigin = "http://127.0.0.1:0"' });
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
  await stage.account("kim", "100");
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

/** Taps on something that has to be large enough and seen whole. */
async function tap(page, target) {
  await target.scrollIntoViewIfNeeded();
  await assertNoSidewaysScrolling(page);
  const { x, width, height } = await target.boundingBox();
  const what = await target.textContent();
  assert.ok(height >= FINGER && width >= FINGER, `${what} is ${width} by ${height}`);
  assert.ok(x >= 0 && x + width <= PHONE.viewport.width, `${what} is cut: ${x} and ${width} wide`);
  await target.tap();
}

const button = (page, name) => page.getByRole("button", { name }).first();
const summary = (page, text) => page.locator("summary", { hasText: text }).first();

/** Goes to a page by the menu. */
async function goByMenu(page, name) {
  await tap(page, page.locator("summary", { hasText: /^Menu$/ }));
  await tap(page, page.locator(".small-menu").getByRole("link", { name, exact: true }));
  await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
}

const done = (page, text) => page.locator(".done", { hasText: text }).waitFor();

test("forms with a file fit on the narrowest phones", async () => {
  const page = await stage.operator("nina", "operator", { ...PHONE, viewport: { width: 320, height: 640 } });
  for (const path of ["/sims/import", "/services/import"]) {
    await page.goto(`${stage.console}${path}`);
    await page.locator("input[type=file]").waitFor();
    await assertNoSidewaysScrolling(page);
  }
  assertNoFaults(page);
});

test("a customer orders, reads the code, cancels, rents and makes a key on a phone", async () => {
  const page = await stage.customer("kim", { ...PHONE, permissions: ["clipboard-read", "clipboard-write"] });
  await tap(page, button(page, /^Order a number/));
  const number = await numberOf(page);
  const heads = await page.locator("header .bar-1 > :visible").evaluateAll((all) =>
    all.map((part) => part.getBoundingClientRect()).map(({ top, bottom }) => (top + bottom) / 2),
  );
  assert.ok(Math.max(...heads) - Math.min(...heads) < 2, `the head is one line: ${heads}`);
  await stage.send(number, "Uber", "Your Uber code is 846691. Never share it.");
  await page.locator("main .code", { hasText: "846691" }).waitFor();
  await tap(page, button(page, "Copy the code"));
  await button(page, "Copied").waitFor();

  await goByMenu(page, "Services");
  await tap(page, button(page, /^Order a number/));
  await numberOf(page);
  await tap(page, button(page, "Cancel"));
  await done(page, "was canceled");
  await goByMenu(page, "Orders");
  const row = page.locator("main tbody tr", { hasText: "Canceled" });
  assert.equal(await row.count(), 1);

  await goByMenu(page, "Rentals");
  await page.getByRole("link", { name: "Rent a number" }).first().tap();
  await tap(page, summary(page, "Rent for 1 month"));
  await tap(page, button(page, /^Yes, rent it/));
  await done(page, "The number is yours now.");

  await goByMenu(page, "Account");
  await page.goto(`${stage.portal}/account/keys`);
  await assertNoSidewaysScrolling(page);
  await tap(page, button(page, "Make a key"));
  await page.locator(".copyable code").first().waitFor();
  assertNoFaults(page);
});

test("on a tablet no column of a customer's tables is cut", async () => {
  const page = await stage.page({ viewport: { width: 768, height: 1024 } });
  await page.goto(stage.portal);
  await signIn(page, "kim-login");
  await page.getByRole("heading", { level: 1, name: "Services" }).waitFor();
  for (const path of ["/", "/orders", "/rentals", "/rentals/new", "/account", "/account/ledger", "/me"]) {
    await page.goto(stage.portal + path);
    const tables = await page.$$eval(".scroll", (all) => all.map((it) => [it.scrollWidth, it.clientWidth]));
    assert.ok(tables.length > 0, path);
    for (const [whole, seen] of tables) assert.ok(whole <= seen, `${path}: of ${whole} pixels ${seen} are seen`);
  }
  assertNoFaults(page);
});

test("on a tablet no column of an operator's tables is cut", async () => {
  const page = await stage.operator("mia", "owner", { viewport: { width: 768, height: 1024 } });
  for (const path of ["/", "/modems", "/sims", "/services", "/orders", "/rentals", "/messages", "/accounts", "/revenue"]) {
    await page.goto(stage.console + path);
    const tables = await page.$$eval(".scroll", (all) => all.map((it) => [it.scrollWidth, it.clientWidth]));
    assert.ok(tables.length > 0 || path === "/", path);
    for (const [whole, seen] of tables) assert.ok(whole <= seen, `${path}: of ${whole} pixels ${seen} are seen`);
  }
  assertNoFaults(page);
});

test("an operator sets numbers, acknowledges an alarm, resets a modem and tops up on a phone", async () => {
  const page = await stage.operator("lea", "owner", PHONE);
  const sims = await stage.command("sim", "list");
  for (const { iccid } of sims.slice(0, 2)) {
    await goByMenu(page, "SIMs");
    await page.locator("main").getByRole("link", { name: iccid }).first().tap();
    await page.getByRole("heading", { level: 1, name: iccid }).waitFor();
    await page.getByLabel("Number", { exact: true }).fill("+31612349999");
    await tap(page, button(page, "Set number"));
    // Whether the second SIM is to have the number of the first is asked.
    const sure = button(page, "Set it all the same");
    await page.locator(".done").or(sure).first().waitFor();
    if (await sure.isVisible()) await tap(page, sure);
    await done(page, "The number was set.");
  }
  // Two SIMs with one number are an alarm.
  await page.locator("header .alarms", { hasText: /1 alarm/ }).waitFor();
  await page.locator("header .alarms").tap();
  await page.getByLabel("What is being done").fill("The card is on its way");
  await tap(page, button(page, "Acknowledge"));
  await done(page, "The alarm is acknowledged.");
  await page.locator(".alarm-list li", { hasText: "The card is on its way" }).waitFor();

  await goByMenu(page, "Modems");
  await page.locator("main a[href^='/modems/']").first().tap();
  await tap(page, button(page, "Reset"));
  await done(page, "The modem is being reset.");

  await goByMenu(page, "Accounts");
  await page.getByRole("link", { name: "kim" }).first().tap();
  await page.getByLabel("Top up by").fill("7.00");
  await tap(page, button(page, "Top up"));
  await done(page, "7.00");
  await eventually("the modem after its reset", async () => (await stage.command("status")).modems.ready === 4);
  assertNoFaults(page);
});
