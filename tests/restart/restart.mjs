// Restarts under load, with the listening socket held by whoever starts the server: no request may fail, and none is sent twice.
//
// Clients are as unforgiving as there are: HTTP/1.1 with connections that are kept, no second try for anything. Some buy without a pause,
// some ask now and then, so that a connection is idle when the server stops. HTTP/2 clients finish their streams and connect anew when they were
// told so (GOAWAY), as every client of it does.
//
//     restart.mjs PROGRAM HOLDER [--restarts 6] [--store URL]
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const FOLDER = path.join(ROOT, 'build/restart');
const [program, holder] = process.argv.slice(2);
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const RESTARTS = Number(option('restarts', 6));
const BUYERS = 8;
const TOKEN = '0123456789abcdef0123456789abcdef';
const PORT = Number(option('port', 20000 + Math.floor(Math.random() * 20000)));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

await fs.rm(FOLDER, { recursive: true, force: true });
await fs.mkdir(FOLDER, { recursive: true });
const log = await fs.open(path.join(FOLDER, 'server.log'), 'w');
const server = spawn(holder, [String(PORT), program, 'serve'], {
  stdio: ['pipe', 'pipe', log.fd],
  env: {
    ...process.env, SOUK_LISTEN: `127.0.0.1:${PORT}`, SOUK_STORE: option('store', `sqlite:${FOLDER}/data`), SOUK_ADMIN_TOKEN: TOKEN,
    SOUK_CLIENT_RATE: 'none', SOUK_STAFF_RATE: 'none',
  },
});
const lines = readline.createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const ended = new Promise((resolve) => server.on('exit', resolve));

async function restart(how) {
  server.stdin.write(`${how}\n`);
  const { value } = await lines.next();
  assert.equal(value, 'restarted', `see ${FOLDER}/server.log`);
}

// --- asking

const failures = [];
let answered = 0;
let slowest = 0;

function ask(agent, method, target, body, headers = {}) {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host: '127.0.0.1', port: PORT, method, path: target,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => { text += piece; });
      response.on('error', reject);
      response.on('end', () => {
        answered++;
        slowest = Math.max(slowest, performance.now() - began);
        if (response.statusCode >= 400) reject(new Error(`${response.statusCode} ${text}`));
        else resolve(text ? JSON.parse(text) : null);
      });
    });
    request.on('error', (error) => reject(new Error(`${error.message}${request.reusedSocket ? ' on a kept connection' : ' on a new connection'}`)));
    request.end(body && JSON.stringify(body));
  });
}
const admin = { authorization: `Bearer ${TOKEN}` };

// --- the shop

const keeping = new http.Agent({ keepAlive: true, maxSockets: 4 });
await ask(keeping, 'POST', '/v1/products', {
  title: 'Bolt', slug: 'bolt', status: 'published', variants: [{ sku: 'bolt', prices: [{ amount: 190, currency: 'EUR' }] }],
}, admin);
for (;;) { // until inventory has heard of it
  try {
    await ask(keeping, 'POST', '/v1/inventory/bolt/adjustments', { delta: 1000000, reason: 'delivery' }, admin);
    break;
  } catch (error) {
    if (!/^404/.test(error.message)) throw error;
    await pause(20);
  }
}
const address = { name: 'Ann', line1: '1 High Street', city: 'Berlin', postalCode: '10115', country: 'DE' };

// --- clients

let open = true;
let purchases = 0;

async function buy(agent, key) {
  const cart = await ask(agent, 'POST', '/v1/carts', { currency: 'EUR' });
  await ask(agent, 'POST', `/v1/carts/${cart.id}/lines`, { sku: 'bolt', quantity: 1 });
  await ask(agent, 'PATCH', `/v1/carts/${cart.id}`, { email: 'ann@example.com', shippingAddress: address });
  await ask(agent, 'POST', `/v1/carts/${cart.id}/checkout`, { paymentToken: 'pm_card_visa' }, { 'idempotency-key': key });
  purchases++;
}

async function client(name, deed) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let n = 0; open; n++) {
    try {
      await deed(agent, `${name}-${n}`);
    } catch (error) {
      failures.push(`${name}: ${error.message}`);
    }
  }
  agent.destroy();
}

// One connection after the other; streams that were begun before GOAWAY are answered.
async function multiplexer(name) {
  while (open) {
    const session = http2.connect(`http://127.0.0.1:${PORT}`);
    let told = false;
    session.on('goaway', () => { told = true; });
    session.on('error', (error) => failures.push(`${name}: ${error.message}`));
    while (open && !told && !session.closed && !session.destroyed) {
      await new Promise((resolve) => {
        const stream = session.request({ ':path': '/v1/products/bolt' });
        stream.on('response', (headers) => {
          answered++;
          if (headers[':status'] !== 200) failures.push(`${name}: ${headers[':status']}`);
        });
        // One that was still on this side when GOAWAY came is refused by the client's own half, and has never been sent.
        stream.on('error', (error) => (session.closed && /REFUSED_STREAM/.test(error.message)) || failures.push(`${name}: ${error.message}`));
        stream.on('close', resolve);
        stream.resume();
        stream.end();
      });
      await pause(2);
    }
    session.close();
    await new Promise((resolve) => (session.destroyed ? resolve() : session.on('close', resolve)));
  }
}

const clients = [
  ...Array.from({ length: BUYERS }, (_, n) => client(`buyer-${n}`, buy)),
  ...Array.from({ length: 4 }, (_, n) => client(`reader-${n}`, async (agent) => {
    await ask(agent, 'GET', '/v1/products/bolt');
    await pause(50 + 150 * n); // idle for up to half a second
  })),
  ...Array.from({ length: 2 }, (_, n) => client(`passer-by-${n}`, async () => {
    await ask(new http.Agent({ keepAlive: false }), 'GET', '/v1/products?limit=1');
    await pause(2);
  })),
  multiplexer('multiplexer'),
];

let passed = 0;
for (let n = 0; n < RESTARTS; n++) {
  const how = n % 2 ? 'beside' : 'after';
  await pause(300);
  const before = failures.length;
  slowest = 0;
  const began = performance.now();
  await restart(how);
  const took = performance.now() - began;
  await ask(keeping, 'GET', '/readyz');
  await pause(100);
  console.log(`restart ${n + 1} (${how}): ${took.toFixed(0)} ms, slowest answer ${slowest.toFixed(0)} ms, ${failures.length - before} failed`);
  passed += failures.length === before;
}
open = false;
await Promise.all(clients);
const orders = [];
for (let at = '/v1/orders?limit=100'; at;) {
  const page = await ask(keeping, 'GET', at, undefined, admin);
  orders.push(...page.items);
  at = page._links.next?.href;
}
keeping.destroy();
server.stdin.end();
const code = await ended;

console.log(`${answered} answers, ${purchases} purchases, ${orders.length} orders, ${failures.length} failed`);
for (const failure of failures.slice(0, 20)) console.log(`FAILED  ${failure}`);
const right = [orders.length === purchases, code === 0];
if (!right[0]) console.log('FAILED  as many orders as purchases');
if (!right[1]) console.log(`FAILED  the last one stopped: ${code}`);
const good = passed + right.filter(Boolean).length;
const bad = RESTARTS + right.length - good;
console.log(`${good} passed, ${bad} failed`);
process.exit(bad ? 1 : 0);
