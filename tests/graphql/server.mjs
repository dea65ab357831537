// A server of our own for a test: its own store, a free port, the demo shop if wanted.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const token = "0123456789abcdef0123456789abcdef";

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export async function serve({ demo = false, environment = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "souk-graphql-"));
  const origin = `127.0.0.1:${await freePort()}`;
  const process_ = spawn(process.env.SOUK, ["serve", ...(demo ? ["--demo"] : [])], {
    env: { ...process.env, SOUK_LISTEN: origin, SOUK_STORE: `sqlite:${folder}/data`, SOUK_ADMIN_TOKEN: token, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const loaded = new Promise((resolve, reject) => {
    const awaited = demo ? "the demo shop is loaded" : "listening";
    let log = "";
    process_.stderr.on("data", (text) => {
      log += text;
      if (log.includes(awaited)) resolve();
    });
    process_.on("exit", () => reject(new Error(log)));
  });
  await loaded;
  const stop = async () => {
    const gone = new Promise((resolve) => process_.on("exit", resolve));
    process_.kill();
    await gone;
    await rm(folder, { recursive: true });
  };
  return { url: `http://${origin}`, stop };
}

export async function ask(url, query, variables, headers = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}
