// What a scenario knows: its shop, its shoppers, and what each was told last.
import assert from 'node:assert/strict';
import { After, AfterAll, Before, BeforeAll, setDefaultTimeout, setWorldConstructor, World } from '@cucumber/cucumber';
import { Contract } from '../drivers/contract.js';
import { MERCHANT, Outcome } from '../drivers/driver.js';
import { GraphqlDriver } from '../drivers/graphql.js';
import { GrpcDriver } from '../drivers/grpc.js';
import { RestDriver } from '../drivers/rest.js';
import { pause, Shops, TOKEN } from './shop.js';

const DRIVERS = { rest: RestDriver, graphql: GraphqlDriver, grpc: GrpcDriver };
const CARD = 'pm_card_visa';
const FOLLOW_SECONDS = 30;

const shops = new Shops();
let contract;

setDefaultTimeout(90000);

class Souk extends World {
  shoppers = new Map();
  products = new Map(); // by SKU: as the scenario made them
  named = new Map(); // what else has a name: locations, shipping methods, coupons, categories, moments…
  merchant = { name: 'the merchant' };

  async enter(shop) {
    this.shop = shop;
    this.connect();
  }

  // Begin anew, in a shop of which some services run in processes of their own.
  async splitUp(services) {
    await this.shop.stop();
    await shops.remove(this.shop);
    await this.enter(await shops.takeApart(services));
  }

  connect() {
    this.driver?.close();
    const Chosen = DRIVERS[process.env.SOUK_DRIVER ?? 'rest'];
    this.driver = new Chosen({ address: this.shop.address, token: TOKEN, contract });
  }

  async restart() {
    await this.shop.start();
    this.connect();
  }

  shopper(name) {
    if (!this.shoppers.has(name)) this.shoppers.set(name, { name, lines: {} });
    return this.shoppers.get(name);
  }

  // Note what somebody was told; whatever cart or order is in it becomes theirs.
  note(shopper, outcome) {
    shopper.last = outcome;
    if (shopper.lines) for (const line of outcome.value?.lines ?? []) shopper.lines[line.sku] ??= line.id;
    return outcome;
  }

  // --- products

  async offer(sku, price, { stock = 0, title, status = 'published', prices, product = {}, ...variant } = {}) {
    const first = prices ?? (price ? [price] : []);
    const made = await this.driver.createProduct({
      title: title ?? sku[0].toUpperCase() + sku.slice(1), status, ...product, variants: [{ sku, prices: first, ...variant }],
    });
    this.products.set(sku, { ...made.wanted(`a product "${sku}"`), price: first[0] });
    if (stock) await this.adjust(sku, stock);
  }

  async adjust(sku, delta, reason = 'delivery', location = undefined) {
    (await this.driver.adjustStock(sku, { delta, reason, location })).wanted(`${delta} of "${sku}"`);
  }

  product(sku) {
    assert(this.products.has(sku), `the scenario has no product "${sku}"`);
    return this.products.get(sku);
  }

  async promote(promotion) {
    const made = (await this.driver.createPromotion(promotion)).wanted(promotion.name);
    this.named.set(promotion.name, made.id);
  }

  // --- carts

  async cartOf(shopper, currency = 'EUR') {
    if (!shopper.cart) {
      shopper.cart = (await this.driver.openCart({ currency })).wanted(`a cart for ${shopper.name}`).id;
    }
    return shopper.cart;
  }

  async put(shopper, quantity, sku, how) {
    const cart = await this.cartOf(shopper, this.products.get(sku)?.price?.currency);
    return this.note(shopper, await this.driver.addToCart(cart, { sku, quantity }, how));
  }

  async seenCart(shopper, options, who) {
    return (await this.driver.getCart(shopper.cart, options, who)).wanted(`${shopper.name}'s cart`);
  }

  // --- checkouts

