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

// As grpcurl does: one question, its answer, the next because of it.
for (const version of ["v1", "v1alpha"])
  test(`reflection ${version} is a conversation`, async () => {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const { requestSerialize, responseDeserialize } = packages.grpc.reflection.v1.ServerReflection.service.ServerReflectionInfo;
    const stream = reflection.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new grpc.Metadata(), {});
    stream.on("error", () => {});
    const ask = (question) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("no answer while the stream is open")), 5000);
        stream.once("data", (answer) => (clearTimeout(timer), resolve(answer)));
        stream.write(question);
      });
    const { listServicesResponse } = await ask({ listServices: "" });
    for (const { name } of listServicesResponse.service) {
      const { fileDescriptorResponse } = await ask({ fileContainingSymbol: name });
      assert.ok(fileDescriptorResponse.fileDescriptorProto.length > 0, name);
    }
    assert.equal((await ask({ fileContainingSymbol: "souk.Nothing" })).errorResponse.errorCode, grpc.status.NOT_FOUND);
    const ended = drain(stream);
    stream.end();
    assert.equal((await ended).status.code, grpc.status.OK);
    assert.equal((await call(health, "check", { service: "" })).answer.status, "SERVING");
  });

test("a conversation that its client breaks off leaves the others alone", async () => {
  const stream = reflection.serverReflectionInfo();
  stream.write({ listServices: "" });
  await new Promise((resolve) => stream.once("data", resolve));
  const ended = drain(stream);
  stream.cancel();
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
