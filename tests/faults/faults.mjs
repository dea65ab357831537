// Faults under load: every service in a process of its own, on PostgreSQL with a streaming replica and a NATS JetStream of three nodes.
//
// Buyers buy, cancel, are declined and forget their carts all the time, through the gateway; whoever is told 503 asks again with the same key. What
// they were told is written down. Meanwhile something fails. After each fault the doors close, and must hold:
//   - whatever was acknowledged is there exactly once, with its content, and nothing that nobody was told of
//   - captured − refunded is the order's total, or nothing when it was cancelled; nobody without an order was charged
//   - on hand = available + reserved + allocated; allocated is what was sold, and nothing stays reserved once the carts have run out
//   - every saga has ended, done or undone
//   - no answer was untrue: what can't be served now is 503 with Retry-After, and the gateway, which nobody kills, always answers
// How available the shop was meanwhile is printed, and judged by nobody: that depends on the machine.
//
// The partition is a line that goes dead in both directions, and no closed connection: checkout reaches inventory through `Line` below. That needs neither
// root nor a kernel with namespaces, and to the two processes it looks the same.
//
//     tests/faults/run [--long] [--buyers 6] [--only NAME]       --long: each for longer, a process stopped for a minute
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MERCHANT } from '../features/drivers/driver.js';
import { RestDriver } from '../features/drivers/rest.js';
import { freePort, pause, SERVICES, Shop, TOKEN } from '../features/support/shop.js';
import { leaderOf } from './jetstream.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const FOLDER = path.join(ROOT, 'build/faults');
const { SOUK_TEST_STORE: STORE, SOUK_TEST_POSTGRES_CONTROL: POSTGRES, SOUK_TEST_NATS_CONTROL: NATS } = process.env;
if (!STORE || !POSTGRES || !NATS) throw new Error('Run it as `tests/faults/run`.');
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const LONG = process.argv.includes('--long');
const ONLY = option('only');
const BUYERS = Number(option('buyers', 6));
const BEFORE_MS = LONG ? 3000 : 700; // of load, before a fault and after it
const STOPPED_MS = LONG ? 60000 : 6000;
const TAKEN_OVER_MS_MAX = 60000;
const CUT_MS = LONG ? 20000 : 5000;
const SETTLED_MS_MAX = 60000;
const HELD_SECONDS = 2;
const STOCK = 1000000;
const PRICES = { bolt: 190, watch: 25000 };
const FORGOTTEN = 'ring'; // what nobody buys
const run = promisify(execFile);

// --- the shop

// What lies between checkout and inventory. Dead, it takes what it is given and brings nothing.
class Line {
  dead = false;
  ends = new Set();

  async open(target) {
    this.address = `127.0.0.1:${await freePort()}`;
    this.server = net.createServer((near) => {
      const [host, port] = target().split(':');
      const far = net.connect(port, host);
      this.join(near, far);
      this.join(far, near);
    });
    await new Promise((resolve) => this.server.listen(Number(this.address.split(':')[1]), '127.0.0.1', resolve));
  }

  join(from, to) {
    this.ends.add(from);
    from.on('data', (bytes) => this.dead || to.write(bytes));
    from.on('error', () => {});
    from.on('close', () => {
      this.ends.delete(from);
      if (!this.dead) to.destroy();
    });
  }

  // Whatever was swallowed makes a stream of bytes that nobody understands: what was connected ends with the partition.
  mend() {
    this.dead = false;
    for (const end of this.ends) end.destroy();
  }

  close() {
    this.mend();
    this.server.close();
  }
}

const line = new Line();
const shop = new Shop(path.join(FOLDER, 'data'), await freePort(), SERVICES);
const driver = new RestDriver({ address: shop.address, token: TOKEN });

async function openShop() {
  await fs.rm(FOLDER, { recursive: true, force: true });
  await fs.mkdir(FOLDER, { recursive: true });
  await line.open(() => shop.part('inventory').env.SOUK_GRPC_LISTEN);
  shop.settings = { SOUK_CLIENT_RATE: 'none', SOUK_STAFF_RATE: 'none' };
  shop.detours = { checkout: { SOUK_INVENTORY: `grpc://${line.address}` } };
  await shop.start();
  for (const sku of [...Object.keys(PRICES), FORGOTTEN]) {
    const variants = [{ sku, prices: [{ amount: PRICES[sku] ?? 100, currency: 'EUR' }] }];
    (await driver.createProduct({ title: sku, status: 'published', variants })).wanted(sku);
    await within(10000, `stock of ${sku}`, async () => !(await driver.adjustStock(sku, { delta: STOCK, reason: 'delivery' })).problem);
  }
  (await driver.changeStock('bolt', { strategy: 'optimistic' })).wanted('a strategy');
  for (const sku of ['watch', FORGOTTEN]) (await driver.changeStock(sku, { strategy: 'pessimistic', reservationTtl: HELD_SECONDS })).wanted('a strategy');
}

