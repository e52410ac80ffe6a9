// Many tabs, and a daemon that goes away and comes back.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { liveMark, orderNumber, startWithCustomer } from "./customers.mjs";
import { assertNoFaults, closeBrowser, eventually } from "./stage.mjs";

/** A browser opens six connections to a host, so with a stream in each tab the seventh would hang. */
const TABS = 9;
/** How many streams a session has. */
const STREAMS = 4;

let stage;
before(async () => {
  stage = await startWithCustomer();
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

test("nine tabs over plain HTTP open, and each stays current", async () => {
  const first = await stage.customer("bob");
  const number = await orderNumber(stage, first);
  const tabs = [first];
  while (tabs.length < TABS) {
    const tab = await first.context().newPage();
    await tab.goto(first.url());
    await tab.locator("#live:not([hidden])").waitFor();
    tabs.push(tab);
  }
  const marks = await eventually("the streams of four tabs", async () => {
    const texts = await Promise.all(tabs.map((tab) => tab.locator("#live").textContent()));
    return texts.filter((text) => text === "live").length <= STREAMS && texts;
  });
  assert.ok(marks.includes("live") && marks.includes("every 5 s"), marks.join());
  await stage.send(number, "Uber", "Your Uber code is 846691.");
  await Promise.all(tabs.map((tab) => tab.locator("main .code", { hasText: "846691" }).waitFor()));
  for (const tab of tabs) assert.match(await tab.title(), /^● 846691/);
  await first.context().close();
});

test("while the daemon is away pages say so, and then are live with all that came meanwhile", async () => {
  const page = await stage.operator("ann", "owner", { allowed: ["ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE"] });
  await page.clock.install();
  await page.goto(`${stage.console}/messages`);
  await liveMark(page).waitFor();
  const rows = page.locator("main tbody tr");
  const known = await rows.count();
  const row = (text) => rows.filter({ hasText: text });
  await stage.send("+31612340000", "Before", "A message before");
  await row("A message before").waitFor();

  const places = { http: new URL(stage.portal).host, console: new URL(stage.console).host };
  await stage.configure(stage.settings, places);
  await stage.stopDaemon();
  const bar = page.locator("#connection", { hasText: /No connection since \d\d:\d\d/ });
  await bar.waitFor();
  assert.ok(await page.locator("#live").isHidden(), "it does not say that it is live");
  for (const text of ["The first one meanwhile", "The second one meanwhile"]) {
    await stage.send("+31612340000", "Meanwhile", text);
  }

  // From here on the page's time stands still until the daemon is back, and then passes by five seconds.
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 100);
  await stage.serve();
  await stage.send("+31612340001", "After", "A message after");
  await page.clock.runFor(5000);
  await liveMark(page).waitFor();
  await page.clock.resume();
  await bar.waitFor({ state: "hidden" });
  const texts = ["A message before", "The first one meanwhile", "The second one meanwhile", "A message after"];
  for (const text of texts) await row(text).waitFor();
  assert.equal(await rows.count(), known + texts.length, "each is there once");
  assertNoFaults(page);
});
