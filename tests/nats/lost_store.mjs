// Buyers buy in a split shop whose events travel by NATS JetStream, and JetStream loses everything: killed, its whole store removed, started again. Then
// all of its messages, but not how far they were read.
//
// Nothing may be lost by that, and nobody who buys may notice more than a moment: every checkout is placed, also while NATS is away; every order's
// stock is allocated; what one process changed is soon seen by the other, with the bus, without it, and with it again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MERCHANT } from '../features/drivers/driver.js';
import { RestDriver } from '../features/drivers/rest.js';
import { freePort, pause, Shop, TOKEN } from '../features/support/shop.js';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const FOLDER = path.join(ROOT, 'build/nats');
const BUYERS = 4;
const PURCHASES = 15; // of each buyer, in each part
const STOCK = 100000;
const APART = ['catalog']; // its events travel to the process of all others
const SOON_MS = 30000; // how long a state may be awaited on a machine that is busy
const CONTROL = process.env.SOUK_TEST_NATS_CONTROL;
if (!CONTROL) throw new Error('Run it as `tests/with-nats node tests/nats/lost_store.mjs`.');
const nats = (...words) => execFileSync(CONTROL, words, { stdio: 'inherit' });

const shop = new Shop(path.join(FOLDER, 'data'), await freePort(), APART);
const driver = new RestDriver({ address: shop.address, token: TOKEN });
let number = 0;
let placed = 0;

async function addProduct() {
  const sku = `bolt-${++number}`;
  const variants = [{ sku, prices: [{ amount: 190, currency: 'EUR' }] }];
  (await driver.createProduct({ title: sku, status: 'published', variants })).wanted(sku);
  await soon(`stock of ${sku} can be kept`, async () => (await driver.adjustStock(sku, { delta: STOCK, reason: 'delivery' })).wanted('stock'));
  return sku;
}

async function soon(what, test) {
  const began = Date.now();
  for (;;) {
    try {
      return await test();
    } catch (error) {
      if (Date.now() - began > SOON_MS) throw new Error(`${what}: not within ${SOON_MS} ms: ${error.message}`, { cause: error });
      await pause(10);
    }
  }
}

async function buyer(name, sku) {
  for (let i = 1; i <= PURCHASES; i++) {
    const cart = (await driver.openCart({ currency: 'EUR' })).wanted('a cart').id;
    (await driver.addToCart(cart, { sku, quantity: 1 })).wanted('a line');
    (await driver.checkOut(cart, { paymentToken: 'pm_card_visa' }, { key: `${sku}-${name}-${i}` })).wanted('an order');
    placed++;
  }
}

// A new product, and all buyers buy it: what they need has to travel from one process to the other.
async function buy(when) {
  const before = placed;
  const sku = await addProduct();
  await Promise.all(Array.from({ length: BUYERS }, (_, i) => buyer(i, sku)));
  await soon(`the stock of ${sku}`, async () => {
    const { onHand, allocated } = (await driver.getStock(sku)).wanted(sku);
    assert.deepEqual({ onHand, allocated }, { onHand: STOCK, allocated: placed - before });
  });
  console.log(`ok      ${when}: ${placed - before} orders`);
}

const bus = async () => JSON.parse((await driver.send('GET', '/readyz')).body).checks.bus;
const metric = async (name) => Number((await driver.send('GET', '/metrics')).body.match(new RegExp(`^${name} (\\d+)`, 'm'))[1]);

// Some may come by a question that was asked before.
async function eventsComeByNats() {
  const before = await metric('souk_nats_pulled_total');
  await soon('events by NATS', async () => {
    await addProduct();
    assert(await metric('souk_nats_pulled_total') > before);
  });
}

async function loseEverything() {
  await soon('the bus', async () => assert.equal(await bus(), true));
  await buy('with NATS');
  await eventsComeByNats();

  const running = buy('while NATS dies');
  await pause(100);
  nats('stop');
  await running;
  await soon('/readyz', async () => assert.equal(await bus(), false));
  await buy('without NATS');

  nats('wipe');
  nats('start');
  await soon('the bus', async () => assert.equal(await bus(), true));
  await buy('with NATS again, which has lost everything');
  await eventsComeByNats();

  nats('lose');
  await soon('/readyz', async () => assert.equal(await bus(), false));
  nats('start');
  await soon('the bus', async () => assert.equal(await bus(), true));
  await buy('with NATS, which has lost all messages but knows what was read');
  await eventsComeByNats();
}

async function everyOrderIsThereOnce() {
  const orders = [];
  for (let page = await driver.listOrders({ limit: 100 }); page; page = page.next ? await driver.nextPage(page, MERCHANT) : null)
    orders.push(...page.wanted('a list').items);
  assert.equal(orders.length, placed, 'every order is there once');
}

await fs.rm(FOLDER, { recursive: true, force: true });
await fs.mkdir(FOLDER, { recursive: true });
await shop.start();
try {
  await loseEverything();
  await everyOrderIsThereOnce();
} catch (error) {
  console.error(await shop.log());
  await shop.kill();
  throw error;
} finally {
  driver.close();
}
await shop.stop();
await fs.rm(FOLDER, { recursive: true, force: true });
console.log(`${placed} orders`);
console.log('5 passed, 0 failed');
