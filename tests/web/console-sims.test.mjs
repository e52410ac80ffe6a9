// What operators do with SIMs and the stock in the console, in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { draw } from "./pictures.mjs";
import { assertDone, assertNoFaults, closeBrowser, Stage } from "./stage.mjs";

/** Two cards do not tell their numbers. */
const SCENARIO = `
[[modem]]
sim.number = "+31612340900"
sim.knows_number = false
[[modem]]
sim.number = "+31612340901"
sim.knows_number = false
`;

/** How many rows a page has. */
const PAGE_ROWS = 50;

let stage;
before(async () => {
  const settings = "[numbers]\nussd = false\n[orders]\nmax_open_per_account = 5";
  stage = await Stage.start({ modems: 12, scenario: SCENARIO, settings });
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
  await stage.account("bob");
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

const sims = () => stage.command("sim", "list");

/** The SIM in the modem at this place of the rack. */
async function simIn(place) {
  const port = `modem${String(place).padStart(3, "0")}`;
  const found = (await sims()).find((sim) => sim.modem?.endsWith(port));
  assert.ok(found, `a SIM in ${port}`);
  return found;
}

test("a network that is asked by USSD tells a SIM's number, and the SIM has it then", async () => {
  const page = await stage.operator("ada", "operator");
  const { iccid } = await simIn(0);
  await page.goto(`${stage.console}/modems`);
  await page.getByRole("link", { name: "modem000" }).click();
  await page.getByLabel("Ask for its number").fill("*101#");
  await page.getByRole("button", { name: "Ask by USSD" }).click();
  await assertDone(page, "The number is +31612340900.");
  await page.locator("#state").getByRole("link", { name: iccid }).click();
  await page.locator("#card", { hasText: "+31612340900, told by the network" }).waitFor();
  await draw(page, "sim");
  await page.goto(`${stage.console}/sims`);
  await page.locator(`#sims-${iccid}`, { hasText: "+31612340900" }).waitFor();
  assertNoFaults(page);
});

test("a wrong number stays in its field, which says why, and a right one puts the SIM on sale", async () => {
  const page = await stage.operator("bea", "operator", { allowed: ["status of 4"] });
  const { iccid, state } = await simIn(1);
  assert.equal(state, "no-number");
  await page.goto(`${stage.console}/sims/${iccid}`);
  const field = page.getByLabel("Number", { exact: true });
  await field.fill("0612-wrong");
  await page.getByRole("button", { name: "Set number" }).click();
  await page.locator(".faults").waitFor();
  assert.equal(await field.inputValue(), "0612-wrong");
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  const described = (await field.getAttribute("aria-describedby")).split(" ");
  assert.match(await page.locator(`#${described.at(-1)}`).textContent(), /\+31612345678|number/);
  assert.ok(await page.evaluate(() => document.activeElement.matches(".faults")), "the faults have the focus");
  assert.equal((await simIn(1)).state, "no-number");
  await draw(page, "sim-wrong-number");
  await field.fill("+31612340901");
  await page.getByRole("button", { name: "Set number" }).click();
  await assertDone(page, "The number was set.");
  await page.locator("#sale", { hasText: "It can be given out." }).waitFor();
  const { number, state: after } = await simIn(1);
  assert.deepEqual([number, after], ["+31612340901", "available"]);
});

test("ten SIMs rest, come back, are retired and come back, each at once", async () => {
  const page = await stage.operator("dee", "operator");
  const ten = await Promise.all(Array.from({ length: 10 }, (_, place) => simIn(place + 2)));
  const iccids = ten.map((sim) => sim.iccid);
  for (const [button, said, state] of [
    ["Rest", "10 SIMs rest now.", "resting"],
    ["Back on sale", "10 SIMs are back on sale.", "available"],
    ["Retire", "10 SIMs are retired.", "retired"],
    ["Back on sale", "10 SIMs are back on sale.", "available"],
  ]) {
    await page.goto(`${stage.console}/sims`);
    for (const iccid of iccids) await page.getByLabel(`Select ${iccid}`).check();
    await page.getByRole("button", { name: button, exact: true }).click();
    await assertDone(page, said);
    const states = (await sims()).filter((sim) => iccids.includes(sim.iccid)).map((sim) => sim.state);
    assert.deepEqual(states, Array(10).fill(state), button);
    await page.goto(`${stage.console}/sims?state=${state}`);
    for (const iccid of iccids) await page.locator(`#sims-${iccid}`, { hasText: state }).waitFor();
    if (button === "Rest") await draw(page, "sims-resting");
  }
  assertNoFaults(page);
});

test("what is available of a stock cell and its reasons add up to its SIMs, which each reason shows", async () => {
  const page = await stage.operator("eva", "viewer");
  const { key } = await stage.command("key", "add", "bob");
  const { number } = await stage.order(key, "Uber");
  const others = (await sims()).filter((sim) => sim.country === "NL" && sim.number !== number);
  const [retired, resting] = others.filter((sim) => sim.state === "available");
  await stage.command("sim", "retire", retired.iccid);
  await stage.command("sim", "rest", resting.iccid, "1d");
  await page.goto(`${stage.console}/stock`);
  await draw(page, "stock");
  const name = page.getByRole("rowheader", { name: "Uber" });
  await page.getByRole("row").filter({ has: name }).locator("td a").first().click();
  await page.getByRole("heading", { level: 1, name: "Uber in NL" }).waitFor();
  const [, available, all] = (await page.locator("#cell").textContent()).match(/(\d+) of (\d+) SIMs/);
  const rows = page.locator("#reason tbody tr");
  const counts = [];
  for (const row of await rows.all()) {
    const state = await row.locator("th").textContent();
    const [count] = (await row.locator("[data-label=SIMs]").textContent()).match(/\d+/);
    counts.push([state, Number(count)]);
  }
  await draw(page, "stock-cell");
  assert.equal(counts.reduce((sum, [, count]) => sum + count, 0), Number(all), JSON.stringify(counts));
  const reasons = Object.fromEntries(counts);
  assert.equal(reasons.available, Number(available));
  assert.ok(reasons.retired === 1 && reasons.resting === 1 && reasons.busy === 1, JSON.stringify(counts));
  for (const [state, count] of counts) {
    await page.goto(page.url().split("?")[0]);
    await page.locator(`#reason-${state}`).getByRole("link", { name: "show" }).click();
    await page.getByRole("heading", { name: `SIMs: ${state}` }).waitFor();
    assert.equal(await page.locator("#sim tbody tr").count(), Math.min(count, PAGE_ROWS), state);
  }
  await draw(page, "stock-cell-sims");
  await page.getByLabel("For one account, by name or id").fill("bob");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.locator("#cell", { hasText: "for bob" }).waitFor();
  await page.locator("#account", { hasText: "This account" }).waitFor();
  assertNoFaults(page);
});

/** The check digit of an ICCID (ITU-T E.118 clause 4). */
function checkDigit(digits) {
  const sum = [...digits].reverse().reduce((sum, digit, index) => {
    const twice = index % 2 === 0 ? Number(digit) * 2 : Number(digit);
    return sum + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

/** A line of a list for a card that no modem has seen. */
function newCard(n) {
  const digits = `893108000000077${String(n).padStart(3, "0")}`;
  return `${digits}${checkDigit(digits)},+316200${String(n).padStart(5, "0")}`;
}

test("of a list with a wrong line nothing is set, and when that is mended everything is", async () => {
  const page = await stage.operator("cleo", "operator");
  const before = (await sims()).length;
  const lines = Array.from({ length: 100 }, (_, n) => newCard(n + 1));
  const broken = lines.with(56, lines[56].slice(0, -6));
  await page.goto(`${stage.console}/sims`);
  await page.getByRole("link", { name: "Import a list" }).click();
  const buffer = Buffer.from(broken.join("\n"));
  await page.getByLabel("CSV file").setInputFiles({ name: "sims.csv", mimeType: "text/csv", buffer });
  await page.getByLabel("Add SIMs that were never seen in a modem").check();
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText("Nothing was set: 1 line cannot be used.").waitFor();
  const faults = await page.locator("#fault tbody tr").allTextContents();
  assert.equal(faults.length, 1, faults.join("\n"));
  assert.match(faults[0], /^line 57/);
  assert.ok(faults[0].includes(broken[56]), faults[0]);
  assert.equal((await sims()).length, before);
  await draw(page, "sim-import-faults");
  const field = page.getByLabel("Or the lines themselves");
  assert.equal(await field.inputValue(), broken.join("\n"));
  await field.fill(lines.join("\n"));
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByRole("heading", { name: "This would be set" }).waitFor();
  assert.equal(await page.locator("#set tbody tr").count(), 100);
  assert.equal((await sims()).length, before, "trying sets nothing");
  await draw(page, "sim-import");
  await page.getByRole("button", { name: "Set 100 numbers" }).click();
  await assertDone(page, "100 numbers were set.");
  const numbers = (await sims()).map((sim) => `${sim.iccid},${sim.number}`);
  assert.deepEqual(lines.filter((line) => !numbers.includes(line)), []);
  assertNoFaults(page);
});
