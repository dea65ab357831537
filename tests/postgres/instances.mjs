// Two processes of one shop on one PostgreSQL database, and buyers who go from one to the other.
//
//   - a price changed at one is soon the price at the other; a key answered by one is known to the other
//   - of a last unit that two want at once, at both, one is sold
//   - sessions that are ended in the middle of the load are nobody's trouble: no answer is a 5xx
//   - one that is killed: every order that was acknowledged is there, what it left is gone on with, and the other leads
//   - a leader that is stopped (SIGSTOP) is replaced, and does no harm when it wakes
//   - at the end orders, money and stock fit, and `souk verify` finds nothing
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MERCHANT } from '../features/drivers/driver.js';
import { RestDriver } from '../features/drivers/rest.js';
import { freePort, pause, PROGRAM, Shop, TOKEN } from '../features/support/shop.js';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const FOLDER = path.join(ROOT, 'build/instances');
const SERVER = process.env.SOUK_TEST_STORE;
if (!SERVER) throw new Error('Run it as `make check-instances`.');
const SOON_MS = 30000; // a bound for what is awaited, not a promise
const STOCK = 100000;
const PRICE = 190;
const SERVICES = ['catalog', 'pricing', 'inventory', 'cart', 'checkout', 'order', 'payment'];

await fs.rm(FOLDER, { recursive: true, force: true });
await fs.mkdir(FOLDER, { recursive: true });
const first = new Shop(path.join(FOLDER, 'first'), await freePort());
const second = new Shop(path.join(FOLDER, 'second'), await freePort());
second.database = first.database;
const driverOf = (shop) => new RestDriver({ address: shop.address, token: TOKEN });
const [atFirst, atSecond] = [first, second].map(driverOf);

