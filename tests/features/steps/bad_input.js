// What no gateway but REST can be sent: bodies and requests as bytes.
import assert from 'node:assert/strict';
import net from 'node:net';
import { After, When, Then } from '@cucumber/cucumber';

const PATIENCE_MS = 20000;

// --- bodies

async function sendProduct(world, body, type = 'application/json') {
  const headers = { Authorization: `Bearer ${world.driver.token}`, 'Content-Type': type };
  const answer = await world.driver.send('POST', '/v1/products', { headers, body });
  world.note(world.merchant, world.driver.read('POST', '/v1/products', answer));
}
When(/^the merchant sends a product as (\{.*|\/\/.*)$/, async function (body) {
  await sendProduct(this, body);
});
When('the merchant sends a product of {int} MB', async function (megabytes) {
  await sendProduct(this, `{"title":"${'x'.repeat(megabytes << 20)}"}`);
});
When('the merchant sends a product of {int} opening brackets', async function (count) {
  await sendProduct(this, '['.repeat(count));
});
When('the merchant sends a product as text\\/plain', async function () {
  await sendProduct(this, 'a shirt, please', 'text/plain');
});
When('the merchant sends a product with bytes that are no UTF-8', async function () {
  await sendProduct(this, Buffer.from('{"title":"\xff\xfe","variants":[{"sku":"a"}]}', 'latin1'));
});

// --- requests

// What comes back for these bytes until the server closes the connection, or it has said all that it will.
function exchange(address, bytes) {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port });
    let received = '';
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`neither closed nor answered within ${PATIENCE_MS} ms: ${received}`)));
    socket.on('data', (data) => {
      received += data;
    });
    socket.on('error', (error) => (received ? resolve(received) : reject(error)));
    socket.on('close', () => resolve(received));
    socket.write(bytes);
  });
}
When('somebody asks {word} {word}', async function (method, path) {
  this.status = (await this.driver.send(method, path)).status;
});
When('somebody asks for the orders with the token {string}', async function (token) {
  this.status = (await this.driver.send('GET', '/v1/orders', { headers: { Authorization: `Bearer ${token}` } })).status;
});
Then('it is answered {int}', function (status) {
  assert.equal(this.status, status);
});
When(/^these lines are sent, and "(.*)": (.+)$/, async function (body, lines) {
  this.received = await exchange(this.shop.address, `${lines.split(/, ?(?=[A-Z]| )/).join('\r\n')}\r\n\r\n${body}`);
});
Then('it is answered {int}, and the connection is closed', function (status) {
  const statuses = [...this.received.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((one) => Number(one[1]));
  assert.deepEqual(statuses, [status], this.received);
  assert.match(this.received, /^connection: close\r$/im);
});
When('{int} clients send half a request and no more', function (count) {
  const [host, port] = this.shop.address.split(':');
  this.halves = Array.from({ length: count }, () => net.connect({ host, port }, function begun() {
    this.write('POST /v1/carts HTTP/1.1\r\nHost: a\r\nContent-Le');
  }).on('error', () => {}));
});
After({ tags: '@rest' }, function () {
  for (const socket of this.halves ?? []) socket.destroy();
});
