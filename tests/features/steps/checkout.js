// From cart to order, and what becomes of an order.
import assert from 'node:assert/strict';
import { When, Then } from '@cucumber/cucumber';
import { MERCHANT } from '../drivers/driver.js';
import { address } from '../support/words.js';
import { pause } from '../support/shop.js';

// --- checking out

const cameOfAll = (world, shopper, outcomes) => Promise.all(outcomes.map((one) => world.cameOf(shopper, one)));

When('{who} checks out', async function (who) {
  await this.checkOut(this.shopper(who));
});
When('{who} checks out with {card}', async function (who, card) {
  await this.checkOut(this.shopper(who), { card });
});
When('{who} checks out with the payment token {string}', async function (who, card) {
  await this.checkOut(this.shopper(who), { card });
});
When('{who} checks out expecting {money}', async function (who, expecting) {
  await this.checkOut(this.shopper(who), { expecting });
});
// Whoever is told that the same request is under way still asks again, as browsers do: a double click's second half, or a buyer whose
// checkout goes on after a restart.
async function checkOutWithKey(world, shopper, how) {
  for (let i = 0; i < 500; i++) {
    const outcome = await world.checkOut(shopper, how);
    if (outcome.code !== 'request_in_progress') return outcome;
    shopper.checkouts.pop();
    await pause(20);
  }
  throw new Error('the same request is in progress for ever');
}
When('{who} checks out with the key {string}', async function (who, key) {
  await checkOutWithKey(this, this.shopper(who), { key });
});
When('{who} checks out with the key {string} and {card}', async function (who, key, card) {
  await checkOutWithKey(this, this.shopper(who), { key, card });
});
When('{who} checks out with the key {string} and another card', async function (who, key) {
  await this.checkOut(this.shopper(who), { key, card: 'pm_card_error' });
});
When('{who} checks out without a key', async function (who) {
  await this.checkOut(this.shopper(who), { key: null });
});
When('{who} and {who} check out at once', async function (one, other) {
  await Promise.all([one, other].map((who) => this.checkOut(this.shopper(who))));
});
When('all of them check out at once', async function () {
  await Promise.all([...this.shoppers.values()].map((shopper) => this.checkOut(shopper)));
});

When('{who} checks out twice at once with the same key', async function (who) {
  const shopper = this.shopper(who);
  const key = this.newKey();
  const [first, second] = await Promise.all([checkOutWithKey(this, shopper, { key }), checkOutWithKey(this, shopper, { key })]);
  const [one, other] = await cameOfAll(this, shopper, [first, second]);
  assert.equal(one.wanted('the first click').id, other.wanted('the second click').id);
});
When('{who} checks out twice at once with different keys', async function (who) {
  const shopper = this.shopper(who);
  shopper.twice = await Promise.all([this.checkOut(shopper), this.checkOut(shopper)]);
});

// The answer is lost, whatever had been done by then.
When('{who} checks out with the key {string} and the server is killed before it answers', async function (who, key) {
  const lost = this.checkOut(this.shopper(who), { key }).catch(() => null);
  await pause(2);
  await this.shop.kill();
  await lost;
});
When('the server is killed {int} ms after {who} begins to check out with the key {string}', async function (ms, who, key) {
  const lost = this.checkOut(this.shopper(who), { key }).catch(() => null);
  await pause(ms);
  await this.shop.kill();
  await lost;
});
When('the server is killed', async function () {
  await this.shop.kill();
});
When('the server is started again', async function () {
  await this.restart();
});

// --- what came of it

