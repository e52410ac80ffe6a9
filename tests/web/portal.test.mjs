// What customers do in the portal, in a real browser.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { orderNumber } from "./customers.mjs";
import { assertNoFaults, closeBrowser, signIn, Stage } from "./stage.mjs";

const run = promisify(execFile);

let stage;
before(async () => {
  stage = await Stage.start({ modems: 6, settings: '[portal]\norigin = "http://127.0.0.1:0"' });
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

/** A page of a new customer with this balance. */
async function customer(name, balance = "10", options = {}) {
  await stage.account(name, balance);
  return stage.customer(name, options);
}

const main = (page) => page.textContent("main");

test("a code is there without a reload, large, in the tab's title, and copied as it is", async () => {
  const page = await customer("cora", "10", { permissions: ["clipboard-read", "clipboard-write"] });
  const number = await orderNumber(stage, page);
  assert.match(await page.textContent("header"), /9\.50|10\.00/);
  await stage.send(number, "Uber", "Your Uber code is 846691. Never share it.");
  await page.getByRole("button", { name: "Copy the code" }).click();
  assert.match(await page.title(), /^● 846691/);
  await page.locator("header", { hasText: "9.50" }).waitFor();
  await page.goto(`${stage.portal}/account/keys`);
  // Pages may not read the clipboard, but people paste.
  const field = page.getByLabel("Name", { exact: true });
  await field.click();
  await page.keyboard.press("Control+V");
  assert.equal(await field.inputValue(), "846691");
  assertNoFaults(page);
});

test("a canceled order costs nothing, and skipping brings another number", async () => {
  const page = await customer("dina");
  const first = await orderNumber(stage, page);
  await page.getByRole("button", { name: "Skip and take another" }).click();
  await page.waitForURL((url) => /\/orders\/\d+$/.test(url.pathname));
  const text = await main(page);
  assert.ok(!text.includes(first), text);
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByText("Canceled").first().waitFor();
  await page.goto(`${stage.portal}/account`);
  assert.match(await main(page), /10\.00 USD/);
  assertNoFaults(page);
});

test("too little balance is a sentence with both amounts", async () => {
  const page = await customer("eli", "0.20", { allowed: ["status of 4"] });
  await page.goto(stage.portal);
  await page.getByRole("button", { name: /^Order/ }).first().click();
  await page.getByText("0.20").first().waitFor();
  assert.match(await main(page), /0\.50/);
});

test("a key is shown once, works by the command beside it, and not after it was revoked", async () => {
  const page = await customer("fay");
  await page.goto(`${stage.portal}/account/keys`);
  await page.getByRole("button", { name: "Make a key" }).click();
  const proof = page.getByLabel("Password", { exact: true });
  const key = await page.locator(".copyable code").first().textContent();
  const command = await page.locator("pre").textContent();
  assert.equal(await proof.count(), 0, "who has just chosen a password has proved it");
  const balance = async () => {
    const { stdout } = await run("bash", ["-c", command]);
    return JSON.parse(stdout);
  };
  assert.equal((await balance()).balance, "10.00");
  await page.goto(`${stage.portal}/account`);
  assert.ok(!(await page.content()).includes(key), "the key is shown once");
  await page.locator("main a", { hasText: key.slice(0, 8) }).first().click();
  await page.locator("summary", { hasText: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke it" }).click();
  await page.getByText("opens nothing any more").first().waitFor();
  assert.equal((await balance()).code, "unauthorized");
  assertNoFaults(page);
});

test("what is another customer's is not found", async () => {
  const owner = await customer("gus");
  await orderNumber(stage, owner);
  const path = new URL(owner.url()).pathname;
  const other = await customer("hal", "10", { allowed: ["status of 404"] });
  const answer = await other.goto(stage.portal + path);
  assert.equal(answer.status(), 404);
  assert.doesNotMatch(await main(other), /\+31/);
});

test("one can go back to a form that was refused, and load it again", async () => {
  const page = await customer("ida", "10", { allowed: ["status of 4"] });
  await page.goto(`${stage.portal}/webhooks`);
  const address = page.getByLabel("Address", { exact: true });
  await address.fill("http://192.0.2.7/x");
  await page.getByRole("button", { name: "Add it" }).click();
  const fault = page.getByRole("alert").filter({ hasText: "https://" });
  await fault.waitFor();
  await page.getByRole("link", { name: "Orders", exact: true }).first().click();
  await page.waitForURL(`${stage.portal}/orders`);
  for (const again of ["goBack", "reload"]) {
    await page[again]();
    await fault.waitFor();
    assert.equal(await address.inputValue(), "http://192.0.2.7/x", again);
  }
  assertNoFaults(page);
});

test("one can go back to a sign-in that was refused", async () => {
  await stage.account("jo");
  const page = await stage.page({ allowed: ["status of 4"] });
  await page.goto(`${stage.portal}/sign-in`);
  await signIn(page, "jo", "wrong password here");
  await page.getByText("You are not signed in.").waitFor();
  await page.goto(`${stage.portal}/nothing`);
  await page.getByRole("link", { name: "sign in", exact: true }).waitFor();
  await page.goBack();
  await page.getByText("You are not signed in.").waitFor();
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "jo");
  assertNoFaults(page);
});
