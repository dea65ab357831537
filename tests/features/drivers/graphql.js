// The shop through its GraphQL gateway, by the reference implementation: documents are made from the schema that the server tells of itself, validated before they
// are sent, and what is answered is held against it. Shoppers ask at /graphql, the merchant at /admin/graphql.
//
// Every deed asks for everything that there is of a thing, except its links. What is answered comes back in the shop's words, as the other drivers
// have them: enums in lower case, maps as objects, and without what is not there.
import {
  buildClientSchema, getIntrospectionQuery, getNamedType, isEnumType, isInputObjectType, isLeafType, isListType, isNonNullType, parse, validate,
} from 'graphql';
import { Pool } from 'undici';
import { Driver, MERCHANT, Outcome } from './driver.js';

const SHOP = '/graphql';
const ADMIN = '/admin/graphql';
const MEDIA_TYPE = 'application/graphql-response+json';
const PATIENCE_MS = 30000;
// What a thing leads to is asked for by deeds of their own.
const LINKS = new Set(['Product.price', 'Product.inventory', 'Category.products', 'Cart.shippingMethods', 'CheckoutProgress.order']);
// Lists that are there only when something is in them, in the shop's words.
const OMITTED = new Set([
  'Cart.obstacles', 'Order.coupons', 'Order.notes', 'Order.returns', 'ProductConnection.facets', 'Promotion.amounts',
  'Promotion.minimumSubtotals', 'Promotion.skus', 'Stock.components', 'Variant.allPrices', 'Variant.attributes', 'Variant.components',
]);

// --- words there and back

const SCALARS = {
  Int: (value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31,
  Long: (value) => Number.isSafeInteger(value),
  Float: (value) => typeof value === 'number',
  Boolean: (value) => typeof value === 'boolean',
  String: (value) => typeof value === 'string',
  ID: (value) => typeof value === 'string',
  DateTime: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
};

// An answer in the shop's words. Throws where it is not what the schema says.
function told(type, value, at) {
  if (isNonNullType(type)) {
    if (value === null || value === undefined) throw new Error(`${at} is null, which ${type} never is`);
    return told(type.ofType, value, at);
  }
  if (value === null) return undefined;
  if (isListType(type)) {
    if (!Array.isArray(value)) throw new Error(`${at} is no list: ${JSON.stringify(value)}`);
    const items = value.map((one, i) => told(type.ofType, one, `${at}[${i}]`));
    return getNamedType(type).name === 'NameValue' ? Object.fromEntries(items.map(({ name, value: is }) => [name, is])) : items;
  }
  if (isEnumType(type)) {
    if (!type.getValue(value)) throw new Error(`${at} is ${value}, which is no ${type}`);
    return value.toLowerCase();
  }
  if (isLeafType(type)) {
    if (!SCALARS[type.name](value)) throw new Error(`${at} is ${JSON.stringify(value)}, which is no ${type}`);
    return value;
  }
  const isGone = (name, is) => is === undefined || (OMITTED.has(`${type}.${name}`) && Object.keys(is).length === 0);
  const fields = Object.entries(value).map(([name, is]) => {
    if (!type.getFields()[name]) throw new Error(`${at}.${name} was not asked for`);
    return [name, told(type.getFields()[name].type, is, `${at}.${name}`)];
  });
  return Object.fromEntries(fields.filter(([name, is]) => !isGone(name, is)));
}

// What is said, in the words of the schema. What it does not know is left as it is, for the server to refuse.
function said(type, value) {
  if (isNonNullType(type)) return said(type.ofType, value);
  if (value === null || value === undefined) return value;
  if (isListType(type)) {
    if (/^NameValue(Patch)?Input$/.test(getNamedType(type).name)) return Object.entries(value).map(([name, is]) => ({ name, value: is }));
    return Array.isArray(value) ? value.map((one) => said(type.ofType, one)) : value;
  }
  if (isEnumType(type)) return String(value).toUpperCase();
  if (isInputObjectType(type) && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, is]) => [name, said(type.getFields()[name]?.type ?? type, is)]));
  }
  if (typeof value === 'string' && type.name === 'Boolean') return value === 'true';
  if (typeof value === 'string' && ['Int', 'Long'].includes(type.name) && /^-?\d+$/.test(value)) return Number(value);
  return value;
}

// --- documents

function selection(type) {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  const fields = Object.values(named.getFields()).filter(({ name }) => !LINKS.has(`${named}.${name}`) && name !== 'nodes');
  return `{ ${fields.map((field) => `${field.name} ${selection(field.type)}`).join(' ')} }`;
}

