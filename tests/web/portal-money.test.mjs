// What customers rent in the portal, and how their money adds up there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { orderNumber } from "./customers.mjs";
import { assertNoFaults, closeBrowser, Stage } from "./stage.mjs";

let stage;
before(async () => {
  stage = await Stage.start({ modems: 4, settings: '[portal]\norigin = "http://127.0.0.1:0"' });
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

/** An amount of money in cents. */
const cents = (text) => Math.round(Number(text.match(/-?\d+\.\d\d/)[0]) * 100);

const balanceOf = async (name) => cents((await stage.command("account", "show", name)).balance);

/** Opens the question behind a button of this name, and answers yes. What it says is answered. */
async function sayYes(page, name) {
  const question = page.locator("details", { has: page.locator("summary", { hasText: name }) });
  await question.locator("summary").click();
  const asked = await question.locator("form").textContent();
  await question.getByRole("button", { name: /^Yes/ }).click();
  return asked;
}

/** Waits for a link's file and answers its lines, without their ends. */
async function linesOfFile(page, link) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: link }).click()]);
  return (await readFile(await download.path(), "utf8")).trimEnd().split("\r\n");
}

const fact = (page, name) => page.locator(".facts > div", { hasText: name }).locator("dd");

test("a number is rented at the price that was asked, read live, extended, and ends", async () => {
  await stage.account("ira", "100");
  const page = await stage.customer("ira");
  await page.goto(`${stage.portal}/rentals/new`);
  const asked = await sayYes(page, "Rent for 1 month");
  const price = cents(asked);
  await page.waitForURL(/\/rentals\/\d+$/);
  assert.equal(await balanceOf("ira"), 10_000 - price);

  const [number] = (await page.textContent("main")).match(/\+31\d{9}/);
  await stage.send(number, "Bank", "A text for the tenant, =1+1");
  await page.locator("article.message", { hasText: "A text for the tenant" }).waitFor();
  const lines = await linesOfFile(page, "All messages as CSV");
  assert.equal(lines.length, 2, lines.join("\n"));
  assert.match(lines[1], /Bank,.*A text for the tenant/);

  const until = await fact(page, "Until").locator("time").getAttribute("datetime");
  const extension = await sayYes(page, "Extend by 1 month");
  assert.equal(cents(extension), price);
  await page.locator(".done", { hasText: "runs for longer" }).waitFor();
  assert.ok((await fact(page, "Until").locator("time").getAttribute("datetime")) > until);
  assert.equal(await balanceOf("ira"), 10_000 - 2 * price);

  assert.match(await fact(page, "Renewal").textContent(), /1 month for/);
  await page.getByLabel("Renew it at its end").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".done", { hasText: "not renewed any more" }).waitFor();
  assert.match(await fact(page, "Renewal").textContent(), /none: it ends then/);

  await stage.command("rental", "end", new URL(page.url()).pathname.split("/").pop(), "--reason", "as agreed");
  await page.getByText("This rental has ended.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0);
  await stage.send(number, "Bank", "A text for nobody");
  await page.goto(`${stage.portal}/rentals`);
  assert.match(await page.locator("main tbody tr").textContent(), /Ended/);
  assertNoFaults(page);
});

test("the ledger's amounts add up to the balance, page by page and as a file", async () => {
  await stage.account("joe", "50");
  for (let n = 0; n < 110; n += 1) {
    await stage.admin("/accounts/joe/topups", { amount: (1 + n / 100).toFixed(2), request: `test ${n}` });
  }
  const page = await stage.customer("joe");
  const number = await orderNumber(stage, page);
  await stage.send(number, "Uber", "Your Uber code is 553311.");
  await page.locator("main .code", { hasText: "553311" }).waitFor();
  await orderNumber(stage, page);
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByText("Canceled", { exact: false }).first().waitFor();

  const balance = await balanceOf("joe");
  await page.goto(`${stage.portal}/account/ledger`);
  const rows = [];
  for (let pages = 1; ; pages += 1) {
    assert.ok(pages < 5, "the pages come to an end");
    const found = await page.$$eval("#entries tbody tr", (all) =>
      all.map((row) => [...row.children].map((cell) => cell.textContent)),
    );
    rows.push(...found);
    const next = page.getByRole("link", { name: "Next page" });
    if ((await next.count()) === 0) break;
    assert.equal(found.length, 50);
    await next.click();
    await page.getByRole("link", { name: "First page" }).waitFor();
  }
  const sum = (amounts) => amounts.reduce((all, amount) => all + amount, 0);
  assert.equal(sum(rows.map((row) => cents(row[2]))), balance);
  assert.equal(cents(rows[0][4]), balance, "the balance after the last entry");

  await page.goto(`${stage.portal}/account/ledger`);
  const [head, ...lines] = await linesOfFile(page, "These days as CSV");
  assert.equal(lines.length, rows.length);
  const amount = head.split(",").indexOf("amount");
  assert.equal(sum(lines.map((line) => cents(line.split(",")[amount]))), balance);
  assert.match(await page.textContent("header"), new RegExp((balance / 100).toFixed(2)));
  assertNoFaults(page);
});