async function within(ms, what, test) {
  const until = Date.now() + ms;
  for (;;) {
    const found = await test();
    if (found) return;
    assert(Date.now() < until, `${what}: not within ${ms} ms`);
    await pause(50);
  }
}

// --- the load

const journal = []; // { cart, card, sku, quantity, status, orderId, cancelled }: checkouts that were answered
let open = false; // the doors
let watch; // what was asked since the fault began
const untrue = [];

function beginWatch() {
  const now = performance.now();
  watch = { began: now, asked: 0, served: 0, refused: new Map(), gaps: { purchases: { last: now, longest: 0 }, pages: { last: now, longest: 0 } } };
}

function served(kind) {
  const gap = watch.gaps[kind];
  const now = performance.now();
  gap.longest = Math.max(gap.longest, now - gap.last);
  gap.last = now;
}

// Ask until it is served. A refusal that is true names who is missing, and when to come again.
async function persist(ask) {
  for (;;) {
    watch.asked++;
    let outcome;
    try {
      outcome = await ask();
    } catch (error) {
      untrue.push(error.message);
      await pause(20);
      continue;
    }
    const { status, headers } = outcome.raw;
    if (status < 500 && outcome.code !== 'request_in_progress') {
      watch.served++;
      return outcome;
    }
    watch.refused.set(outcome.code, (watch.refused.get(outcome.code) ?? 0) + 1);
    if (status !== 409 && !(status === 503 && headers['retry-after'])) untrue.push(`${status} ${outcome.raw.body}`);
    await pause(20);
  }
}

const pick = (list) => list[Math.floor(Math.random() * list.length)];

async function buy(name) {
  const how = (step) => ({ key: `${name}-${step}` });
  const sku = pick(Object.keys(PRICES));
  const quantity = 1 + Math.floor(Math.random() * 3);
  const card = Math.random() < 0.1 ? 'pm_card_chargeDeclined' : 'pm_card_visa';
  const cart = (await persist(() => driver.openCart({ currency: 'EUR' }, how('cart')))).wanted('a cart').id;
  (await persist(() => driver.addToCart(cart, { sku, quantity }, how('line')))).wanted('a line');
  if (Math.random() < 0.1) return; // forgets it
  const told = await persist(() => driver.checkOut(cart, { paymentToken: card }, how('checkout')));
  const bought = { cart, sku, quantity, code: told.code, orderId: told.value?.id };
  if (told.waiting) await settle(told.waiting, bought);
  journal.push(bought);
  if (bought.code !== 'ok') return;
  served('purchases');
  if (Math.random() < 0.1) await cancel(bought, told.value.orderToken, how('cancel'));
}

// A checkout that took longer than an answer may.
async function settle(waiting, bought) {
  for (;;) {
    const progress = (await persist(() => driver.getCheckout(waiting))).wanted('a checkout');
    if (progress.status === 'done') {
      Object.assign(bought, { code: 'late', orderId: progress.orderId });
      return;
    }
    if (progress.status === 'failed') {
      bought.code = 'failed';
      return;
    }
    await pause(50);
  }
}

async function cancel(bought, token, how) {
  const told = await persist(() => driver.cancelOrder(bought.orderId, { token, reason: 'changed my mind' }, null, how));
  bought.cancelled = !told.problem;
  if (told.problem) untrue.push(`an order can't be cancelled: ${told.raw.body}`);
}

async function buyer(number) {
  for (let purchase = 1; open; purchase++) {
    await buy(`${process.pid}-${round}-${number}-${purchase}`);
    await pause(5);
  }
}

async function passerBy() {
  while (open) {
    const page = await persist(() => pick([() => driver.getProduct('bolt'), () => driver.listProducts({ limit: 2 }), () => driver.getPrice('watch', { currency: 'EUR' })])());
    if (!page.problem) served('pages');
    await pause(10);
  }
}