// ["slug", "variants.sku"] → "{ slug variants { sku } }"
function chosen(paths) {
  const heads = new Map();
  for (const [head, ...rest] of paths.map((path) => path.split('.'))) {
    heads.set(head, [...(heads.get(head) ?? []), ...(rest.length ? [rest.join('.')] : [])]);
  }
  return `{ ${[...heads].map(([head, rest]) => (rest.length ? `${head} ${chosen(rest)}` : head)).join(' ')} }`;
}

// Everything of a thing, and what some of its links lead to.
const embedding = (type, embed = '') => {
  const links = embed.split(',').filter(Boolean);
  const known = (name) => getNamedType(type).getFields()[name];
  return selection(type).replace(/ }$/, ` ${links.map((name) => `${name} ${known(name) ? selection(known(name).type) : ''}`).join(' ')} }`);
};
const embedded = (value, embed = '') => {
  const links = embed.split(',').filter(Boolean);
  return links.length ? { ...value, _embedded: Object.fromEntries(links.map((name) => [name, value[name]])) } : value;
};

// "($id: ID!)", "(id: $id)" and the variables, of the arguments that are given. What the schema does not know is said all the same.
function given(field, args) {
  const known = field.args.filter(({ name }) => args[name] !== undefined);
  const unknown = Object.keys(args).filter((name) => args[name] !== undefined && !known.some((one) => one.name === name));
  const wrap = (parts) => (parts.length ? `(${parts.join(', ')})` : '');
  return {
    declared: wrap(known.map(({ name, type }) => `$${name}: ${type}`)),
    passed: wrap([...known.map(({ name }) => `${name}: $${name}`), ...unknown.map((name) => `${name}: ${JSON.stringify(args[name])}`)]),
    variables: Object.fromEntries(known.map(({ name, type }) => [name, said(type, args[name])])),
  };
}

const isId = (text) => /^[0-9a-z]{26}$/.test(text);
const byKey = (idOrSlug) => (isId(idOrSlug) ? { id: idOrSlug } : { slug: idOrSlug });

// What REST says in the address: { 'option.Color': 'Red', limit: 2 }.
function filtersOf({ limit, cursor, ...filters } = {}) {
  const option = Object.entries(filters).filter(([name]) => name.startsWith('option.'));
  const others = Object.entries(filters).filter(([name]) => !name.startsWith('option.'));
  return {
    ...Object.fromEntries(others),
    ...(option.length ? { option: Object.fromEntries(option.map(([name, value]) => [name.slice('option.'.length), value])) } : {}),
    ...(limit === undefined ? {} : { first: limit }),
    ...(cursor === undefined ? {} : { after: cursor }),
  };
}

// --- what went wrong

// ["input", "product", "title"] → "/title" for the body "product".
const pointer = (field, body) => {
  const path = field.slice(1);
  if (path[0] === body) path.shift();
  return path.map((part) => `/${part}`).join('');
};

// Codes of refusals that say which argument they are about. Any other code of an argument is one way for it not to be valid.
const REFUSALS = ['already_exists', 'not_found', 'out_of_stock', 'price_changed', 'coupon_invalid', 'payment_declined'];

function problemOfUser(errors, body) {
  const [first] = errors;
  const numbers = Object.fromEntries((first.numbers ?? []).map(({ name, value }) => [name, value]));
  const fields = errors.filter(({ field }) => field?.length);
  if (fields.length === 0) return { code: first.code, detail: first.message, ...numbers };
  const list = fields.map(({ field, code, message }) => ({ pointer: pointer(field, body), code, detail: message }));
  const code = REFUSALS.includes(first.code) ? first.code : 'validation_failed';
  return { code, detail: first.message, errors: list, ...numbers };
}

// A document that does not fit the schema is what a request is that is not valid; that a key is needed, the schema says too.
function problemOf([{ message, extensions = {} }]) {
  if (!extensions.code) throw new Error(`an error without a code: ${message}`);
  const { code, ...others } = extensions;
  if (message.includes('`idempotencyKey` is needed')) return { code: 'idempotency_key_required', detail: message };
  return { code: code === 'graphql_invalid' ? 'validation_failed' : code, detail: message, ...others };
}

const schemas = new Map(); // by endpoint: one program, so one schema each, whatever the shop

export class GraphqlDriver extends Driver {
  constructor(options) {
    super(options);
    this.pool = new Pool(`http://${this.address}`, { connections: 64, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS });
  }

  close() {
    this.pool.destroy().catch(() => {});
  }

