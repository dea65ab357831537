// Streams: what happens, as auditors watch it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../graphql/server.mjs";
import { call, client, drain, grpc, packages, staff } from "./clients.mjs";

let shop, products, operations;

before(async () => {
  shop = await serve({ environment: { SOUK_STAFF_RATE: "none", SOUK_CLIENT_RATE: "none" } });
  products = client(packages.souk.catalog.v1.CatalogService, shop.url);
  operations = client(packages.souk.operations.v1.OperationsService, shop.url);
});
after(async () => {
  products.close();
  operations.close();
  await shop.stop();
});

let count = 0;
const create = async (title = `Thing ${++count}`) => {
  const { answer, error } = await call(products, "createProduct", { product: { title, variants: [{ sku: `thing-${++count}` }] } }, staff());
  assert.equal(error, null);
  return answer.id;
};
const watch = (request = {}) => operations.watchEvents({ service: "catalog", ...request }, staff());
const ended = (stream) => new Promise((resolve) => (stream.on("error", () => {}), stream.on("status", resolve)));
const next = (stream, wanted) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("it did not come")), 5000);
    const look = (event) => {
      if (!wanted(event)) return;
      clearTimeout(timer);
      stream.off("data", look);
      resolve(event);
    };
    stream.on("data", look);
  });

test("what happened is told, and then what happens", async () => {
  const early = await create();
  const stream = watch();
  const end = ended(stream);
  const first = await next(stream, ({ stream }) => stream === `product/${early}`);
  assert.equal(first.type, "souk.catalog.v1.ProductCreated");
  const asked = Date.now();
  const seen = next(stream, ({ type, data }) => type === "souk.catalog.v1.ProductCreated" && data.includes("Late"));
  await create("Late");
  await seen;
  assert.ok(Date.now() - asked < 1000);
  stream.cancel();
  assert.equal((await end).code, grpc.status.CANCELLED);
});

test("who comes back goes on behind what they have", async () => {
  await create();
  const stream = watch();
  const last = await next(stream, ({ number }) => number >= 2);
  const end = ended(stream);
  stream.cancel();
  await end;
  const again = watch({ cursor: last.cursor });
  const first = await next(again, () => true).finally(() => again.on("error", () => {}).cancel());
  assert.equal(first.number, last.number + 1);
});

test("all services are watched together", async () => {
  const stream = operations.watchEvents({ after: "latest" }, staff());
  stream.on("error", () => {});
  await new Promise((resolve) => stream.on("metadata", resolve));
  const [event] = await Promise.all([next(stream, ({ service }) => service === "catalog"), create()]);
  assert.equal(event.service, "catalog");
  stream.cancel();
});

test("it is for auditors", async () => {
  const { status } = await drain(operations.watchEvents({}));
  assert.equal(status.code, grpc.status.UNAUTHENTICATED);
});

test("what is not right is told before it begins", async () => {
  assert.equal((await drain(watch({ after: "nowhere" }))).status.code, grpc.status.INVALID_ARGUMENT);
  assert.equal((await drain(watch({ service: "nobody" }))).status.code, grpc.status.NOT_FOUND);
  assert.equal((await drain(watch({ service: "x".repeat(33) }))).status.code, grpc.status.INVALID_ARGUMENT);
});

test("a slow reader gets all of it, in order", async () => {
  const stream = watch({ after: "latest" });
  stream.on("error", () => {});
  await new Promise((resolve) => stream.on("metadata", resolve));
  stream.pause();
  const description = "x".repeat(40000); // 300 of them are more than any window and buffer between
  for (let i = 0; i < 300; i += 20)
    for (const { error } of await Promise.all(
      Array.from({ length: 20 }, () => call(products, "createProduct", { product: { title: "Slow", description, variants: [{ sku: `slow-${++count}` }] } }, staff())),
    ))
      assert.equal(error, null);
  const numbers = [];
  let made = 0;
  const all = new Promise((resolve) =>
    stream.on("data", ({ number, type }) => {
      numbers.push(number);
      if (type === "souk.catalog.v1.ProductCreated" && ++made === 300) resolve();
    }),
  );
  stream.resume();
  await all;
  numbers.forEach((number, i) => assert.equal(number, numbers[0] + i));
  stream.cancel();
});

test("fifty that are broken off leave the others alone", async () => {
  const streams = Array.from({ length: 50 }, () => watch({ after: "latest" }));
  const ends = streams.map(ended);
  await Promise.all(streams.map((stream) => new Promise((resolve) => stream.on("metadata", resolve))));
  for (const stream of streams) stream.cancel();
  for (const { code } of await Promise.all(ends)) assert.equal(code, grpc.status.CANCELLED);
  await create();
});

test("a stop of the server ends it, and is not kept by it", async () => {
  const other = await serve();
  const operations = client(packages.souk.operations.v1.OperationsService, other.url);
  const stream = operations.watchEvents({}, staff());
  await new Promise((resolve) => stream.on("metadata", resolve));
  const end = drain(stream);
  const asked = Date.now();
  await other.stop();
  assert.ok(Date.now() - asked < 5000);
  assert.equal((await end).status.code, grpc.status.UNAVAILABLE);
  operations.close();
});
