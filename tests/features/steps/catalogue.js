// Products, lists and categories: what a merchant keeps, and what shoppers find.
import assert from 'node:assert/strict';
import { Given, When, Then } from '@cucumber/cucumber';
import { MERCHANT } from '../drivers/driver.js';
import { money } from '../support/words.js';

const words = (text) => (text === 'none' ? [] : text.split(', '));
const parameters = (text) => Object.fromEntries(new URLSearchParams(text));
const slugOf = (name) => name.toLowerCase().replaceAll(' ', '-');

// --- products

const product = (title, sku, more = {}) => ({ title, variants: [{ sku }], ...more });
async function add(world, title, sku, how) {
  const outcome = world.note(world.merchant, await world.driver.createProduct(product(title, sku), how));
  if (!outcome.problem) world.named.set(title, outcome.value);
  return outcome;
}
const change = async (world, title, what, how) =>
  world.note(world.merchant, await world.driver.changeProduct(world.named.get(title).id, what, how));
const seen = async (world, title) => (await world.driver.getProduct(world.named.get(title).id, {}, MERCHANT)).wanted(title);

When('the merchant adds {string} with the SKU {string}', async function (title, sku) {
  await add(this, title, sku);
});
When('the merchant adds {string} with the SKU {string} twice with the same key', async function (title, sku) {
  const how = { key: this.newKey() };
  const first = (await add(this, title, sku, how)).wanted('the first');
  const second = await add(this, title, sku, how);
  assert.deepEqual(second.wanted('the second'), first);
  assert(second.replayed);
});
When('the merchant adds {string} with the SKU {string}, at {money} and {int} in stock', async function (title, sku, price, initialStock) {
  const how = { key: this.newKey() };
  const given = { title, variants: [{ sku, prices: [price], initialStock }] };
  const outcome = this.note(this.merchant, await this.driver.createProduct(given, how));
  this.named.set(title, outcome.wanted(title));
  assert.deepEqual((await this.driver.createProduct(given, how)).wanted('once more'), outcome.value);
});
Then('that answer is what {string} looks like now, at {money} with {int} left', async function (title, price, left) {
  const now = await seen(this, title);
  assert.deepEqual([now.variants[0].price, now.variants[0].available], [price, left]);
  assert.deepEqual(this.merchant.last.value, now);
});
Then('the product {string} is a draft with the slug {string}', async function (title, slug) {
  const { status, slug: own } = await seen(this, title);
  assert.deepEqual([status, own], ['draft', slug]);
});
Then('the product {string} has another slug than {string}', async function (title, other) {
  assert.notEqual((await seen(this, title)).slug, (await seen(this, other)).slug);
});
Then('shoppers see {string}', async function (slug) {
  (await this.driver.getProduct(slug)).wanted(slug);
  assert((await this.driver.listProducts()).wanted('the list').items.some((one) => one.slug === slug));
});
Then('shoppers don\'t see {string}', async function (slug) {
  assert.equal((await this.driver.getProduct(slug)).code, 'not_found');
  assert(!(await this.driver.listProducts({ status: 'draft' })).wanted('the list').items.some((one) => one.slug === slug));
});
When('the merchant publishes {string}', async function (title) {
  (await change(this, title, { status: 'published' })).wanted('published');
});
When('the merchant archives {string}', async function (title) {
  (await change(this, title, { status: 'archived' })).wanted('archived');
});
When('the merchant gives {string} the slug {string}', async function (title, slug) {
  await change(this, title, { slug });
});
When('the merchant describes {string} as {string}', async function (title, description) {
  (await change(this, title, { description })).wanted('a description');
});
When('the merchant takes the description of {string} back', async function (title) {
  (await change(this, title, { description: null })).wanted('no description');
});
When('the merchant renames the product {string} to {string}', async function (title, name) {
  (await change(this, title, { title: name })).wanted('a name');
});
Given('the merchant has read {string}', async function (title) {
  this.merchant.read = await this.driver.getProduct(this.named.get(title).id, {}, MERCHANT);
});
When('the merchant renames {string} to {string} if it is still as read', async function (title, name) {
  await change(this, title, { title: name }, { ifVersionOf: this.merchant.read });
});
When('the merchant replaces {string} by {string} with the SKU {string}', async function (title, name, sku) {
  this.note(this.merchant, await this.driver.replaceProduct(this.named.get(title).id, product(name, sku))).wanted('another');
});
const says = async (world, title, attributes) => (await change(world, title, { attributes })).wanted('attributes');
When('the merchant says of {string} that its {word} is {string}', async function (title, name, value) {
  await says(this, title, { [name]: value });
});
When('the merchant says of {string} that its {word} is {string} and its {word} is {string}', async function (title, first, one, second, two) {
  await says(this, title, { [first]: one, [second]: two });
});
When('the merchant says of {string} that its {word} is {string} and its {word} is no longer known', async function (title, name, value, other) {
  await says(this, title, { [name]: value, [other]: null });
});
Then('of {string} it is known that {word} is {string} and {word} is {string}', async function (title, first, one, second, two) {
  assert.deepEqual((await seen(this, title)).attributes, { [first]: one, [second]: two });
});
Then('{string} is called {string}, and described as {string}', async function (title, name, text) {
  const { title: own, description } = await seen(this, title);
  assert.deepEqual([own, description], [name, text]);
});
Then('{string} has the slug {string} still', async function (title, slug) {
  assert.equal((await seen(this, title)).slug, slug);
});
Then('the version of {string} is higher than it was', async function (title) {
  assert((await seen(this, title)).version > this.merchant.read.value.version);
});
When('the merchant deletes {string}', async function (title) {
  this.note(this.merchant, await this.driver.deleteProduct(this.named.get(title).id));
});
Then('{string} is gone', async function (title) {
  assert.equal((await this.driver.getProduct(this.named.get(title).id, {}, MERCHANT)).code, 'not_found');
});
When('the merchant takes {string} out of the catalogue', async function (sku) {
  (await this.driver.deleteProduct(this.product(sku).id)).wanted('gone');
});
Then('there is/are {int} product(s)', async function (count) {
  assert.equal((await this.every((options) => this.driver.listProducts(options, MERCHANT))).length, count);
});
When('a shopper tries to add a product', async function () {
  this.anyone = { last: await this.driver.createProduct(product('Mine', 'mine'), {}, null) };
});
Then('the shopper is told {code}', function (code) {
  assert.equal(this.anyone.last.code, code, JSON.stringify(this.anyone.last.problem));
});