let failed = 0;
let passed = 0;
async function check(what, test) {
  const began = Date.now();
  try {
    const told = await test();
    passed++;
    console.log(`ok      ${what}${told ? `: ${told}` : ''} (${Date.now() - began} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${what}\n${error.message.split('\n').slice(0, 20).join('\n')}`);
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

function tell(service, sql) {
  return execFileSync('psql', ['-qXAt', `${SERVER}/${first.database}_${service}`, '-c', sql], { encoding: 'utf8' }).trim();
}

async function metric(driver, name, service) {
  const { body } = await driver.send('GET', '/metrics');
  return Number(body.match(new RegExp(`^souk_${name}\\{service="${service}"\\} (\\d+)`, 'm'))[1]);
}

const leads = async (driver) => (await Promise.all(SERVICES.map((service) => metric(driver, 'leads', service)))).every((one) => one === 1);

async function addProduct(driver, sku, stock) {
  const variants = [{ sku, prices: [{ amount: PRICE, currency: 'EUR' }] }];
  (await driver.createProduct({ title: sku, status: 'published', variants })).wanted(sku);
  await soon(`stock of ${sku} can be kept`, async () => (await driver.adjustStock(sku, { delta: stock, reason: 'delivery' }, { key: `${sku}-stock` })).wanted('stock'));
  return sku;
}

// --- buying

const placed = []; // { cart, sku, key, body }
const faulty = []; // answers of 500 and more
let open = true;

// Who gets no answer, or one that says so, asks again with the same key, and asks the other one.
async function persist(drivers, ask) {
  for (let turn = 0; ; turn++) {
    try {
      const outcome = await ask(drivers[turn % drivers.length]);
      if (outcome.raw.status >= 500) faulty.push(`${outcome.raw.status} ${outcome.raw.body}`);
      if (outcome.raw.status < 500 && outcome.code !== 'request_in_progress') return outcome;
    } catch (error) {
      if (!error.code && !/socket|aborted/.test(error.message)) throw error;
    }
    await pause(20);
  }
}

async function buy(drivers, sku, name) {
  const key = (step) => ({ key: `${name}-${step}` });
  const turned = [drivers[1] ?? drivers[0], drivers[0]];
  const cart = (await persist(drivers, (driver) => driver.openCart({ currency: 'EUR' }, key('cart')))).wanted('a cart').id;
  (await persist(turned, (driver) => driver.addToCart(cart, { sku, quantity: 1 }, key('line')))).wanted('a line');
  const told = await persist(drivers, (driver) => driver.checkOut(cart, { paymentToken: 'pm_card_visa' }, key('checkout')));
  if (told.waiting)
    await soon('a checkout', async () => assert.equal((await persist(drivers, (driver) => driver.getCheckout(told.waiting))).wanted('a checkout').status, 'done'));
  placed.push({ cart, sku, key: key('checkout'), waited: !!told.waiting, status: told.raw.status, body: told.raw.body });
}

// Buyers buy while something happens.
async function underLoad(sku, buyers, happen) {
  open = true;
  faulty.length = 0;
  const before = placed.length;
  const name = `${sku}-${before}`;
  const buying = Array.from({ length: buyers }, async (_, i) => {
    const drivers = i % 2 ? [atFirst, atSecond] : [atSecond, atFirst];
    for (let purchase = 1; open; purchase++) await buy(drivers, sku, `${name}-${i}-${purchase}`);
  });
  await soon('the first purchases', () => assert(placed.length > before + buyers));
  try {
    await happen();
    const meanwhile = placed.length;
    await soon('purchases afterwards', () => assert(placed.length > meanwhile + buyers));
  } finally {
    open = false;
    await Promise.all(buying);
  }
  return `${placed.length - before} purchases`;
}

// --- the whole

await first.start();
await second.start();
const sku = await addProduct(atFirst, 'bolt', STOCK);

await check('both know of each other, and one leads', async () => {
  await soon('both', async () => {
    for (const driver of [atFirst, atSecond])
      for (const service of SERVICES) assert.equal(await metric(driver, 'instances', service), 2);
    for (const service of SERVICES) assert.equal(await metric(atFirst, 'leads', service) + await metric(atSecond, 'leads', service), 1);
  });
});

await check('a price changed at one is seen at the other', async () => {
  const took = [];
  for (let i = 1; i <= 10; i++) {
    const [here, there] = i % 2 ? [atFirst, atSecond] : [atSecond, atFirst];
    await there.getProduct(sku); // in its cache
    (await here.setPrices(sku, [{ amount: PRICE + i, currency: 'EUR' }])).wanted('prices');
    const began = performance.now();
    await soon('the price', async () => assert.equal((await there.getProduct(sku)).wanted('a product').variants[0].price.amount, PRICE + i));
    took.push(performance.now() - began);
  }
  (await atFirst.setPrices(sku, [{ amount: PRICE, currency: 'EUR' }])).wanted('prices');
  for (const driver of [atFirst, atSecond])
    await soon('the price', async () => assert.equal((await driver.getProduct(sku)).wanted('a product').variants[0].price.amount, PRICE));
  took.sort((a, b) => a - b);
  return `median ${took[5].toFixed(1)} ms, slowest ${took[9].toFixed(1)} ms`;
});

await check('of a last unit that two want at once, one is sold', async () => {
  for (let i = 1; i <= 5; i++) {
    const last = await addProduct(i % 2 ? atFirst : atSecond, `last-${i}`, 1);
    const told = await Promise.all([atFirst, atSecond].map(async (driver, at) => {
      const cart = (await driver.openCart({ currency: 'EUR' })).wanted('a cart').id;
      const line = await driver.addToCart(cart, { sku: last, quantity: 1 });
      if (line.code === 'out_of_stock') return 409;
      line.wanted('a line');
      const key = { key: `${last}-${at}` };
      const outcome = await driver.checkOut(cart, { paymentToken: 'pm_card_visa' }, key);
      if (outcome.raw.status === 201) placed.push({ cart, sku: last, key, waited: false, status: 201, body: outcome.raw.body });
      return outcome.raw.status;
    }));
    assert.deepEqual(told.sort(), [201, 409]);
  }
});

await check('sessions that are ended are nobody\'s trouble', async () => {
  const told = await underLoad(sku, 4, async () => {
    for (let round = 0; round < 3; round++)
      for (const service of SERVICES)
        tell(service, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'souk'");
  });
  assert.deepEqual(faulty, []);
  return told;
});

await check('an answer given by one is given again by the other', async () => {
  for (const { cart, key, waited, status, body } of placed.filter((one) => !one.waited).slice(-20))
    for (const driver of [atFirst, atSecond]) {
      const again = await driver.checkOut(cart, { paymentToken: 'pm_card_visa' }, key);
      assert.deepEqual([again.raw.status, again.raw.body, waited], [status, body, false]);
    }
});

await check('one that is killed leaves nothing undone', async () => {
  const told = await underLoad(sku, 4, async () => {
    await first.kill();
    await soon('the other leads', async () => assert(await leads(atSecond)));
  });
  await soon('no saga is open', () => assert.equal(tell('checkout', 'SELECT COUNT(*) FROM souk_saga WHERE status < 2'), '0'));
  await first.start();
  return told;
});

await check('a leader that is stopped is replaced, and does no harm', async () => {
  await soon('both are back', async () => assert.equal(await metric(atSecond, 'instances', 'order'), 2));
  const part = second.parts[0];
  part.hang();
  await soon('the other leads', async () => assert(await leads(atFirst)));
  for (let i = 1; i <= 5; i++) await buy([atFirst], sku, `stopped-${i}`);
  part.goOn();
  await soon('it follows', async () => {
    assert.equal(await metric(atSecond, 'instances', 'order'), 2);
    for (const service of SERVICES) assert.equal(await metric(atFirst, 'leads', service) + await metric(atSecond, 'leads', service), 1);
  });
  return underLoad(sku, 4, async () => {});
});

await check('orders, money and stock fit', async () => {
  const orders = [];
  for (let page = await atSecond.listOrders({ limit: 100 }); page; page = page.next ? await atSecond.nextPage(page, MERCHANT) : null)
    orders.push(...page.wanted('a list').items);
  const byCart = new Map(orders.map((one) => [one.cartId, one]));
  assert.equal(byCart.size, orders.length, 'a cart became more than one order');
  for (const { cart } of placed) assert(byCart.get(cart), `the order of cart ${cart} is lost`);
  assert.equal(orders.length, placed.length, 'orders that nobody was told of');
  const payments = [];
  for (let page = await atFirst.listPayments({ limit: 100 }); page; page = page.next ? await atFirst.nextPage(page, MERCHANT) : null)
    payments.push(...page.wanted('a list').items.filter((one) => one.status !== 'voided' && one.captured.amount > 0));
  assert.equal(payments.length, orders.length, 'payments');
  const sold = orders.filter((one) => one.lines[0].sku === sku).length;
  for (const driver of [atFirst, atSecond])
    await soon('the stock', async () => {
      const { onHand, allocated, reserved } = (await driver.getStock(sku)).wanted(sku);
      assert.deepEqual({ onHand, allocated, reserved }, { onHand: STOCK, allocated: sold, reserved: 0 });
    });
  return `${orders.length} orders`;
});

for (const driver of [atFirst, atSecond]) driver.close();
await check('both stop when they are told to, and souk verify finds nothing', async () => {
  await Promise.all([first.stop(), second.stop()]);
  execFileSync(PROGRAM, ['verify'], { env: { ...process.env, SOUK_STORE: first.store() }, stdio: 'pipe' });
});
if (!failed) await fs.rm(FOLDER, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
