// How people come in: one-time links, passwords, second factors, sessions and roles.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { acceptLink, assertNoFaults, closeBrowser, eventually, PASSWORD, signIn, Stage } from "./stage.mjs";

let stage;
before(async () => {
  stage = await Stage.start({ settings: '[portal]\norigin = "http://127.0.0.1:0"' });
  await stage.account("bob");
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

const heading = (page) => page.getByRole("heading", { level: 1 }).textContent();

test("without an operator the console shows one command, whose link opens once", async () => {
  const page = await stage.page();
  for (const path of ["/", "/modems", "/accounts/1"]) {
    await page.goto(stage.console + path);
    assert.match(await page.textContent("main"), /simbridge operator add NAME/, path);
    assert.equal(await page.locator("main form").count(), 0, path);
  }
  const { link } = await stage.command("operator", "add", "first", "--role", "owner");
  assert.match(link, /#/);
  await acceptLink(page, link);
  assert.equal(await heading(page), "Overview");
  const other = await stage.page();
  await other.goto(link);
  await other.getByText("used before or is too old").first().waitFor();
  assert.equal(await other.getByLabel("New password").count(), 0);
});

test("an unknown name and a wrong password read alike, and the sixth try has to wait", async () => {
  const owner = await stage.operator("carl");
  await owner.context().close();
  const page = await stage.page({ allowed: ["status of 4"] });
  const tell = async (name) => {
    await page.goto(`${stage.console}/sign-in`);
    await signIn(page, name, "wrong password here");
    return (await page.getByRole("alert").textContent()).trim();
  };
  assert.equal(await tell("carl"), await tell("nobody"));
  for (let n = 0; n < 4; n += 1) await tell("carl");
  assert.match(await tell("carl"), /too many wrong attempts/i);
});

/** The code of a secret in base 32 at this moment (RFC 6238). */
function codeOf(secret, at = Date.now()) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/\s|=/g, "")].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const offset = mac[19] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("a second factor is asked for, a code counts once, and so does a recovery code", async () => {
  const page = await stage.operator("dora", "operator", { allowed: ["status of 4"] });
  await page.goto(`${stage.console}/me/second-factor`);
  await page.getByRole("button", { name: "Add a second factor" }).click();
  const secret = await page.locator(".copyable code").textContent();
  await page.getByLabel("The code that it shows now").fill(codeOf(secret));
  await page.getByRole("button", { name: "Put it to use" }).click();
  await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
  const recovery = await page.locator(".codes code").allTextContents();
  assert.equal(recovery.length, 8);
  const enter = async (code) => {
    const fresh = await stage.page({ allowed: ["status of 4"] });
    await fresh.goto(`${stage.console}/sign-in`);
    await signIn(fresh, "dora", PASSWORD);
    await fresh.getByLabel("Code", { exact: true }).fill(code);
    await fresh.getByRole("button", { name: "Sign in" }).click();
    await fresh.waitForLoadState();
    const isIn = (await heading(fresh)) === "Overview";
    await fresh.context().close();
    return isIn;
  };
  assert.equal(await enter(codeOf(secret)), false, "the code that confirmed counts no second time");
  assert.equal(await enter(recovery[0]), true);
  assert.equal(await enter(recovery[0]), false);
});

test("a session that another one ends asks to sign in, and lands where it wanted", async () => {
  const one = await stage.operator("erin", "viewer");
  const other = await stage.page();
  await other.goto(`${stage.console}/sign-in`);
  await signIn(other, "erin", PASSWORD);
  await other.waitForURL((url) => url.pathname !== "/sign-in");
  await one.goto(`${stage.console}/me`);
  await one.getByRole("button", { name: "End" }).first().click();
  await other.goto(`${stage.console}/modems`);
  assert.match(other.url(), /\/sign-in/);
  await signIn(other, "erin", PASSWORD);
  await other.waitForURL(`${stage.console}/modems`);
});

test("a viewer sees no text and no whole number, and may change nothing", async () => {
  await stage.send("+31612340000", "Secret", "The text that no viewer sees");
  const page = await stage.operator("vera", "viewer");
  await eventually("the message", async () => {
    await page.goto(`${stage.console}/messages`);
    return (await page.locator("main tbody tr").count()) > 0;
  });
  for (const path of ["/messages", "/sims", "/modems"]) {
    await page.goto(stage.console + path);
    const text = await page.textContent("main");
    assert.doesNotMatch(text, /The text that no viewer sees|612340000/, path);
  }
  const status = await page.evaluate(async () => (await fetch("/modems/scan", { method: "POST" })).status);
  assert.equal(status, 403);
});

test("a POST from another origin, or from none, changes nothing", async () => {
  const page = await stage.operator("fred");
  const [cookie] = await page.context().cookies();
  const post = (headers) =>
    fetch(`${stage.console}/sign-out`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie: `${cookie.name}=${cookie.value}`, ...headers },
    });
  for (const headers of [
    {},
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://elsewhere.example" },
    { origin: "null" },
  ]) {
    assert.equal((await post(headers)).status, 403, JSON.stringify(headers));
  }
  await page.reload();
  assert.equal(await heading(page), "Overview");
  assertNoFaults(page);
});

test("without script a customer signs in, orders, reads the code, cancels another and signs out", async () => {
  const { link } = await stage.command("account", "invite", "bob", "bob-without-script");
  const [address, token] = link.split("#");
  const page = await stage.page({ javaScriptEnabled: false });
  await page.goto(address);
  await page.getByLabel("Your link").fill(token);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByRole("button", { name: "Order" }).first().click();
  const [number] = (await page.textContent("main")).match(/\+31\d{9}/);
  await stage.send(number, "Uber", "Your Uber code is 553311.");
  await eventually("the code", async () => {
    await page.reload();
    return (await page.textContent("main")).includes("553311");
  });
  await page.goto(stage.portal);
  await page.getByRole("button", { name: "Order" }).first().click();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.match(await page.textContent("main"), /canceled/i);
  await page.locator("summary", { hasText: "bob-without-script" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.goto(stage.portal);
  assert.match(page.url(), /\/sign-in/);
});
