// What operators do with services and orders in the console, in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { draw } from "./pictures.mjs";
import { assertDone, assertNoFaults, closeBrowser, Stage } from "./stage.mjs";

let stage, key;
before(async () => {
  stage = await Stage.start({ modems: 6, settings: "[orders]\nmax_open_per_account = 5" });
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
  await stage.command("service", "add", "Lyft", "--price", "0.70", "--sender", "^Lyft$");
  await stage.account("bob");
  ({ key } = await stage.command("key", "add", "bob"));
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

/** Asserts that something is there and can be seen without scrolling. */
async function assertInView(locator) {
  await locator.waitFor();
  const { top, bottom } = await locator.evaluate((element) => element.getBoundingClientRect().toJSON());
  const { height } = locator.page().viewportSize();
  assert.ok(top >= 0 && Math.min(bottom, top + 100) <= height, `${top} to ${bottom} of ${height}`);
}

const rowOf = (page, order) => page.locator(`#orders-${order}`);

test("an order in a filtered list is completed after its SMS, without a reload", async () => {
  const page = await stage.operator("abe", "operator");
  const { id, number } = await stage.order(key, "Uber");
  await page.goto(`${stage.console}/orders`);
  await page.getByLabel("Service", { exact: true }).fill("Uber");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.waitForURL((url) => url.pathname === "/orders" && url.search !== "");
  await rowOf(page, id).getByText("open").waitFor();
  await page.evaluate(() => { window.isTheSamePage = true; });
  await stage.send(number, "Uber", "Your Uber code is 553311.");
  await rowOf(page, id).getByText("completed").waitFor();
  assert.ok(await page.evaluate(() => window.isTheSamePage));
  await draw(page, "orders-filtered");
  assertNoFaults(page);
});

test("what came to an order and fitted nothing opens the try-out, by which its pattern is mended", async () => {
  const page = await stage.operator("bo", "operator", { allowed: ["status of 4"] });
  const first = await stage.order(key, "Lyft");
  await page.goto(`${stage.console}/orders/${first.id}`);
  await page.locator("#came", { hasText: "No message has come for it." }).waitFor();
  await stage.send(first.number, "LYFT RIDES", "Your Lyft code is 771122.");
  const unmatched = page.locator("#unmatched-messages tbody tr");
  await unmatched.filter({ hasText: "LYFT RIDES" }).waitFor();
  assert.match(await page.locator("#charges tbody").textContent(), /hold.*0\.70/);
  await draw(page, "order-unmatched");

  await unmatched.getByRole("link", { name: "Try the patterns" }).click();
  await page.getByRole("heading", { level: 1, name: "Lyft" }).waitFor();
  assert.equal(await page.getByLabel("Sender", { exact: true }).inputValue(), "LYFT RIDES");
  assert.equal(await page.getByLabel("Text", { exact: true }).inputValue(), "Your Lyft code is 771122.");
  const result = page.locator("#tried", { hasText: "no pattern matches. It would be nobody's." });
  await assertInView(result);
  await page.getByRole("button", { name: "Try this message" }).click();
  await page.waitForURL((url) => url.hash === "#tried");
  await assertInView(result);

  const senders = page.getByLabel("Senders", { exact: true });
  await senders.fill("^Lyft$\n^LYFT (RIDES");
  for (const button of ["Try this message", "Save"]) {
    await page.getByRole("button", { name: button }).click();
    await page.locator(".faults", { hasText: "Pattern 2, character 7" }).waitFor();
    assert.equal(await senders.inputValue(), "^Lyft$\n^LYFT (RIDES");
    assert.equal(await senders.getAttribute("aria-invalid"), "true");
    assert.equal(await page.getByLabel("Sender", { exact: true }).inputValue(), "LYFT RIDES");
  }
  await draw(page, "service-broken-pattern");
  await senders.fill("^Lyft$\n^LYFT RIDES$");
  await page.getByRole("button", { name: "Try this message" }).click();
  await page.locator("#tried", { hasText: "→ Lyft (sender ^LYFT RIDES$)" }).waitFor();
  assert.match(await page.locator("#tried").textContent(), /Code 771122.*shown/s);
  await draw(page, "service-tried");
  await page.getByRole("button", { name: "Try the last 200 messages" }).click();
  await page.locator("#tried", { hasText: "1 would go elsewhere than now." }).waitFor();
  const changed = page.locator("#tried tbody tr", { hasText: "LYFT RIDES" });
  assert.deepEqual(await changed.locator("td").last().textContent(), "nobody");
  await draw(page, "service-tried-last");
  const services = await stage.command("service", "list");
  assert.deepEqual(services.find((service) => service.name === "Lyft").senders, ["^Lyft$"], "nothing was saved");
  await page.getByRole("button", { name: "Save" }).click();
  await assertDone(page, /^Saved: /);

  await stage.send(first.number, "LYFT RIDES", "Your Lyft code is 771133.");
  await page.goto(`${stage.console}/orders/${first.id}`);
  await page.locator("#order", { hasText: "completed" }).waitFor();
  await page.locator("#messages tbody tr", { hasText: "771133" }).waitFor();
  assert.match(await page.locator("#charges tbody").textContent(), /capture/);
  await draw(page, "order-completed");
});

test("a form that was opened before somebody else saved puts nothing back, and keeps what was typed", async () => {
  const page = await stage.operator("dora", "operator", { allowed: ["status of 4"] });
  await stage.command("service", "add", "Gett", "--price", "0.50", "--sender", "^Gett$");
  const { id } = (await stage.command("service", "list")).find((service) => service.name === "Gett");
  const address = `${stage.console}/services/${id}`;
  await page.goto(address);
  const older = await page.context().newPage();
  await older.goto(address);
  await page.getByLabel("Price", { exact: true }).fill("0.60");
  await page.getByLabel("Senders", { exact: true }).fill("^Gett$\n^GETT$");
  await page.getByRole("button", { name: "Save" }).click();
  await assertDone(page, /^Saved: /);

  const saved = async () => (await stage.command("service", "list")).find((service) => service.id === id);
  await older.getByLabel("Price", { exact: true }).fill("0.70");
  await older.getByLabel("Priority", { exact: true }).fill("3");
  await older.getByRole("button", { name: "Save" }).click();
  await older.locator(".faults", { hasText: "This was changed after you had opened the page." }).waitFor();
  assert.equal((await saved()).price, "0.60", "nothing was put back");
  await older.getByText("It was “0.50” when you opened the page, and is “0.60” now.").waitFor();
  await older.getByText("Added since you opened the page: “^GETT$”.").waitFor();
  assert.equal(await older.getByLabel("Price", { exact: true }).inputValue(), "0.70");
  assert.equal(await older.getByLabel("Senders", { exact: true }).inputValue(), "^Gett$\n^GETT$");
  await draw(older, "service-stale");
  await older.getByRole("button", { name: "Save" }).click();
  await assertDone(older, /^Saved: /);
  const { price, priority, senders } = await saved();
  assert.deepEqual({ price, priority, senders }, { price: "0.70", priority: 3, senders: ["^Gett$", "^GETT$"] });
  assertNoFaults(page);
});

test("a message that is withheld from customers says so in the try-out", async () => {
  const page = await stage.operator("cy", "operator");
  await page.goto(`${stage.console}/services/new`);
  await page.getByLabel("Name", { exact: true }).fill("Bank");
  await page.getByLabel("Texts", { exact: true }).fill("\\d{6}");
  await page.getByLabel("Sender", { exact: true }).fill("ABN AMRO");
  await page.getByLabel("Text", { exact: true }).fill("Your code is 123456.");
  await page.getByRole("button", { name: "Try this message" }).click();
  await page.locator("#tried", { hasText: "→ Bank (text \\d{6})" }).waitFor();
  assert.match(await page.locator("#tried").textContent(), /withheld from customers by the rule/);
  assertNoFaults(page);
});

test("a service that is free and has no patterns says what that leads to", async () => {
  const page = await stage.operator("ed", "operator");
  await page.goto(`${stage.console}/services/new`);
  await page.getByLabel("Name", { exact: true }).fill("Anything");
  await page.getByLabel("Price", { exact: true }).fill("0.00");
  await draw(page, "service-new");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await assertDone(page, "Anything is on sale.");
  await page.getByText("It is free: its price is zero.").waitFor();
  await page.getByText(/^It has no patterns: an open order gets/).waitFor();
  await draw(page, "service-free");
  await page.goto(`${stage.console}/services`);
  await draw(page, "services");
  assertNoFaults(page);
});

const CATALOGUE = `
[[service]]
name = "Uber"
price = "0.50"
sender = ['^Uber$', '^UBER$']

[[service]]
name = "Bolt"
price = "0.60"
text = ['(?i)\\bbolt\\b']
`;

test("a catalogue shows what it would add and change before it does", async () => {
  const page = await stage.operator("di", "operator", { allowed: ["status of 4"] });
  const services = () => stage.command("service", "list");
  const before = await services();
  await page.goto(`${stage.console}/services`);
  await page.getByRole("link", { name: "Import a catalogue" }).click();
  const field = page.getByLabel("Or the catalogue itself");
  await field.fill(CATALOGUE.replace('price = "0.60"', "price = 0.60x"));
  await page.getByRole("button", { name: "Show what it changes" }).click();
  await page.locator(".faults", { hasText: "line 9" }).waitFor();
  assert.match(await field.inputValue(), /0\.60x/);
  await field.fill(CATALOGUE);
  await page.getByRole("button", { name: "Show what it changes" }).click();
  await page.getByRole("heading", { name: "1 service would be added, 1 changed" }).waitFor();
  assert.match(await page.locator("#change-Bolt").textContent(), /new/);
  assert.match(await page.locator("#change-Uber").textContent(), /changed.*\^UBER\$/);
  assert.deepEqual(await services(), before, "showing changes nothing");
  await draw(page, "catalogue");
  await page.getByRole("button", { name: "Import it" }).click();
  await assertDone(page, "1 service was added, 1 changed.");
  const after = await services();
  assert.deepEqual(after.find((service) => service.name === "Uber").senders, ["^Uber$", "^UBER$"]);
  assert.ok(after.some((service) => service.name === "Bolt"));
});

test("the catalogue that comes with simbridge can be imported from the page, which shows its prices", async () => {
  const page = await stage.operator("flo", "operator");
  await page.goto(`${stage.console}/services/import`);
  await draw(page, "import");
  await page.getByRole("button", { name: "Show these services" }).click();
  await page.getByRole("heading", { name: /services would be added/ }).waitFor();
  assert.match(await page.locator("#change-Airbnb").textContent(), /new.*0\.50 USD/);
  await draw(page, "import-shipped");
  await page.getByRole("button", { name: "Import it" }).click();
  await assertDone(page, /services were added/);
  const services = await stage.command("service", "list");
  assert.ok(services.some((service) => service.name === "Airbnb"));
  assertNoFaults(page);
});
