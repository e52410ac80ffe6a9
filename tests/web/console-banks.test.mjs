// SIM banks in the console, in a real browser: a bank's tour of its SIMs, and a switch by hand.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { liveMark } from "./customers.mjs";
import { draw } from "./pictures.mjs";
import { assertDone, assertNoFaults, closeBrowser, Stage } from "./stage.mjs";

const RADIOS = 2;
const SLOTS = 3;
/** A bank and radios that take only the time of their serial lines. */
const SCENARIO = `
${"[[modem]]\nboot_ms = 50\n".repeat(RADIOS)}
[[bank]]
bus_ms = 10
switch_ms = 20
answer_ms = 5
slots = ${SLOTS}
`;
const SETTINGS = `
[hardware]
folder = "FOLDER/hardware"
[[bank]]
name = "rack"
profile = "quick-swit"
control = "FOLDER/modems/bank0"
ports = ["FOLDER/modems/modem000", "FOLDER/modems/modem001"]
slots = ${SLOTS}
quiet = "1s"
stay = "5s"
`;

/** The profile of serial pools, with shorter times. */
async function quickProfile() {
  const profile = await readFile(new URL("../../hardware/banks/swit.toml", import.meta.url), "utf8");
  return Object.entries({
    'name = "swit"': 'name = "quick-swit"',
    "answer_ms = 3000": "answer_ms = 300",
    "pause_ms = 2000": "pause_ms = 40",
    "settle_ms = 8000": "settle_ms = 60",
  }).reduce((text, [from, to]) => text.replace(from, to), profile);
}

let stage;
before(async () => {
  const files = { "hardware/banks/quick.toml": await quickProfile() };
  stage = await Stage.start({ modems: RADIOS, scenario: SCENARIO, settings: SETTINGS, files, ready: 0 });
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

/** What the bank's page shows at one moment of its radios, its slots and its last switches, the newest first. */
const look = (page) =>
  page.evaluate(() => {
    const rows = (table) =>
      [...document.querySelectorAll(`#${table} tbody tr`)].map((row) => {
        const cells = [...row.querySelectorAll("td[data-label]")];
        const text = (cell) => cell.textContent.trim();
        const named = cells.map((cell) => [cell.dataset.label, text(cell)]);
        return { id: row.id, head: text(row.querySelector("th")), ...Object.fromEntries(named) };
      });
    return { radios: rows("radio"), slots: rows("slot"), moves: rows("move") };
  });

/** Waits until what the page shows satisfies this function, which is told what it needs. */
const shows = (page, condition, told) => page.waitForFunction(condition, told);

test("a bank's tour is seen as it happens, and its switches are those that were planned", async () => {
  const page = await stage.operator("ann", "viewer");
  await page.goto(`${stage.console}/banks`);
  await page.getByRole("link", { name: "rack" }).first().click();
  await page.getByRole("heading", { level: 1, name: "Bank rack" }).waitFor();
  await page.evaluate(() => { window.isTheSamePage = true; });
  // Each slot is looked into once, without a reload.
  await shows(page, () => !document.querySelector("#slots").textContent.includes("not looked into yet"));
  await draw(page, "bank");
  const { slots, radios } = await look(page);
  assert.equal(slots.length, RADIOS * SLOTS);
  assert.equal(new Set(slots.map((slot) => slot.SIM)).size, RADIOS * SLOTS, JSON.stringify(slots));
  assert.equal(radios.length, RADIOS);

  // What a radio does next is what it has done when its next switch is over.
  await shows(page, () => /^radio 1, slot \d/.test(document.querySelector('#radio-1 [data-label="Next"]').textContent));
  const planned = await look(page);
  const [, slot] = planned.radios[0].Next.match(/slot (\d+)/);
  await shows(
    page,
    (switches) => Number(document.querySelector('#radio-1 [data-label="Switches"]').textContent) > switches,
    Number(planned.radios[0].Switches),
  );
  const later = await look(page);
  const port = later.radios[0].head.split(" ").at(-1);
  const move = later.moves.find((move) => move.Radio === port);
  assert.equal(move.Outcome, "done", JSON.stringify(later));
  const reached = later.slots.find((known) => known.head.startsWith(`radio 1, slot ${slot} `));
  assert.equal(move.Found, reached.SIM, JSON.stringify(later));
  assert.ok(await page.evaluate(() => window.isTheSamePage));
  await page.getByRole("link", { name: "All switches" }).click();
  await page.getByRole("heading", { level: 1, name: "Switches" }).waitFor();
  await draw(page, "bank-moves");
  assertNoFaults(page);
});

test("a switch by hand is seen on every page as it happens", async () => {
  const [hand, eye] = [await stage.operator("bea", "operator"), await stage.operator("cat", "viewer")];
  for (const page of [hand, eye]) await page.goto(`${stage.console}/banks/rack`);
  await liveMark(eye).waitFor();
  const { radios, slots, moves } = await look(eye);
  // Of the parked SIMs the one that was there last, for which the bank has no plan yet.
  const label = (slot) => slot.head.replace(/ in commands: \d+$/, "");
  const isChosen = (slot) => slot["On the air"] === "parked" && !radios[0].Next.startsWith(label(slot));
  const chosen = slots.filter((slot) => slot.head.startsWith("radio 1,")).find(isChosen);
  await hand.getByLabel("Slot", { exact: true }).selectOption({ label: label(chosen) });
  await hand.getByLabel("Radio", { exact: true }).selectOption("1");
  await draw(hand, "bank-switch");
  await hand.getByRole("button", { name: "Switch", exact: true }).click();
  await shows(eye, (iccid) => document.querySelector('#radio-1 [data-label="SIM"]').textContent === iccid, chosen.SIM);
  await shows(
    eye,
    ([iccid, known]) =>
      [...document.querySelectorAll("#move tbody tr")].some(
        (row) => !known.includes(row.id) && row.querySelector('[data-label="Found"]').textContent === iccid,
      ),
    [chosen.SIM, moves.map((move) => move.id)],
  );
  await assertDone(hand, "The bank says:");
  assertNoFaults(eye);
  assertNoFaults(hand);
});
