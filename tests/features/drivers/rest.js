// The shop through its REST gateway.
import http from 'node:http';
import { Driver, MERCHANT, Outcome } from './driver.js';

const PATCH_TYPE = 'application/merge-patch+json';
// Longer than the server waits before it answers 202.
const PATIENCE_MS = 30000;

const query = (parameters = {}) => {
  const text = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined)).toString();
  return text ? `?${text}` : '';
};
const at = (...segments) => `/v1/${segments.map(encodeURIComponent).join('/')}`;

export class RestDriver extends Driver {
  agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

  close() {
    this.agent.destroy();
  }

  // One request as it is, and the answer as it came: { status, headers, body }. Rejects when there is no whole answer.
  send(method, path, { headers = {}, body = '' } = {}) {
    const [host, port] = this.address.split(':');
    return new Promise((resolve, reject) => {
      const length = body || method !== 'GET' ? { 'Content-Length': Buffer.byteLength(body) } : {};
      const options = { host, port, method, path, agent: this.agent, timeout: PATIENCE_MS, headers: { ...length, ...headers } };
      const request = http.request(options, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }));
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer within ${PATIENCE_MS} ms`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  // The same, checked against the contract, and read.
  async ask(method, path, { who = null, how = {}, body } = {}) {
    const headers = { ...how.headers };
    if (who === MERCHANT) headers.Authorization = `Bearer ${this.token}`;
    if (how.key) headers['Idempotency-Key'] = how.key;
    if (how.ifVersionOf) headers['If-Match'] = how.ifVersionOf.tag;
    if (how.ifNoneMatch) headers['If-None-Match'] = how.ifNoneMatch.tag;
    if (body !== undefined) headers['Content-Type'] = method === 'PATCH' ? PATCH_TYPE : 'application/json';
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await this.send(method, path, { headers, body: text });
    return this.read(method, path, answer);
  }

  read(method, path, answer) {
    const { status, headers, body } = answer;
    const type = headers['content-type'] ?? '';
    this.contract?.check({ method, path: path.split('?')[0], status, type, body, sparse: /[?&]fields=/.test(path) });
    const parsed = body && /json/.test(type) ? JSON.parse(body) : null;
    const common = { raw: answer, tag: headers.etag ?? null, replayed: headers['idempotent-replayed'] === 'true' };
    if (status === 202) return new Outcome({ ...common, value: parsed, waiting: { at: headers.location } });
    if (status >= 400) {
      if (!type.startsWith('application/problem+json') || parsed?.status !== status || !parsed.code) {
        throw new Error(`${method} ${path} answered ${status} without a proper problem: ${type}: ${body}`);
      }
      return new Outcome({ ...common, problem: parsed });
    }
    return new Outcome({ ...common, value: parsed, next: parsed?._links?.next?.href ?? null });
  }

  // --- catalogue

  createProduct(product, how, who = MERCHANT) {
    return this.ask('POST', at('products'), { who, body: product, how });
  }
  changeProduct(id, change, how) {
    return this.ask('PATCH', at('products', id), { who: MERCHANT, body: change, how });
  }
  replaceProduct(id, product, how) {
    return this.ask('PUT', at('products', id), { who: MERCHANT, body: product, how });
  }
  deleteProduct(id, how) {
    return this.ask('DELETE', at('products', id), { who: MERCHANT, how });
  }
  getProduct(idOrSlug, options, who = null, how = {}) {
    return this.ask('GET', at('products', idOrSlug) + query(options), { who, how });
  }
  listProducts(filters, who = null) {
    return this.ask('GET', at('products') + query(filters), { who });
  }
  listVariants(idOrSlug, options, who = null) {
    return this.ask('GET', at('products', idOrSlug, 'variants') + query(options), { who });
  }
  nextPage(page, who = null) {
    return this.ask('GET', page.next, { who });
  }
  createCategory(category) {
    return this.ask('POST', at('categories'), { who: MERCHANT, body: category });
  }
  changeCategory(id, change, how) {
    return this.ask('PATCH', at('categories', id), { who: MERCHANT, body: change, how });
  }
  deleteCategory(id) {
    return this.ask('DELETE', at('categories', id), { who: MERCHANT });
  }
  getCategory(idOrSlug) {
    return this.ask('GET', at('categories', idOrSlug));
  }
  listCategories(options) {
    return this.ask('GET', at('categories') + query(options));
  }

  // --- prices

  setPrices(sku, prices, how) {
    return this.ask('PUT', at('prices', sku), { who: MERCHANT, body: { prices }, how });
  }
  getPrices(sku, options) {
    return this.ask('GET', at('prices', sku) + query(options), { who: MERCHANT });
  }
  getPrice(idOrSlug, options, who = null) {
    return this.ask('GET', at('products', idOrSlug, 'price') + query(options), { who });
  }
  createPriceList(list) {
    return this.ask('POST', at('price-lists'), { who: MERCHANT, body: list });
  }
  createPromotion(promotion) {
    return this.ask('POST', at('promotions'), { who: MERCHANT, body: promotion });
  }
  changePromotion(id, change) {
    return this.ask('PATCH', at('promotions', id), { who: MERCHANT, body: change });
  }
  createTaxRate(rate) {
    return this.ask('POST', at('tax-rates'), { who: MERCHANT, body: rate });
  }
  createShippingMethod(method) {
    return this.ask('POST', at('shipping-methods'), { who: MERCHANT, body: method });
  }

  // --- stock

  getStock(sku, options) {
    return this.ask('GET', at('inventory', sku) + query(options), { who: MERCHANT });
  }
  listStock(filters) {
    return this.ask('GET', at('inventory') + query(filters), { who: MERCHANT });
  }
  changeStock(sku, change, how) {
    return this.ask('PATCH', at('inventory', sku), { who: MERCHANT, body: change, how });
  }
  adjustStock(sku, adjustment, how) {
    return this.ask('POST', at('inventory', sku, 'adjustments'), { who: MERCHANT, body: adjustment, how });
  }
  getAvailability(idOrSlug, options, who = null) {
    return this.ask('GET', at('products', idOrSlug, 'inventory') + query(options), { who });
  }
  createLocation(location) {
    return this.ask('POST', at('locations'), { who: MERCHANT, body: location });
  }
  getLocation(id) {
    return this.ask('GET', at('locations', id), { who: MERCHANT });
  }
  deleteLocation(id) {
    return this.ask('DELETE', at('locations', id), { who: MERCHANT });
  }

  // What is known of SKUs by themselves: [{ sku }] that can be bought, and that have a price. No address of REST's says so: whoever is curious asks GraphQL.
  async askBySku(skus, who = null) {
    const headers = { 'Content-Type': 'application/json', ...(who === MERCHANT ? { Authorization: `Bearer ${this.token}` } : {}) };
    const query = 'query ($skus: [String!]!) { availability(skus: $skus) { sku } pricesBySkus(skus: $skus) { sku } }';
    const { body } = await this.send('POST', who === MERCHANT ? '/admin/graphql' : '/graphql', { headers, body: JSON.stringify({ query, variables: { skus } }) });
    const { data } = JSON.parse(body);
    return { availability: data.availability, prices: data.pricesBySkus };
  }

  // --- carts

  openCart(options, how) {
    return this.ask('POST', at('carts'), { body: options, how });
  }
  getCart(id, options, who = null) {
    return this.ask('GET', at('carts', id) + query(options), { who });
  }
  changeCart(id, change, how) {
    return this.ask('PATCH', at('carts', id), { body: change, how });
  }
  deleteCart(id, how) {
    return this.ask('DELETE', at('carts', id), { how });
  }
  addToCart(id, line, how) {
    return this.ask('POST', at('carts', id, 'lines'), { body: line, how });
  }
  changeLine(id, line, quantity, how) {
    return this.ask('PATCH', at('carts', id, 'lines', line), { body: { quantity }, how });
  }
  takeOut(id, line, how) {
    return this.ask('DELETE', at('carts', id, 'lines', line), { how });
  }
  useCoupon(id, code, how) {
    return this.ask('POST', at('carts', id, 'coupons'), { body: { code }, how });
  }
  dropCoupon(id, code, how) {
    return this.ask('DELETE', at('carts', id, 'coupons', code), { how });
  }
  listWaysToShip(id) {
    return this.ask('GET', at('carts', id, 'shipping-methods'));
  }

  // --- orders

  checkOut(id, payment, how) {
    return this.ask('POST', at('carts', id, 'checkout'), { body: payment, how });
  }
  // waiting: what checkOut() said about where to look.
  getCheckout(waiting) {
    return this.ask('GET', waiting.at);
  }
  // address: the page that the buyer was sent to.
  confirmAtBank(address, refuse) {
    const page = new URL(address, 'http://shop');
    return this.ask('POST', page.pathname, { body: { secret: page.searchParams.get('secret'), refuse } });
  }
  getOrder(id, { token, ...options } = {}, who = null) {
    return this.ask('GET', at('orders', id) + query({ orderToken: token, ...options }), { who });
  }
  listOrders(filters, who = MERCHANT) {
    return this.ask('GET', at('orders') + query(filters), { who });
  }
  cancelOrder(id, { token, ...body } = {}, who = null, how = {}) {
    return this.ask('POST', at('orders', id, 'cancel') + query({ orderToken: token }), { who, body, how });
  }
  shipOrder(id, what = {}, how = {}) {
    return this.ask('POST', at('orders', id, 'fulfilments'), { who: MERCHANT, body: what, how });
  }
  refundOrder(id, what, how) {
    return this.ask('POST', at('orders', id, 'refunds'), { who: MERCHANT, body: what, how });
  }
  returnOrder(id, { token, ...body }, how) {
    return this.ask('POST', at('orders', id, 'returns') + query({ orderToken: token }), { body, how });
  }
  listPayments(options) {
    return this.ask('GET', at('payments') + query(options), { who: MERCHANT });
  }
}
