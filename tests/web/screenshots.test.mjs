// The pictures of the documents: that each page can still be drawn as they show it. With DOCUMENT_SCREENSHOTS=1
// they are drawn anew into docs/images.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { stat, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { liveMark, orderNumber } from "./customers.mjs";
import { assertNoFaults, closeBrowser, Stage } from "./stage.mjs";

const run = promisify(execFile);
const IMAGES = new URL("../../docs/images/", import.meta.url);
const IS_DRAWN_ANEW = process.env.DOCUMENT_SCREENSHOTS === "1";
/** How many bytes a picture has at most. */
const MOST_BYTES = 60_000;

const SERVICES = [
  ["Uber", "0.50"],
  ["WhatsApp", "0.80"],
  ["Google", "0.60"],
  ["Telegram", "0.45"],
  ["Tinder", "0.35"],
];

/** A day of samples, as the daemon takes them, with a busy evening. What is counted is so much a minute. */
const SAMPLES = `
import json, math, random, sqlite3, sys, time
database = sqlite3.connect(sys.argv[1])
now, chance = int(time.time()) // 600 * 600, random.Random(7)
for n in range(144, 0, -1):
    busy = max(0.05, 0.5 + 0.4 * math.sin(n / 23) + chance.gauss(0, 0.05))
    expired = max(0, chance.gauss(0.04, 0.02))
    for topic, figures in {
        "messages": {"received": busy * 1.2},
        "orders": {"completed": busy, "expired": expired, "canceled": expired / 2},
        "codes": {"5": busy * 0.5, "10": busy * 0.3, "30": busy * 0.2},
        "stock": {"least": 4 + n // 30, "without": 0},
    }.items():
        row = (topic, 600, (now - 600 * n) * 1_000_000, 10, json.dumps(figures))
        database.execute("INSERT INTO sample VALUES (?, ?, ?, ?, ?)", row)
database.commit()
`;

let stage;
before(async () => {
  stage = await Stage.start({ modems: 8, settings: '[portal]\norigin = "http://127.0.0.1:0"' });
  for (const [name, price] of SERVICES) {
    await stage.command("service", "add", name, "--price", price, "--sender", `^${name}$`);
  }
  await stage.account("uber@portal", "25");
  await stage.stopDaemon();
  await run("python3", ["-c", SAMPLES, `${stage.folder}/db`]);
  await stage.serve();
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

/** Draws what the page shows now, from its top to this height, and keeps it if that is wanted. */
async function draw(page, name, height) {
  const { width } = page.viewportSize();
  await page.setViewportSize({ width, height });
  await page.evaluate(() => scrollTo(0, 0));
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: 70 });
  const picture = Buffer.from(data, "base64");
  assert.ok(picture.length < MOST_BYTES, `${name} has ${picture.length} bytes`);
  const file = new URL(name, IMAGES);
  if (IS_DRAWN_ANEW) await writeFile(file, picture);
  assert.ok((await stat(file)).size < MOST_BYTES, name);
  assertNoFaults(page);
}

const onScreen = { viewport: { width: 1240, height: 800 }, colorScheme: "light" };

test("a customer's order with its code", async () => {
  const page = await stage.customer("uber@portal", { ...onScreen, viewport: { width: 900, height: 600 } });
  const number = await orderNumber(stage, page);
  const service = (await page.getByRole("heading", { level: 1 }).textContent()).split(" · ")[1].trim();
  await liveMark(page).waitFor();
  await stage.send(number, service, `Your ${service} code is 846691. Never share this code.`);
  await page.locator("main .code", { hasText: "846691" }).waitFor();
  await draw(page, "order.webp", 720);
  // What waits is seen in the console.
  await orderNumber(stage, page);
});

test("the console's overview, a modem and the charts", async () => {
  const page = await stage.operator("ann", "owner", onScreen);
  await page.goto(stage.console);
  await liveMark(page).waitFor();
  await page.locator(".sparkline").first().waitFor();
  await draw(page, "overview.webp", 640);

  await page.goto(`${stage.console}/modems`);
  await page.locator("main a[href^='/modems/']").first().click();
  await liveMark(page).waitFor();
  await draw(page, "modem.webp", 640);

  await page.goto(`${stage.console}/charts`);
  await page.locator(".plot .line-1").first().waitFor();
  await draw(page, "charts.webp", 800);
});
