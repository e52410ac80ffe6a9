// The pages behind the reverse proxies of the operators' guide, with TLS.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { liveMark, numberOf } from "./customers.mjs";
import { blockOfGuide, CONSOLE, forwardFrom, PORTAL, startCaddy, startNginx } from "./proxies.mjs";
import { assertNoFaults, closeBrowser, launchBrowser, PASSWORD, Stage } from "./stage.mjs";

after(closeBrowser);

/** The address that the clients of the proxies have. */
const CLIENT = "127.0.0.7";
const ORIGINS = { console: `https://${CONSOLE}`, portal: `https://${PORTAL}` };

/** A stage behind a proxy, with a browser that finds the proxy under the names of the guide, at this port. */
async function behindProxy(startProxy, { consoleKeys = "", port = 443 } = {}) {
  const withPort = (origin) => (port === 443 ? origin : `${origin}:${port}`);
  const origins = { console: withPort(ORIGINS.console), portal: withPort(ORIGINS.portal) };
  const stage = await Stage.start({
    settings: `[portal]\norigin = "${origins.portal}"`,
    keys: {
      http: 'trusted_proxies = ["127.0.0.1/32"]',
      console: `origin = "${origins.console}"\n${consoleKeys}`,
    },
  });
  const direct = new URL(stage.console);
  const client = await forwardFrom(CLIENT, await startProxy(stage));
  const names = [CONSOLE, PORTAL].map((name) => `MAP ${name}:${port} 127.0.0.1:${client.port}`);
  const browser = await launchBrowser(...names);
  Object.assign(stage, origins);
  const stop = async () => {
    await browser.close();
    client.close();
    await stage.stop();
  };
  return { stage, direct, options: { browser, ignoreHTTPSErrors: true }, stop };
}

/** Asserts that the cookie of a side can be set and read by that side alone, over TLS. */
async function assertSafeCookie(page, name) {
  const cookies = await page.context().cookies();
  const found = cookies.find((cookie) => cookie.name === name);
  assert.ok(found, cookies.map((cookie) => cookie.name).join());
  assert.deepEqual([found.secure, found.httpOnly, found.sameSite, found.path], [true, true, "Lax", "/"]);
  assert.ok(!found.domain.startsWith("."), found.domain);
}

for (const [name, startProxy] of [
  ["nginx", startNginx],
  ["Caddy", startCaddy],
]) {
  test(`behind ${name} as in the guide, pages are safe, live, and know their clients' addresses`, async (t) => {
    const { stage, options, stop } = await behindProxy(startProxy);
    t.after(stop);
    await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
    await stage.account("bob");

    const operator = await stage.operator("ann", "owner", options);
    await assertSafeCookie(operator, "__Host-sb_console");
    const answer = await operator.goto(`${ORIGINS.console}/me`);
    assert.match(answer.headers()["strict-transport-security"], /^max-age=\d{8}/);
    const sessions = await operator.locator("main table", { hasText: "this one" }).textContent();
    assert.ok(sessions.includes(CLIENT), sessions);
    await operator.goto(`${ORIGINS.console}/orders`);
    await liveMark(operator).waitFor();

    const customer = await stage.customer("bob", options);
    await assertSafeCookie(customer, "__Host-sb_portal");
    await customer.getByRole("button", { name: /^Order/ }).first().click();
    const number = await numberOf(customer);
    await liveMark(customer).waitFor();
    await operator.locator("main tbody tr", { hasText: /open/i }).first().waitFor();
    await stage.send(number, "Uber", "Your Uber code is 846691.");
    await customer.locator("main .code", { hasText: "846691" }).waitFor();
    await operator.locator("main tbody tr", { hasText: /completed/i }).first().waitFor();
    // What came was sent at once and not gathered by the proxy.
    await liveMark(customer).waitFor();
    await liveMark(operator).waitFor();

    // A key for the client's own network works through the proxy, and one for the proxy's does not.
    for (const [network, answered] of [
      [`${CLIENT}/32`, /^\d/],
      ["127.0.0.1/32", /UNAUTHORIZED/],
    ]) {
      const { key } = await stage.command("key", "add", "bob", "--allow", network);
      const ask = async (address) => (await fetch(address)).text();
      const balance = await customer.evaluate(ask, `/api/getbalance?key=${encodeURIComponent(key)}`);
      assert.match(balance, answered, network);
    }
    assertNoFaults(operator);
    assertNoFaults(customer);
  });
}

