// What operators do with accounts in the console, in a real browser.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { liveMark } from "./customers.mjs";
import { draw } from "./pictures.mjs";
import { assertDone, assertNoFaults, closeBrowser, signIn, Stage } from "./stage.mjs";

let stage;
before(async () => {
  stage = await Stage.start({ modems: 2, settings: '[portal]\norigin = "http://127.0.0.1:0"' });
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

const balance = async (name) => (await stage.command("account", "show", name)).balance;

/** The cells of a column of a table, from top to bottom. */
const column = (page, table, heading) =>
  page.locator(`#${table} tbody [data-label="${heading}"]`).allTextContents();

const sum = (amounts) => amounts.reduce((sum, amount) => sum + Math.round(Number(amount) * 100), 0) / 100;

test("credit of a new account is added once, adjusted with a reason, and adds up", async () => {
  const page = await stage.operator("amy", "owner", { allowed: ["status of 4"] });
  await page.goto(`${stage.console}/accounts`);
  await page.getByLabel("Name", { exact: true }).last().fill("carol");
  await page.getByRole("button", { name: "Add it" }).click();
  await assertDone(page, /^The account carol was added\./);
  await page.getByLabel("Top up by").fill("10.00");
  await page.getByRole("button", { name: "Top up" }).dblclick();
  await assertDone(page, "10.00 USD was added; the balance is 10.00 USD.");
  assert.equal(await balance("carol"), "10.00");

  await page.locator("summary", { hasText: "Adjust the balance" }).click();
  await page.getByLabel("Amount", { exact: true }).fill("-1.50");
  const reason = page.getByLabel("Reason");
  await page.getByRole("button", { name: "Adjust" }).click();
  assert.equal(await reason.evaluate((field) => field.validity.valueMissing), true);
  await reason.fill(" ");
  await page.getByRole("button", { name: "Adjust" }).click();
  await page.locator(".faults", { hasText: "An adjustment has a reason, for the ledger." }).waitFor();
  assert.equal(await reason.getAttribute("aria-invalid"), "true");
  assert.equal(await page.getByLabel("Amount", { exact: true }).inputValue(), "-1.50");
  assert.equal(await balance("carol"), "10.00");
  await draw(page, "account-adjustment");
  await reason.fill("typed wrong");
  await page.getByRole("button", { name: "Adjust" }).click();
  await assertDone(page, "The balance is 8.50 USD.");

  assert.deepEqual(await column(page, "entries", "Amount, USD"), ["-1.50", "10.00"]);
  assert.deepEqual(await column(page, "entries", "Balance after it"), ["8.50", "10.00"]);
  await page.locator("#account", { hasText: "8.50 USD" }).waitFor();
  await draw(page, "account");
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "the last 31 days as CSV" }).click();
  const [head, ...lines] = (await readFile(await (await download).path(), "utf8")).trim().split(/\r?\n/);
  const at = head.split(",").indexOf("amount");
  assert.equal(sum(lines.map((line) => line.split(",")[at])), 8.5);
  assert.match(lines.at(-1), /typed wrong/);
  assert.equal(await balance("carol"), "8.50");
});

test("a suspended account's key and portal shut at once, and open again with it", async () => {
  await stage.account("dave");
  const { key } = await stage.command("key", "add", "dave");
  const ask = () => fetch(`${stage.portal}/v2/me`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal((await ask()).status, 200);
  const customer = await stage.customer("dave", { allowed: ["status of 4"] });
  await customer.goto(`${stage.portal}/account`);
  await liveMark(customer).waitFor();

  const page = await stage.operator("ben", "operator");
  await page.goto(`${stage.console}/accounts`);
  await page.getByRole("link", { name: "dave" }).click();
  await page.locator("summary", { hasText: "Suspend the account" }).click();
  await page.getByRole("button", { name: "Suspend it" }).click();
  await assertDone(page, /^The account is suspended/);
  assert.equal((await ask()).status, 403);
  await customer.getByText("You are signed out.").waitFor();
  await draw(customer, "portal-suspended");
  await customer.goto(`${stage.portal}/account`);
  await customer.getByRole("button", { name: "Sign in" }).waitFor();
  await signIn(customer, "dave-login");
  await customer.getByRole("alert").first().waitFor();
  await draw(customer, "portal-suspended-sign-in");

  await page.getByRole("button", { name: "Let the account work again" }).click();
  await assertDone(page, "The account works again.");
  assert.equal((await ask()).status, 200);
  await signIn(customer, "dave-login");
  await customer.getByRole("heading", { level: 1, name: "Account" }).waitFor();
  assertNoFaults(page);
});
