// Power cuts, repeats and races.
import assert from 'node:assert/strict';
import { When, Then } from '@cucumber/cucumber';
import { pause } from '../support/shop.js';

When('{who} begins to check out with {card}, and the server is killed after {int} ms', async function (who, card, ms) {
  const lost = this.checkOut(this.shopper(who), { card }).catch(() => null);
  await pause(ms);
  await this.shop.kill();
  await lost;
});
Then('there is/are {int} order(s) within {int} seconds', async function (count, seconds) {
  const until = Date.now() + seconds * 1000;
  while ((await this.orders()).length < count) {
    assert(Date.now() < until, `not within ${seconds} seconds`);
    await pause(100);
  }
  assert.equal((await this.orders()).length, count);
});
When('the server is killed {int} ms after {who} puts {int} {string} into her/his cart with the key {string}',
  async function (ms, who, quantity, sku, key) {
    const lost = this.put(this.shopper(who), quantity, sku, { key }).catch(() => null);
    await pause(ms);
    await this.shop.kill();
    await lost;
  });
When('{who} puts {int} {string} into her/his cart with the key {string}', async function (who, quantity, sku, key) {
  (await this.put(this.shopper(who), quantity, sku, { key })).wanted('a line');
});

// --- asking again

When('the merchant adjusts {string} by {int} because of {string} with the key {string}', async function (sku, delta, reason, key) {
  this.note(this.merchant, await this.driver.adjustStock(sku, { delta, reason }, { key }));
});
When('the merchant adjusts {string} by {int} because of {string} twice with the same key', async function (sku, delta, reason) {
  const how = { key: this.newKey() };
  const first = (await this.driver.adjustStock(sku, { delta, reason }, how)).wanted('the first');
  const second = await this.driver.adjustStock(sku, { delta, reason }, how);
  assert.deepEqual(second.wanted('the second'), first);
  assert(second.replayed);
});
Then('both refusals are the same, the second one a replay', function () {
  const [first, second] = [...this.shoppers.values()].find((shopper) => shopper.checkouts).checkouts;
  assert.deepEqual(second.problem, first.problem);
  assert(!first.replayed && second.replayed, 'only the second is a replay');
});
When('{who} checks out {int} times at once with the same key', async function (who, times) {
  const shopper = this.shopper(who);
  const key = this.newKey();
  const outcomes = await Promise.all(Array.from({ length: times }, () => this.checkOut(shopper, { key })));
  for (const { code } of outcomes) assert(['ok', 'accepted', 'request_in_progress'].includes(code), code);
  assert(outcomes.some((one) => one.code === 'ok' || one.code === 'accepted'));
});
When('{who} cancels her/his order while the merchant ships it', async function (who) {
  const shopper = this.shopper(who);
  await Promise.all([this.driver.cancelOrder(shopper.order, { token: shopper.orderToken }), this.driver.shipOrder(shopper.order)]);
});
Then('{who}\'s order is either cancelled and paid back, or fulfilled and paid', async function (who) {
  const { status, payments, total } = await this.seenOrder(this.shopper(who));
  const { captured, refunded } = payments[0];
  assert(['cancelled', 'fulfilled'].includes(status), status);
  assert.equal(captured.amount - refunded.amount, status === 'cancelled' ? 0 : total.amount);
});
When('{who} begins to check out with the key {string}, and goes away', async function (who, key) {
  const shopper = this.shopper(who);
  const cart = await this.cartOf(shopper);
  this.driver.checkOut(cart, { paymentToken: 'pm_card_visa' }, { key }).catch(() => null);
  await pause(2);
  this.connect(); // closes its connections
});

// --- strangers, whom nothing but their address tells apart

When(/^somebody at ([\d.]+) opens a cart with the key "(.*)"$/, async function (address, key) {
  const how = { key, headers: { 'X-Forwarded-For': address } };
  this.opened = [...(this.opened ?? []), (await this.driver.openCart({ currency: 'EUR' }, how)).wanted('a cart').id];
});
Then('the first and the third cart are the same, the second is another', function () {
  const [first, second, third] = this.opened;
  assert.equal(third, first);
  assert.notEqual(second, first);
});
