// What operators do in the console, in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertNoFaults, closeBrowser, eventually, Stage } from "./stage.mjs";

let stage;
before(async () => {
  stage = await Stage.start({ modems: 4, settings: '[portal]\norigin = "http://127.0.0.1:0"' });
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
  await stage.account("bob", "5");
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

const main = (page) => page.textContent("main");

test("a modem answers a command, refuses what would rewrite it, and the audit names the person", async () => {
  const page = await stage.operator("amy", "owner", { allowed: ["status of 4"] });
  await page.goto(`${stage.console}/modems`);
  await page.locator("main a[href^='/modems/']").first().click();
  const send = async (command) => {
    await page.getByLabel("AT command").fill(command);
    await page.getByRole("button", { name: "Send" }).first().click();
    await page.waitForLoadState();
  };
  await send("AT+CSQ");
  await page.getByText("+CSQ:").first().waitFor();
  await page.goBack();
  await send('AT+EGMR=1,7,"356938035643809"');
  await page.locator("[role=alert], .faults").first().waitFor();
  assert.match(await main(page), /IMEI|refused|not sent/i);
  await page.goto(`${stage.console}/audit`);
  assert.match(await main(page), /amy/);
});

test("a top-up that is clicked twice is made once, and an adjustment wants its reason", async () => {
  const page = await stage.operator("ben", "owner", { allowed: ["status of 4"] });
  await page.goto(`${stage.console}/accounts`);
  await page.getByRole("link", { name: "bob" }).click();
  await page.getByLabel("Top up by").fill("7.00");
  await page.getByRole("button", { name: "Top up" }).dblclick();
  await page.locator("main", { hasText: "12.00" }).waitFor();
  assert.equal((await stage.command("account", "show", "bob")).balance, "12.00");
  await page.locator("summary", { hasText: "Adjust the balance" }).click();
  await page.getByLabel("Amount", { exact: true }).fill("-1.00");
  await page.getByLabel("Reason").fill(" ");
  await page.getByRole("button", { name: "Adjust" }).click();
  await page.locator("[aria-invalid=true]").first().waitFor();
  assert.equal((await stage.command("account", "show", "bob")).balance, "12.00");
});

test("an order in the list is completed within a moment of its SMS, without a reload", async () => {
  const page = await stage.operator("cat", "operator");
  const { key } = await stage.command("key", "add", "bob");
  const made = await fetch(`${stage.portal}/v2/orders`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ service: "Uber" }),
  });
  const { number } = await made.json();
  await page.goto(`${stage.console}/orders`);
  await page.locator("main tbody tr", { hasText: /open/i }).first().waitFor();
  await stage.send(number, "Uber", "Your Uber code is 553311.");
  await page.locator("main tbody tr", { hasText: /completed/i }).first().waitFor();
  assertNoFaults(page);
});

test("what a stranger sends is text wherever it is shown", async () => {
  await stage.send("+31612340003", "<b>x</b>", '<img src=x onerror="document.title=1">\u202e=1+1');
  const page = await stage.operator("dot", "operator");
  await eventually("the message", async () => {
    await page.goto(`${stage.console}/messages`);
    return (await main(page)).includes("onerror");
  });
  assert.equal(await page.locator("main img, main b").count(), 0);
  assert.notEqual(await page.title(), "1");
  assertNoFaults(page);
});

test("modems that are pulled say so without a reload", async () => {
  const page = await stage.operator("eve", "operator");
  await page.goto(`${stage.console}/modems`);
  await page.locator("main tbody tr", { hasText: "Ready" }).first().waitFor();
  const [rack] = stage.children;
  rack.kill("SIGTERM");
  await page.locator("main tbody tr", { hasText: "Absent" }).nth(3).waitFor();
  assertNoFaults(page);
});