// --- what must hold

async function everySaga() {
  return (await driver.ask('GET', '/v1/sagas?status=open&limit=100', { who: MERCHANT })).value?.items;
}

async function every(list) {
  const items = [];
  for (let page = await list({ limit: 100 }); ; page = await driver.nextPage(page, MERCHANT)) {
    items.push(...page.wanted('a list').items);
    if (!page.next) return items;
  }
}

async function checkAll() {
  await within(SETTLED_MS_MAX, 'every saga ends', async () => (await everySaga())?.length === 0);
  const orders = await checkOrders();
  await checkMoney(orders);
  await checkStock(orders);
}

async function checkOrders() {
  const orders = await every((options) => driver.listOrders(options));
  const byCart = new Map(orders.map((one) => [one.cartId, one]));
  assert.equal(byCart.size, orders.length, 'a cart became more than one order');
  assert.equal(new Set(orders.map((one) => one.number)).size, orders.length, 'two orders have one number');
  const bought = journal.filter(({ code }) => code === 'ok' || code === 'late');
  for (const { cart, sku, quantity, orderId, cancelled } of bought) {
    const order = byCart.get(cart);
    assert(order, `the order of cart ${cart} is lost`);
    assert.equal(order.id, orderId);
    assert.deepEqual(order.lines.map((row) => [row.sku, row.quantity]), [[sku, quantity]]);
    assert.equal(order.total.amount, quantity * PRICES[sku]);
    assert.equal(order.status === 'cancelled', !!cancelled, `order ${orderId} is ${order.status}`);
  }
  assert.equal(orders.length, bought.length, 'orders that nobody was told of');
  return orders;
}

async function checkMoney(orders) {
  const due = new Map(orders.map((one) => [one.id, one.status === 'cancelled' ? 0 : one.total.amount]));
  const paid = new Map();
  for (const { orderId, captured, refunded } of await every((options) => driver.listPayments(options)))
    if (captured.amount) paid.set(orderId, (paid.get(orderId) ?? 0) + captured.amount - refunded.amount);
  for (const [id, amount] of due) assert.equal(paid.get(id) ?? 0, amount, `captured less refunded of order ${id}`);
  for (const id of paid.keys()) assert(due.has(id), `${id} was charged and is no order`);
}

async function checkStock(orders) {
  for (const sku of Object.keys(PRICES)) {
    const sold = orders.filter((one) => one.status !== 'cancelled').flatMap((one) => one.lines).filter((row) => row.sku === sku);
    const allocated = sold.reduce((all, row) => all + row.quantity, 0);
    const wanted = { onHand: STOCK, reserved: 0, allocated, available: STOCK - allocated };
    let seen;
    await within(SETTLED_MS_MAX, `the stock of ${sku}`, async () => {
      const { onHand, reserved, allocated: taken, available } = (await driver.getStock(sku)).value ?? {};
      seen = { onHand, reserved, allocated: taken, available };
      return JSON.stringify(seen) === JSON.stringify(wanted);
    }).catch((error) => { throw new Error(`${error.message}: ${JSON.stringify(seen)} and not ${JSON.stringify(wanted)}`); });
  }
}

// --- the faults

let round = 0;
let passed = 0;
const failures = [];

function tell(name, error, took) {
  const { asked, served: good, refused, gaps } = watch;
  const why = [...refused].map(([code, count]) => `${code} ${count}`).join(', ');
  console.log(`${error ? 'FAILED ' : 'ok     '} ${name}: ${(100 * good / asked).toFixed(1)} % of ${asked} requests served, ${journal.length - journalBefore} checkouts`
    + ` in ${(took / 1000).toFixed(1)} s; longest wait for a purchase ${gaps.purchases.longest.toFixed()} ms, for a page ${gaps.pages.longest.toFixed()} ms`
    + `${why ? ` (refused: ${why})` : ''}${note}`);
  if (error) console.log(error.message.split('\n').slice(0, 20).join('\n'));
}

