// Takes one webhook and checks its signature with the secret from standard input. Prints its port, then the type of the event.
import { createServer } from "node:http";
import { createInterface } from "node:readline/promises";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

const secret = createInterface(process.stdin).question("");

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", async () => {
    const body = Buffer.concat(chunks).toString();
    const headers = request.headers as Record<string, string>;
    const checker = new Webhook(await secret);
    const event = checker.verify(body, headers) as { type: string };
    let isOtherRight = true;
    try {
      checker.verify(`${body} `, headers);
    } catch {
      isOtherRight = false;
    }
    response.end();
    console.log(isOtherRight ? "another body is right, too" : event.type);
    process.exit();
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log((server.address() as AddressInfo).port);
});
