// A daemon that is killed while people sign in and send forms: nothing is done twice.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeBrowser, PASSWORD, Stage } from "./stage.mjs";

/** How often the daemon is killed, and how many milliseconds after the forms were sent at most. */
const ROUNDS = 5;
const WITHIN = 300;

let stage;
before(async () => {
  stage = await Stage.start({
    modems: 12,
    settings: '[portal]\norigin = "http://127.0.0.1:0"\n[orders]\nmax_open_per_account = 10',
  });
  await stage.command("service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$");
  await stage.account("bob", "100");
  const places = { http: new URL(stage.portal).host, console: new URL(stage.console).host };
  await stage.configure(stage.settings, places);
});
after(async () => {
  await stage.stop();
  await closeBrowser();
});

/** The fields of the form that is sent to this path, as the page has them. */
const fieldsOf = (page, action) =>
  page.$eval(`form[action="${action}"]`, (form) => Object.fromEntries(new FormData(form)));

/** The cookie of a page, as the browser sends it. */
async function cookieOf(page) {
  const [cookie] = await page.context().cookies(page.url());
  return `${cookie.name}=${cookie.value}`;
}

/** Sends a form as a browser does. Answers nothing if the daemon has gone before it answered. */
async function post(address, fields, cookie) {
  const headers = { "sec-fetch-site": "same-origin", ...(cookie && { cookie }) };
  const body = new URLSearchParams(fields);
  return fetch(address, { method: "POST", redirect: "manual", headers, body }).catch(() => undefined);
}

const sessionOf = (answer) => answer?.headers.getSetCookie().find((one) => one.startsWith("sb_portal="))?.split(";")[0];

/** Asserts that a session opens the page of the services. */
async function assertOpens(session) {
  const answer = await fetch(stage.portal, { redirect: "manual", headers: { cookie: session } });
  assert.equal(answer.status, 200, "the session that the browser has is there");
}

test("a form that the daemon was killed at is done once, and a session is there or is not", async () => {
  const [customer, operator] = [await stage.customer("bob"), await stage.operator("ann")];
  const cookies = { customer: await cookieOf(customer), operator: await cookieOf(operator) };
  const { id } = await stage.command("account", "show", "bob");
  for (let round = 1; round <= ROUNDS; round += 1) {
    await customer.goto(stage.portal);
    const [order] = await customer.$$eval("form[action$='/order']", (all) => all.map((form) => form.getAttribute("action")));
    await operator.goto(`${stage.console}/accounts/${id}`);
    const topUp = `/accounts/${id}/topups`;
    const forms = [
      [stage.portal + order, await fieldsOf(customer, order), cookies.customer],
      [stage.console + topUp, { ...(await fieldsOf(operator, topUp)), amount: "1.00" }, cookies.operator],
    ];
    const signIn = () => post(`${stage.portal}/sign-in`, { name: "bob-login", password: PASSWORD });

    const sent = [signIn(), ...forms.map((form) => post(...form))];
    // When the daemon is killed is left to chance on purpose, mostly soon: each moment has to do.
    await new Promise((resolve) => setTimeout(resolve, Math.random() ** 2 * WITHIN));
    await stage.stopDaemon("SIGKILL");
    const [signedIn] = await Promise.all(sent);
    await stage.serve();

    const session = sessionOf(signedIn) ?? sessionOf(await signIn());
    await assertOpens(session);
    for (const form of forms) {
      const answer = await post(...form);
      assert.equal(answer.status, 303, await answer.text());
    }
    const { balance, held } = await stage.command("account", "show", "bob");
    assert.equal(balance, `${100 + round}.00`, `round ${round}: one top-up`);
    assert.equal(held, `${(round * 0.5).toFixed(2)}`, `round ${round}: one order`);
  }
  assert.deepEqual(await stage.command("verify"), { ok: true, faults: [] });
});
