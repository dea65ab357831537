// One purchase over a shop whose services are apart is one trace: from the request over calls, commands and the saga's steps to what other services
// make of the events. A little collector says so. When it goes away nobody who buys notices. With SOUK_TEST_NATS events travel by NATS.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RestDriver } from '../features/drivers/rest.js';
import { freePort, pause, Shop, TOKEN } from '../features/support/shop.js';
import { Collector } from './collector.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const FOLDER = path.join(ROOT, 'build/traces');
const APART = ['catalog', 'inventory', 'payment', 'order'];
const SOON_MS = 20000;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT = 'b7ad6b7169203331';

async function soon(what, test) {
  const began = Date.now();
  for (;;) {
    try {
      return await test();
    } catch (error) {
      if (Date.now() - began > SOON_MS) throw new Error(`${what}: not within ${SOON_MS} ms: ${error.message}`, { cause: error });
      await pause(20);
    }
  }
}

await fs.rm(FOLDER, { recursive: true, force: true });
await fs.mkdir(FOLDER, { recursive: true });
const collector = new Collector();
const port = await freePort();
await collector.listen(port);
const shop = new Shop(path.join(FOLDER, 'data'), await freePort(), APART);
shop.settings = { SOUK_OTLP: `http://127.0.0.1:${port}`, SOUK_OTLP_RATIO: '0' };
await shop.start();
const driver = new RestDriver({ address: shop.address, token: TOKEN });

async function buy(sku, key, headers) {
  const cart = (await driver.openCart({ currency: 'EUR' })).wanted('a cart').id;
  (await driver.addToCart(cart, { sku, quantity: 1 })).wanted('a line');
  const answer = await fetch(`http://${shop.address}/v1/carts/${cart}/checkout`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers },
    body: JSON.stringify({ paymentToken: 'pm_card_visa' }),
  });
  assert.equal(answer.status, 201, await answer.text());
  return answer;
}

try {
  (await driver.createProduct({ title: 'Shirt', status: 'published', variants: [{ sku: 'S-1', prices: [{ amount: 1990, currency: 'EUR' }] }] })).wanted('a product');
  await soon('stock can be kept', async () => (await driver.adjustStock('S-1', { delta: 50, reason: 'delivery' })).wanted('stock'));
  await soon('it can be bought', async () => buy('S-1', 'first', {}));
  assert.equal(collector.spans.length, 0, 'what nobody samples is not sent');

  // --- one purchase, one trace
  const answer = await buy('S-1', 'traced', { traceparent: `00-${TRACE}-${CLIENT}-01`, tracestate: 'other=1' });
  assert.match(answer.headers.get('traceparent'), new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  const consumed = () => collector.spans.filter((span) => span.kind === 'consumer');
  const services = ['souk-catalog', 'souk-inventory', 'souk-payment', 'souk-order'];
  await soon('every process has told', async () => {
    for (const service of services) assert.ok(collector.spans.some((span) => span.service === service), service);
    for (const event of ['StockReserved', 'StockAllocated'])
      assert.ok(consumed().some((span) => span.service === 'souk-catalog' && span.name.endsWith(event)), `what catalog makes of ${event}`);
    assert.ok(collector.spans.some((span) => span.parent === CLIENT), 'the request itself');
    for (const span of collector.spans) assert.ok(span.parent === CLIENT || collector.spans.some((other) => other.id === span.parent), `parent of ${span.name}`);
  });
  const { spans } = collector;
  const byId = new Map(spans.map((span) => [span.id, span]));
  assert.ok(spans.every((span) => span.trace === TRACE), 'all in one trace');
  assert.equal(byId.size, spans.length, 'every span has an id of its own');
  const roots = spans.filter((span) => span.parent === CLIENT);
  assert.deepEqual(roots.map((span) => [span.kind, span.name, span.attributes['http.response.status_code']]),
    [['server', 'souk.checkout.v1.CheckoutService.PlaceOrder', 201]]);
  assert.equal(answer.headers.get('traceparent').split('-')[2], roots[0].id, 'the answer names its span');
  for (const span of spans) {
    assert.ok(span.end >= span.start, span.name);
    const parent = byId.get(span.parent);
    if (span.kind === 'server' && parent) assert.equal(parent.kind, 'client', `${span.name} was called by a client`);
    if (span.kind === 'server' && parent) assert.notEqual(parent.service, span.service, `${span.name} came from another process`);
  }
  const steps = spans.filter((span) => span.attributes['souk.saga']);
  assert.ok(steps.length >= 8 && steps.every((span) => byId.get(span.parent).kind === 'server'), 'steps are below the request that began their saga');
  const commands = spans.filter((span) => span.attributes['souk.commit_us'] !== undefined);
  for (const service of ['souk-inventory', 'souk-payment', 'souk-order'])
    assert.ok(commands.some((span) => span.service === service && ['server', 'internal'].includes(byId.get(span.parent).kind)), `commands of ${service}`);
  assert.ok(spans.some((span) => span.kind === 'client' && span.attributes['server.address'] && span.attributes['souk.result'] === 'ok'));
  assert.ok(consumed().every((span) => byId.has(span.parent) && byId.get(span.parent).attributes['http.request.method'] === undefined), 'what is consumed is below who emitted it');

  // --- and events bear it
  const events = await (await fetch(`http://${shop.address}/v1/events?service=order&limit=100`, { headers: { authorization: `Bearer ${TOKEN}` } })).json();
  assert.ok(events.items.some((event) => event.cause.includes(TRACE)), 'events say which trace they are of');

  // --- without a collector
  await collector.close();
  const began = Date.now();
  await buy('S-1', 'alone', { traceparent: `00-${TRACE}-${CLIENT}-01` });
  assert.ok(Date.now() - began < 5000, 'nobody waits for a collector');
  await soon('what it does not take is counted', async () =>
    assert.match(await (await fetch(`http://${shop.address}/metrics`)).text(), /souk_spans_refused_total [1-9]/));
  assert.match(await shop.log(), /the collector does not take traces/);
  await shop.stop();
  console.log('1 passed, 0 failed');
  console.log(`one purchase: ${spans.length} spans of ${new Set(spans.map((span) => span.service)).size} processes, ${steps.length} steps, ${commands.length} commands, ${consumed().length} consumed`);
} catch (error) {
  for (const span of collector.spans) console.log(span.service, span.kind, span.id, span.parent, span.name, JSON.stringify(span.attributes));
  console.log(await shop.log());
  await shop.kill();
  throw error;
}
await shop.remove();
