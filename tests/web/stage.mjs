// Simulated modems, the daemon and one browser for the tests of this folder. Each test has a context of the
// browser to itself, so it shares no cookie with another.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const run = promisify(execFile);
/** The program under test. */
export const PROGRAM = process.env.SIMBRIDGE;
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** How long anything may take that a test waits for, in milliseconds. It only ends tests that hang. */
export const PATIENCE = Number(process.env.PATIENCE ?? 60_000);
/** A password that is long enough for both sides. */
export const PASSWORD = "correct horse battery staple";

/** The widths and themes in which every page has to hold. */
export const WIDTHS = [360, 768, 1440];
export const THEMES = ["light", "dark"];

/** A browser that finds no other machine. `names` are further rules for the names that it finds. */
export const launchBrowser = (...names) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell",
    args: [
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      `--host-resolver-rules=${[...names, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"].join(", ")}`,
    ],
  });

const browser = await launchBrowser();

/** Ends the browser; the last thing that a file of tests does. */
export const closeBrowser = () => browser.close();

/** Waits until `probe` answers something true, and answers that. */
export async function eventually(what, probe) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await probe();
    if (found) return found;
    assert.ok(Date.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Modems and a daemon in a folder of their own. */
export class Stage {
  children = [];

  /**
   * `settings` is TOML that is added to the configuration, in which FOLDER stands for the folder of the stage, and
   * `keys` are added to its sections by their names; `scenario` says how the simulated modems and banks are; `files`
   * has what stands in the folder, by its paths. It has started once so many modems are `ready`.
   */
  static async start({ modems = 2, settings = "", keys = {}, scenario = "", files = {}, ready = modems } = {}) {
    const stage = new Stage();
    stage.folder = await mkdtemp(join(tmpdir(), "simbridge-web-"));
    stage.rack = join(stage.folder, "modems");
    stage.config = join(stage.folder, "simbridge.toml");
    stage.settings = settings;
    stage.keys = keys;
    await stage.configure(settings);
    for (const [path, text] of Object.entries({ "scenario.toml": scenario, ...files })) {
      await mkdir(dirname(join(stage.folder, path)), { recursive: true });
      await writeFile(join(stage.folder, path), text);
    }
    if (modems > 0) stage.simulate(modems);
    stage.modems = ready;
    await stage.serve();
    return stage;
  }

  /** Starts simulated modems. */
  simulate(modems) {
    const scenario = join(this.folder, "scenario.toml");
    this.spawn("simulate", "--modems", modems, "--dir", this.rack, "--scenario", scenario);
  }

  /** Writes the configuration with these settings beside what every stage needs. */
  async configure(settings, { http = "127.0.0.1:0", console = "127.0.0.1:0" } = {}) {
    const own = [
      `[database]\npath = "${this.folder}/db"`,
      `[http]\nlisten = "${http}"\n${this.keys.http ?? ""}`,
      `[admin]\nsocket = "${this.folder}/admin"`,
      `[console]\nlisten = "${console}"\n${this.keys.console ?? ""}`,
      `[[modem]]\nport = "${this.rack}/modem*"`,
    ];
    await writeFile(this.config, `${own.join("\n")}\n${settings.replaceAll("FOLDER", this.folder)}\n`);
  }

  /** Starts the daemon and waits until its modems are ready. */
  async serve() {
    this.daemon = this.spawn("serve", "--config", this.config);
    const status = await eventually("the modems", async () => {
      const status = await this.command("status").catch(() => undefined);
      return status?.modems.ready >= this.modems && status;
    });
    this.console = `http://${status.console}`;
    this.portal = `http://${status.listen}`;
  }

  /** Ends the daemon, as systemd would; with SIGKILL, as a power failure would. */
  async stopDaemon(signal = "SIGTERM") {
    await end(this.daemon, signal);
    this.children = this.children.filter((child) => child !== this.daemon);
  }

  spawn(...args) {
    const child = spawn(PROGRAM, args.map(String), { stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(join(this.folder, "log"), { flags: "a" });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.children.push(child);
    return child;
  }

  /** What a command prints with `--json`. */
  async command(...args) {
    const { stdout } = await run(PROGRAM, [...args.map(String), "--json", "--config", this.config]);
    return JSON.parse(stdout);
  }

  /** What the daemon answers to a request as the commands make them, for what is done very often. */
  async admin(path, body) {
    const options = { socketPath: join(this.folder, "admin"), path, method: "POST" };
    const headers = { host: "localhost", "content-type": "application/json" };
    return new Promise((resolve, reject) => {
      const asked = request({ ...options, headers }, async (answer) => {
        const text = (await answer.toArray()).join("");
        if (answer.statusCode < 300) resolve(JSON.parse(text));
        else reject(new Error(`${path}: ${answer.statusCode} ${text}`));
      });
      asked.once("error", reject);
      asked.end(JSON.stringify(body));
    });
  }

  /** The order that a customer makes with this API key. */
  async order(key, service) {
    const made = await fetch(`${this.portal}/v2/orders`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ service }),
    });
    assert.equal(made.status, 201, await made.clone().text());
    return made.json();
  }

  /** What a command says on its error output when it fails. */
  async refusal(...args) {
    const failed = await run(PROGRAM, [...args.map(String), "--config", this.config]).catch((error) => error);
    return failed.stderr;
  }

  /** Sends an SMS to one of the simulated SIMs. */
  async send(number, sender, text) {
    await run(PROGRAM, ["simulate", "send", "--dir", this.rack, "--to", number, "--from", sender, text]);
  }

  /** What the daemon and the modems have logged. */
  async log() {
    return readFile(join(this.folder, "log"), "utf8");
  }

  /** A page in a context of its own, which fails the test at an error in its console. */
  async page(options = {}) {
    const within = options.browser ?? browser;
    const context = await within.newContext({ locale: "en-GB", timezoneId: "Europe/Amsterdam", ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    page.faults = [];
    const { allowed = [] } = options;
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !allowed.some((part) => text.includes(part))) page.faults.push(text);
    });
    page.on("pageerror", (error) => page.faults.push(String(error)));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(this.console) && !url.startsWith(this.portal) && !url.startsWith("data:")) {
        page.faults.push(`a request to ${url}`);
      }
    });
    return page;
  }

  /** A page on which a new operator of this role is signed in. */
  async operator(name = "ann", role = "owner", options = {}) {
    const made = await this.command("operator", "add", name, "--role", role);
    const page = await this.page(options);
    await acceptLink(page, made.link);
    return page;
  }

  /** A page on which a new customer with this account is signed in. */
  async customer(account = "bob", options = {}) {
    const made = await this.command("account", "invite", account, `${account}-login`);
    const page = await this.page(options);
    await acceptLink(page, made.link);
    return page;
  }

  /** An account with this balance. */
  async account(name, balance = "10") {
    await this.command("account", "add", name);
    await this.command("account", "topup", name, balance);
  }

  async stop() {
    await Promise.all(this.children.map((child) => end(child)));
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function end(child, signal = "SIGTERM") {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exited;
}

/** Types a name and a password on the page that asks for them. */
export async function signIn(page, name, password = PASSWORD) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Opens a one-time link and chooses the password. */
export async function acceptLink(page, link) {
  await page.goto(link);
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Set password" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/link"));
}

