// GraphQL over HTTP as its audits (npm graphql-http) see it, and what they do not look at: keys, streams, and who gets what from a cache.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { buildClientSchema, getIntrospectionQuery, validateSchema } from "graphql";
import { serverAudits } from "graphql-http";
import { ask, serve, token } from "./server.mjs";

let server;
before(async () => (server = await serve({ demo: true })));
after(() => server.stop());

const shop = () => `${server.url}/graphql`;
const admin = () => `${server.url}/admin/graphql`;
const asStaff = { authorization: `Bearer ${token}` };

for (const audit of serverAudits({ url: () => shop() }))
  test(`${audit.id}: ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, "ok", result.reason);
  });

test("graphql-js reads both schemas from their introspection", async () => {
  for (const [url, headers] of [[shop(), {}], [admin(), asStaff]]) {
    const answer = await ask(url, getIntrospectionQuery(), {}, headers);
    assert.equal(answer.errors, undefined);
    assert.deepEqual(validateSchema(buildClientSchema(answer.data)), []);
  }
});

test("a persisted query is sent once, and then named, over GET too", async () => {
  const query = `{ products(first: 3) { nodes { slug } } }`;
  const persistedQuery = { version: 1, sha256Hash: createHash("sha256").update(query).digest("hex") };
  const named = `${shop()}?extensions=${encodeURIComponent(JSON.stringify({ persistedQuery }))}`;
  assert.equal((await (await fetch(named)).json()).errors[0].extensions.code, "PERSISTED_QUERY_NOT_FOUND");
  await fetch(shop(), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, extensions: { persistedQuery } }),
  });
  const response = await fetch(named);
  assert.equal((await response.json()).data.products.nodes.length, 3);
  assert.match(response.headers.get("cache-control"), /^public/);
  const etag = response.headers.get("etag");
  assert.equal((await fetch(named, { headers: { "if-none-match": etag } })).status, 304);
});

test("a changed price is in the next answer", async () => {
  const query = `{ product(slug: "bud-vase") { price { sku price { amount } } variants { sku } } }`;
  const target = `${shop()}?query=${encodeURIComponent(query)}`;
  const amount = async () => (await (await fetch(target)).json()).data.product.price[0];
  const before = await amount();
  const answer = await ask(
    admin(),
    `mutation($input: SetPricesInput!) { setPrices(input: $input) { userErrors { field code message } } }`,
    { input: { sku: before.sku, prices: [{ amount: before.price.amount + 100, currency: "EUR" }] } },
    asStaff,
  );
  assert.deepEqual(answer.data.setPrices.userErrors, []);
  assert.equal((await amount()).price.amount, before.price.amount + 100);
});

test("from an empty cart to an order", async () => {
  const address = { name: "Ann", line1: "1 High Street", city: "Berlin", postalCode: "10115", country: "DE" };
  const data = async (query, variables) => {
    const answer = await ask(shop(), query, variables);
    assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
    return Object.values(answer.data)[0];
  };
  const { cart } = await data(`mutation { createCart(input: {currency: "EUR"}) { cart { id } } }`);
  const sku = (await data(`{ product(slug: "travel-tumbler") { variants { sku } } }`)).variants[0].sku;
  await data(`mutation($input: AddLineInput!) { addLine(input: $input) { cart { id } userErrors { code } } }`, {
    input: { cart: cart.id, sku, quantity: 2 },
  });
  const methods = await data(
    `mutation($input: UpdateCartInput!) { updateCart(input: $input) { cart { shippingAddress { city } shippingMethods { id } } userErrors { field code message } } }`,
    { input: { id: cart.id, cart: { email: "ann@example.com", shippingAddress: address } } },
  );
  assert.deepEqual(methods.userErrors, []);
  assert.equal(methods.cart.shippingAddress.city, "Berlin");
  const shippingMethod = methods.cart.shippingMethods[0]?.id;
  const ready = await data(
    `mutation($input: UpdateCartInput!) { updateCart(input: $input) { cart { total { amount } obstacles } userErrors { code } } }`,
    { input: { id: cart.id, cart: { shippingMethod } } },
  );
  const place = `mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { order { id number status total { amount } lines { sku quantity } } userErrors { code message field } } }`;
  const input = { cart: cart.id, paymentToken: "pm_card_visa" };
  assert.match((await ask(shop(), place, { input })).errors[0].message, /`idempotencyKey` is needed/);
  const placed = await data(place, { input: { ...input, idempotencyKey: "ann-1" } });
  assert.deepEqual(placed.userErrors, []);
  assert.equal(placed.order.status, "PLACED");
  assert.equal(placed.order.total.amount, ready.cart.total.amount);
  const again = await data(place, { input: { ...input, idempotencyKey: "ann-1" } });
  assert.equal(again.order.id, placed.order.id);
});

// What a subscription answers, one after the other.
async function* told(query, variables) {
  const leaving = new AbortController();
  const response = await fetch(shop(), {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ query, variables }),
    signal: leaving.signal,
  });
  assert.match(response.headers.get("content-type"), /^text\/event-stream/);
  let text = "";
  try {
    for await (const chunk of response.body) {
      text += new TextDecoder().decode(chunk);
      for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
        const [event, line] = text.slice(0, end).split("\n");
        if (event === "event: next") yield JSON.parse(line.slice("data: ".length)).data;
      }
    }
  } finally {
    leaving.abort();
  }
}

async function send(method, path, body) {
  const response = await fetch(`${server.url}/v1${path}`, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

const stock = (sku, delta) => send("POST", `/inventory/${sku}/adjustments`, { delta, reason: "delivery" });

test("a subscription to much tells of all of it", { timeout: 10000 }, async () => {
  const page = await ask(shop(), `{ products(first: 24) { nodes { variants { sku } } } }`);
  const skus = page.data.products.nodes.flatMap((node) => node.variants.map(({ sku }) => sku)).slice(0, 24);
  const last = async (stream) => (await stream.next()).value.availability.at(-1).available;
  const stream = told(`subscription($skus: [String!]!) { availability(skus: $skus) { available } }`, { skus });
  const before = await last(stream);
  await stock(skus.at(-1), 7);
  assert.equal(await last(stream), before + 7);
  await stream.return();
});

test("a subscription tells of each change", { timeout: 10000 }, async () => {
  const { data } = await ask(shop(), `mutation { createCart(input: {currency: "EUR"}) { cart { id } } }`);
  const { id } = data.createCart.cart;
  const quantities = [];
  for await (const { cart } of told(`subscription($id: ID!) { cart(id: $id) { lines { quantity } } }`, { id })) {
    quantities.push(cart.lines.map((cartLine) => cartLine.quantity));
    if (quantities.length === 2) break;
    const input = { cart: id, sku: "BUDVAS-CLA", quantity: 3 };
    await ask(shop(), `mutation($input: AddLineInput!) { addLine(input: $input) { cart { id } } }`, { input });
  }
  assert.deepEqual(quantities, [[], [3]]);
});

test("bad input is refused, and the server lives on", async () => {
  const deep = "{ node(id: 1) ".repeat(2000) + "{ id }" + "}".repeat(2000);
  const aliases = `{ ${Array.from({ length: 10000 }, (_, i) => `a${i}: __typename`).join(" ")} }`;
  const cycle = `{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }`;
  const nested = `{ products(q: ${"[".repeat(5000)}${"]".repeat(5000)}) { nodes { id } } }`;
  const large = `{ products(q: "${"x".repeat(1000000)}") { nodes { id } } }`;
  const powers = `{ ...F0 } ${Array.from({ length: 25 }, (_, i) => `fragment F${i} on Query { a${i}: __type(name: "Product") { ...G${i} } b${i}: __type(name: "Cart") { ...G${i} } } fragment G${i} on __Type { x: ofType { ...G${i + 1} } y: ofType { ...G${i + 1} } }`).join(" ")} fragment G25 on __Type { name }`;
  for (const query of [deep, aliases, cycle, nested, large, powers, "\u0000", "{ __typename", "query($x: [[[[Int]]]]) { __typename }"]) {
    const answer = await ask(shop(), query);
    assert.ok(answer.errors.length > 0, query.slice(0, 80));
    assert.equal(answer.data, undefined);
  }
  assert.equal((await ask(shop(), "{ __typename }")).data.__typename, "Query");
});
