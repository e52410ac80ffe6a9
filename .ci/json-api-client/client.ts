// Orders a number and gets its code, then rents one and gets a message. Prints each number, upon which a message is to be
// sent to it, and then what came.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [address, key] = process.argv.slice(2);
const api = createClient<paths>({
  baseUrl: address,
  headers: { Authorization: `Bearer ${key}` },
});

function got<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) {
    throw new Error(JSON.stringify(answer.error));
  }
  return answer.data;
}

const order = got(await api.POST("/v2/orders", { body: { service: "Uber" } }));
console.log(order.number);
const answered = got(
  await api.GET("/v2/orders/{id}", {
    params: { path: { id: order.id }, query: { wait: 60 } },
  }),
);
const rental = got(await api.POST("/v2/rentals", { body: { country: "NL" } }));
console.log(rental.number);
const messages = got(
  await api.GET("/v2/rentals/{id}/messages", {
    params: { path: { id: rental.id }, query: { wait: 60 } },
  }),
);
console.log(answered.code);
console.log(messages.data.map((message) => message.text).join());
