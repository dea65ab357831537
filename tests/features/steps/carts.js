// Carts, their lines, coupons and deliveries.
import assert from 'node:assert/strict';
import { Given, When, Then } from '@cucumber/cucumber';
import { MERCHANT } from '../drivers/driver.js';
import { address, partsPerMillion } from '../support/words.js';

// --- lines

When('{who} opens a cart in {word}', async function (who, currency) {
  const shopper = this.shopper(who);
  shopper.cart = this.note(shopper, await this.driver.openCart({ currency })).wanted('a cart').id;
});
When('{who} opens a cart in {word} in the channel {string}', async function (who, currency, channel) {
  const shopper = this.shopper(who);
  shopper.cart = this.note(shopper, await this.driver.openCart({ currency, channel })).wanted('a cart').id;
});
Given('{who} has {int} {string} in her/his cart', async function (who, quantity, sku) {
  (await this.put(this.shopper(who), quantity, sku)).wanted(`${quantity} "${sku}"`);
});
Given('{who} and {who} each have {int} {string} in their cart', async function (one, other, quantity, sku) {
  for (const who of [one, other]) (await this.put(this.shopper(who), quantity, sku)).wanted(`${quantity} "${sku}"`);
});
Given('{int} shoppers each have {int} {string} in their cart', async function (count, quantity, sku) {
  for (let i = 1; i <= count; i++) (await this.put(this.shopper(`shopper ${i}`), quantity, sku)).wanted(`${quantity} "${sku}"`);
});
When('{who} puts {int} {string} into her/his cart', async function (who, quantity, sku) {
  await this.put(this.shopper(who), quantity, sku);
});
When('{who} puts {int} {string} into her/his cart twice with the same key', async function (who, quantity, sku) {
  const shopper = this.shopper(who);
  await this.cartOf(shopper, this.product(sku).price.currency);
  const key = this.newKey();
  const first = (await this.put(shopper, quantity, sku, { key })).wanted('the first');
  const second = await this.put(shopper, quantity, sku, { key });
  assert.deepEqual(second.wanted('the second'), first);
  assert(second.replayed, 'the second answer does not say that it is a replay');
});
When('{who} puts {int} {string} into her/his cart twice at once', async function (who, quantity, sku) {
  const shopper = this.shopper(who);
  await this.cartOf(shopper, this.product(sku).price.currency);
  for (const outcome of await Promise.all([this.put(shopper, quantity, sku), this.put(shopper, quantity, sku)])) outcome.wanted('each');
});
When('{who} puts {int} {string} and {int} {string} into her/his cart at once', async function (who, quantity, sku, otherQuantity, otherSku) {
  const shopper = this.shopper(who);
  await this.cartOf(shopper, this.product(sku).price.currency);
  const both = await Promise.all([this.put(shopper, quantity, sku), this.put(shopper, otherQuantity, otherSku)]);
  for (const outcome of both) outcome.wanted('each');
});
When('{who} changes her/his {string} to {int}', async function (who, sku, quantity) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.changeLine(shopper.cart, shopper.lines[sku], quantity));
});
When('{who} changes {who}\'s {string} to {int} in her/his own cart', async function (who, owner, sku, quantity) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.changeLine(shopper.cart, this.shopper(owner).lines[sku], quantity));
});
Given('{who} has read her/his cart', async function (who) {
  const shopper = this.shopper(who);
  shopper.read = await this.driver.getCart(shopper.cart);
  shopper.read.wanted('the cart');
});
When('{who} changes her/his {string} to {int} if her/his cart is still as she/he read it', async function (who, sku, quantity) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.changeLine(shopper.cart, shopper.lines[sku], quantity, { ifVersionOf: shopper.read }));
});
async function takeOut(who, sku) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.takeOut(shopper.cart, shopper.lines[sku])).wanted(`without "${sku}"`);
}
When('{who} takes {string} out of her/his cart', takeOut);
When('{who} takes {string} out of her/his cart again', takeOut);
async function throwAway(who) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.deleteCart(shopper.cart));
}
When('{who} throws her/his cart away', throwAway);
When('{who} throws her/his cart away again', async function (who) {
  await throwAway.call(this, who);
  this.anyone = this.shopper(who);
});
Then('nothing is wrong', function () {
  this.anyone.last.wanted('nothing wrong');
});
When('{who} looks at her/his cart', async function (who) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.getCart(shopper.cart));
});
When('{who} looks at a cart that does not exist', async function (who) {
  this.note(this.shopper(who), await this.driver.getCart('01aaaaaaaaaaaaaaaaaaaaaaaa'));
});

