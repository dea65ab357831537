// The shop under test: the real program, on a store of its own for each scenario.
//
// A fresh store is made once and copied for each scenario (with SOUK_TEST_STORE by PostgreSQL from a template, and emptied for the next one), and the next shop is started
// while the present one is in use, so that a scenario costs a few milliseconds rather than seven databases made anew. Several workers
// (cucumber --parallel) have a folder, databases and ports of their own. SOUK names another program (the asan build, say).
// SOUK_TEST_NATS (tests/with-nats) has events travel by it, each shop's in a stream of its own.
// SOUK_LAYOUT=split runs the catalogue in a process of its own, and everything else, with the address that clients use, in another;
// SOUK_LAYOUT=apart runs every service in one of its own, and one more that is nothing but the gateway. A scenario may
// have other services apart (Shops.takeApart), to end, hang and start them as it likes.
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import { openSync, closeSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const PROGRAM = path.resolve(ROOT, process.env.SOUK ?? 'build/release/souk');
const WORKER = Number(process.env.CUCUMBER_WORKER_ID ?? 0);
const WORKERS_MAX = 16;
const WORK = path.join(ROOT, 'build/features', `${WORKER}`);
const SERVER = process.env.SOUK_TEST_STORE;
const NATS = process.env.SOUK_TEST_NATS;
export const TOKEN = 'merchant-token-of-the-feature-tests-only';
const START_MS_MAX = 20000;
const STOP_MS_MAX = 10000;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Below those that the kernel gives out to whoever connects to somebody: nobody takes it while its owner is down. Each worker has its own, and
// goes round: a port that is free now may be somebody's who has not listened yet.
const PORT_MIN = 10000;
const PORTS = 10000 / WORKERS_MAX;
let lastPort = Math.floor(Math.random() * PORTS);

export function freePort() {
  lastPort = (lastPort + 1) % PORTS;
  const port = PORT_MIN + lastPort * WORKERS_MAX + WORKER % WORKERS_MAX;
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', (error) => (error.code === 'EADDRINUSE' ? resolve(freePort()) : reject(error)));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
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

export const SERVICES = ['catalog', 'pricing', 'inventory', 'cart', 'checkout', 'order', 'payment'];
const APART = { split: ['catalog'], apart: SERVICES }[process.env.SOUK_LAYOUT] ?? [];
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
      SOUK_SERVICES: name === 'shop' ? SERVICES.filter((one) => !apart.includes(one)).join() || 'all' : name, // all that has no address elsewhere: none
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

// What PostgreSQL is told, one after the other, by one psql for as long as the run lasts.
class Psql {
  queue = Promise.resolve();

  ask(statements) {
    return (this.queue = this.queue.catch(() => {}).then(() => this.send(statements)));
  }

  send(statements) {
    this.process ??= this.begin();
    const done = new Promise((resolve, reject) => { Object.assign(this, { resolve, reject }); });
    this.process.stdin.write(`${statements.join(';\n')};\n\\connect postgres\n\\echo done\n`);
    return done;
  }

  begin() {
    const psql = spawn('psql', ['-qX', '-v', 'ON_ERROR_STOP=1', `${SERVER}/postgres`], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    psql.stderr.on('data', (text) => { said += text; });
    psql.stdout.on('data', () => this.resolve());
    psql.on('error', (error) => this.reject(error));
    psql.on('exit', (code) => {
      this.process = undefined;
      this.reject(new Error(`psql ended with ${code}: ${said}`));
    });
    return psql;
  }

  close() {
    this.process?.stdin.end();
  }
}
const psql = new Psql();
const databaseOf = (folder) => `${path.basename(folder).replaceAll('-', '_')}_${process.pid}`;

// What a fresh database has is kept beside, in a schema of its own: to empty one that was used is faster than to drop it and make another.
const KEEP_FRESH = `
  CREATE SCHEMA fresh;
  DO $$ DECLARE it text; BEGIN
    FOR it IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('CREATE TABLE fresh.%I AS TABLE public.%I', it, it);
    END LOOP;
  END $$`;
const MAKE_FRESH = `
  SET session_replication_role = replica;
  SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \\g /dev/null
  DO $$ DECLARE it text; BEGIN
    FOR it IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('DELETE FROM public.%I', it);
      EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM fresh.%I', it, it);
    END LOOP;
    FOR it IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
      EXECUTE format('ALTER SEQUENCE public.%I RESTART', it);
    END LOOP;
  END $$`;
const inEach = (name, sql) => SERVICES.map((service) => `\\connect ${name}_${service}\n${sql}`);

export class Shop {
  settings = {}; // beside those that every shop has
  detours = {}; // by process: those of one

  constructor(folder, port, apart = APART) {
    this.folder = folder;
    this.database = databaseOf(folder); // of several, one a service
    this.apart = apart;
    this.address = `127.0.0.1:${port}`;
  }

  async start() {
    const log = openSync(`${this.folder}.log`, 'a');
    const env = { ...process.env, SOUK_LISTEN: this.address, SOUK_STORE: this.store(), SOUK_ADMIN_TOKEN: TOKEN, ...this.bus(), ...this.settings };
    this.parts = (await layout(this.apart)).map(({ name, settings }) => new Part(name, { ...env, ...settings, ...this.detours[name] }, log));
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

  // One more process for it, which nobody is told of but the database that they share. It is the caller's to end.
  async startBeside(service) {
    const log = openSync(`${this.folder}.log`, 'a');
    const beside = new Part(service, { ...this.part(service).env, SOUK_LISTEN: await freeAddress(), SOUK_GRPC_LISTEN: await freeAddress() }, log);
    closeSync(log);
    return beside;
  }

  stream() {
    return `${path.basename(this.folder)}_${process.pid}`;
  }

  busAddress() {
    return NATS.replace('nats://', '');
  }

  bus() {
    return NATS ? { SOUK_BUS: `${NATS}/${this.stream()}` } : {};
  }

  store() {
    return SERVER ? `${SERVER}/${this.database}` : `sqlite:${this.folder}`;
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
    await fs.rm(this.folder, { recursive: true, force: true });
    await fs.rm(`${this.folder}.log`, { force: true });
  }
}

// Fresh shops, one ahead.
export class Shops {
  count = 0;
  databases = []; // that are as fresh as the template's

  async open() {
    await fs.rm(WORK, { recursive: true, force: true });
    await fs.mkdir(WORK, { recursive: true });
    this.template = new Shop(path.join(WORK, 'fresh'), await freePort());
    await this.template.start();
    await this.template.stop();
    if (SERVER) await psql.ask(inEach(this.template.database, KEEP_FRESH));
    this.next = this.fresh();
  }

  async fresh(apart) {
    const shop = new Shop(path.join(WORK, `shop-${++this.count}`), await freePort(), apart);
    if (SERVER) shop.database = this.databases.pop() ?? await this.copyTemplate(shop.database);
    else await fs.cp(this.template.folder, shop.folder, { recursive: true });
    return shop.start();
  }

  async copyTemplate(database) {
    await psql.ask(SERVICES.map((service) => `CREATE DATABASE ${database}_${service} TEMPLATE ${this.template.database}_${service}`));
    return database;
  }

  // One that has stopped. Nobody waits for its databases.
  async remove(shop) {
    if (SERVER) psql.ask(inEach(shop.database, MAKE_FRESH)).then(() => this.databases.push(shop.database), () => {});
    await shop.remove();
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
    await psql.queue.catch(() => {});
    psql.close();
    await fs.rm(WORK, { recursive: true, force: true });
  }
}