for (const [host, what] of [
  ["$host", "without its port"],
  ["$http_host", "with its port"],
]) {
  test(`on another port than 443 both sides are served when nginx names the host ${what}`, async (t) => {
    const { stage, options, stop } = await behindProxy((stage) => startNginx(stage, "", host), { port: 8443 });
    t.after(stop);
    await stage.account("bob");

    const operator = await stage.operator("ann", "owner", options);
    await assertSafeCookie(operator, "__Host-sb_console");
    await operator.goto(`${stage.console}/orders`);
    await liveMark(operator).waitFor();
    await operator.goto(`${stage.console}/me`);
    await operator.getByLabel("Colours").selectOption("dark");
    await operator.locator("#preferences").getByRole("button", { name: "Save" }).click();
    await operator.getByText("Saved.").waitFor();

    const customer = await stage.customer("bob", options);
    await assertSafeCookie(customer, "__Host-sb_portal");
    assertNoFaults(operator);
    assertNoFaults(customer);
  });
}

/** The status and the `Location` of a page that is asked for from an address of this machine, without a proxy. */
function ask(at, from, user) {
  return new Promise((resolve, reject) => {
    const options = {
      host: at.hostname,
      port: at.port,
      localAddress: from,
      path: "/modems",
      headers: { host: CONSOLE, "remote-user": user },
    };
    const asked = request(options, (answer) => {
      answer.resume();
      resolve([answer.statusCode, answer.headers.location ?? null]);
    });
    asked.once("error", reject);
    asked.end();
  });
}

test("who has signed in to the proxy is signed in, and nobody else can say so", async (t) => {
  const lines = await blockOfGuide("proxy_set_header     Remote-User $remote_user;");
  const { stage, direct, options, stop } = await behindProxy(async (stage) => {
    const passwords = join(stage.folder, "operators");
    await writeFile(passwords, `amy:{PLAIN}${PASSWORD}\nstranger:{PLAIN}${PASSWORD}\n`);
    return startNginx(stage, lines.replace("/etc/nginx/operators", passwords));
  }, { consoleKeys: 'proxy_user = "Remote-User"' });
  t.after(stop);
  await stage.command("operator", "add", "amy", "--role", "operator");
  await stage.command("operator", "add", "boss", "--role", "owner");

  const visit = async (username, headers = {}) => {
    const page = await stage.page({
      ...options,
      httpCredentials: { username, password: PASSWORD },
      extraHTTPHeaders: headers,
    });
    await page.goto(`${ORIGINS.console}/modems`);
    return page;
  };
  const page = await visit("amy");
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "Modems");
  await liveMark(page).waitFor();
  assert.match(await page.textContent("header"), /amy/);
  const deeds = await stage.command("audit", "list");
  assert.ok(deeds.some(({ deed, user }) => deed === "signed in as" && user === "amy"), JSON.stringify(deeds));
  assertNoFaults(page);

  const forger = await visit("amy", { "remote-user": "boss" });
  assert.match(await forger.textContent("header"), /amy/, "the proxy's word counts, not the client's");
  const stranger = await visit("stranger");
  assert.match(stranger.url(), /\/sign-in/, "whom the proxy knows is not yet an operator");

  assert.deepEqual(await ask(direct, "127.0.0.1", "boss"), [200, null], "the proxy's own address");
  assert.deepEqual(await ask(direct, CLIENT, "boss"), [303, "/sign-in?to=%2Fmodems"]);
});
