// gRPC's own services: health and reflection.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../graphql/server.mjs";
import { call, client, decode, drain, grpc, packages } from "./clients.mjs";

let shop, health, reflection;

before(async () => {
  shop = await serve();
  health = client(packages.grpc.health.v1.Health, shop.url);
  reflection = client(packages.grpc.reflection.v1.ServerReflection, shop.url);
});
after(async () => {
  health.close();
  reflection.close();
  await shop.stop();
});

test("health is told for the server and each service", async () => {
  for (const service of ["", "souk.catalog.v1.CatalogService", "catalog"])
    assert.equal((await call(health, "check", { service })).answer.status, "SERVING");
  assert.equal((await call(health, "check", { service: "nobody" })).error.code, grpc.status.NOT_FOUND);
});

test("health is watched until nobody looks any more", async () => {
  const watch = health.watch({ service: "catalog" });
  const first = await new Promise((resolve) => watch.once("data", resolve));
  assert.equal(first.status, "SERVING");
  const ended = drain(watch);
  watch.cancel();
  assert.equal((await ended).status.code, grpc.status.CANCELLED);
  assert.equal((await call(health, "check", { service: "" })).answer.status, "SERVING");
});

test("reflection lists services and hands out their files", async () => {
  const stream = reflection.serverReflectionInfo();
  const answers = drain(stream);
  stream.write({ listServices: "*" });
  stream.write({ fileContainingSymbol: "souk.catalog.v1.CatalogService" });
  stream.write({ fileContainingSymbol: "souk.Nothing" });
  stream.end();
  const { messages, status } = await answers;
  assert.equal(status.code, grpc.status.OK);
  const names = messages[0].listServicesResponse.service.map(({ name }) => name);
  for (const name of ["souk.catalog.v1.CatalogService", "grpc.health.v1.Health", "souk.order.v1.OrderService"]) assert.ok(names.includes(name), name);
  assert.ok(!names.includes("souk.platform.v1.Feed"));
  const files = messages[1].fileDescriptorResponse.fileDescriptorProto.map((bytes) => decode("google.protobuf.FileDescriptorProto", bytes).name);
  assert.equal(files[0], "souk/catalog/v1/catalog.proto");
  assert.ok(files.includes("google/protobuf/timestamp.proto"));
  assert.equal(messages[2].errorResponse.errorCode, grpc.status.NOT_FOUND);
});
