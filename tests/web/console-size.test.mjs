// The console of a large site, in a real browser: a thousand modems, 10 000 SIMs and years of messages.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { liveMark } from "./customers.mjs";
import { execute } from "./database.mjs";
import { draw } from "./pictures.mjs";
import { assertDone, assertNoFaults, closeBrowser, PROGRAM, Stage } from "./stage.mjs";

const run = promisify(execFile);
const MODEMS = 1000;
/** SIMs that were in modems before, beside those that are. */
const SIMS = 9000;
const SERVICES = 500;
/** More than one step of a search looks through. */
const MESSAGES = 120_000;

const count = (end) => `WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < ${end})`;
const FILLED = `
INSERT INTO sim (iccid, number, number_source, number_at, country, created_at)
  ${count(SIMS)} SELECT printf('8931080000000%06d', n), printf('+316%08d', 90000000 + n), 'cnum', 0, 'NL', 0 FROM c;
INSERT INTO service (name, price_minor) ${count(SERVICES)} SELECT printf('service %03d', n), 50 FROM c;
INSERT INTO service_pattern (service_id, kind, pattern) SELECT id, 'sender', '^' || name || '$' FROM service;
INSERT INTO message (sim_id, sender, text, sent_at, received_at, complete, settled_at)
  ${count(MESSAGES)} SELECT n % ${SIMS} + 1, 'Shop', 'Parcel ' || n || ' is here.', at, at, 1, at
  FROM (SELECT n, (unixepoch() - 864000 + n * 7) * 1000000 AS at FROM c)`;

let stage;
before(async () => {
  stage = await Stage.start({ modems: 0 });
  await stage.stopDaemon();
  await execute(stage, FILLED);
  stage.simulate(MODEMS);
  stage.modems = MODEMS;
  await stage.serve();
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

test("long lists are read page by page, in one request each and few octets", async (t) => {
  const page = await stage.operator("ann", "owner");
  for (const [path, table] of [
    ["/modems", "modems"],
    ["/sims", "sims"],
    ["/messages", "messages"],
    ["/services", "services"],
    ["/stock", "stock"],
  ]) {
    await page.goto(stage.console + path);
    const began = performance.now();
    const answer = await page.goto(stage.console + path);
    const took = performance.now() - began;
    await liveMark(page).waitFor();
    const sent = await page.evaluate(() =>
      performance.getEntriesByType("resource").filter((entry) => entry.transferSize > 0).map((entry) => entry.name),
    );
    assert.deepEqual(sent, [], "a page that was seen before needs nothing but itself and its stream");
    const { length } = await answer.body();
    t.diagnostic(`${path}: ${length} octets, ${took.toFixed(0)} ms`);
    assert.ok(length <= 60_000, `${path} has ${length} octets`);
    const rows = page.locator(`#${table} tbody tr`);
    assert.ok((await rows.count()) <= 51, path);
    const first = await rows.first().getAttribute("id");
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/before=/);
    assert.equal(await page.locator(`[id="${first}"]`).count(), 0, `${path}: the first row again`);
    assert.equal(await rows.count(), 50, path);
  }
  assertNoFaults(page);
});

test("what all pages share is small, and kept by the browser", async () => {
  const page = await stage.page();
  const sizes = {};
  page.on("response", async (response) => {
    const kind = response.request().resourceType();
    if (kind !== "document") sizes[kind] = [(await response.body()).length, response.headers()["cache-control"]];
  });
  await page.goto(`${stage.console}/sign-in`, { waitUntil: "networkidle" });
  for (const [kind, most] of [["stylesheet", 24], ["script", 16]]) {
    const [size, cache] = sizes[kind];
    assert.ok(size <= most * 1024, `${kind}: ${size}`);
    assert.match(cache, /max-age=31536000.*immutable/);
  }
});

test("the box in the head finds a SIM by its ICCID among ten thousand", async () => {
  const page = await stage.operator("bob", "viewer");
  const iccid = "8931080000000004711";
  await page.goto(`${stage.console}/sims`);
  await page.locator("p.count", { hasText: "10000 SIMs" }).waitFor();
  await draw(page, "many-sims");
  await page.keyboard.press("/");
  await page.keyboard.type(iccid);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: iccid }).click();
  await page.getByRole("heading", { level: 1, name: `SIM ${iccid}` }).waitFor();
  assertNoFaults(page);
});

test("a search without a result says how far back it has looked, and goes on", async () => {
  const page = await stage.operator("cat", "operator");
  await page.goto(`${stage.console}/messages`);
  await draw(page, "many-messages");
  const search = async (words) => {
    const address = page.url();
    await page.getByLabel("Text", { exact: true }).fill(words);
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.waitForURL((url) => url.href !== address);
  };
  await search("no such words");
  const looked = page.locator(".looked-back");
  // How far a step looks depends on how busy the machine is, and it is looked again when something comes. But each
  // begins where one before it has ended.
  const beginnings = [];
  for (;;) {
    await page.getByText("No message fits these filters.").waitFor();
    if ((await looked.count()) === 0) break;
    assert.match(await looked.textContent(), /^Looked back to \d+ \w+ 2\d+, \d\d:\d\d:\d\d\. Look further back$/);
    if (beginnings.length === 0) await draw(page, "search-without-result");
    const address = page.url();
    await looked.getByRole("link", { name: "Look further back" }).click();
    await page.waitForURL((url) => url.href !== address);
    beginnings.push(Number(new URL(page.url()).searchParams.get("before")));
  }
  assert.ok(beginnings.length >= 2, `${beginnings}`);
  const falling = [...new Set(beginnings)].sort((a, b) => b - a);
  assert.deepEqual(beginnings, falling, "each step looks further back");
  await search("Parcel 4711 ");
  const found = page.locator("#messages tbody tr", { hasText: "Parcel 4711 is here." });
  while ((await found.count()) === 0) {
    const address = page.url();
    await looked.getByRole("link", { name: "Look further back" }).click();
    await page.waitForURL((url) => url.href !== address);
  }
  assert.match(await found.locator("th").textContent(), /^\d+ \w+ 2\d+, /, "it came days ago");
  assertNoFaults(page);
});

test("the check of the database shows how far it is, and goes on when the page is left", async () => {
  const page = await stage.operator("dee", "owner");
  await page.goto(`${stage.console}/system`);
  const part = page.locator("#verify");
  await part.getByRole("button", { name: "Check it" }).click();
  await assertDone(page, "The database is being checked.");
  await part.getByRole("button", { name: "Stop" }).waitFor();
  await part.getByText(/\d+ of \d+ checks done/).waitFor();
  await draw(page, "verify");
  await page.getByRole("link", { name: "Overview" }).first().click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await draw(page, "many-overview");
  await page.goto(`${stage.console}/system`);
  await part.getByText("no faults").waitFor();
  const [, done, of] = (await part.textContent()).match(/(\d+) of (\d+) checks done/);
  assert.equal(done, of);
  assertNoFaults(page);
});

test("a backup that is downloaded opens and is sound", async () => {
  const page = await stage.operator("eve", "owner");
  await page.goto(`${stage.console}/system`);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download a backup" }).click();
  const file = await download;
  assert.match(file.suggestedFilename(), /^simbridge-\d{4}-\d\d-\d\d\.db$/);
  const { stdout } = await run(PROGRAM, ["verify", await file.path()]);
  assert.match(stdout, /no faults|sound/i);
  assertNoFaults(page);
});