let journalBefore = 0;
let note; // what a fault has to tell beside
async function fault(name, happens) {
  if (ONLY && !name.includes(ONLY)) return;
  round++;
  journalBefore = journal.length;
  note = '';
  beginWatch();
  open = true;
  const load = [...Array.from({ length: BUYERS }, (_, i) => buyer(i + 1)), passerBy(), passerBy()];
  let error;
  try {
    await pause(BEFORE_MS);
    await happens();
    await pause(BEFORE_MS);
  } catch (failed) {
    error = failed;
  }
  open = false;
  await Promise.all(load);
  for (const kind of ['purchases', 'pages']) served(kind);
  const took = performance.now() - watch.began;
  try {
    await checkAll();
    assert.deepEqual(untrue.splice(0).slice(0, 5), [], 'answers that are not true');
  } catch (failed) {
    error ??= failed;
  }
  tell(name, error, took);
  if (error) failures.push(name);
  else passed++;
}

const isBack = (service) => within(30000, `${service} is back`, async () => {
  const told = await driver.send('GET', '/readyz');
  return told.status === 200 && JSON.parse(told.body).checks[service];
});

async function killAndStart(service) {
  await shop.part(service).end('SIGKILL');
  await pause(200);
  shop.startAgain(service);
  await isBack(service);
}

async function killEach() {
  for (const service of SERVICES) {
    await killAndStart(service);
    await pause(BEFORE_MS);
  }
}

async function stop(service, ms) {
  shop.part(service).hang();
  await pause(ms);
  shop.part(service).goOn();
  await isBack(service);
}

// Two processes have inventory, and the one that holds the timers stands still. A unit that was in a cart then must come free without it.
async function stopTimerHolder() {
  const beside = await shop.startBeside('inventory');
  const other = new RestDriver({ address: beside.env.SOUK_LISTEN, token: TOKEN });
  const held = async () => (await other.getStock(FORGOTTEN)).value?.reserved;
  await within(30000, 'the second inventory is ready', async () => (await other.send('GET', '/readyz').catch(() => ({}))).status === 200);
  const cart = (await persist(() => driver.openCart({ currency: 'EUR' }))).wanted('a cart').id;
  (await persist(() => driver.addToCart(cart, { sku: FORGOTTEN, quantity: 1 }))).wanted('a line');
  const began = performance.now();
  shop.part('inventory').hang();
  try {
    await within(TAKEN_OVER_MS_MAX, 'the reservation of a ring runs out', async () => await held() === 0);
    note = `; its timers were taken over within ${((performance.now() - began) / 1000).toFixed(1)} s`;
    await pause(Math.max(0, began + STOPPED_MS - performance.now()));
  } finally {
    shop.part('inventory').goOn();
    other.close();
  }
  await isBack('inventory');
  assert.deepEqual(await beside.end('SIGTERM'), { code: 0, signal: null });
}

async function killLeader() {
  const leader = await leaderOf(shop.busAddress(), shop.stream());
  await run(NATS, ['stop', `${leader}`]);
  await pause(BEFORE_MS * 2);
  await run(NATS, ['start', `${leader}`]);
}

async function wipe() {
  await run(NATS, ['stop']);
  await run(NATS, ['wipe']);
  await pause(BEFORE_MS);
  await run(NATS, ['start']);
  await within(30000, 'the bus is back', async () => JSON.parse((await driver.send('GET', '/readyz')).body).checks.bus);
}

async function partition() {
  line.dead = true;
  await pause(CUT_MS);
  line.mend();
  await isBack('inventory');
}

await openShop();
const began = Date.now();
await fault('nothing fails', () => pause(BEFORE_MS));
if (LONG) for (const service of SERVICES) await fault(`${service} is killed`, () => killAndStart(service));
else await fault('each service is killed in its turn', killEach);
await fault('the JetStream leader is killed', killLeader);
await fault('JetStream loses its whole store', wipe);
await fault('inventory is cut off from checkout', partition);
// Reservations that run out, sagas that are tried again: whose timers these are.
if (LONG) for (const service of ['inventory', 'checkout', 'order']) await fault(`${service} stands still for ${STOPPED_MS / 1000} s`, () => stop(service, STOPPED_MS));
await fault('the holder of inventory\'s timers stands still', stopTimerHolder);
await fault('PostgreSQL restarts', () => run(POSTGRES, ['restart']));
await fault('PostgreSQL fails over to its replica', () => run(POSTGRES, ['fail-over']));

driver.close();
await shop.stop().then(() => passed++, (error) => {
  failures.push('stop');
  console.log(`FAILED  it stops when it is told to: ${error.message.slice(0, 300)}`);
});
line.close();
if (!failures.length) await fs.rm(FOLDER, { recursive: true, force: true });
console.log(`${journal.length} checkouts in ${((Date.now() - began) / 1000).toFixed()} s`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
