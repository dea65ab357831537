// Does the server do what its reference says? Each request and answer below is checked against the schemas of /openapi.json, and these
// are closed first: a member that the reference does not know is an error, as is a status.
import assert from 'node:assert/strict';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const [origin, token] = process.argv.slice(2);
const reference = await (await fetch(`${origin}/openapi.json`)).json();

// Problems may have further numbers; everything else is all there is.
function close(schema) {
  if (schema === null || typeof schema !== 'object') return;
  if (schema.type === 'object' && schema.properties && !('additionalProperties' in schema) && !schema.properties.instance)
    schema.additionalProperties = false;
  Object.values(schema).forEach(close);
}
close(reference);

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addFormat('int32', true).addFormat('int64', true);
ajv.addSchema(reference, 'reference');

const escaped = (part) => part.replaceAll('~', '~0').replaceAll('/', '~1');
function check(where, value, what) {
  const validate = ajv.compile({ $ref: `reference#/${where.map(escaped).map(encodeURIComponent).join('/')}` });
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
}

// The template of a path: literals win over {variables}.
function templateOf(path) {
  const segments = path.split('/');
  const fits = Object.keys(reference.paths).filter((template) => {
    const parts = template.split('/');
    return parts.length === segments.length && parts.every((part, i) => part.startsWith('{') || part === segments[i]);
  });
  assert.ok(fits.length > 0, `${path} is not in the reference`);
  return fits.sort((a, b) => a.split('{').length - b.split('{').length)[0];
}