// --- what a shopper is told

Then('{who} is told {code}', async function (who, code) {
  const shopper = this.shopper(who);
  const last = await this.cameOf(shopper, shopper.last);
  assert.equal(last.code, code, JSON.stringify(last.problem ?? last.value));
});
Then('{who} is told {code} with {int} available', async function (who, code, available) {
  const shopper = this.shopper(who);
  const { problem } = await this.cameOf(shopper, shopper.last);
  assert.equal(problem?.code, code, JSON.stringify(problem));
  assert.equal(problem.available, available, JSON.stringify(problem));
});
Then('{who} is told {code} at {string}', async function (who, code, pointer) {
  const shopper = this.shopper(who);
  const { problem } = await this.cameOf(shopper, shopper.last);
  assert.equal(problem?.code, code, JSON.stringify(problem));
  assert((problem.errors ?? []).some((one) => one.pointer === pointer), JSON.stringify(problem));
});
Then('{who} is told {code} with a total of {money}', async function (who, code, total) {
  const shopper = this.shopper(who);
  const { problem } = await this.cameOf(shopper, shopper.last);
  assert.equal(problem?.code, code, JSON.stringify(problem));
  assert.equal(problem.total, total.amount, JSON.stringify(problem));
});

// --- what is in a cart

Then('{who}\'s cart is empty', async function (who) {
  const shopper = this.shopper(who);
  assert.deepEqual(shopper.cart ? (await this.seenCart(shopper)).lines : [], []);
});
Then('{who}\'s cart has {int} line(s)', async function (who, count) {
  assert.equal((await this.seenCart(this.shopper(who))).lines.length, count);
});
Then('{who}\'s cart has {int} {string} at {money}, together {money}', async function (who, quantity, sku, unitPrice, total) {
  const { lines } = await this.seenCart(this.shopper(who));
  const line = lines.filter((one) => one.sku === sku);
  assert.equal(line.length, 1, JSON.stringify(lines));
  assert.deepEqual({ quantity: line[0].quantity, unitPrice: line[0].unitPrice, total: line[0].total }, { quantity, unitPrice, total });
});
const sum = (lines, of) => lines.reduce((total, line) => total + (line[of]?.amount ?? 0), 0);
Then('{who}\'s cart comes to {money}', async function (who, total) {
  const cart = await this.seenCart(this.shopper(who));
  assert.deepEqual(cart.total, total);
  assert.equal(sum(cart.lines, 'total'), cart.subtotal.amount, 'the lines add up to the subtotal');
  const added = cart.taxes.filter((one) => !one.included).reduce((all, one) => all + one.amount.amount, 0);
  assert.equal(cart.subtotal.amount - cart.discount.amount + cart.shipping.amount + added, cart.total.amount, 'the parts add up to the total');
  assert.equal(cart.taxes.reduce((all, one) => all + one.amount.amount, 0), cart.tax.amount, 'the rates add up to the tax');
});
Then('{who}\'s cart as of {string} came to {money}', async function (who, moment, total) {
  const cart = await this.seenCart(this.shopper(who), { asOf: this.named.get(moment) }, MERCHANT);
  assert.deepEqual(cart.total, total);
});
Then('{who}\'s cart as of {string} had {int} line(s)', async function (who, moment, count) {
  const cart = await this.seenCart(this.shopper(who), { asOf: this.named.get(moment) }, MERCHANT);
  assert.equal(cart.lines.length, count);
});
Then('{who}\'s cart can\'t be checked out because of {codes}', async function (who, codes) {
  const cart = await this.seenCart(this.shopper(who));
  assert.deepEqual(cart.obstacles, codes);
  if (cart._links) assert(!cart._links.checkout);
});
Then('{who}\'s cart can be checked out', async function (who) {
  const cart = await this.seenCart(this.shopper(who));
  assert.deepEqual(cart.obstacles ?? [], []);
  if (cart._links) assert(cart._links.checkout);
});
Then('{who}\'s cart is open', async function (who) {
  assert.equal((await this.seenCart(this.shopper(who))).status, 'open');
});
Then('{who}\'s cart is closed', async function (who) {
  const shopper = this.shopper(who);
  const cart = await this.seenCart(shopper);
  assert.equal(cart.status, 'ordered');
  assert.equal(cart.orderId, shopper.order);
  if (cart._links) assert(!cart._links.checkout && !cart._links.lines, 'a closed cart offers nothing');
});
Then('{who}\'s cart says until when her/his {string} is held', async function (who, sku) {
  const { lines } = await this.seenCart(this.shopper(who));
  const until = lines.find((one) => one.sku === sku)?.reservation?.expiresAt;
  assert(until && Date.parse(until) > Date.now(), `held until ${until}`);
});