// --- lists

Given('these products', async function (table) {
  const categories = new Set(table.hashes().map((row) => row.category));
  for (const name of categories) (await this.driver.createCategory({ name, slug: name })).wanted(name);
  for (const { sku, title, category, price, stock, Color, description } of table.hashes()) {
    await this.offer(sku, money(price, 'EUR'), {
      title, stock: Number(stock), options: Color ? { Color } : {},
      product: { description, categories: [{ slug: category }], options: Color ? [{ name: 'Color', values: [Color] }] : [] },
    });
  }
});
When(/^a shopper looks for products with (.+)$/, async function (filters) {
  this.anyone = { last: await this.driver.listProducts(parameters(filters)) };
});
Given('shoppers have looked at every list of {string} and {string}', async function (first, second) {
  for (const category of [first, second, undefined]) {
    for (const more of [{}, { inStock: true }, { sort: 'price_asc' }, { sort: 'newest' }]) {
      (await this.driver.listProducts({ category, ...more })).wanted('a list');
    }
  }
});
When('the merchant moves the product {string} to {string}', async function (sku, category) {
  (await this.driver.changeProduct(this.product(sku).id, { categories: [{ slug: category }] })).wanted('moved');
});
const hits = async (world) => Number(/^souk_cache_hits_total(?:\{[^}]*\})? (\d+)/m.exec((await world.driver.send('GET', '/metrics')).body)[1]);
Given('a shopper has read the list {string}', async function (category) {
  (await this.driver.listProducts({ category })).wanted(category);
});
Then('the list {string} is answered from the cache', async function (category) {
  const before = await hits(this);
  (await this.driver.listProducts({ category })).wanted(category);
  assert.equal(await hits(this), before + 1);
});
Given('{int} products whose titles are as long as can be', async function (count) {
  for (let i = 0; i < count; i += 1) await this.offer(`long-${i}`, money('1.00', 'EUR'), { title: '\u{1F455}'.repeat(254) + i });
});
When('a shopper pages through all products by title, {int} at a time', async function (limit) {
  await pageThrough(this, { limit, sort: 'title' });
});
const found = (world) => world.anyone.last.wanted('a list').items.map((one) => one.variants[0].sku);
Then(/^these are found: (.+)$/, function (skus) {
  assert.deepEqual(found(this).sort(), words(skus).sort());
});
Then(/^these are found, in this order: (.+)$/, function (skus) {
  assert.deepEqual(found(this), words(skus));
});
Then(/^"([^"]+)" counts (.+)$/, function (name, counts) {
  const facet = this.anyone.last.wanted('a list').facets.find((one) => one.name === name);
  const expected = counts.split(', ').map((one) => one.split(' '));
  const counted = facet.values.map((one) => [name === 'category' ? slugOf(one.label) : one.value, String(one.count)]);
  assert.deepEqual(counted.sort(), expected.sort());
});
async function pageThrough(world, options, between) {
  const pages = [];
  for (let page = await world.driver.listProducts(options); ; page = await world.driver.nextPage(page)) {
    pages.push(page.wanted('a page').items.map((one) => one.variants[0].sku));
    if (!page.next) break;
    if (pages.length === 1) await between?.();
  }
  world.pages = pages;
}
When('a shopper pages through all products, {int} at a time', async function (limit) {
  await pageThrough(this, { limit });
});
When('a shopper pages through all products, {int} at a time, and {string} is added after the first page', async function (limit, sku) {
  this.before = [...this.products.keys()];
  await pageThrough(this, { limit }, () => this.offer(sku, money('1.00', 'EUR')));
});
Then('{int} pages were shown, with {int} products, each once', function (count, products) {
  assert.equal(this.pages.length, count);
  assert.equal(this.pages.flat().length, products);
  assert.equal(new Set(this.pages.flat()).size, products);
});
Then('all that were there at first were shown, each once', function () {
  const shown = this.pages.flat().filter((sku) => this.before.includes(sku));
  assert.deepEqual(shown.sort(), this.before.sort());
});

