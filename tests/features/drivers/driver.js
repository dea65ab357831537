// What steps may ask of a shop, in the shop's words. One class for each way in extends it (rest.js); steps know this one only, so that
// every text runs through every gateway.
//
// Every deed resolves to an Outcome, also when the shop refuses; only what a shop never does (a wrong shape, a broken connection)
// rejects. `who` is whoever asks: MERCHANT, or null for a shopper; a shopper's rights are in the ids and tokens that they know.
// `how` is what may be said with any deed: { key: an idempotency key, ifVersionOf: the Outcome that was read before }.

export const MERCHANT = Symbol('the merchant');

export class Outcome {
  // value: what was answered. problem: why there is none ({ code, detail, errors, … }). waiting: where to look, when it takes longer.
  constructor({ value = null, problem = null, waiting = null, replayed = false, tag = null, next = null, raw = null }) {
    Object.assign(this, { value, problem, waiting, replayed, tag, next, raw });
  }

  get code() {
    return this.problem?.code ?? (this.waiting ? 'accepted' : 'ok');
  }

  // The value, where anything else would make the rest of a scenario meaningless.
  wanted(what) {
    if (this.problem || this.waiting) {
      throw new Error(`${what}: ${this.code}: ${JSON.stringify(this.problem ?? this.waiting)}`);
    }
    return this.value;
  }
}

const DEEDS = [
  // catalogue
  'createProduct', 'changeProduct', 'replaceProduct', 'deleteProduct', 'getProduct', 'listProducts', 'listVariants', 'nextPage',
  'createCategory', 'changeCategory', 'deleteCategory', 'getCategory', 'listCategories',
  // prices
  'setPrices', 'getPrices', 'getPrice', 'createPriceList', 'createPromotion', 'changePromotion', 'createTaxRate', 'createShippingMethod',
  // stock
  'getStock', 'listStock', 'changeStock', 'adjustStock', 'getAvailability', 'createLocation', 'getLocation', 'deleteLocation', 'askBySku',
  // carts
  'openCart', 'getCart', 'changeCart', 'deleteCart', 'addToCart', 'changeLine', 'takeOut', 'useCoupon', 'dropCoupon', 'listWaysToShip',
  // orders
  'checkOut', 'getCheckout', 'confirmAtBank', 'getOrder', 'listOrders', 'cancelOrder', 'shipOrder', 'refundOrder', 'returnOrder',
  'listPayments',
];

export class Driver {
  // address: where the shop listens; token: the merchant's; contract: checks what is answered (contract.js).
  constructor({ address, token, contract }) {
    Object.assign(this, { address, token, contract });
  }

  close() {}
}

// A driver that lacks a deed says so when it is asked, not with "undefined is not a function".
for (const deed of DEEDS) {
  Driver.prototype[deed] = function missing() {
    throw new Error(`${this.constructor.name} can't ${deed} yet.`);
  };
}
