// Every page that can be reached by links, as each kind of visitor: nothing to complain about for the browser, for
// who cannot see well, and on a phone. With SCREENSHOTS=FOLDER each page is also drawn there in all widths and themes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  assertAccessible,
  assertNoFaults,
  assertNoSidewaysScrolling,
  closeBrowser,
  linksOf,
  Stage,
  THEMES,
  WIDTHS,
} from "./stage.mjs";

const SCREENSHOTS = process.env.SCREENSHOTS;
/** More pages than these would be copies of each other. */
const MOST_PAGES = 150;

let stage;
before(async () => {
  stage = await Stage.start({
    modems: 6,
    settings: '[portal]\norigin = "http://127.0.0.1:0"\n[orders]\nmax_open_per_account = 5',
  });
  await populate(stage);
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

/** An account with an order that has its code and one that waits, a rental with a message, and strangers' texts. */
async function populate(stage) {
  await stage.account("bob", "100");
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
  await stage.command("service", "add", "<b>Lyft</b>", "--price", "0.70", "--sender", "^Lyft$");
  const { key } = await stage.command("key", "add", "bob");
  const done = await stage.order(key, "Uber");
  await stage.order(key, "<b>Lyft</b>");
  await stage.send(done.number, "Uber", "Your Uber code is 846691.");
  await stage.send(done.number, "<b>=1+1</b>", "</td><img src=x onerror=alert(2)>\u202e\u0007=1+1");
  const rented = await fetch(`${stage.portal}/v2/rentals`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ country: "NL" }),
  });
  assert.equal(rented.status, 201, await rented.clone().text());
  const { number } = await rented.json();
  await stage.send(number, "Bank", "A text for the tenant");
}

/** The path without what tells one thing of a kind from another. */
const kindOf = (address) => new URL(address).pathname.replace(/\/[^/]*\d[^/]*/g, "/*");

/** Visits pages from this one on, three of each kind, and answers their addresses. */
async function crawl(page, look) {
  const seen = new Map();
  const queue = [page.url()];
  const visited = [];
  while (queue.length > 0) {
    const address = queue.shift();
    const kind = kindOf(address) + [...new URL(address).searchParams.keys()].sort().join("&");
    const ofKind = seen.get(kind) ?? new Set();
    if (ofKind.has(address) || ofKind.size >= 3) continue;
    seen.set(kind, ofKind.add(address));
    assert.ok(visited.length < MOST_PAGES, `more than ${MOST_PAGES} pages`);
    if (/\.(csv|json)(\?|$)|\/sign-out|\/backup|\/recording/.test(address)) continue;
    const answer = await page.goto(address);
    assert.equal(answer.status(), 200, address);
    visited.push(address);
    await look(page);
    for (const link of await linksOf(page)) queue.push(link);
  }
  return visited;
}

/** Looks at a page, and adds what is wrong with it to the faults. */
async function lookAt(page, name, faults) {
  const note = (error) => faults.push(error.message);
  await assertNoSidewaysScrolling(page).catch(note);
  await assertAccessible(page).catch(note);
  if (!SCREENSHOTS) return;
  const file = new URL(page.url()).pathname.replaceAll("/", "_");
  const size = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      await page.screenshot({ path: `${SCREENSHOTS}/${name}${file}-${width}-${theme}.png`, fullPage: true });
    }
  }
  await page.setViewportSize(size);
}

const phone = { viewport: { width: 360, height: 740 } };
for (const [name, open] of [
  ["owner", () => stage.operator("ann", "owner", phone)],
  ["viewer", () => stage.operator("vic", "viewer", phone)],
  ["customer", () => stage.customer("bob", phone)],
]) {
  test(`every page is whole on a phone, in both themes, as ${name}`, async () => {
    const page = await open();
    const faults = [];
    const visited = await crawl(page, (page) => lookAt(page, name, faults));
    assert.deepEqual(faults, []);
    assert.ok(visited.length > 5, visited.join("\n"));
    assertNoFaults(page);
    await page.context().close();
  });
}
