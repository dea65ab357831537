// What those who run the shop look at: events, sagas, dead letters.
import assert from 'node:assert/strict';
import http from 'node:http';
import { After, When, Then } from '@cucumber/cucumber';
import { MERCHANT } from '../drivers/driver.js';
import { pause } from '../support/shop.js';

const get = (world, path) => world.driver.ask('GET', path, { who: MERCHANT });

async function seen(world, path) {
  return (await get(world, path)).wanted(path);
}

// --- events

Then('the events of inventory about {string} are numbered, and the last one is of type {word} by {string}',
  async function (sku, type, actor) {
    const { items } = await seen(this, `/v1/events?service=inventory&stream=${encodeURIComponent(`stock/${sku}`)}`);
    items.forEach((event, i) => assert.equal(event.version, i + 1));
    assert.equal(items.at(-1).type, type);
    assert.equal(items.at(-1).actor, actor);
    assert.equal(items.at(-1).id, `inventory:${items.at(-1).number}`);
  });

Then('all events of all services, read {int} at a time, come once each and by their time', async function (limit) {
  const numbers = {};
  let before = '';
  for (let page = await get(this, `/v1/events?limit=${limit}`); ; page = await this.driver.nextPage(page, MERCHANT)) {
    for (const { service, number, at } of page.wanted('a page').items) {
      assert.equal(number, (numbers[service] ?? 0) + 1, service);
      assert(at >= before, `${at} after ${before}`);
      numbers[service] = number;
      before = at;
    }
    if (!page.next) break;
  }
  assert(numbers.catalog && numbers.inventory && numbers.cart, JSON.stringify(numbers));
});

// A stream of server-sent events: { heard: [{ id, data }], last, ended, whole }.
function follow(world, path, last) {
  const [host, port] = world.shop.address.split(':');
  const stream = { heard: [], last, text: '' };
  const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${world.driver.token}` };
  if (last) headers['Last-Event-ID'] = last;
  return new Promise((resolve, reject) => {
    stream.request = http.get({ host, port, path, headers, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}`));
      assert.equal(response.headers['content-type'], 'text/event-stream');
      response.setEncoding('utf8');
      response.on('data', (part) => {
        stream.text += part;
        const blocks = stream.text.split('\n\n');
        stream.text = blocks.pop();
        for (const block of blocks) {
          const id = /^id: (.*)$/m.exec(block)?.[1];
          if (!id) continue;
          stream.heard.push({ id, data: JSON.parse(/^data: (.*)$/m.exec(block)[1]) });
          stream.last = id;
        }
        resolve(stream);
      });
      response.on('error', () => {});
      response.on('close', () => Object.assign(stream, { ended: true, whole: response.complete }));
    });
    stream.request.on('error', reject);
  });
}

const FOLLOWED = '/v1/events?service=inventory&after=latest';

When('the auditor follows the events of inventory from now on', async function () {
  this.stream = await follow(this, FOLLOWED);
  this.streams = [this.stream];
});
When('the auditor\'s connection breaks', function () {
  this.stream.request.destroy();
});
When('the auditor comes back', async function () {
  this.stream = await follow(this, FOLLOWED, this.stream.last);
  this.streams.push(this.stream);
});
Then('the auditor hears of {int} event(s) within {int} ms', async function (count, milliseconds) {
  const until = Date.now() + milliseconds;
  while (this.stream.heard.length < count && Date.now() < until) await pause(5);
  assert.equal(this.stream.heard.length, count);
});
Then('the auditor has heard of every event once', function () {
  const numbers = this.streams.flatMap(({ heard }) => heard.map(({ data }) => data.number));
  assert.deepEqual(numbers, numbers.map((_, i) => numbers[0] + i));
});
When('the server is stopped', async function () {
  this.driver.close();
  await this.shop.stop();
});
Then('the auditor\'s stream has ended as a whole', async function () {
  assert(this.stream.ended && this.stream.whole);
  await this.restart();
});
After({ tags: '@rest' }, function () {
  for (const stream of this.streams ?? []) stream.request.destroy();
});

// --- dead letters

Then('there are no dead letters', async function () {
  assert.deepEqual((await seen(this, '/v1/events/dead')).items, []);
});

// --- sagas

const newest = async (world) => (await seen(world, '/v1/sagas?limit=1')).items[0];

Then(/^the newest saga is (done|running), with (all|some) of its steps$/, async function (status, share) {
  const until = Date.now() + 5000;
  let saga = await newest(this);
  while (saga.status !== status && Date.now() < until) {
    await pause(20);
    saga = await newest(this);
  }
  assert.equal(saga.status, status);
  assert.equal(saga.operation, 'souk.checkout.v1.CheckoutService.PlaceOrder');
  if (share === 'all') assert.deepEqual(saga.stepsDone, saga.steps);
  else assert(saga.stepsDone.length < saga.steps.length);
  this.saga = saga;
});
Then('the newest saga is undone because of {word}', async function (code) {
  this.saga = await newest(this);
  assert.equal(this.saga.status, 'undone');
  assert.equal(this.saga.problem.code, code);
  assert.deepEqual(this.saga.stepsDone, []);
});
Then('no saga is open', async function () {
  assert.deepEqual((await seen(this, '/v1/sagas?status=open')).items, []);
});
const tryAgain = (world) => world.driver.ask('POST', world.saga._links.retry.href, { who: MERCHANT });
Then('trying it again at once does no harm', async function () {
  const again = (await tryAgain(this)).wanted('the saga');
  assert.equal(again.id, this.saga.id);
});
Then('it can\'t be tried again', async function () {
  assert.equal(this.saga._links.retry, undefined);
  const refused = await this.driver.ask('POST', `/v1/sagas/${this.saga.id}/retry`, { who: MERCHANT });
  assert.equal(refused.code, 'state_forbids');
});
When('somebody with every right asks GET {word}', async function (path) {
  this.status = (await get(this, path)).raw.status;
});
