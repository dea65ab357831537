// The shop under test: the real program, on a store of its own for each scenario.
//
// A fresh store is made once and copied for each scenario, and the next shop is started while the present one is in use, so that a
// scenario costs a few milliseconds rather than seven databases made anew. SOUK names another program (the asan build, say).
// SOUK_TEST_NATS (tests/with-nats) has events travel by it, each shop's in a stream of its own.
// SOUK_LAYOUT=split runs the catalogue in a process of its own, and everything else, with the address that clients use, in another. A
// scenario may have more of its services apart (Shops.takeApart), to end, hang and start them as it likes.
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import { openSync, closeSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const PROGRAM = path.resolve(ROOT, process.env.SOUK ?? 'build/release/souk');
const WORK = path.join(ROOT, 'build/features');
const SERVER = process.env.SOUK_TEST_STORE;
const NATS = process.env.SOUK_TEST_NATS;
export const TOKEN = 'merchant-token-of-the-feature-tests-only';
const START_MS_MAX = 20000;
const STOP_MS_MAX = 10000;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const taken = new Set(); // a port that is free now may be somebody's who has not listened yet

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(taken.has(port) ? freePort() : (taken.add(port), port)));
    });
  });
}

function isReady(address) {
  return new Promise((resolve) => {
    const request = http.get(`http://${address}/readyz`, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}

const SERVICES = ['catalog', 'pricing', 'inventory', 'cart', 'checkout', 'order', 'payment'];
const freeAddress = async () => `127.0.0.1:${await freePort()}`;

// The settings of each process of a shop: the first one is where clients go, and has every service that is not apart.
async function layout(apart) {
  if (apart.length === 0) return [{ name: 'shop', settings: {} }];
  const names = ['shop', ...apart];
  const places = new Map(await Promise.all(names.map(async (name) => [name, await freeAddress()])));
  const addresses = Object.fromEntries(SERVICES.map((name) => [`SOUK_${name.toUpperCase()}`, `grpc://${places.get(name) ?? places.get('shop')}`]));
  return Promise.all(names.map(async (name) => ({
    name,
    settings: {
      ...addresses, SOUK_GRPC_LISTEN: places.get(name),
      SOUK_SERVICES: name === 'shop' ? SERVICES.filter((one) => !apart.includes(one)).join() : name,
      ...(name === 'shop' ? {} : { SOUK_LISTEN: await freeAddress() }),
    },
  })));
}

// One process, until it ends.
class Part {
  constructor(name, env, log) {
    Object.assign(this, { name, env, hangs: false });
    this.process = spawn(PROGRAM, ['serve'], { env, stdio: ['ignore', log, log] });
    this.exited = new Promise((resolve) => {
      this.process.on('exit', (code, signal) => resolve({ code, signal }));
      this.process.on('error', (error) => resolve({ code: error.message }));
    });
  }

  hang() {
    this.hangs = true;
    this.process.kill('SIGSTOP');
  }

  goOn() {
    this.hangs = false;
    this.process.kill('SIGCONT');
  }

  async end(signal) {
    if (this.hangs) this.goOn();
    this.process.kill(signal);
    return this.exited;
  }
}

// Those of all services of a shop. Nobody waits for it.
function dropDatabases(store) {
  const name = path.basename(store);
  const commands = SERVICES.flatMap((service) => ['-c', `DROP DATABASE IF EXISTS ${name}_${service} WITH (FORCE)`]);
  spawn('psql', ['-q', `${SERVER}/postgres`, ...commands], { stdio: 'ignore' }).on('error', () => {});
}

export class Shop {
  settings = {}; // beside those that every shop has

  constructor(folder, port, apart = process.env.SOUK_LAYOUT === 'split' ? ['catalog'] : []) {
    this.folder = folder;
    this.apart = apart;
    this.address = `127.0.0.1:${port}`;
  }

  async start() {
    const log = openSync(`${this.folder}.log`, 'a');
    const env = { ...process.env, SOUK_LISTEN: this.address, SOUK_STORE: this.store(), SOUK_ADMIN_TOKEN: TOKEN, ...this.bus(), ...this.settings };
    this.parts = (await layout(this.apart)).map(({ name, settings }) => new Part(name, { ...env, ...settings }, log));
    closeSync(log);
    await this.allReady();
    return this;
  }

  async allReady() {
    const began = Date.now();
    const addresses = this.parts.map((part) => part.env.SOUK_LISTEN);
    while (!(await Promise.all(addresses.map(isReady))).every(Boolean)) {
      const dead = await Promise.race([...this.parts.map((part) => part.exited), pause(5)]);
      if (dead) throw new Error(`The shop did not start: ${JSON.stringify(dead)}\n${await this.log()}`);
      if (Date.now() - began > START_MS_MAX) throw new Error(`The shop was not ready within ${START_MS_MAX} ms\n${await this.log()}`);
    }
  }

  // A service's process, in a shop that has it apart.
  part(service) {
    const part = this.parts.find(({ name }) => name === service);
    if (!part) throw new Error(`${service} has no process of its own in this scenario`);
    return part;
  }

  // As it was before, on the same addresses; who needs it finds it.
  startAgain(service) {
    const log = openSync(`${this.folder}.log`, 'a');
    const old = this.part(service);
    this.parts[this.parts.indexOf(old)] = new Part(old.name, old.env, log);
    closeSync(log);
  }

  bus() {
    return NATS ? { SOUK_BUS: `${NATS}/${path.basename(this.folder)}_${process.pid}` } : {};
  }

  store() {
    return SERVER ? `${SERVER}/${path.basename(this.folder).replaceAll('-', '_')}_${process.pid}` : `sqlite:${this.folder}`;
  }

  log() {
    return fs.readFile(`${this.folder}.log`, 'utf8').catch(() => '');
  }

  // As a power cut would.
  async kill() {
    await Promise.all(this.parts.map((part) => part.end('SIGKILL')));
  }

  // As an administrator would; anything but a clean end is an error.
  async stop() {
    const ends = await Promise.race([Promise.all(this.parts.map((part) => part.end('SIGTERM'))), pause(STOP_MS_MAX)]);
    if (!ends) {
      await this.kill();
      throw new Error(`The shop did not stop within ${STOP_MS_MAX} ms.\n${await this.log()}`);
    }
    if (ends.some((end) => end.code !== 0)) throw new Error(`The shop ended with ${JSON.stringify(ends)}.\n${await this.log()}`);
  }

  async remove() {
    if (SERVER) dropDatabases(this.store());
    await fs.rm(this.folder, { recursive: true, force: true });
    await fs.rm(`${this.folder}.log`, { force: true });
  }
}

// Fresh shops, one ahead.
export class Shops {
  count = 0;

  async open() {
    await fs.rm(WORK, { recursive: true, force: true });
    await fs.mkdir(WORK, { recursive: true });
    this.template = path.join(WORK, 'fresh');
    const shop = await new Shop(this.template, await freePort()).start();
    await shop.stop();
    this.next = this.fresh();
  }

  async fresh(apart) {
    const folder = path.join(WORK, `shop-${++this.count}`);
    if (!SERVER) await fs.cp(this.template, folder, { recursive: true });
    return new Shop(folder, await freePort(), apart).start();
  }

  // One with these services in processes of their own.
  takeApart(services) {
    return this.fresh(services);
  }

  async take() {
    const taken = this.next;
    this.next = this.fresh();
    this.next.catch(() => {}); // told when it is taken
    return taken;
  }

  async close() {
    const shop = await this.next;
    await shop.stop();
    await fs.rm(WORK, { recursive: true, force: true });
  }
}