  newKey() {
    return `key-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  }

  async checkOut(shopper, { card = CARD, key = this.newKey(), expecting } = {}) {
    const payment = { paymentToken: card, ...(expecting ? { acceptedTotal: expecting } : {}) };
    const outcome = await this.driver.checkOut(await this.cartOf(shopper), payment, key ? { key } : {});
    return this.noteCheckout(shopper, outcome);
  }

  noteCheckout(shopper, outcome) {
    if (!outcome.problem && !outcome.waiting) {
      shopper.order = outcome.value.id;
      shopper.orderToken = outcome.value.orderToken ?? shopper.orderToken;
    }
    shopper.checkouts = [...(shopper.checkouts ?? []), outcome];
    if (outcome.waiting) shopper.waiting = outcome.waiting;
    shopper.last = outcome;
    return outcome;
  }

  // Look until it is over, at most so long; an order that came of it is the shopper's.
  async settled(shopper, seconds) {
    if (shopper.order) return { status: 'done' };
    const progress = await this.ended(shopper.waiting, seconds, shopper.name);
    if (progress.status === 'done') Object.assign(shopper, { order: progress.orderId, orderToken: progress.orderToken });
    return progress;
  }

  async ended(waiting, seconds, name) {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      const progress = (await this.driver.getCheckout(waiting)).wanted(`${name}'s checkout`);
      if (progress.status === 'done' || progress.status === 'failed') return progress;
      assert(Date.now() < until, `${name}'s checkout is ${progress.status} (${progress.step}) after ${seconds} seconds`);
      await pause(50);
    }
  }

  // What came of it in the end. Whoever is told to look later, as the machine is slow, looks.
  async cameOf(shopper, outcome) {
    if (!outcome.waiting) return outcome;
    const { status, problem, orderId, orderToken } = await this.ended(outcome.waiting, FOLLOW_SECONDS, shopper.name);
    if (status === 'failed') return new Outcome({ problem });
    Object.assign(shopper, { order: orderId, orderToken });
    return new Outcome({ value: { id: orderId, orderToken } });
  }

  async seenOrder(shopper) {
    if (!shopper.order && shopper.waiting) await this.settled(shopper, FOLLOW_SECONDS);
    assert(shopper.order, `${shopper.name} has no order: ${JSON.stringify(shopper.last?.problem ?? shopper.last?.waiting)}`);
    return (await this.driver.getOrder(shopper.order, { token: shopper.orderToken })).wanted(`${shopper.name}'s order`);
  }

  async every(list, options) {
    const items = [];
    let page = await list({ limit: 100, ...options });
    for (;;) {
      items.push(...page.wanted('a list').items);
      if (!page.next) return items;
      page = await this.driver.nextPage(page, MERCHANT);
    }
  }
  orders() {
    return this.every((options) => this.driver.listOrders(options));
  }
  payments() {
    return this.every((options) => this.driver.listPayments(options));
  }
}

setWorldConstructor(Souk);

BeforeAll(async () => {
  await shops.open();
  const shop = await shops.next;
  const asked = await new RestDriver({ address: shop.address }).send('GET', '/openapi.json');
  assert.equal(asked.status, 200, 'GET /openapi.json');
  contract = new Contract(JSON.parse(asked.body));
});

Before(async function () {
  await this.enter(await shops.take());
});

// What must hold in every story, whatever it is about: the books of the stock add up, and the server stops cleanly when it is told to.
async function checkBooks(world) {
  for (const sku of world.products.keys()) {
    const { problem, value: stock } = await world.driver.getStock(sku);
    if (problem || stock.components) continue; // deleted meanwhile, or a bundle
    assert.equal(stock.available, stock.onHand - stock.reserved - stock.allocated - stock.safetyStock, `the books of "${sku}"`);
  }
}

After(async function ({ result }) {
  try {
    if (result.status === 'PASSED') await checkBooks(this);
  } finally {
    this.driver.close(); // a server that stops waits a moment for what kept connections still say
  }
  await this.shop.stop();
  if (result.status === 'PASSED') await shops.remove(this.shop);
});

AfterAll(async () => {
  await shops.close();
});
