// The reverse proxies of the operators' guide, run as the guide has them.

import { execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./stage.mjs";

const run = promisify(execFile);
const GUIDE = new URL("../../docs/operators-guide.md", import.meta.url);

/** The names of the guide. */
export const CONSOLE = "console.example.org";
export const PORTAL = "sms.example.org";

/** The block of the guide that has this line, without its indentation. */
export async function blockOfGuide(line) {
  const text = await readFile(GUIDE, "utf8");
  const blocks = text.match(/(?:^ {4}.*\n|^\n(?= {4}))+/gm).map((block) => block.replace(/^ {4}/gm, ""));
  const found = blocks.filter((block) => block.split("\n").includes(line));
  if (found.length !== 1) throw new Error(`${found.length} blocks of the guide have the line ${line}`);
  return found[0];
}

/** Replaces every occurrence, of which there must be some. */
function replace(text, from, to) {
  if (!text.includes(from)) throw new Error(`the guide's block has no ${from}`);
  return text.replaceAll(from, to);
}

/** The guide's block, asking the daemon of a stage. */
function toStage(block, stage) {
  const toPortal = replace(block, "127.0.0.1:8080", new URL(stage.portal).host);
  return replace(toPortal, "127.0.0.1:8081", new URL(stage.console).host);
}

/** A port of this machine that is free. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function start(stage, port, program, args, options = {}) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const log = createWriteStream(join(stage.folder, "log"), { flags: "a" });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  stage.children.push(child);
  await eventually(`${program} on port ${port}`, async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${await stage.log()}`);
    return new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  });
  return port;
}

/**
 * Starts nginx as the guide has it, with these lines more in the console's `location` and `host` as the `Host` that it
 * sends on, and answers its port.
 */
export async function startNginx(stage, more = "", host = "$host") {
  const port = await freePort();
  const [key, certificate] = [join(stage.folder, "key.pem"), join(stage.folder, "certificate.pem")];
  const names = `subjectAltName=DNS:${CONSOLE},DNS:${PORTAL}`;
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${PORTAL}`];
  await run("openssl", [...request, "-addext", names, "-keyout", key, "-out", certificate]);
  let block = toStage(await blockOfGuide(`    server_name ${PORTAL};`), stage);
  block = replace(block, "listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`);
  block = replace(block, `/etc/letsencrypt/live/${PORTAL}/fullchain.pem`, certificate);
  block = replace(block, `/etc/letsencrypt/live/${PORTAL}/privkey.pem`, key);
  const pages = "location / {                  # the operators' pages\n";
  block = replace(block, pages, pages + more);
  block = replace(block, "Host $host;", `Host ${host};`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const folders = temporary.map((name) => `${name}_temp_path ${stage.folder}/nginx-${name};`).join("\n");
  const config = join(stage.folder, "nginx.conf");
  await writeFile(
    config,
    `daemon off;\nmaster_process off;\npid ${stage.folder}/nginx.pid;\nerror_log stderr;\nevents {}\n` +
      `http {\naccess_log off;\n${folders}\n${block}}\n`,
  );
  return start(stage, port, "nginx", ["-c", config, "-e", "stderr"]);
}

/** Starts Caddy as the guide has it, with certificates of its own, and answers its port. */
export async function startCaddy(stage) {
  const port = await freePort();
  const block = toStage(await blockOfGuide(`${PORTAL} {`), stage);
  const own = "admin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects\ndefault_bind 127.0.0.1";
  const config = join(stage.folder, "Caddyfile");
  await writeFile(config, `{\n${own}\nhttps_port ${port}\n}\n${block}`);
  const env = { ...process.env, HOME: stage.folder, XDG_DATA_HOME: stage.folder, XDG_CONFIG_HOME: stage.folder };
  return start(stage, port, "caddy", ["run", "--config", config, "--adapter", "caddyfile"], { env });
}

/** Connections to a port of this machine from this address of it: those of another client. Answers its own port. */
export async function forwardFrom(address, port) {
  const sockets = new Set();
  const server = createServer((socket) => {
    const onward = connect({ port, host: "127.0.0.1", localAddress: address });
    for (const [one, other] of [[socket, onward], [onward, socket]]) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => sockets.delete(one));
      one.pipe(other);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  };
  return { port: server.address().port, close };
}
