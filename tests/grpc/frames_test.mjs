// What no client's library sends: frames by hand over HTTP/2. Each is refused by itself, and the connection goes on.
import assert from "node:assert/strict";
import http2 from "node:http2";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { serve, token } from "../graphql/server.mjs";

const GET_PRODUCT = "/souk.catalog.v1.CatalogService/GetProduct";
let shop, connection;

before(async () => {
  shop = await serve({ demo: true });
  connection = http2.connect(shop.url);
});
after(async () => {
  connection.close();
  await shop.stop();
});

const post = (body, headers = {}, path = GET_PRODUCT) =>
  new Promise((resolve, reject) => {
    const stream = connection.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers });
    const seen = { bytes: 0 };
    stream.on("response", (head) => Object.assign(seen, head));
    stream.on("trailers", (trailers) => Object.assign(seen, trailers));
    stream.on("data", (data) => (seen.bytes += data.length));
    stream.on("error", reject);
    stream.on("close", () => resolve(seen));
    stream.end(Buffer.from(body));
  });

const message = (bytes, flag = 0) => [flag, 0, 0, bytes.length >> 8, bytes.length & 255, ...bytes];
const name = (text) => [0x0a, text.length, ...Buffer.from(text)];

for (const [what, body, headers, status] of [
  ["a frame cut short", [0, 0, 0, 0, 9, 1], {}, "13"],
  ["a frame without a body", [], {}, "13"],
  ["a frame of 4 GB", [0, 255, 255, 255, 255], {}, "8"],
  ["a flag that there is not", message(name("x"), 7), {}, "13"],
  ["two messages", [...message(name("x")), ...message(name("y"))], {}, "13"],
  ["bytes that are no message", message([0xff, 0xff, 0xff]), {}, "3"],
  ["a string that is not UTF-8", message([0x0a, 2, 0xc0, 0x80]), {}, "3"],
  ["packed, without a word how", message([1, 2, 3], 1), {}, "13"],
  ["packed with something unknown", message([1, 2, 3], 1), { "grpc-encoding": "snappy" }, "12"],
  ["packed, but broken", message([1, 2, 3], 1), { "grpc-encoding": "gzip" }, "13"],
  ["packed, and huge unpacked", message(gzipSync(Buffer.alloc(8 << 20)), 1), { "grpc-encoding": "gzip" }, "8"],
  ["a timeout that is none", message(name("x")), { "grpc-timeout": "tomorrow" }, "3"],
]) {
  test(`${what} is refused with ${status}`, async () => {
    const seen = await post(body, headers);
    assert.equal(seen[":status"], 200);
    assert.equal(seen["grpc-status"], status, seen["grpc-message"]);
    assert.equal((await post(message(name("nothing"))))["grpc-status"], "5");
  });
}

test("an unknown compression is told with what there is", async () => {
  const seen = await post(message([1], 1), { "grpc-encoding": "zstd" });
  assert.equal(seen["grpc-accept-encoding"], "identity,gzip");
});

test("another content type is no gRPC", async () => {
  assert.equal((await post([], { "content-type": "application/grpc+json" }))[":status"], 415);
  assert.equal((await post([], { "content-type": "application/grpc-web" }))[":status"], 415);
});

test("a service that there is not is unimplemented", async () => {
  for (const path of ["/nobody.Home/Ask", "/", "/souk.catalog.v1.CatalogService", "//", "/souk.platform.v1.Feed/ReadEvents"])
    assert.equal((await post(message([]), {}, path))["grpc-status"], "12", path);
});

test("nobody outside is believed on whose behalf they call", async () => {
  const caller = Buffer.from([0x08, 3, 0x12, 1, 0x78, 0x18, 0xff, 0x03]).toString("base64"); // the system, with every scope
  const seen = await post(message([]), { "souk-caller-bin": caller }, "/souk.catalog.v1.CatalogService/CreateProduct");
  assert.equal(seen["grpc-status"], "16");
});

test("ten thousand metadata entries harm nobody else", async () => {
  const many = Object.fromEntries(Array.from({ length: 10000 }, (_, i) => [`x-${i}`, "1"]));
  const hostile = http2.connect(shop.url);
  hostile.on("error", () => {});
  const status = await new Promise((resolve) => {
    const stream = hostile.request({ ":method": "POST", ":path": GET_PRODUCT, "content-type": "application/grpc", ...many });
    stream.on("response", (head) => resolve(head[":status"]));
    stream.on("error", () => {});
    stream.on("close", () => resolve("closed"));
    stream.end();
  });
  assert.ok(status === 431 || status === "closed", String(status));
  hostile.destroy();
  assert.equal((await post(message(name("nothing"))))["grpc-status"], "5");
});

test("a message within itself, again and again, is refused", async () => {
  let nested = [];
  for (let i = 0; i < 60; i++) nested = [0x12, nested.length, ...nested];
  const seen = await post(message(nested), { authorization: `Bearer ${token}` }, "/souk.catalog.v1.CatalogService/UpdateProduct");
  assert.equal(seen["grpc-status"], "3", seen["grpc-message"]);
  assert.equal((await post(message(name("nothing"))))["grpc-status"], "5");
});
