// What the clients for Node are played with: messages are asked for on the standard output, and are on their way once
// a line comes back.
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export async function send(number, code) {
  console.log(JSON.stringify({ number: String(number), code }));
  await lines.next();
}

/** Asks again and again until something is there. */
export async function until(what, ask) {
  for (let tries = 0; tries < 600; tries += 1) {
    const found = await ask();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail(`waited in vain for ${what}`);
}

/** Plays a client, and ends with its result. */
export async function play(course) {
  try {
    const [base, key] = process.argv.slice(2);
    await course(base, key);
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
