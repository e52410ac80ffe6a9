// The inbox in the console, in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { liveMark } from "./customers.mjs";
import { draw } from "./pictures.mjs";
import { assertNoFaults, closeBrowser, eventually, Stage } from "./stage.mjs";

/** So many messages are higher than the window. */
const MESSAGES = 30;

let stage;
before(async () => {
  stage = await Stage.start({ modems: 4 });
  for (let n = 1; n <= MESSAGES; n += 1) await stage.send("+31612340000", "Shop", `Parcel ${n} is here.`);
  await eventually("the messages", async () => (await stage.command("message", "list")).length === MESSAGES);
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

test("who has scrolled down in the inbox is told how many came, and nothing jumps", async () => {
  const page = await stage.operator("ann", "operator");
  await page.goto(`${stage.console}/messages`);
  const rows = page.locator("#messages tbody tr");
  assert.equal(await rows.count(), MESSAGES);
  await rows.last().scrollIntoViewIfNeeded();
  await liveMark(page).waitFor();
  const top = async () => (await rows.last().boundingBox()).y;
  const [scrolled, before] = [await page.evaluate(() => scrollY), await top()];
  assert.ok(scrolled > 0, "the list is higher than the window");
  await stage.send("+31612340001", "Bank", "Your code is 246810.");
  await stage.send("+31612340003", "Shop", "Parcel 31 is here.");
  const waiting = page.getByRole("button", { name: "2 new" });
  await waiting.waitFor();
  assert.equal(await rows.count(), MESSAGES);
  assert.ok(Math.abs((await top()) - before) <= 1, `moved from ${before} to ${await top()}`);
  assert.ok(await waiting.isVisible());
  await draw(page, "messages-waiting");
  await waiting.click();
  await rows.filter({ hasText: "246810" }).waitFor();
  assert.equal(await rows.count(), MESSAGES + 2);
  assert.match(await rows.first().textContent(), /Parcel 31/);
  assert.equal(await waiting.count(), 0);
  await eventually("the top of the list", () => page.evaluate(() => scrollY < 300));
  assertNoFaults(page);
});

test("a message that comes while the top of the inbox is looked at is there at once", async () => {
  const page = await stage.operator("bea", "operator");
  await page.goto(`${stage.console}/messages`);
  await liveMark(page).waitFor();
  await stage.send("+31612340001", "Shop", "Parcel 99 is here.");
  const first = page.locator("#messages tbody tr").first();
  await first.getByText("Parcel 99 is here.").waitFor();
  assert.equal(await page.getByRole("button", { name: /new$/ }).count(), 0);
  assertNoFaults(page);
});

test("each opening of messages is in the audit with the person, and once", async () => {
  const page = await stage.operator("cat", "operator");
  const looks = async () => {
    const rows = await stage.command("audit", "list");
    return rows.filter((row) => row.user === "cat" && row.deed === "saw the messages").map((row) => row.subject);
  };
  await page.goto(`${stage.console}/messages`);
  assert.deepEqual(await looks(), ["all SIMs"]);
  await liveMark(page).waitFor();
  await page.locator("#messages tbody tr th a").first().click();
  await page.getByRole("heading", { level: 1, name: /^Message \d+$/ }).waitFor();
  await liveMark(page).waitFor();
  const id = new URL(page.url()).pathname.split("/").at(-1);
  assert.deepEqual(await looks(), ["all SIMs", `message ${id}`]);
  await draw(page, "message");
  await page.goto(`${stage.console}/audit?user=cat`);
  const row = page.locator("#audit tbody tr", { hasText: `message ${id}` });
  assert.match(await row.textContent(), /operator cat.*saw the messages/);
  await draw(page, "audit");
  assertNoFaults(page);
});