const placed = (outcomes) => outcomes.filter((one) => one.code === 'ok');
function countOutcomes(outcomes, count, otherCount, codes) {
  const others = outcomes.filter((one) => one.code !== 'ok').map((one) => one.code);
  assert.equal(placed(outcomes).length, count, `${others}`);
  assert.equal(others.length, otherCount);
  for (const code of others) assert(codes.includes(code), code);
}
const lasts = (world) => Promise.all([...world.shoppers.values()].map((shopper) => world.cameOf(shopper, shopper.last)));
Then('one is placed and the other is told {code}', async function (code) {
  countOutcomes(await lasts(this), 1, 1, [code]);
});
Then('one is placed and the other is told {code} or {code}', async function (code, otherCode) {
  const [shopper] = this.shoppers.values();
  countOutcomes(await cameOfAll(this, shopper, shopper.twice), 1, 1, [code, otherCode]);
});
Then('{int} are placed and {int} are told {code}', async function (count, otherCount, code) {
  countOutcomes(await lasts(this), count, otherCount, [code]);
});
Then('both answers are the same order, the second one a replay', function () {
  const [first, second] = [...this.shoppers.values()].find((shopper) => shopper.checkouts).checkouts;
  assert.deepEqual(second.wanted('the second'), first.wanted('the first'));
  assert.equal(second.raw?.status, first.raw?.status);
  assert(!first.replayed && second.replayed, 'only the second is a replay');
});
Then('{who}\'s order is placed', async function (who) {
  assert.equal((await this.seenOrder(this.shopper(who))).status, 'placed');
});
Then('{who}\'s order is placed within {int} seconds', async function (who, seconds) {
  const shopper = this.shopper(who);
  const progress = await this.settled(shopper, seconds);
  assert.equal(progress.status, 'done', JSON.stringify(progress));
  assert.equal((await this.seenOrder(shopper)).status, 'placed');
});
Then('{who}\'s checkout fails with {code} within {int} seconds', async function (who, code, seconds) {
  const progress = await this.settled(this.shopper(who), seconds);
  assert.equal(progress.status, 'failed');
  assert.equal(progress.problem.code, code);
});
Then('{who} has {int} order(s)', async function (who, count) {
  const { cart } = this.shopper(who);
  assert.equal((await this.orders()).filter((one) => one.cartId === cart).length, count);
});
Then('{who} is told to wait, and where to look', async function (who) {
  const { last, waiting } = this.shopper(who);
  assert.equal(last.code, 'accepted', JSON.stringify(last.problem ?? last.value));
  (await this.driver.getCheckout(waiting)).wanted('how it is going');
});
When('{who} looks at a checkout that does not exist', async function (who) {
  this.note(this.shopper(who), await this.driver.getCheckout({ at: '/v1/checkouts/01aaaaaaaaaaaaaaaaaaaaaaaa' }));
});

// --- the bank's page

// What is recorded of a checkout is a moment behind what its buyer was told: a page that shows how it is going asks until it knows.
async function bankPage(world, shopper) {
  let progress;
  for (let i = 0; i < 100; i++) {
    progress = (await world.driver.getCheckout(shopper.waiting)).wanted('how it is going');
    if (progress.status !== 'running') break;
    await pause(20);
  }
  assert.equal(progress.status, 'requires_action');
  assert(progress.nextActionUrl, 'no page to go to');
  return progress.nextActionUrl;
}
Then('{who} is sent to her/his bank\'s page', async function (who) {
  await bankPage(this, this.shopper(who));
});
When('{who} confirms at her/his bank\'s page', async function (who) {
  (await this.driver.confirmAtBank(await bankPage(this, this.shopper(who)), false)).wanted('what the bank says');
});
When('{who} refuses at her/his bank\'s page', async function (who) {
  (await this.driver.confirmAtBank(await bankPage(this, this.shopper(who)), true)).wanted('what the bank says');
});

// --- money

const holdsMoney = (payment) => payment.authorized.amount > payment.refunded.amount && payment.status !== 'voided';
Then('{who} was charged once', async function (who) {
  const order = await this.seenOrder(this.shopper(who));
  const charged = (await this.payments()).filter(holdsMoney);
  assert.deepEqual(charged.map((one) => one.orderId), [order.id]);
  assert.deepEqual(charged[0].captured, order.total);
});
Then('nobody without an order was charged', async function () {
  const orders = new Set((await this.orders()).map((one) => one.id));
  const wrong = (await this.payments()).filter((one) => holdsMoney(one) && !orders.has(one.orderId));
  assert.deepEqual(wrong, []);
});
Then('{who} was given back {money}', async function (who, amount) {
  const order = await this.seenOrder(this.shopper(who));
  assert.deepEqual(order.payments.map((one) => one.refunded), [amount]);
});