/** The rules for who cannot see a page, or cannot see it well (WCAG 2.2 AA). */
const WCAG = ["wcag2a", "wcag2aa", "wcag22aa"];
/** Those of these rules that a theme makes a difference for. */
const CONTRAST = { type: "rule", values: ["color-contrast"] };

/** Asserts that the page keeps all rules in the first theme, and in all others those that go by colours. */
export async function assertAccessible(page) {
  await page.evaluate(await readFile(AXE, "utf8"));
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    const runOnly = theme === THEMES[0] ? WCAG : CONTRAST;
    const found = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), runOnly);
    const faults = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    assert.deepEqual(faults, [], `${page.url()} in the ${theme} theme`);
  }
}

/** Asserts that the page is not wider than the device. */
export async function assertNoSidewaysScrolling(page) {
  const { width } = page.viewportSize();
  const found = await page.evaluate(() => ({
    inner: window.innerWidth,
    scroll: document.documentElement.scrollWidth,
  }));
  assert.ok(found.inner <= width && found.scroll <= width, `${page.url()}: ${JSON.stringify(found)} on ${width}`);
}

/** Waits until a page says that this was done. */
export const assertDone = (page, sentence) => page.locator("p.done", { hasText: sentence }).waitFor();

/** Asserts that the browser has had no reason to complain. */
export function assertNoFaults(page) {
  assert.deepEqual(page.faults, []);
}

/** The addresses of all links of this site on the page, without their fragments. */
export async function linksOf(page) {
  const links = await page.$$eval("a[href]", (anchors) => anchors.map((anchor) => anchor.href));
  const own = links.filter((link) => new URL(link).origin === new URL(page.url()).origin);
  return [...new Set(own.map((link) => link.split("#")[0]))];
}
