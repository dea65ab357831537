// Who may ask how much. The tests are on the same machine as the shop, as a proxy would be: it believes them for whom they ask.
import assert from 'node:assert/strict';
import { Given, When, Then } from '@cucumber/cucumber';
import { pause } from '../support/shop.js';

Given('a shop where an address may have {int} points, of which {int} come back each second', async function (maximum, restored) {
  await this.shop.stop();
  this.shop.settings = { SOUK_CLIENT_RATE: `${maximum}:${restored}` };
  await this.restart();
});

const openCart = (world, headers) =>
  world.driver.ask('POST', '/v1/carts', { how: { headers }, body: { currency: 'EUR' } });

async function openCarts(world, count, headers) {
  world.outcomes = [];
  for (let i = 0; i < count; i++) world.outcomes.push(await openCart(world, headers));
}

When(/^somebody at ([\d.]+) opens (\d+) carts?$/, async function (address, count) {
  await openCarts(this, Number(count), { 'X-Forwarded-For': address });
});
When(/^somebody at ([\d.]+), who says to be ([\d.]+) first, opens (\d+) carts$/, async function (address, claimed, count) {
  await openCarts(this, Number(count), { 'X-Forwarded-For': `${claimed}, ${address}` });
});
When(/^somebody at ([\d.]+) tries (\d+) tokens$/, async function (address, count) {
  this.outcomes = [];
  for (let i = 0; i < Number(count); i++) {
    const headers = { 'X-Forwarded-For': address, Authorization: `Bearer this-token-may-be-it-${i}` };
    this.outcomes.push(await this.driver.ask('GET', '/v1/orders', { how: { headers } }));
  }
});
When(/^somebody at ([\d.]+) looks at "(.*)" (\d+) times$/, async function (address, sku, count) {
  const { slug } = this.product(sku);
  this.outcomes = [];
  for (let i = 0; i < Number(count); i++) {
    this.outcomes.push(await this.driver.getProduct(slug, {}, null, { headers: { 'X-Forwarded-For': address } }));
  }
});
When(/^somebody at [\d.]+ has waited as long as they were told$/, async function () {
  await pause(Number(this.outcomes.at(-1).raw.headers['retry-after']) * 1000);
});

function checkCodes(world, wanted, count, code, refused) {
  const codes = world.outcomes.map((one) => one.code);
  assert.deepEqual(codes, [...Array(count).fill(wanted), ...Array(refused).fill(code)]);
  for (const { problem, raw } of world.outcomes.slice(count)) {
    assert.equal(raw.status, 429);
    assert.match(raw.headers['retry-after'], /^[1-9]\d*$/);
    assert.equal(problem.retryAfter, Number(raw.headers['retry-after']));
  }
}
Then('{int} are opened and {int} is told {word}, and when to come back', function (opened, refused, code) {
  checkCodes(this, 'ok', opened, code, refused);
});
Then('{int} are told {word} and {int} is told {word}, and when to come back', function (count, wanted, refused, code) {
  checkCodes(this, wanted, count, code, refused);
});
Then(/^somebody at ([\d.]+) can open a cart$/, async function (address) {
  (await openCart(this, { 'X-Forwarded-For': address })).wanted('a cart');
});
Then('the merchant can open a cart', async function () {
  const headers = { 'X-Forwarded-For': '203.0.113.7', Authorization: `Bearer ${this.driver.token}` };
  (await openCart(this, headers)).wanted('a cart');
});
Then('the answer says that {int} of {int} points are left, and that {int} s restore them all', function (left, maximum, seconds) {
  const { headers } = this.outcomes[0].raw;
  assert.equal(headers['ratelimit-policy'], `"client";q=${maximum};w=${seconds}`);
  assert.match(headers.ratelimit, new RegExp(`^"client";r=${left};t=[23]$`));
});
Then('they see it each time, and nothing is said of a budget', function () {
  for (const outcome of this.outcomes) {
    outcome.wanted('the product');
    assert.equal(outcome.raw.headers.ratelimit, undefined);
  }
});
