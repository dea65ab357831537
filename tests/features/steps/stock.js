// What is there, what is held, and what is promised.
import assert from 'node:assert/strict';
import { Given, When, Then } from '@cucumber/cucumber';
import { MERCHANT } from '../drivers/driver.js';
import { pause } from '../support/shop.js';

const counted = ({ onHand, reserved, allocated, available }) => ({ onHand, reserved, allocated, available });

Then('the stock of {string} is {int} on hand, {int} reserved, {int} allocated, {int} available',
  async function (sku, onHand, reserved, allocated, available) {
    const stock = (await this.driver.getStock(sku)).wanted(`the stock of "${sku}"`);
    assert.deepEqual(counted(stock), { onHand, reserved, allocated, available });
  });
Then('the stock of {string} as of {string} was {int} on hand, {int} reserved, {int} allocated, {int} available',
  async function (sku, moment, onHand, reserved, allocated, available) {
    const stock = (await this.driver.getStock(sku, { asOf: this.named.get(moment) })).wanted(`the stock of "${sku}" then`);
    assert.deepEqual(counted(stock), { onHand, reserved, allocated, available });
  });
When('the merchant adjusts {string} by {int} because of {string}', async function (sku, delta, reason) {
  this.note(this.merchant, await this.driver.adjustStock(sku, { delta, reason }));
});

// --- rules

async function rule(world, sku, change) {
  (await world.driver.changeStock(sku, change)).wanted(`a rule for "${sku}"`);
}
Given('{string} is pessimistic', async function (sku) {
  await rule(this, sku, { strategy: 'pessimistic' });
});
Given('{string} is optimistic', async function (sku) {
  await rule(this, sku, { strategy: 'optimistic' });
});
Given('{string} is pessimistic, and held for {int} second(s)', async function (sku, reservationTtl) {
  await rule(this, sku, { strategy: 'pessimistic', reservationTtl });
});
Given('{string} is adaptive, and scarce below {int}', async function (sku, scarceBelow) {
  await rule(this, sku, { strategy: 'adaptive', scarceBelow });
});
Given('the safety stock of {string} is {int}', async function (sku, safetyStock) {
  await rule(this, sku, { safetyStock });
});
Given('{int} of {string} may be sold on back order', async function (oversellLimit, sku) {
  await rule(this, sku, { oversellLimit });
});
Given('{string} is to be reordered at {int}', async function (sku, reorderPoint) {
  await rule(this, sku, { reorderPoint });
});
When('the merchant sets the safety stock of {string} to {int}', async function (sku, safetyStock) {
  this.note(this.merchant, await this.driver.changeStock(sku, { safetyStock }));
});
const low = async (world) => (await world.driver.listStock({ low: true })).wanted('what runs low').items.map((one) => one.sku);
Then('{string} has run low', async function (sku) {
  assert((await low(this)).includes(sku));
});
Then('{string} has not run low', async function (sku) {
  assert(!(await low(this)).includes(sku));
});
Then('{int} of {string} can be bought', async function (quantity, sku) {
  const { items } = (await this.driver.getAvailability(this.product(sku).id)).wanted('what can be bought');
  assert.equal(items.find((one) => one.sku === sku)?.available, quantity);
});

const knownOf = async (world, sku, who) => Object.values(await world.driver.askBySku([sku], who)).map((found) => found.some((one) => one.sku === sku));
Then('whoever asks for the SKU {string} learns nothing', async function (sku) {
  assert.deepEqual(await knownOf(this, sku, null), [false, false]);
});
Then('whoever asks for the SKU {string} learns its price and its stock', async function (sku) {
  assert.deepEqual(await knownOf(this, sku, null), [true, true]);
});
Then('the merchant who asks for the SKU {string} learns its price and its stock', async function (sku) {
  assert.deepEqual(await knownOf(this, sku, MERCHANT), [true, true]);
});

// --- locations

Given('a location {string} with priority {int}', async function (name, priority) {
  this.named.set(name, (await this.driver.createLocation({ name, priority })).wanted(name).id);
});
Given('{int} of {string} are at {string}', async function (quantity, sku, location) {
  await this.adjust(sku, quantity, 'delivery', this.named.get(location));
});
Then('{int} of {string} are allocated at {string}', async function (quantity, sku, location) {
  const { locations } = (await this.driver.getStock(sku)).wanted('stock');
  assert.equal(locations.find((one) => one.location === this.named.get(location))?.allocated ?? 0, quantity);
});
When('the merchant deletes the location {string}', async function (name) {
  this.note(this.merchant, await this.driver.deleteLocation(this.named.get(name)));
});

// --- time

When('{int} second(s) pass(es)', async (seconds) => {
  await pause(seconds * 1000);
});
// Far enough from what was before and from what comes that the clock's milliseconds tell them apart.
When('a moment passes, called {string}', async function (name) {
  await pause(20);
  this.named.set(name, new Date().toISOString());
  await pause(20);
});

Then('no {string} was sold that was not there', async function (sku) {
  const { onHand, allocated } = (await this.driver.getStock(sku)).wanted('stock');
  assert(allocated <= onHand, `${allocated} of ${onHand} are promised`);
});
