// Alarms, charts and the configuration in the console, in a real browser.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { execute } from "./database.mjs";
import { draw } from "./pictures.mjs";
import { assertDone, assertNoFaults, closeBrowser, Stage } from "./stage.mjs";

let stage;
before(async () => {
  stage = await Stage.start({ modems: 2 });
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

test("an alarm comes, is acknowledged with a word, ends by itself, and is found in the history", async () => {
  const page = await stage.operator("ann", "operator");
  await page.goto(`${stage.console}/alarms`);
  await page.locator("#standing", { hasText: "No alarm stands." }).waitFor();
  const [one, other] = await stage.command("sim", "list");
  for (const sim of [one, other]) await stage.command("sim", "set-number", sim.iccid, other.number);
  const alarm = page.locator(".alarm-list li", { hasText: "NumbersContested" });
  await alarm.waitFor();
  await page.locator("header", { hasText: "1 alarm" }).waitFor();
  await alarm.locator("summary", { hasText: "What to do" }).click();
  await draw(page, "alarm");
  await page.getByLabel("What is being done").fill("Piet looks at the card");
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await assertDone(page, "The alarm is acknowledged.");
  await alarm.locator("p", { hasText: "acknowledged Piet looks at the card" }).waitFor();
  await draw(page, "alarm-acknowledged");

  await stage.command("sim", "set-number", one.iccid, one.number);
  const ended = page.locator("#history tbody tr", { hasText: "NumbersContested" });
  await ended.waitFor();
  assert.match(await ended.textContent(), /Piet looks at the card/);
  await page.locator("#standing", { hasText: "No alarm stands." }).waitFor();
  await page.locator("header", { hasText: "no alarms" }).waitFor();
  await draw(page, "alarm-ended");
  assertNoFaults(page);
});

const MINUTES = 60_000;
/** The steps of a chart of 24 hours. */
const STEP = 10 * MINUTES;

/** The rows of the table of a chart's figures that are at least an hour old, as time and value. */
async function oldFigures(page) {
  const rows = await page.$$eval("table.figures tbody tr", (rows) =>
    rows.map((row) => [row.querySelector("time").dateTime, row.querySelector("td").textContent.trim()]),
  );
  return rows.filter(([at]) => Date.parse(at) < Date.now() - 60 * MINUTES);
}

test("a chart of 24 hours survives a restart, shows where the daemon did not run, and has its figures", async () => {
  const page = await stage.operator("bob", "viewer");
  await stage.stopDaemon();
  // From 20 hours ago until now, but for two hours.
  const now = Math.floor(Date.now() / STEP) * STEP;
  const steps = Array.from({ length: 120 }, (_, n) => 120 - n).filter((ago) => ago <= 24 || ago > 36);
  const samples = steps.map((ago) => ({ at: now - ago * STEP, minute: (ago % 5) + 1 }));
  const values = samples.map(({ at, minute }) => `('messages', 600, ${at * 1000}, 10, '{"received":${minute}}')`);
  await execute(stage, `INSERT OR REPLACE INTO sample (topic, span, at, minutes, figures) VALUES ${values.join(",")}`);
  await stage.serve();

  await page.goto(`${stage.console}/charts`);
  await page.locator("#chart-messages").getByRole("link", { name: "Figures" }).waitFor();
  await draw(page, "charts");
  const line = await page.locator("#chart-messages .plot path.line").getAttribute("d");
  assert.equal(line.split("M").length - 1, 2, "the line is broken once");
  await page.locator("#chart-messages", { hasText: "The daemon did not run where a line is broken." }).waitFor();
  await page.locator("#chart-messages").getByRole("link", { name: "Figures" }).click();
  await page.getByRole("heading", { level: 1, name: "Chart: messages" }).waitFor();
  await draw(page, "chart");
  const before = await oldFigures(page);
  const shown = new Map(before.map(([at, value]) => [Date.parse(at), value]));
  for (const { at, minute } of samples.filter(({ at }) => at < now - 6 * STEP)) {
    assert.equal(shown.get(at), String(minute * 60), new Date(at).toISOString());
  }
  const gap = before.filter(([, value]) => value === "–").map(([at]) => (now - Date.parse(at)) / STEP);
  assert.deepEqual(gap.filter((ago) => ago <= 36), Array.from({ length: 12 }, (_, n) => n + 25));

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "CSV" }).click();
  const [, ...lines] = (await readFile(await (await download).path(), "utf8")).trim().split(/\r?\n/);
  const file = new Map(lines.map((line) => line.split(",")).map(([at, value]) => [Date.parse(at), value]));
  for (const [at, value] of before) assert.equal(file.get(Date.parse(at)), value === "–" ? "" : value, at);

  await stage.stopDaemon();
  await stage.serve();
  await page.goto(`${stage.console}/charts/messages?range=24h`);
  const after = new Map(await oldFigures(page));
  for (const [at, value] of before) assert.equal(after.get(at) ?? value, value, at);
  assert.ok(after.size >= before.length - 1);
});

test("a faulty file is reloaded nowhere and each of its lines named; of a good one it is said what waits", async () => {
  const page = await stage.operator("cat", "owner");
  await page.goto(`${stage.console}/system`);
  await page.getByRole("link", { name: "What is in effect, with file and line" }).click();
  const lifetime = page.locator("#values tbody tr", { hasText: "orders.lifetime" });
  await lifetime.waitFor();
  await draw(page, "configuration");

  await stage.configure("[orders]\nlifetime = \"12 parsecs\"\nlifetimes = 3\n[limits]\nkey_per_second = -1");
  const lines = (await readFile(stage.config, "utf8")).split("\n");
  const faulty = ["parsecs", "lifetimes", "-1"].map((word) => lines.findIndex((line) => line.includes(word)) + 1);
  const reload = async () => {
    await page.locator("summary", { hasText: "Read the file again" }).click();
    await page.getByRole("button", { name: "Read it" }).click();
  };
  await page.getByRole("button", { name: "Check the file" }).click();
  await page.getByRole("heading", { level: 1, name: "Check of the file" }).waitFor();
  for (const line of faulty) await page.getByText(`${stage.config}:${line}`).first().waitFor();
  await draw(page, "configuration-check");
  await page.getByRole("link", { name: "Back to the configuration" }).click();
  await reload();
  await page.getByRole("heading", { level: 1, name: "Nothing was changed" }).waitFor();
  const named = await page.textContent("main");
  for (const line of faulty) assert.ok(named.includes(`:${line}`), `line ${line} in ${named}`);
  await draw(page, "configuration-faults");
  await page.getByRole("link", { name: "Back to the configuration" }).click();
  assert.match(await lifetime.textContent(), /10m/);

  await stage.configure("[orders]\nlifetime = \"12m\"\n[log]\nformat = \"json\"");
  await reload();
  await page.getByRole("heading", { level: 1, name: "The file was read" }).waitFor();
  const [applied, waits] = await page.locator("main .intro ul").allTextContents();
  assert.match(applied, /orders\.lifetime = "12m"/);
  assert.match(waits, /log\.format/);
  await draw(page, "configuration-read");
  await page.getByRole("link", { name: "Back to the configuration" }).click();
  await lifetime.filter({ hasText: "12m" }).waitFor();
  assert.ok((await lifetime.textContent()).includes(`${stage.config}:`), "with file and line");
  assertNoFaults(page);
});
