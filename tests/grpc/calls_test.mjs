// Calls as in the protocol: messages, statuses and their details, metadata, deadlines, cancellation, compression.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../graphql/server.mjs";
import { call, client, details, grpc, packages, staff } from "./clients.mjs";

const { catalog, cart, order } = packages.souk;
let shop, products, carts;

before(async () => {
  shop = await serve({ demo: true });
  products = client(catalog.v1.CatalogService, shop.url);
  carts = client(cart.v1.CartService, shop.url);
});
after(async () => {
  products.close();
  carts.close();
  await shop.stop();
});

test("a call is answered with a message", async () => {
  const { answer, head } = await call(products, "listProducts", { limit: 3 });
  assert.equal(answer.items.length, 3);
  assert.ok(answer.items[0].variants[0].price.amount > 0);
  assert.match(head.get("x-request-id")[0], /^[0-9a-z]{26}$/);
});

test("what a caller says about a call is heard", async () => {
  const metadata = new grpc.Metadata();
  metadata.set("x-request-id", "ours-17");
  metadata.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  const { head } = await call(products, "listProducts", { limit: 1 }, metadata);
  assert.equal(head.get("x-request-id")[0], "ours-17");
  assert.match(head.get("traceparent")[0], /^00-0af7651916cd43dd8448eb211c80319c-/);
});

test("a problem is a status with details", async () => {
  const { error } = await call(products, "getProduct", { product: "nothing-of-that-name" });
  assert.equal(error.code, grpc.status.NOT_FOUND);
  assert.equal(details(error)["google.rpc.ErrorInfo"].reason, "not_found");
  assert.equal(details(error)["souk.common.v1.Problem"].code, "not_found");
});

test("fields that are not right are named", async () => {
  const { error } = await call(products, "createProduct", { product: { title: "" } }, staff());
  assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
  const violations = details(error)["google.rpc.BadRequest"].fieldViolations.map(({ field }) => field);
  assert.ok(violations.includes("/product/title"), violations.join());
});

test("a stranger is asked who they are", async () => {
  const { error } = await call(products, "createProduct", { product: { title: "Shirt" } });
  assert.equal(error.code, grpc.status.UNAUTHENTICATED);
});

test("a command is done once for its key, and an update is for a version", async () => {
  const product = { title: "Once", variants: [{ sku: "once" }] };
  const first = await call(products, "createProduct", { product }, staff({ "idempotency-key": "once-1" }));
  const again = await call(products, "createProduct", { product }, staff({ "idempotency-key": "once-1" }));
  assert.equal(first.answer.id, again.answer.id);
  assert.equal(again.status.metadata.get("idempotent-replayed")[0], "true");
  const id = first.answer.id;
  const change = { id, product: { title: "Twice" }, updateMask: { paths: ["title"] } };
  const wrong = await call(products, "updateProduct", change, staff({ "if-match": "7" }));
  assert.equal(details(wrong.error)["google.rpc.ErrorInfo"].reason, "version_mismatch");
  const right = await call(products, "updateProduct", change, staff({ "if-match": String(first.answer.version) }));
  assert.equal(right.answer.title, "Twice");
});

test("a cart is bought", async () => {
  const { answer: opened } = await call(carts, "createCart", { currency: "EUR" });
  const { answer: list } = await call(products, "listProducts", { limit: 20, inStock: true });
  const sku = list.items[0].variants.find(({ available }) => available > 0).sku;
  const { answer: filled, error } = await call(carts, "addLine", { cart: opened.id, sku, quantity: 1 });
  assert.equal(error, null);
  assert.equal(filled.lines[0].sku, sku);
  const { error: none } = await call(carts, "addLine", { cart: opened.id, sku: "there is none", quantity: 1 });
  assert.ok(none.code);
});

test("an unknown method is told at once", async () => {
  const Unknown = grpc.makeGenericClientConstructor(
    { ask: { path: "/souk.catalog.v1.CatalogService/Nothing", requestStream: false, responseStream: false, requestSerialize: () => Buffer.alloc(0), responseDeserialize: (bytes) => bytes } },
    "Unknown",
  );
  const unknown = client(Unknown, shop.url);
  const { error } = await call(unknown, "ask", {});
  assert.equal(error.code, grpc.status.UNIMPLEMENTED);
  unknown.close();
});

test("internal methods are not there", async () => {
  const stock = client(packages.souk.inventory.v1.InventoryService, shop.url);
  const { error } = await call(stock, "reserve", {}, staff());
  assert.equal(error.code, grpc.status.UNIMPLEMENTED);
  stock.close();
});

test("a deadline that has passed is exceeded", async () => {
  const { error } = await call(products, "listProducts", { limit: 100 }, new grpc.Metadata(), { deadline: Date.now() + 1 });
  assert.ok(error === null || error.code === grpc.status.DEADLINE_EXCEEDED);
});

test("calls that are cancelled leave the others alone", async () => {
  const kept = [];
  for (let i = 0; i < 50; i++) {
    const sent = products.listProducts({ limit: 50 }, () => {});
    sent.on("error", () => {});
    sent.cancel();
    kept.push(call(products, "listProducts", { limit: 2 }));
  }
  for (const { answer } of await Promise.all(kept)) assert.equal(answer.items.length, 2);
});

test("messages travel packed both ways", async () => {
  const packing = client(catalog.v1.CatalogService, shop.url, { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip });
  const { answer } = await call(packing, "listProducts", { limit: 100 });
  assert.ok(answer.items.length > 50);
  const product = { title: "Packed", description: "x".repeat(50000), variants: [{ sku: "packed" }] };
  const { answer: created } = await call(packing, "createProduct", { product }, staff());
  assert.equal(created.description.length, 50000);
  packing.close();
});

test("a message that is too large is refused, and the connection goes on", async () => {
  const product = { title: "Large", description: "x".repeat(3 << 20), variants: [{ sku: "large" }] };
  const { error } = await call(products, "createProduct", { product }, staff());
  assert.equal(error.code, grpc.status.RESOURCE_EXHAUSTED);
  const { answer } = await call(products, "listProducts", { limit: 1 });
  assert.equal(answer.items.length, 1);
});

test("many calls share a connection", async () => {
  const answers = await Promise.all(Array.from({ length: 500 }, () => call(products, "listProducts", { limit: 1 })));
  for (const { answer } of answers) assert.equal(answer.items.length, 1);
});

test("who may not see an order is told that there is none", async () => {
  const orders = client(order.v1.OrderService, shop.url);
  const { error } = await call(orders, "getOrder", { id: "01abc" });
  assert.equal(error.code, grpc.status.NOT_FOUND);
  orders.close();
});