// --- shape

When(/^a shopper reads "([^"]+)" with (.+)$/, async function (sku, query) {
  this.anyone = { last: await this.driver.getProduct(this.product(sku).slug, parameters(query)) };
});
const ownFields = (value) => Object.keys(value).filter((one) => !one.startsWith('_')).sort();
Then(/^its fields are (.+), and nothing else$/, function (fields) {
  assert.deepEqual(ownFields(this.anyone.last.wanted('a product')), words(fields).sort());
});
Then(/^each of its variants has (.+), and nothing else$/, function (fields) {
  for (const variant of this.anyone.last.wanted('a product').variants) assert.deepEqual(ownFields(variant), words(fields).sort());
});
// What is embedded in the product, or in that one of a list, which has the SKU.
function embedded(world, relation, sku) {
  const { value } = world.anyone.last;
  const holder = (value.items ?? [value]).find((one) => one.variants.some((variant) => variant.sku === sku));
  const content = holder._embedded[relation];
  return (content.items ?? content).find((one) => one.sku === sku);
}
Then('{int} of {string} can be bought, as embedded', function (available, sku) {
  assert.equal(embedded(this, 'inventory', sku).available, available);
});
Then('{string} costs {money}, as embedded', function (sku, price) {
  assert.deepEqual(embedded(this, 'price', sku).price, price);
});
async function readUnless(world, sku, read) {
  world.readBefore = read ?? (await world.driver.getProduct(world.product(sku).slug));
  world.anyone = { last: await world.driver.getProduct(world.product(sku).slug, {}, null, { ifNoneMatch: world.readBefore }) };
}
When('a shopper reads {string} again, unless it has changed', async function (sku) {
  await readUnless(this, sku);
});
When('a shopper reads {string} again, unless it has changed since', async function (sku) {
  await readUnless(this, sku, this.readBefore);
});
Then('it has not changed', function () {
  assert.equal(this.anyone.last.raw.status, 304);
  assert.equal(this.anyone.last.raw.body, '');
});
Then('it has changed', function () {
  assert.equal(this.anyone.last.raw.status, 200);
  assert.notEqual(this.anyone.last.tag, this.readBefore.tag);
});

// --- categories

Given('a category {string}', async function (name) {
  this.named.set(name, (await this.driver.createCategory({ name })).wanted(name));
});
Given('a category {string} in {string}', async function (name, above) {
  this.named.set(name, (await this.driver.createCategory({ name, parentId: this.named.get(above).id })).wanted(name));
});
Given('a category {string} in {string} at position {int}', async function (name, above, position) {
  (await this.driver.createCategory({ name, parentId: this.named.get(above).id, position })).wanted(name);
});
Then(/^the categories in "([^"]+)" are, in this order: (.+)$/, async function (above, names) {
  const all = await this.every((options) => this.driver.listCategories({ ...options, limit: 2 }));
  assert.deepEqual(all.filter((one) => one.parentId === this.named.get(above).id).map((one) => one.name), words(names));
});
Given('a product {string} at {money} in the category {string}', async function (sku, price, category) {
  await this.offer(sku, price, { product: { categories: [{ id: this.named.get(category).id }] } });
});
Then(/^"([^"]+)" is found in (.+)$/, async function (sku, categories) {
  for (const name of categories.split(', ').map((one) => one.replaceAll('"', ''))) {
    const { items } = (await this.driver.listProducts({ category: this.named.get(name).slug })).wanted(name);
    assert(items.some((one) => one.slug === this.product(sku).slug), `not in ${name}`);
  }
});
When('the merchant adds a category {string} with the slug {string}', async function (name, slug) {
  this.note(this.merchant, await this.driver.createCategory({ name, slug }));
});
When('the merchant removes the category {string}', async function (name) {
  (await this.driver.deleteCategory(this.named.get(name).id)).wanted('gone');
});
When('the merchant moves {string} into {string}', async function (name, above) {
  this.note(this.merchant, await this.driver.changeCategory(this.named.get(name).id, { parentId: this.named.get(above).id }));
});
When('the merchant renames the category {string} to {string}', async function (name, to) {
  (await this.driver.changeCategory(this.named.get(name).id, { name: to })).wanted('a name');
});
Then('{string} is in {string}', async function (name, above) {
  assert.equal((await this.driver.getCategory(this.named.get(name).id)).wanted(name).parentId, this.named.get(above).id);
});
Then('the shop shows {string} in {string}', async function (sku, name) {
  const { categories } = (await this.driver.getProduct(this.product(sku).slug)).wanted(sku);
  assert.deepEqual(categories.map((one) => one.name), [name]);
});
Then('the first two categories are at the top', async function () {
  const { items } = (await this.driver.listCategories()).wanted('categories');
  assert.deepEqual(items.slice(0, 2).map((one) => one.parentId || ''), ['', '']);
});
