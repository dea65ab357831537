// Products and their prices, as a story sets them up and changes them.
import assert from 'node:assert/strict';
import { Given, When, Then } from '@cucumber/cucumber';
import { MERCHANT } from '../drivers/driver.js';

Given('a product {string} at {money}', async function (sku, price) {
  await this.offer(sku, price);
});
Given('a product {string} at {money} with stock {int}', async function (sku, price, stock) {
  await this.offer(sku, price, { stock });
});
Given('a product {string} at {money} with stock {int}, weighing {int} g', async function (sku, price, stock, weightGrams) {
  await this.offer(sku, price, { stock, weightGrams });
});
Given('a product {string} at {money} that is digital', async function (sku, price) {
  await this.offer(sku, price, { stock: 1000, digital: true });
});
Given('a product {string} at {money} in the tax category {string}', async function (sku, price, taxCategory) {
  await this.offer(sku, price, { stock: 1000, taxCategory });
});
Given('a product {string} without a price', async function (sku) {
  await this.offer(sku, null, { stock: 1000 });
});
Given('a product {string} at {money} made of {int} {string} and {int} {string}', async function (sku, price, first, firstSku, second, secondSku) {
  await this.offer(sku, price, { components: [{ sku: firstSku, quantity: first }, { sku: secondSku, quantity: second }] });
});

When('the merchant makes {string} of {int} {string}', async function (sku, quantity, part) {
  const change = { variants: [{ sku, components: [{ sku: part, quantity }] }] };
  this.note(this.merchant, await this.driver.changeProduct(this.product(sku).id, change));
});

When(/^the merchant makes the product of "(.*)" (draft|archived|published)$/, async function (sku, status) {
  this.note(this.merchant, await this.driver.changeProduct(this.product(sku).id, { status })).wanted(status);
});

// --- prices

// Every price of the SKU but those that `replaced` says, and the new one.
async function changePrices(world, sku, replaced, price) {
  const before = (await world.driver.getPrices(sku)).wanted(`the prices of "${sku}"`).prices;
  const kept = before.filter((one) => !replaced(one));
  const outcome = await world.driver.setPrices(sku, price ? [...kept, price] : kept);
  return world.note(world.merchant, outcome).wanted(`new prices of "${sku}"`);
}
const isOrdinary = (currency) => (one) => one.currency === currency && !one.priceList && (one.minQuantity ?? 1) === 1;

Given('{string} costs {money} from {int} on', async function (sku, price, minQuantity) {
  await changePrices(this, sku, () => false, { ...price, minQuantity });
});
When('the merchant sets the price of {string} to {money}', async function (sku, price) {
  await changePrices(this, sku, isOrdinary(price.currency), price);
});
When('the merchant takes the price of {string} away', async function (sku) {
  await changePrices(this, sku, () => true, null);
});
When('the merchant tries to set the price of {string} to {int} cents {string}', async function (sku, amount, currency) {
  this.note(this.merchant, await this.driver.setPrices(sku, [{ amount, currency }]));
});
Given('{string} costs {money} instead of {money}', async function (sku, price, before) {
  await changePrices(this, sku, isOrdinary(price.currency), { ...price, compareAtAmount: before.amount });
});
Given('a price list {string} for the channel {string}', async function (name, channel) {
  this.named.set(name, (await this.driver.createPriceList({ name, channel })).wanted(name).id);
});
Given('{string} costs {money} on {string}', async function (sku, price, list) {
  await changePrices(this, sku, () => false, { ...price, priceList: this.named.get(list) });
});
Then('{string} costs {money} each when {int} are bought', async function (sku, price, quantity) {
  const { slug } = this.product(sku);
  const { items } = (await this.driver.getPrice(slug, { quantity, currency: price.currency })).wanted('a price');
  assert.deepEqual(items.map((one) => one.price), [price]);
});
Then('{string} has no price in {word}', async function (sku, currency) {
  const { items } = (await this.driver.getPrice(this.product(sku).slug, { currency })).wanted('no price');
  assert.deepEqual(items, []);
});

// --- changes

When('the merchant renames {string} to {string}', async function (sku, title) {
  this.note(this.merchant, await this.driver.changeProduct(this.product(sku).id, { title })).wanted('a new title');
});
Then('the merchant is told {code}', function (code) {
  assert.equal(this.merchant.last.code, code, JSON.stringify(this.merchant.last.problem));
});
Then('the merchant is told {code} at {string}', function (code, pointer) {
  const { problem } = this.merchant.last;
  assert.equal(problem?.code, code, JSON.stringify(problem));
  assert((problem.errors ?? []).some((one) => one.pointer === pointer), JSON.stringify(problem));
});
Then('the shop shows {string} at {money}', async function (sku, price) {
  const { variants } = (await this.driver.getProduct(this.product(sku).slug, { currency: price.currency })).wanted(sku);
  assert.deepEqual(variants.find((one) => one.sku === sku).price, price);
});
Then('the merchant sees {string} at {money}', async function (sku, price) {
  const { variants } = (await this.driver.getProduct(this.product(sku).id, { currency: price.currency }, MERCHANT)).wanted(sku);
  assert.deepEqual(variants.find((one) => one.sku === sku).price, price);
});
