// Clients as anybody would make them: @grpc/grpc-js with the .proto files of the repository.
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import protobuf from "protobufjs";
import { token } from "../graphql/server.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const includeDirs = [join(root, "proto"), "/usr/include", "/usr/share/gocode/src/github.com/gogo/googleapis"];
const services = ["catalog", "cart", "inventory", "operations", "order", "pricing"].map((name) => `souk/${name}/v1/${name}.proto`);
const own = ["grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto"];
export const packages = grpc.loadPackageDefinition(
  loader.loadSync([...services, ...own], { includeDirs, longs: Number, enums: String, oneofs: true }),
);
export { grpc };

// What status details are made of, and what reflection hands out.
const types = new protobuf.Root();
types.resolvePath = (_, target) => {
  const folder = target.startsWith("google/rpc/") ? includeDirs[2] : target.startsWith("google/") ? includeDirs[1] : includeDirs[0];
  return target.startsWith("/") ? target : join(target.startsWith("protobuf-c/") ? includeDirs[1] : folder, target);
};
types.loadSync(["google/rpc/status.proto", "google/rpc/error_details.proto", "souk/common/v1/types.proto", "google/protobuf/descriptor.proto"]);
export const decode = (type, bytes) => types.lookupType(type).decode(bytes);

// The details of a refused call, by type.
export const details = (error) =>
  Object.fromEntries(
    decode("google.rpc.Status", error.metadata.get("grpc-status-details-bin")[0]).details.map(({ type_url, value }) => {
      const type = type_url.replace("type.googleapis.com/", "");
      return [type, decode(type, value)];
    }),
  );

export const staff = (more = {}) => {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries({ authorization: `Bearer ${token}`, ...more })) metadata.set(name, value);
  return metadata;
};

export const client = (Service, url, options = {}) => new Service(url.replace("http://", ""), grpc.credentials.createInsecure(), options);

// Resolves to { answer, error, head, status }, also when the call is refused.
export const call = (of, method, request, metadata = new grpc.Metadata(), options = {}) =>
  new Promise((resolve) => {
    const seen = {};
    const sent = of[method](request, metadata, options, (error, answer) => Object.assign(seen, { error, answer }));
    sent.on("metadata", (head) => (seen.head = head));
    sent.on("status", (status) => setImmediate(() => resolve({ ...seen, status })));
  });

// Everything that a stream brings, and how it ended.
export const drain = (stream) =>
  new Promise((resolve) => {
    const messages = [];
    stream.on("data", (message) => messages.push(message));
    stream.on("error", () => {});
    stream.on("status", (status) => resolve({ messages, status }));
  });