// --- the order

Then('{who}\'s order has {int} {string} at {money}, together {money}', async function (who, quantity, sku, unitPrice, total) {
  const line = (await this.seenOrder(this.shopper(who))).lines.find((one) => one.sku === sku);
  assert.deepEqual({ quantity: line.quantity, unitPrice: line.unitPrice, total: line.total }, { quantity, unitPrice, total });
});
Then('{who}\'s order comes to {money}', async function (who, total) {
  const order = await this.seenOrder(this.shopper(who));
  assert.deepEqual(order.total, total);
  assert.equal(order.lines.reduce((all, line) => all + line.total.amount, 0), order.subtotal.amount, 'the lines add up to the subtotal');
});
Then('{who}\'s order is paid with {money}', async function (who, amount) {
  const { payments } = await this.seenOrder(this.shopper(who));
  assert.deepEqual(payments.map((one) => [one.status, one.captured]), [['captured', amount]]);
});
Then('{who}\'s order has no payment', async function (who) {
  assert.deepEqual((await this.seenOrder(this.shopper(who))).payments, []);
});
Then('{who}\'s order goes to {country} by {string}', async function (who, country, method) {
  const order = await this.seenOrder(this.shopper(who));
  assert.equal(order.shippingAddress.country, address(country).country);
  assert.equal(order.shippingMethod, method);
});
Then('{who} sees her/his order with the token that she/he was given', async function (who) {
  await this.seenOrder(this.shopper(who));
});
Then('the merchant sees {who}\'s order', async function (who) {
  const { order } = this.shopper(who);
  (await this.driver.getOrder(order, {}, MERCHANT)).wanted('the order');
  assert((await this.orders()).some((one) => one.id === order));
});
Then('nobody sees {who}\'s order without a token', async function (who) {
  assert.equal((await this.driver.getOrder(this.shopper(who).order)).code, 'not_found');
});
Then('{who} does not see {who}\'s order with a token of her/his own', async function (_who, owner) {
  const { order, orderToken } = this.shopper(owner);
  const own = [...orderToken].reverse().join('');
  assert.notEqual(own, orderToken);
  assert.equal((await this.driver.getOrder(order, { token: own })).code, 'not_found');
});
When('{who} cancels {who}\'s order without a token', async function (who, owner) {
  this.note(this.shopper(who), await this.driver.cancelOrder(this.shopper(owner).order));
});
When('{who} cancels {who}\'s order with a token of her/his own', async function (who, owner) {
  const { order, orderToken } = this.shopper(owner);
  this.note(this.shopper(who), await this.driver.cancelOrder(order, { token: [...orderToken].reverse().join('') }));
});
When('{who} cancels her/his order', async function (who) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.cancelOrder(shopper.order, { token: shopper.orderToken, reason: 'changed my mind' }));
});
Then(/^(ann|bob)'s order is (cancelled|cancelling|fulfilled|partially_fulfilled)$/, async function (who, status) {
  assert.equal((await this.seenOrder(this.shopper(who))).status, status);
});
When('the merchant ships {who}\'s order', async function (who) {
  this.note(this.merchant, await this.driver.shipOrder(this.shopper(who).order));
});
When('the merchant refunds {money} of {who}\'s order', async function (amount, who) {
  const how = { key: this.newKey() };
  this.note(this.merchant, await this.driver.refundOrder(this.shopper(who).order, { amount, reason: 'goodwill' }, how));
});
When('the merchant refunds {money} of {who}\'s order twice with the same key', async function (amount, who) {
  const how = { key: this.newKey() };
  const refund = () => this.driver.refundOrder(this.shopper(who).order, { amount, reason: 'goodwill' }, how);
  const first = (await refund()).wanted('the refund');
  const second = await refund();
  assert.deepEqual(second.wanted('the same refund'), first);
  assert(second.replayed);
});