  // One request as it is, and the answer as it came.
  async send(method, path, { headers = {}, body = '' } = {}) {
    const { statusCode, headers: answered, body: stream } = await this.pool.request({ method, path, headers, body });
    return { status: statusCode, headers: answered, body: await stream.text() };
  }

  async post(endpoint, document, variables, who, how = {}) {
    const headers = { 'Content-Type': 'application/json', Accept: MEDIA_TYPE, ...how.headers };
    if (who === MERCHANT) headers.Authorization = `Bearer ${this.token}`;
    const answer = await this.send('POST', endpoint, { headers, body: JSON.stringify({ query: document, variables }) });
    const type = answer.headers['content-type'] ?? '';
    if (!type.startsWith(MEDIA_TYPE)) throw new Error(`${endpoint} answered ${answer.status} with ${type}: ${answer.body}`);
    const { data, errors, extensions } = JSON.parse(answer.body);
    if (data && !extensions?.cost) throw new Error(`${endpoint} answered without its cost: ${answer.body.slice(0, 500)}`);
    return { data, errors, raw: answer };
  }

  schema(endpoint) {
    if (!schemas.has(endpoint)) {
      const query = getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, inputValueDeprecation: true });
      const asked = this.post(endpoint, query, {}, endpoint === ADMIN ? MERCHANT : null).then(({ data, errors }) => {
        if (errors) throw new Error(`introspection of ${endpoint}: ${JSON.stringify(errors)}`);
        return buildClientSchema(data);
      });
      asked.catch(() => schemas.delete(endpoint));
      schemas.set(endpoint, asked);
    }
    return schemas.get(endpoint);
  }

  // One field of a root. `within` asks for what is in it, instead of everything.
  async ask(kind, name, args, { who = null, endpoint = who === MERCHANT ? ADMIN : SHOP, how, within } = {}) {
    const schema = await this.schema(endpoint);
    const root = kind === 'mutation' ? schema.getMutationType() : schema.getQueryType();
    const field = root.getFields()[name];
    const { declared, passed, variables } = given(field, args);
    const document = `${kind} ${declared} { ${name}${passed} ${within ?? selection(field.type)} }`;
    const wrong = validate(schema, parse(document));
    const { data, errors, raw } = await this.post(endpoint, document, variables, who, how);
    const refused = errors?.every(({ extensions }) => extensions?.code === 'graphql_invalid') ?? false;
    if (wrong.length > 0 !== refused) throw new Error(`${document}: ${wrong[0]?.message ?? 'fine'}, but the shop: ${JSON.stringify(errors)}`);
    if (errors) return new Outcome({ raw, problem: problemOf(errors) });
    return new Outcome({ raw, value: told(field.type, data[name], name) });
  }

  query(name, args, options) {
    return this.ask('query', name, args, options);
  }

  // A page of a connection, as a list with a next one.
  async list(name, filters, options) {
    const outcome = await this.query(name, filtersOf(filters), options);
    if (outcome.problem) return outcome;
    const { edges, pageInfo, ...others } = outcome.value;
    if (edges.length && edges.at(-1).cursor !== pageInfo.endCursor) throw new Error(`${name}: the end is not where the page ends`);
    const next = pageInfo.hasNextPage ? () => this.list(name, { ...filters, cursor: pageInfo.endCursor }, options) : null;
    return new Outcome({ ...outcome, value: { items: edges.map(({ node }) => node), ...others }, next });
  }

  // Lists without pages are an object with items in the shop's words.
  async items(name, args, options) {
    const outcome = await this.query(name, args, options);
    return outcome.problem ? outcome : new Outcome({ ...outcome, value: { items: outcome.value } });
  }

  // A mutation. `body`: the field of the input that a REST client sends as the body; `of`: the field of the payload that is wanted.
  async deed(name, input, { who = null, how = {}, body, of } = {}) {
    const asides = { idempotencyKey: how.key, ifVersion: how.ifVersionOf?.value.version };
    const outcome = await this.ask('mutation', name, { input: { ...input, ...JSON.parse(JSON.stringify(asides)) } }, { who, how });
    if (outcome.problem) return outcome;
    const { userErrors, replayed, checkout, ...answer } = outcome.value;
    const common = { raw: outcome.raw, replayed };
    if (userErrors.length) return new Outcome({ ...common, problem: problemOfUser(userErrors, body) });
    if (checkout) return new Outcome({ ...common, value: checkout, waiting: { id: checkout.id } });
    return new Outcome({ ...common, value: of ? answer[of] : answer });
  }

  // --- catalogue

  createProduct(product, how, who = MERCHANT) {
    return who === MERCHANT
      ? this.deed('createProduct', { product }, { who, how, body: 'product', of: 'product' })
      : this.ask('mutation', 'createProduct', { input: { product } }, { endpoint: ADMIN, how });
  }
  changeProduct(id, product, how) {
    return this.deed('updateProduct', { id, product }, { who: MERCHANT, how, body: 'product', of: 'product' });
  }
  // There is no replacing: whatever is not said is taken back.
  async replaceProduct(id, product, how) {
    const patch = (await this.schema(ADMIN)).getType('ProductPatchInput');
    const nothing = Object.fromEntries(Object.keys(patch.getFields()).map((name) => [name, null]));
    return this.changeProduct(id, { ...nothing, ...product }, how);
  }
  deleteProduct(id, how) {
    return this.deed('deleteProduct', { id }, { who: MERCHANT, how });
  }
  async getProduct(idOrSlug, { fields, embed, ...options } = {}, who = null, how = {}) {
    const { type } = (await this.schema(SHOP)).getQueryType().getFields().product;
    const within = fields ? chosen(fields.split(',')) : embed && embedding(type, embed);
    const outcome = await this.query('product', { ...byKey(idOrSlug), ...options }, { who, how, within, ...this.past(options, who) });
    return outcome.problem ? outcome : new Outcome({ ...outcome, value: embedded(outcome.value, embed) });
  }
  // The past is for those who may see it, so only the administration has the argument.
  past(options, who) {
    return options?.asOf === undefined ? {} : { endpoint: ADMIN, who };
  }
  async listProducts({ embed, ...filters } = {}, who = null) {
    const product = (await this.schema(SHOP)).getType('Product');
    const within = embed && `{ edges { cursor node ${embedding(product, embed)} } pageInfo { hasNextPage endCursor } }`;
    const outcome = await this.list('products', filters, { who, within });
    for (const item of outcome.value?.items ?? []) Object.assign(item, embedded(item, embed));
    return outcome;
  }
  listVariants(product, options, who = null) {
    return this.items('variants', { product, ...options }, { who, ...this.past(options, who) });
  }
  nextPage(page) {
    return page.next();
  }
  createCategory(category) {
    return this.deed('createCategory', { category }, { who: MERCHANT, body: 'category', of: 'category' });
  }
  changeCategory(id, category, how) {
    return this.deed('updateCategory', { id, category }, { who: MERCHANT, how, body: 'category', of: 'category' });
  }
  deleteCategory(id) {
    return this.deed('deleteCategory', { id }, { who: MERCHANT });
  }
  getCategory(idOrSlug) {
    return this.query('category', byKey(idOrSlug));
  }
  listCategories(options) {
    return this.list('categories', options);
  }

  // --- prices

  setPrices(sku, prices, how) {
    return this.deed('setPrices', { sku, prices }, { who: MERCHANT, how, of: 'prices' });
  }
  getPrices(sku, options) {
    return this.query('prices', { sku, ...options }, { who: MERCHANT });
  }
  // What a product leads to, by one of its links.
  async linked(idOrSlug, link, args, { asOf } = {}, who = null) {
    const endpoint = who === MERCHANT || asOf !== undefined ? ADMIN : SHOP;
    const field = (await this.schema(endpoint)).getType('Product').getFields()[link];
    const literal = ({ name, type }) => `${name}: ${JSON.stringify(said(type, args[name]))}`;
    const passed = field.args.filter(({ name }) => args[name] !== undefined).map(literal);
    const within = `{ ${link}${passed.length ? `(${passed.join(', ')})` : ''} ${selection(field.type)} }`;
    const outcome = await this.query('product', { ...byKey(idOrSlug), asOf }, { who, endpoint, within });
    return outcome.problem ? outcome : new Outcome({ ...outcome, value: { items: outcome.value[link] } });
  }
  getPrice(idOrSlug, options = {}, who = null) {
    return this.linked(idOrSlug, 'price', options, options, who);
  }
  createPriceList(priceList) {
    return this.deed('createPriceList', { priceList }, { who: MERCHANT, body: 'priceList', of: 'priceList' });
  }
  createPromotion(promotion) {
    return this.deed('createPromotion', { promotion }, { who: MERCHANT, body: 'promotion', of: 'promotion' });
  }
  changePromotion(id, promotion) {
    return this.deed('updatePromotion', { id, promotion }, { who: MERCHANT, body: 'promotion', of: 'promotion' });
  }
  createTaxRate(taxRate) {
    return this.deed('createTaxRate', { taxRate }, { who: MERCHANT, body: 'taxRate', of: 'taxRate' });
  }
  createShippingMethod(shippingMethod) {
    return this.deed('createShippingMethod', { shippingMethod }, { who: MERCHANT, body: 'shippingMethod', of: 'shippingMethod' });
  }

  // --- stock

  getStock(sku, options) {
    return this.query('stock', { sku, ...options }, { who: MERCHANT });
  }
  listStock(filters) {
    return this.list('stockList', filters, { who: MERCHANT });
  }
  changeStock(sku, stock, how) {
    return this.deed('updateStock', { sku, stock }, { who: MERCHANT, how, body: 'stock', of: 'stock' });
  }
  adjustStock(sku, adjustment, how) {
    return this.deed('adjustStock', { sku, ...adjustment }, { who: MERCHANT, how, of: 'stock' });
  }
  getAvailability(idOrSlug, options, who = null) {
    return this.linked(idOrSlug, 'inventory', {}, options, who);
  }
  async askBySku(skus, who = null) {
    const options = { who, endpoint: who === MERCHANT ? ADMIN : SHOP };
    const ask = async (name) => (await this.query(name, { skus }, options)).wanted(name);
    return { availability: await ask('availability'), prices: await ask('pricesBySkus') };
  }
  createLocation(location) {
    return this.deed('createLocation', { location }, { who: MERCHANT, body: 'location', of: 'location' });
  }
  getLocation(id) {
    return this.query('location', { id }, { who: MERCHANT });
  }
  deleteLocation(id) {
    return this.deed('deleteLocation', { id }, { who: MERCHANT });
  }

  // --- carts

  openCart(options, how) {
    return this.deed('createCart', options, { how, of: 'cart' });
  }
  getCart(id, options, who = null) {
    return this.query('cart', { id, ...options }, { who, ...this.past(options, who) });
  }
  changeCart(id, cart, how) {
    return this.deed('updateCart', { id, cart }, { how, body: 'cart', of: 'cart' });
  }
  deleteCart(id, how) {
    return this.deed('deleteCart', { id }, { how });
  }
  addToCart(cart, line, how) {
    return this.deed('addLine', { cart, ...line }, { how, of: 'cart' });
  }
  changeLine(cart, line, quantity, how) {
    return this.deed('updateLine', { cart, line, quantity }, { how, of: 'cart' });
  }
  takeOut(cart, line, how) {
    return this.deed('deleteLine', { cart, line }, { how, of: 'cart' });
  }
  useCoupon(cart, code, how) {
    return this.deed('addCoupon', { cart, code }, { how, of: 'cart' });
  }
  dropCoupon(cart, code, how) {
    return this.deed('deleteCoupon', { cart, code }, { how, of: 'cart' });
  }
  listWaysToShip(cart) {
    return this.items('cartShippingMethods', { cart });
  }

  // --- orders

  checkOut(cart, payment, how) {
    return this.deed('placeOrder', { cart, ...payment }, { how, of: 'order' });
  }
  // waiting: what checkOut() said about where to look.
  getCheckout({ id, at }) {
    return this.query('checkout', { id: id ?? at.split('/').at(-1) });
  }
  // address: the page that the buyer was sent to, /…/payments/{id}/…?secret=…
  confirmAtBank(address, refuse) {
    const page = new URL(address, 'http://shop');
    const [, id] = page.pathname.match(/\/payments\/([^/]+)/);
    return this.deed('confirmPayment', { id, secret: page.searchParams.get('secret'), refuse });
  }
  getOrder(id, { token, ...options } = {}, who = null) {
    return this.query('order', { id, orderToken: token, ...options }, { who, ...this.past(options, who) });
  }
  listOrders(filters, who = MERCHANT) {
    return this.list('orders', filters, { who, endpoint: ADMIN });
  }
  cancelOrder(id, { token, ...body } = {}, who = null, how = {}) {
    return this.deed('cancelOrder', { id, orderToken: token, ...body }, { who, how, of: 'order' });
  }
  shipOrder(id, what = {}, how = {}) {
    return this.deed('createFulfilment', { id, ...what }, { who: MERCHANT, how, of: 'order' });
  }
  refundOrder(id, what, how) {
    return this.deed('createRefund', { id, ...what }, { who: MERCHANT, how, of: 'order' });
  }
  returnOrder(id, { token, ...body }, how) {
    return this.deed('createReturn', { id, orderToken: token, ...body }, { how, of: 'order' });
  }
  listPayments(options) {
    return this.list('payments', options, { who: MERCHANT });
  }
}