// --- coupons and what everyone gets

const everywhere = (amount) => [amount];
Given('a coupon {string} of {float} %', async function (code, percent) {
  await this.promote({ name: code, code, kind: 'percent', percentPpm: partsPerMillion(percent) });
});
Given('a coupon {string} of {float} % on {string}', async function (code, percent, sku) {
  await this.promote({ name: code, code, kind: 'percent', percentPpm: partsPerMillion(percent), skus: [sku] });
});
Given('a coupon {string} of {float} % from {money} on', async function (code, percent, minimum) {
  await this.promote({ name: code, code, kind: 'percent', percentPpm: partsPerMillion(percent), minimumSubtotals: everywhere(minimum) });
});
Given('a coupon {string} of {float} % that can be used {int} time(s)', async function (code, percent, usageLimit) {
  await this.promote({ name: code, code, kind: 'percent', percentPpm: partsPerMillion(percent), usageLimit });
});
Given('a coupon {string} of {float} % that ended yesterday', async function (code, percent) {
  const endsAt = new Date(Date.now() - 24 * 3600 * 1000).toISOString();
  await this.promote({ name: code, code, kind: 'percent', percentPpm: partsPerMillion(percent), endsAt });
});
Given('a coupon {string} of {money}', async function (code, amount) {
  await this.promote({ name: code, code, kind: 'amount', amounts: everywhere(amount) });
});
Given('a coupon {string} for free shipping', async function (code) {
  await this.promote({ name: code, code, kind: 'free_shipping' });
});
Given('{float} % off for everyone', async function (percent) {
  await this.promote({ name: `${percent} % off`, kind: 'percent', percentPpm: partsPerMillion(percent) });
});
When('{who} uses the coupon {string}', async function (who, code) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.useCoupon(await this.cartOf(shopper), code));
});
When('{who} takes the coupon {string} back', async function (who, code) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.dropCoupon(shopper.cart, code)).wanted('without the coupon');
});
Then('{money} are taken off {who}\'s cart', async function (amount, who) {
  assert.deepEqual((await this.seenCart(this.shopper(who))).discount, amount);
});
Then('{who}\'s cart has {int} coupon(s)', async function (who, count) {
  assert.equal((await this.seenCart(this.shopper(who))).coupons.length, count);
});
Then('{who}\'s coupon {string} takes nothing off, and says why', async function (who, code) {
  const coupon = (await this.seenCart(this.shopper(who))).coupons.find((one) => one.code === code);
  assert.equal(coupon.applied, false);
  assert.equal(coupon.discount?.amount ?? 0, 0);
  assert(coupon.reason, 'no reason');
});

// --- where it goes

async function sendTo(world, who, shippingAddress) {
  const shopper = world.shopper(who);
  return world.note(shopper, await world.driver.changeCart(await world.cartOf(shopper), { shippingAddress }));
}
When('{who} wants it sent to {country}', async function (who, country) {
  (await sendTo(this, who, address(country))).wanted('an address');
});
When('{who} wants it sent to {country}, region {string}', async function (who, country, region) {
  (await sendTo(this, who, address(country, { region }))).wanted('an address');
});
When('{who} wants it sent to an address with {word} {string}', async function (who, field, value) {
  await sendTo(this, who, address('Germany', { [field]: value }));
});
When('{who} chooses {string}', async function (who, name) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.changeCart(await this.cartOf(shopper), { shippingMethod: this.named.get(name) ?? name }));
});
When('{who} chooses no shipping method', async function (who) {
  const shopper = this.shopper(who);
  this.note(shopper, await this.driver.changeCart(shopper.cart, { shippingMethod: null })).wanted('no shipping method');
});
async function waysToShip(world, who) {
  const { items } = (await world.driver.listWaysToShip(world.shopper(who).cart)).wanted('ways to ship');
  return items.map(({ name, price }) => ({ name, price }));
}
Then('{who} can choose {string} at {money}', async function (who, name, price) {
  assert.deepEqual(await waysToShip(this, who), [{ name, price }]);
});
Then('{who} can choose {string} at {money}, {string} at {money}', async function (who, name, price, otherName, otherPrice) {
  assert.deepEqual(await waysToShip(this, who), [{ name, price }, { name: otherName, price: otherPrice }]);
});
Then('{who} can choose nothing', async function (who) {
  assert.deepEqual(await waysToShip(this, who), []);
});
