// What is added to prices: tax and shipping.
import assert from 'node:assert/strict';
import { Given, Then } from '@cucumber/cucumber';
import { partsPerMillion } from '../support/words.js';

async function tax(world, rate) {
  (await world.driver.createTaxRate(rate)).wanted(rate.name);
}
Given('a tax {string} of {float} % in {word}, included in prices', async function (name, percent, country) {
  await tax(this, { name, country, ratePpm: partsPerMillion(percent), included: true });
});
Given('a tax {string} of {float} % in {word}, included in prices and shipping', async function (name, percent, country) {
  await tax(this, { name, country, ratePpm: partsPerMillion(percent), included: true, onShipping: true });
});
Given('a tax {string} of {float} % in {word}, added to prices', async function (name, percent, country) {
  await tax(this, { name, country, ratePpm: partsPerMillion(percent), included: false });
});
Given('a tax {string} of {float} % in {word}, region {string}, added to prices', async function (name, percent, country, region) {
  await tax(this, { name, country, region, ratePpm: partsPerMillion(percent), included: false });
});
Given('a tax {string} of {float} % in {word} for {string}, included in prices', async function (name, percent, country, taxCategory) {
  await tax(this, { name, country, taxCategory, ratePpm: partsPerMillion(percent), included: true });
});
Then('{money} of it is tax', async function (amount) {
  const [shopper] = this.shoppers.values();
  assert.deepEqual((await this.seenCart(shopper)).tax, amount);
});
Then('{money} of {who}\'s cart is {string}', async function (amount, who, name) {
  const { taxes } = await this.seenCart(this.shopper(who));
  assert.deepEqual(taxes.filter((one) => one.name === name).map((one) => one.amount), [amount]);
});
Then('{money} of {who}\'s cart is shipping', async function (amount, who) {
  assert.deepEqual((await this.seenCart(this.shopper(who))).shipping, amount);
});

async function ship(world, name, zones) {
  world.named.set(name, (await world.driver.createShippingMethod({ name, zones })).wanted(name).id);
}
Given('a shipping method {string} at {money} to {word}', async function (name, price, country) {
  await ship(this, name, [{ countries: [country], rates: [price] }]);
});
Given('a shipping method {string} at {money} to {word} and {money} everywhere else', async function (name, price, country, otherPrice) {
  await ship(this, name, [{ countries: [country], rates: [price] }, { rates: [otherPrice] }]);
});
Given('a shipping method {string} at {money} to {word}, free from {money} on', async function (name, price, country, freeFrom) {
  await ship(this, name, [{ countries: [country], rates: [{ ...price, freeFromAmount: freeFrom.amount }] }]);
});
Given('a shipping method {string} at {money} up to {int} g and {money} up to {int} g to {word}',
  async function (name, price, weight, otherPrice, otherWeight, country) {
    const rates = [{ ...price, maxWeightGrams: weight }, { ...otherPrice, maxWeightGrams: otherWeight }];
    await ship(this, name, [{ countries: [country], rates }]);
  });
