// Follows an account's events with the package `eventsource`. Prints `following` when it does for the first time, and from
// then on the id and the type of each event.
import { EventSource } from "eventsource";

const [address, key] = process.argv.slice(2);
const source = new EventSource(`${address}/v2/events?types=order.*`, {
  fetch: (url, init) =>
    fetch(url, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${key}` },
    }),
});
source.addEventListener("position", () => console.log("following"), {
  once: true,
});
for (const type of ["order.created", "order.canceled"]) {
  source.addEventListener(type, (event) => {
    console.log(`${event.lastEventId} ${JSON.parse(event.data).type}`);
  });
}
source.addEventListener("error", (error) => {
  if (source.readyState === source.CLOSED) {
    console.log(`not followed any more: ${error.message}`);
    process.exit(1);
  }
});
