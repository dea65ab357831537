// Shops in several processes, and what becomes of them when one is away.
import assert from 'node:assert/strict';
import http from 'node:http';
import { Given, When, Then } from '@cucumber/cucumber';
import { pause } from '../support/shop.js';

const BACK_MS_MAX = 2000; // whoever comes back is used within this time

Given('{services} run in processes of their own', async function (services) {
  await this.splitUp(services);
});
When('the {service} process is killed', async function (service) {
  await this.shop.part(service).end('SIGKILL');
});
When('the {service} process hangs', function (service) {
  this.shop.part(service).hang();
});
When('the {service} process goes on', function (service) {
  this.shop.part(service).goOn();
});
When('the {service} process is started again', function (service) {
  this.shop.startAgain(service);
});
When('{who} begins to check out with the key {string}, and the {service} process is killed after {int} ms', async function (who, key, service, ms) {
  const shopper = this.shopper(who);
  shopper.begun = this.checkOut(shopper, { key }).catch(() => null);
  await pause(ms);
  await this.shop.part(service).end('SIGKILL');
});

function get(address, path) {
  return new Promise((resolve, reject) => {
    http.get(`http://${address}${path}`, { agent: false }, (response) => {
      let body = '';
      response.on('data', (piece) => (body += piece));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    }).on('error', reject);
  });
}

async function within(ms, what, look) {
  const until = Date.now() + ms;
  while (!(await look())) {
    assert(Date.now() < until, `${what}: not within ${ms} ms`);
    await pause(50);
  }
}

const sees = async (world, service) => {
  const { status, body } = await get(world.shop.address, '/readyz');
  assert.equal(status, 200, `/readyz: ${body}`);
  return JSON.parse(body).checks[service];
};
Then('the shop is ready, but for {service}', async function (service) {
  await within(5000, `${service} is away`, async () => !(await sees(this, service)));
});
Then('the shop finds {service} again', async function (service) {
  await within(BACK_MS_MAX + 1000, `${service} is back`, () => sees(this, service)); // it needs a moment to start
});
Then('the measurements tell of {service}', async function (service) {
  const { body } = await get(this.shop.address, '/metrics');
  for (const name of ['calls_total', 'failed_total', 'retried_total', 'refused_open_total', 'refused_full_total', 'under_way', 'breaker']) {
    assert.match(body, new RegExp(`^souk_dependency_${name}\\{service="${service}"\\} \\d+$`, 'm'));
  }
});

// --- whoever can't be served now tries again

When('{who} checks out with the key {string} until it succeeds', async function (who, key) {
  const shopper = this.shopper(who);
  await shopper.begun;
  await within(15000, `${who}'s checkout`, async () => {
    const outcome = await this.checkOut(shopper, { key });
    assert(['ok', 'accepted', 'request_in_progress'].includes(outcome.code) || outcome.problem.code.endsWith('_unavailable'), outcome.code);
    return outcome.code === 'ok';
  });
});
Then('{who} was told so within {int} seconds', function (who, seconds) {
  assert(this.shopper(who).tookMs <= seconds * 1000, `it took ${this.shopper(who).tookMs} ms`);
});
When('{who} checks out with the key {string} in vain', async function (who, key) {
  const shopper = this.shopper(who);
  const began = Date.now();
  await this.cameOf(shopper, await this.checkOut(shopper, { key }));
  shopper.tookMs = Date.now() - began;
});
Then('nothing is reserved of {string} within {int} second(s)', async function (sku, seconds) {
  await within(seconds * 1000, `the units of ${sku}`, async () => (await this.driver.getStock(sku)).wanted(sku).reserved === 0);
});
Then('nobody was charged', async function () {
  for (const payment of await this.payments()) assert.equal(payment.captured.amount, 0, JSON.stringify(payment));
  assert.equal((await this.orders()).length, 0);
});
