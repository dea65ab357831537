// More is asked than the machine can do: who pays gets through, who looks is told to come again.
//
// More and more shoppers search a shop of a thousand products, each time for something else, so that nothing comes from a cache, until the shop refuses.
// Then, while they go on:
//   - every checkout of a cart that was filled before is taken at its first try, and becomes an order
//   - whoever looks and is refused is told 503 `overloaded` with Retry-After, and some are still served
//   - the back office is refused before shoppers are: more of its questions, and none of those who pay
// and when they have gone, everybody is served again.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RestDriver } from '../features/drivers/rest.js';
import { MERCHANT } from '../features/drivers/driver.js';
import { freePort, pause, Shop, TOKEN } from '../features/support/shop.js';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const FOLDER = path.join(ROOT, 'build/overload');
const PRODUCTS = 1000;
const CARTS = 20;
const LOOKING_MAX = 3000;
const AFTER_MS_MAX = 30000;

const shop = new Shop(path.join(FOLDER, 'data'), await freePort());
shop.settings = { SOUK_CLIENT_RATE: 'none', SOUK_STAFF_RATE: 'none' };
const driver = new RestDriver({ address: shop.address, token: TOKEN });
const crowd = new RestDriver({ address: shop.address, token: TOKEN });
crowd.agent = new http.Agent({ keepAlive: true });

async function openShop() {
  await fs.rm(FOLDER, { recursive: true, force: true });
  await fs.mkdir(FOLDER, { recursive: true });
  await shop.start();
  const rows = Array.from({ length: PRODUCTS }, (_, i) => `shirt-${i},Shirt ${i},"Cotton, washed ${i % 7} times",Clothes,TRUE,shirt-${i},${10 + i % 90}.00,1000,active`);
  const told = await driver.send('POST', '/v1/imports', { body: ['Handle,Title,Body (HTML),Type,Published,Variant SKU,Variant Price,Variant Inventory Qty,Status', ...rows].join('\n'),
    headers: { 'Content-Type': 'text/csv', Authorization: `Bearer ${TOKEN}` } });
  assert(told.status < 300, `the import: ${told.status} ${told.body}`);
  await soon('the products are there', async () => (await driver.getProduct(`shirt-${PRODUCTS - 1}`)).code === 'ok');
}

async function soon(what, test) {
  for (const until = Date.now() + AFTER_MS_MAX; !(await test()); await pause(50)) assert(Date.now() < until, `${what}: not within ${AFTER_MS_MAX} ms`);
}

async function fillCart(number) {
  const cart = (await driver.openCart({ currency: 'EUR' })).wanted('a cart').id;
  (await driver.addToCart(cart, { sku: `shirt-${number}`, quantity: 1 })).wanted('a line');
  return cart;
}

// --- the crowd

let open = true;
const counts = { looking: { served: 0, refused: 0 }, office: { served: 0, refused: 0 } };
const untrue = [];

function note(count, { raw, code }) {
  if (raw.status < 500) count.served++;
  else if (raw.status === 503 && code === 'overloaded' && raw.headers['retry-after']) count.refused++;
  else untrue.push(`${raw.status} ${raw.body}`);
}

// Each asks for something that nobody asked for before.
let asked = 0;
async function look() {
  while (open) {
    note(counts.looking, await crowd.listProducts({ q: 'cotton', minPrice: 1000 + (asked++ % 8999), sort: 'price_desc', facets: true, limit: 100 }));
    if (counts.looking.refused) await pause(200); // told to come again later, not at once
  }
}

async function office() {
  while (open) {
    note(counts.office, await crowd.ask('GET', `/v1/imports/none-${asked++}`, { who: MERCHANT }));
    await pause(50);
  }
}

async function overloaded(clients) {
  while (!counts.looking.refused) {
    assert(clients.length < LOOKING_MAX, `${LOOKING_MAX} shoppers were not too many`);
    for (let i = 0; i < 100; i++) clients.push(look());
    await pause(300);
  }
}

// --- what must hold

let passed = 0;
let failed = 0;
async function check(what, test) {
  try {
    console.log(`ok      ${what}${(await test()) ?? ''}`);
    passed++;
  } catch (error) {
    failed++;
    console.log(`FAILED  ${what}\n${error.message.split('\n').slice(0, 20).join('\n')}`);
  }
}

await openShop();
const carts = [];
for (let i = 0; i < CARTS; i++) carts.push(await fillCart(i));
const clients = [office(), office()];
await overloaded(clients);
const begun = structuredClone(counts);

await check('who pays is served', async () => {
  let slowest = 0;
  for (const [i, cart] of carts.entries()) {
    const began = performance.now();
    const told = await driver.checkOut(cart, { paymentToken: 'pm_card_visa' }, { key: `pay-${i}` });
    assert(['ok', 'accepted'].includes(told.code), told.raw.body);
    if (told.waiting) await soon('the order', async () => (await driver.getCheckout(told.waiting)).value?.status === 'done');
    slowest = Math.max(slowest, performance.now() - began);
  }
  return `: ${CARTS} checkouts, the slowest in ${slowest.toFixed()} ms, beside ${clients.length} clients`;
});
const share = (kind) => {
  const [served, refused] = ['served', 'refused'].map((what) => counts[kind][what] - begun[kind][what]);
  return { served, refused, of: refused / (served + refused) };
};
const [looking, backOffice] = [share('looking'), share('office')];
await check('who looks is told to come again, and not always', () => {
  assert.deepEqual(untrue.slice(0, 5), []);
  assert(looking.refused > 0 && looking.served > 0, JSON.stringify(looking));
  return `: ${looking.served} served, ${looking.refused} refused`;
});
await check('the back office is refused first', () => {
  assert(backOffice.of > looking.of, JSON.stringify({ looking, backOffice }));
  return `: ${backOffice.served} served, ${backOffice.refused} refused`;
});
await check('what was refused is counted, by its class', async () => {
  const { body } = await driver.send('GET', '/metrics');
  const shed = (urgency) => Number(body.match(new RegExp(`^souk_shed_total\\{service="catalog",urgency="${urgency}"\\} (\\d+)`, 'm'))[1]);
  assert(shed('browse') > 0 && shed('report') > 0 && shed('pay') === 0);
});
open = false;
await Promise.all(clients);
await check('when they have gone, everybody is served', () =>
  soon('a page', async () => (await driver.listProducts({ q: 'cotton', minPrice: 999 })).code === 'ok'));
driver.close();
crowd.close();
await check('it stops when it is told to', () => shop.stop());
if (!failed) await fs.rm(FOLDER, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
