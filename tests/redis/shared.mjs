// Two gateways in front of the services of one shop, with one Redis beside them.
//
//   - what one has rendered the other need not; what comes from Redis is the same to the byte
//   - a price that is changed through one is soon the price at the other, and never again the old one
//   - a client has one limit at both, also when it asks both at once, in REST and GraphQL alike
//   - Redis killed, hung, emptied, and started again, under load: no request fails, each gateway has limits of its own meanwhile, nothing old comes back
//   - a wrong password, or nobody there: a sentence in the log without the password, and the shop serves
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RestDriver } from '../features/drivers/rest.js';
import { freePort, pause, PROGRAM, SERVICES, TOKEN } from '../features/support/shop.js';

const FOLDER = path.join(path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..'), 'build/redis');
const REDIS = process.env.SOUK_TEST_REDIS;
const CONTROL = process.env.SOUK_TEST_REDIS_CONTROL;
if (!CONTROL) throw new Error('Run it as `make check-redis`.');
const redis = (...words) => execFileSync(CONTROL, words, { encoding: 'utf8' });
const SOON_MS = 30000; // a bound for what is awaited, not a promise
const POINTS = 100;

// --- the processes

class Process {
  static all = [];

  constructor(name, settings) {
    Object.assign(this, { name, settings, log: path.join(FOLDER, `${name}.log`) });
    Process.all.push(this);
  }

  async start() {
    this.address = `127.0.0.1:${await freePort()}`;
    const log = openSync(this.log, 'a');
    const env = { PATH: process.env.PATH, SOUK_LISTEN: this.address, SOUK_ADMIN_TOKEN: TOKEN, SOUK_STORE: `sqlite:${FOLDER}/data`, ...this.settings };
    this.process = spawn(PROGRAM, ['serve'], { env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.exited = new Promise((resolve) => this.process.on('exit', (code) => resolve(code)));
    this.driver = new RestDriver({ address: this.address, token: TOKEN });
    await soon(`${this.name} is ready`, async () => assert.equal((await this.get('/readyz')).status, 200));
    return this;
  }

  async stop() {
    this.driver.close();
    this.process.kill('SIGTERM');
    assert.equal(await this.exited, 0, `${this.name} stops in order`);
  }

  get(address, headers = {}) {
    return this.driver.send('GET', address, { headers });
  }

  async metric(name) {
    return Number((await this.get('/metrics')).body.match(new RegExp(`^souk_${name} (\\d+)`, 'm'))[1]);
  }

  async usesRedis() {
    return JSON.parse((await this.get('/readyz')).body).checks.cache;
  }

  said() {
    return readFileSync(this.log, 'utf8');
  }
}

let passed = 0;
let failed = 0;
async function check(what, test) {
  try {
    const told = await test();
    passed++;
    console.log(`ok      ${what}${told ? `: ${told}` : ''}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${what}\n${error.stack}`);
  }
}

async function soon(what, test) {
  const began = Date.now();
  for (;;) {
    try {
      return await test();
    } catch (error) {
      if (Date.now() - began > SOON_MS) throw new Error(`${what}: not within ${SOON_MS} ms: ${error.message}`, { cause: error });
      await pause(5);
    }
  }
}

await fs.rm(FOLDER, { recursive: true, force: true });
await fs.mkdir(path.join(FOLDER, 'data'), { recursive: true });
const inside = `127.0.0.1:${await freePort()}`;
const elsewhere = Object.fromEntries(SERVICES.map((name) => [`SOUK_${name.toUpperCase()}`, `grpc://${inside}`]));
const services = await new Process('services', { SOUK_GRPC_LISTEN: inside, SOUK_CACHE: REDIS }).start();
const limits = { SOUK_CLIENT_RATE: `${POINTS}:1` };
const [first, second] = await Promise.all(['first', 'second'].map((name) => new Process(name, { ...elsewhere, ...limits, SOUK_CACHE: REDIS }).start()));
const gateways = [first, second];
const allUseRedis = (wanted) => soon(`Redis ${wanted ? 'is' : 'is not'} used`, async () => {
  for (const one of [services, ...gateways]) assert.equal(await one.usesRedis(), wanted, one.name);
});
await allUseRedis(true);

// --- the cache

let clients = 0;
const newClient = () => ({ 'X-Forwarded-For': `203.0.${113 + Math.floor(++clients / 200)}.${clients % 200 + 1}` });
const product = (await first.driver.createProduct({ title: 'Mug', status: 'published', variants: [{ sku: 'mug', prices: [{ amount: 1000, currency: 'EUR' }] }] })).wanted('a product');
const page = `/v1/products/${product.id}/price`;
const priceAt = async (one, client = newClient()) => {
  const answer = await one.get(page, client);
  assert.equal(answer.status, 200, answer.body);
  return JSON.stringify(JSON.parse(answer.body)).match(/"amount":(\d+)/)?.[1];
};
let price = 1000;
const changePrice = async (one) => {
  price += 1;
  (await one.driver.setPrices('mug', [{ amount: price, currency: 'EUR' }])).wanted('a new price');
  const began = Date.now();
  for (const other of gateways) await soon(`${price} at ${other.name}`, async () => assert.equal(await priceAt(other), `${price}`));
  const ms = Date.now() - began;
  for (let i = 0; i < 5; i++) for (const other of gateways) assert.equal(await priceAt(other), `${price}`, 'the old price came back');
  return ms;
};
await soon('the first price', async () => assert.equal(await priceAt(first), `${price}`));

await check('what one has rendered the other need not', async () => {
  for (let i = 0; i < 3; i++) {
    await changePrice(first);
    const hits = await second.metric('shared_cache_hits_total') + await first.metric('shared_cache_hits_total');
    const address = `/v1/products/${product.id}?fields=title,slug`;
    const [one, other] = [await first.get(address, newClient()), await second.get(address, newClient())];
    assert.equal(one.status, 200);
    assert.deepEqual([other.body, other.headers.etag, other.headers['surrogate-key'], other.headers['content-type']],
      [one.body, one.headers.etag, one.headers['surrogate-key'], one.headers['content-type']]);
    if (await second.metric('shared_cache_hits_total') + await first.metric('shared_cache_hits_total') > hits) return;
  }
  throw new Error('nothing came from Redis');
});

await check('GraphQL too', async () => {
  for (let i = 0; i < 5; i++) { // a purge that is still on its way may take the first one
    const address = `/graphql?query=${encodeURIComponent(`{ a${i}: product(id: "${product.id}") { title } }`)}`;
    const hits = await second.metric('shared_cache_hits_total');
    const [one, other] = [await first.get(address, newClient()), await second.get(address, newClient())];
    assert.equal(one.status, 200, one.body);
    assert.equal(other.body, one.body);
    if (await second.metric('shared_cache_hits_total') > hits) return;
  }
  throw new Error('nothing came from Redis');
});

await check('a price changed through one is seen at the other', async () => {
  const took = [];
  for (let i = 0; i < 20; i++) took.push(await changePrice(gateways[i % 2]));
  return `at both within ${took.sort((a, b) => a - b)[10]} ms (median of 20), ${took.at(-1)} ms (worst)`;
});

// --- limits

const absent = '/v1/carts/01jd0000000000000000000000'; // costs a point, and is never cached
const spend = async (count, client, ask = (one) => one.get(absent, client)) => {
  const answers = await Promise.all(Array.from({ length: count }, (_, i) => ask(gateways[i % 2])));
  return answers.filter((answer) => answer.status !== 429);
};

await check('a client has one limit at both', async () => {
  const client = newClient();
  const began = Date.now();
  const let_in = await spend(2 * POINTS, client);
  const restored = Math.ceil((Date.now() - began) / 1000);
  assert.ok(let_in.length >= POINTS && let_in.length <= POINTS + restored, `${let_in.length} of ${2 * POINTS}`);
  const refused = await Promise.all(gateways.map((one) => one.get(`${absent}?x=1`, client)));
  for (const answer of refused) if (answer.status === 429) {
    assert.match(answer.headers.ratelimit, /^"client";r=0;t=\d+$/);
    assert.ok(Number(answer.headers['retry-after']) >= 1);
  }
  return `${let_in.length} of ${2 * POINTS} asked at once`;
});

await check('each sees what is left', async () => {
  const client = newClient();
  const left = [];
  for (let i = 0; i < 6; i++) left.push(Number((await gateways[i % 2].get(absent, client)).headers.ratelimit.match(/r=(\d+)/)[1]));
  for (let i = 0; i < 6; i++) assert.ok(left[i] >= POINTS - 1 - i && left[i] <= POINTS - i + 30, `${left}`);
  assert.ok(left[5] < left[0], `${left}`);
});

// --- Redis goes, and comes

let loading = true;
const failures = [];
let asked = 0;
async function load(one) {
  while (loading) {
    const client = newClient();
    for (const address of [page, `/v1/products/${product.id}`, absent, '/v1/products?limit=5']) {
      const began = Date.now();
      const answer = await one.get(address, client).catch((error) => ({ status: error.message }));
      asked++;
      if (answer.status !== (address === absent ? 404 : 200)) failures.push(`${one.name} ${address}: ${answer.status} after ${Date.now() - began} ms`);
    }
  }
}
const loads = [0, 1, 2, 3].map((i) => load(gateways[i % 2]));

await check('killed under load: limits go on at each', async () => {
  redis('stop');
  await allUseRedis(false);
  const client = newClient();
  const began = Date.now();
  const let_in = await spend(4 * POINTS, client);
  const restored = 2 * Math.ceil((Date.now() - began) / 1000);
  assert.ok(let_in.length >= 2 * POINTS && let_in.length <= 2 * POINTS + restored, `${let_in.length}`);
  assert.ok(await first.metric('shared_limits_fallbacks_total') > 0);
  assert.equal(first.said().match(/Redis can't be used/g).length, 1, 'told once');
  return `${let_in.length} of ${4 * POINTS}`;
});
await check('prices without Redis', () => changePrice(second).then((ms) => `${ms} ms`));
await check('started again, and empty: shared again', async () => {
  redis('start');
  await allUseRedis(true);
  await changePrice(first);
  const client = newClient();
  const began = Date.now();
  const let_in = await spend(2 * POINTS, client);
  assert.ok(let_in.length <= POINTS + Math.ceil((Date.now() - began) / 1000), `${let_in.length}`);
});
await check('FLUSHALL and SCRIPT FLUSH between changes', async () => {
  for (let i = 0; i < 5; i++) {
    redis('cli', 'flushall');
    if (i % 2) redis('cli', 'script', 'flush');
    await changePrice(gateways[i % 2]);
  }
});
await check('it forgets purges alone, as if it were evicted', async () => {
  for (let i = 0; i < 5; i++) {
    for (const key of redis('cli', '--raw', 'keys', '*:purges').trim().split('\n')) redis('cli', 'del', key);
    await changePrice(gateways[i % 2]);
  }
});
await check('it hangs, and prices change meanwhile', async () => {
  redis('pause');
  await changePrice(first);
  redis('resume');
  await changePrice(second);
  await allUseRedis(true);
  await changePrice(first);
});
await check('who leaves while it hangs harms nobody', async () => {
  redis('pause');
  const graphql = `/graphql?query=${encodeURIComponent(`{ product(id: "${product.id}") { slug } }`)}`;
  const leavers = [page, absent, graphql].flatMap((address) => gateways.map((one) => new Promise((resolve) => {
    const request = http.get(`http://${one.address}${address}`, { agent: false, headers: newClient() });
    request.on('error', resolve);
    request.on('response', (response) => { response.resume(); resolve(); });
    setTimeout(() => request.destroy(new Error('left')), 50);
  })));
  await Promise.all(leavers);
  redis('resume');
  await allUseRedis(true);
  await changePrice(second);
});
await check('it is full, and may not evict: told once, and again when it is better', async () => {
  const told = (what) => first.said().match(what)?.length ?? 0;
  const [away, used] = [told(/Redis can't be used/g), told(/Redis is used/g)];
  redis('cli', 'config', 'set', 'maxmemory-policy', 'noeviction');
  redis('cli', 'config', 'set', 'maxmemory', '100kb');
  await changePrice(first);
  await allUseRedis(false);
  await changePrice(second);
  assert.equal(told(/Redis can't be used/g), away + 1);
  redis('cli', 'config', 'set', 'maxmemory', '64mb');
  redis('cli', 'config', 'set', 'maxmemory-policy', 'allkeys-lru');
  await allUseRedis(true);
  assert.equal(told(/Redis is used/g), used + 1);
  await changePrice(first);
});
await check('an older state of it comes back', async () => {
  const keys = redis('cli', '--raw', 'keys', '*').trim().split('\n').filter((key) => key.includes('cache'));
  redis('cli', 'save');
  await changePrice(first);
  redis('stop');
  redis('start'); // from the file that was saved
  await allUseRedis(true);
  for (let i = 0; i < 5; i++) for (const one of gateways) assert.equal(await priceAt(one), `${price}`);
  return `${keys.length} keys`;
});
await check('no request failed meanwhile', async () => {
  loading = false;
  await Promise.all(loads);
  assert.deepEqual(failures.slice(0, 5), [], `${failures.length} of ${asked}`);
  return `${asked} requests`;
});

// --- what can't work

const bad = [
  ['a wrong password', REDIS.replace(/:[^:@]*@/, ':not-the-secret@'), /refuses the name and password/],
  ['no password', REDIS.replace(/\/\/[^@]*@/, '//'), /wants a password/],
  ['nobody there', `redis://:not-the-secret@127.0.0.1:${await freePort()}`, /refused/],
];
for (const [what, url, sentence] of bad) {
  await check(`${what}: a sentence, and it serves`, async () => {
    const one = await new Process(`bad-${what.replaceAll(' ', '-')}`, { ...elsewhere, SOUK_CACHE: url }).start();
    await soon('it is told', async () => assert.match(one.said(), sentence));
    assert.equal(await one.usesRedis(), false);
    assert.equal(await priceAt(one), `${price}`);
    assert.doesNotMatch(one.said(), /not-the-secret|pass@word|pass%40word/);
    await one.stop();
  });
}
await check('what is no address is refused at the start', async () => {
  for (const [url, sentence] of [['redis://host:port', /host:port/], ['rediss://:not-the-secret@h:1', /without TLS/], ['redis:/x:not-the-secret@h', /memory:/]]) {
    const one = new Process('refused', { SOUK_CACHE: url });
    one.address = '127.0.0.1:1';
    let said = '';
    const child = spawn(PROGRAM, ['serve'], { env: { PATH: process.env.PATH, SOUK_ADMIN_TOKEN: TOKEN, SOUK_CACHE: url }, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (text) => { said += text; });
    assert.notEqual(await new Promise((resolve) => child.on('close', resolve)), 0);
    assert.match(said, sentence);
    assert.doesNotMatch(said, /not-the-secret/);
  }
});

await check('all stop in order', async () => {
  for (const one of [...gateways, services]) await one.stop();
});
for (const one of Process.all) one.process?.kill('SIGKILL');
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
