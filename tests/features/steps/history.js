// As of a moment that has passed.
import assert from 'node:assert/strict';
import { When, Then } from '@cucumber/cucumber';
import { MERCHANT } from '../drivers/driver.js';

const idOf = (world, name) => (world.products.get(name) ?? world.named.get(name)).id;
const then = (world, name, moment, who = MERCHANT) => world.driver.getProduct(idOf(world, name), { asOf: world.named.get(moment) }, who);

Then('{string} was called {string} as of {string}', async function (name, title, moment) {
  assert.equal((await then(this, name, moment)).wanted(name).title, title);
});
Then('{string} was at its address as of {string}', async function (name, moment) {
  const { id, slug } = this.products.get(name);
  const asked = await this.driver.getProduct(slug, { asOf: this.named.get(moment) }, MERCHANT);
  assert.equal(asked.wanted(name).id, id);
});
Then('{string} is called {string} now', async function (name, title) {
  assert.equal((await this.driver.getProduct(idOf(this, name))).wanted(name).title, title);
});
Then('{string} as of {string} cost {money} with {int} left', async function (name, moment, price, left) {
  const [variant] = (await then(this, name, moment)).wanted(name).variants;
  assert.deepEqual(variant.price, price);
  assert.equal(variant.available, left);
});
Then('the stock of the bundle {string} as of {string} was {int}', async function (name, moment, left) {
  const asked = await this.driver.getAvailability(idOf(this, name), { asOf: this.named.get(moment) }, MERCHANT);
  const [stock] = asked.wanted(name).items;
  assert.equal(stock.available, left);
  assert.equal(stock.sellable, left);
});
Then('{string} was not there as of {string}', async function (name, moment) {
  assert.equal((await then(this, name, moment)).code, 'not_found');
});
Then('the price of {string} as of {string} was {money}', async function (sku, moment, price) {
  const { prices } = (await this.driver.getPrices(sku, { asOf: this.named.get(moment) })).wanted('prices');
  assert.deepEqual(prices.map(({ amount, currency }) => ({ amount, currency })), [price]);
});
Then('{who}\'s order as of {string} was {word}', async function (who, moment, status) {
  const asked = await this.driver.getOrder(this.shopper(who).order, { asOf: this.named.get(moment) }, MERCHANT);
  assert.equal(asked.wanted('the order').status, status);
});
Then('{who}\'s order is there as of the moment it was placed', async function (who) {
  const order = (await this.driver.getOrder(this.shopper(who).order, {}, MERCHANT)).wanted('the order');
  const then = (await this.driver.getOrder(this.shopper(who).order, { asOf: order.placedAt }, MERCHANT)).wanted('the order of then');
  assert.equal(then.status, 'placed');
});
Then('a shopper who asks for {string} as of {string} is told {code}', async function (name, moment, code) {
  assert.equal((await then(this, name, moment, null)).code, code);
});
When('the merchant asks for {string} as of the moment {string}', async function (name, asOf) {
  this.note(this.merchant, await this.driver.getProduct(idOf(this, name), { asOf }, MERCHANT));
});
