// What operators do in the console, in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { draw } from "./pictures.mjs";
import { assertNoFaults, closeBrowser, eventually, Stage } from "./stage.mjs";

let stage;
before(async () => {
  stage = await Stage.start({ modems: 4 });
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

const main = (page) => page.textContent("main");

test("a modem's page has its past, answers a command, and refuses what would rewrite the modem", async () => {
  const page = await stage.operator("amy", "owner", { allowed: ["status of 4"] });
  await page.goto(`${stage.console}/modems`);
  await page.getByRole("link", { name: "modem000" }).click();
  await page.locator("#history tbody tr", { hasText: "Ready" }).waitFor();
  const transcript = await page.locator("#transcript pre").textContent();
  assert.match(transcript, /AT\+CMGF=0/);
  assert.doesNotMatch(transcript, /31612340000|8931040000000000018/, "numbers are masked");
  await draw(page, "modem");
  const send = async (command) => {
    await page.getByLabel("AT command").fill(command);
    await page.getByRole("button", { name: "Send" }).first().click();
  };
  await send("AT+CSQ");
  await page.locator("#reply", { hasText: "+CSQ:" }).waitFor();
  await page.getByRole("link", { name: "Back to the modem" }).click();
  await send('AT+EGMR=1,7,"356938035643809"');
  await page.locator(".faults", { hasText: /IMEI/ }).waitFor();
  assert.match(await page.getByLabel("AT command").inputValue(), /^AT\+EGMR/);
  await draw(page, "modem-refusal");
  await page.goto(`${stage.console}/audit?user=amy`);
  const row = page.locator("#audit tbody tr", { hasText: "AT+CSQ" });
  assert.match(await row.textContent(), /operator amy.*sent a command to.*modem000/);
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