let checked = 0;
async function ask(method, target, expected, { body, admin = true, headers = {} } = {}) {
  const type = headers['content-type'] ?? 'application/json';
  const answer = await fetch(origin + target, {
    method,
    headers: { ...(admin && { authorization: `Bearer ${token}` }), ...(body !== undefined && { 'content-type': type }), ...headers },
    body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  const what = `${method} ${target}`;
  assert.equal(answer.status, expected, `${what}: ${text}`);

  const path = ['paths', templateOf(target.split('?')[0]), method.toLowerCase()];
  const operation = path.reduce((at, part) => at[part], reference);
  if (typeof body === 'object' && answer.ok) check([...path, 'requestBody', 'content', type, 'schema'], body, `${what} (request)`);
  for (const [name] of new URLSearchParams(target.split('?')[1] ?? '')) {
    const names = operation.parameters.map((parameter) => parameter.name ?? parameter.$ref.split('/').at(-1));
    assert.ok(names.includes(name) || names.includes(`${name.split('.')[0]}.NAME`), `${what}: ${name} is not in the reference`);
  }

  const declared = String(answer.status) in operation.responses ? String(answer.status) : `${String(answer.status)[0]}XX`;
  const response = operation.responses[declared];
  assert.ok(response, `${what}: ${answer.status} is not in the reference`);
  const place = response.$ref ? response.$ref.split('/').slice(1) : [...path, 'responses', declared];
  const content = place.reduce((at, part) => at[part], reference).content;
  assert.equal(Boolean(content), text !== '', `${what}: a body or none`);
  const media = answer.headers.get('content-type')?.split(';')[0];
  const value = media?.endsWith('json') ? JSON.parse(text) : undefined;
  if (value) check([...place, 'content', media, 'schema'], value, what);
  checked++;
  return value;
}

// --- a shop's day ---

const product = await ask('POST', '/v1/products', 201, {
  body: {
    title: 'Shirt',
    status: 'published',
    attributes: { vendor: 'Weaver' },
    options: [{ name: 'Color', values: ['Red'] }],
    images: [{ url: '/shirt.jpg' }],
    variants: [{ sku: 'SHIRT', options: { Color: 'Red' }, prices: [{ amount: 1990, currency: 'EUR' }] }],
  },
});
const self = product._links.self.href;
await ask('PATCH', self, 200, { body: { description: 'Soft.' }, headers: { 'content-type': 'application/merge-patch+json' } });
await ask('PATCH', self, 412, { body: { title: 'x' }, headers: { 'if-match': '"99"' } });
await ask('PATCH', self, 400, { body: { title: null } });
const category = await ask('POST', '/v1/categories', 201, { body: { name: 'Clothes' } });
await ask('PATCH', self, 200, { body: { categories: [{ id: category.id }] } });
await ask('POST', '/v1/inventory/SHIRT/adjustments', 201, { body: { delta: 10, reason: 'delivery' } });
await ask('PATCH', '/v1/inventory/SHIRT', 200, { body: { strategy: 'pessimistic', reservationTtl: 600 } });
await ask('PUT', '/v1/prices/SHIRT', 200, { body: { prices: [{ amount: 1890, currency: 'EUR' }, { amount: 1500, currency: 'EUR', minQuantity: 10 }] } });
await ask('GET', '/v1/prices/SHIRT', 200);
await ask('GET', '/v1/inventory/SHIRT', 200);
await ask('GET', '/v1/inventory?limit=1', 200);
for (const admin of [true, false]) {
  await ask('GET', `${self}?embed=inventory,price`, 200, { admin });
  await ask('GET', '/v1/products?limit=1&facets=true&option.Color=Red&embed=inventory', 200, { admin });
  await ask('GET', '/v1/products/shirt/inventory', 200, { admin });
  await ask('GET', '/v1/products/shirt/price?currency=EUR&quantity=10', 200, { admin });
  await ask('GET', '/v1/products/shirt/variants', 200, { admin });
  await ask('GET', `/v1/categories/${category.slug}/products`, 200, { admin });
}
await ask('GET', '/v1/categories', 200);
await ask('GET', '/v1/products/none', 404);
await ask('GET', '/v1/orders', 401, { admin: false });
await ask('POST', '/v1/imports?dryRun=true', 201, {
  body: 'Handle,Title,Variant SKU,Variant Price\nmug,Mug,MUG,9.90\n',
  headers: { 'content-type': 'text/csv' },
});
const method = await ask('POST', '/v1/shipping-methods', 201, {
  body: { name: 'Post', zones: [{ countries: ['DE'], rates: [{ amount: 490, currency: 'EUR' }] }] },
});
await ask('POST', '/v1/tax-rates', 201, { body: { name: 'VAT 19 %', country: 'DE', ratePpm: 190000, included: true } });
await ask('POST', '/v1/promotions', 201, { body: { name: 'Ten', kind: 'percent', code: 'TEN', percentPpm: 100000 } });

const address = { name: 'Ann', line1: 'Weg 1', city: 'Berlin', postalCode: '10115', country: 'DE' };
const cart = await ask('POST', '/v1/carts', 201, { body: { currency: 'EUR' }, admin: false });
const cartSelf = cart._links.self.href;
await ask('POST', `${cartSelf}/lines`, 201, { body: { sku: 'SHIRT', quantity: 2 }, admin: false });
await ask('POST', `${cartSelf}/lines`, 409, { body: { sku: 'SHIRT', quantity: 100 }, admin: false });
await ask('POST', `${cartSelf}/coupons`, 201, { body: { code: 'TEN' }, admin: false });
await ask('PATCH', cartSelf, 200, { body: { email: 'ann@example.org', shippingAddress: address, shippingMethod: method.id }, admin: false });
await ask('GET', `${cartSelf}/shipping-methods`, 200, { admin: false });
const paid = await ask('POST', `${cartSelf}/checkout`, 201, {
  body: { paymentToken: 'pm_card_visa' },
  headers: { 'idempotency-key': 'a' },
  admin: false,
});
const order = paid._links.self.href;
await ask('GET', order, 200, { admin: false });
await ask('GET', order.split('?')[0], 404, { admin: false });
await ask('GET', '/v1/orders?limit=1', 200);
await ask('POST', `${order.split('?')[0]}/fulfilments`, 201, { body: { lines: [{ lineId: paid.lines[0].id, quantity: 1 }] } });
await ask('POST', `${order.split('?')[0]}/refunds`, 201, {
  body: { amount: { amount: 100, currency: 'EUR' }, reason: 'late' },
  headers: { 'idempotency-key': 'b' },
});
await ask('DELETE', `/v1/categories/${category.id}`, 204);
for (const page of ['/v1', '/healthz', '/readyz']) await ask('GET', page, 200, { admin: false });
console.log(`${checked} answers are as the reference says.`);
