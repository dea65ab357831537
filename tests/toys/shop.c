/*
 * The shop.
 */
#include "toys/shop.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/rpc/message.h"
#include "services/cart/cart.h"
#include "services/checkout/checkout.h"

#include "souk/catalog/v1/catalog.souk.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/order/v1/order.souk.h"
#include "souk/payment/v1/payment.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHIPPING 500
#define COUPON "TEN"
#define COUPON_OFF 1000

static const struct sku {
    const char *sku, *title;
    bool pessimistic, digital;
} skus[SKU_COUNT] = {
    [SHIRT] = {"shirt", "Shirt", false, false},
    [WATCH] = {"watch", "Watch", true, false},
    [EBOOK] = {"e-book", "E-book", false, true},
};

static int sku_of(const char *sku)
{
    for (int i = 0; i < SKU_COUNT; i++)
        if (strcmp(skus[i].sku, sku) == 0)
            return i;
    return -1;
}

static struct books *books_of(const struct stand *stand)
{
    return &((struct counter *)stand->data)->books;
}

static Common__Money *money(struct arena *arena, int64_t amount)
{
    Common__Money *money = ARENA_NEW(arena, Common__Money);
    common__money__init(money);
    money->amount = amount;
    money->currency = "EUR";
    return money;
}

/* --- catalogue ------------------------------------------------------------------------------------------------------- */

static enum result serve_catalog(struct stand *stand, unsigned method, struct call *call, const ProtobufCMessage *data,
                                 ProtobufCMessage *answer)
{
    const struct books *books = books_of(stand);
    ASSERT(method == catalog__catalog_service__batch_get_variants__method.index);
    const Catalog__BatchGetVariantsRequest *request = (const Catalog__BatchGetVariantsRequest *)data;
    Catalog__BatchGetVariantsResponse *response = (Catalog__BatchGetVariantsResponse *)answer;
    response->items = ARENA_ARRAY(call->arena, Catalog__SellableVariant *, request->n_skus);
    for (size_t i = 0; i < request->n_skus; i++) {
        int sku = sku_of(request->skus[i]);
        if (sku < 0 || books->withdrawn[sku])
            continue;
        Catalog__SellableVariant *item = ARENA_NEW(call->arena, Catalog__SellableVariant);
        catalog__sellable_variant__init(item);
        item->sku = skus[sku].sku;
        item->product_id = skus[sku].sku;
        item->title = skus[sku].title;
        item->digital = skus[sku].digital;
        response->items[response->n_items++] = item;
    }
    return RESULT_OK;
}

/* --- pricing --------------------------------------------------------------------------------------------------------- */

static void quote_lines(const struct books *books, struct arena *arena, const Pricing__QuoteCartRequest *request,
                        Pricing__Quote *quote)
{
    quote->lines = ARENA_ARRAY(arena, Pricing__QuotedLine *, request->n_lines);
    for (size_t i = 0; i < request->n_lines; i++) {
        int64_t price = books->prices[sku_of(request->lines[i]->sku)];
        Pricing__QuotedLine *line = ARENA_NEW(arena, Pricing__QuotedLine);
        pricing__quoted_line__init(line);
        line->id = request->lines[i]->id;
        line->not_priced = price == 0 || strcmp(request->currency, "EUR") != 0;
        line->unit_price = line->not_priced ? 0 : price;
        line->total = line->unit_price * request->lines[i]->quantity;
        quote->subtotal += line->total;
        quote->needs_shipping = quote->needs_shipping || (books->ships && !request->lines[i]->digital);
        quote->lines[quote->n_lines++] = line;
    }
}

static void quote_coupons(const struct books *books, struct arena *arena, const Pricing__QuoteCartRequest *request, Pricing__Quote *quote)
{
    quote->coupons = ARENA_ARRAY(arena, Pricing__QuotedCoupon *, request->n_coupons);
    for (size_t i = 0; i < request->n_coupons; i++) {
        Pricing__QuotedCoupon *coupon = ARENA_NEW(arena, Pricing__QuotedCoupon);
        pricing__quoted_coupon__init(coupon);
        coupon->code = request->coupons[i];
        coupon->applied = strcasecmp(coupon->code, COUPON) == 0 && quote->subtotal >= COUPON_OFF && !books->coupons_used_up;
        coupon->discount = coupon->applied ? COUPON_OFF : 0;
        coupon->reason = coupon->applied ? "" : "That coupon takes nothing off here.";
        quote->discount += coupon->discount;
        quote->coupons[quote->n_coupons++] = coupon;
    }
}

static void quote(const struct books *books, struct arena *arena, const Pricing__QuoteCartRequest *request,
                  Pricing__Quote *quote)
{
    quote->currency = request->currency;
    quote_lines(books, arena, request, quote);
    quote_coupons(books, arena, request, quote);
    bool goes_there = request->shipping_address != NULL && strcmp(request->shipping_address->country, "DE") == 0 &&
                      strcmp(request->shipping_method, "standard") == 0;
    if (quote->needs_shipping && goes_there) {
        quote->shipping = SHIPPING;
        quote->shipping_method_name = "Standard";
    }
    quote->total = quote->subtotal - quote->discount + quote->shipping;
}

static enum result get_shipping_method(struct call *call, const Pricing__GetShippingMethodRequest *request,
                                       Pricing__ShippingMethod *answer)
{
    if (strcmp(request->id, "standard") != 0 && strcmp(request->id, "balloon") != 0)
        return call_refuse(call, RESULT_NOT_FOUND, "There is no such shipping method.");
    answer->id = request->id;
    answer->name = "Standard";
    return RESULT_OK;
}

static enum result serve_pricing(struct stand *stand, unsigned method, struct call *call, const ProtobufCMessage *request,
                                 ProtobufCMessage *answer)
{
    struct books *books = books_of(stand);
    if (method == pricing__pricing_service__quote_cart__method.index)
        quote(books, call->arena, (const Pricing__QuoteCartRequest *)request, (Pricing__Quote *)answer);
    else if (method == pricing__pricing_service__get_shipping_method__method.index)
        return get_shipping_method(call, (const Pricing__GetShippingMethodRequest *)request, (Pricing__ShippingMethod *)answer);
    else if (method == pricing__pricing_service__redeem_coupons__method.index)
        books->redeemed++;
    else if (method == pricing__pricing_service__return_coupons__method.index)
        books->returned = books->redeemed;
    else
        ASSERT(!"a method of pricing that cart and checkout call");
    return RESULT_OK;
}

/* --- inventory ------------------------------------------------------------------------------------------------------- */

int64_t shop_reserved(const struct shop *shop, int sku)
{
    const struct books *books = &shop->counter->books;
    int64_t sum = 0;
    for (unsigned i = 0; i < books->reservation_count; i++)
        sum += books->reservations[i].held[sku];
    return sum;
}

int64_t shop_allocated(const struct shop *shop, int sku)
{
    const struct books *books = &shop->counter->books;
    int64_t sum = 0;
    for (unsigned i = 0; i < books->allocation_count; i++)
        sum += books->allocations[i].allocated[sku];
    return sum;
}

int64_t shop_held_by(const struct shop *shop, const char *reservation_id, int sku)
{
    const struct books *books = &shop->counter->books;
    for (unsigned i = 0; i < books->reservation_count; i++)
        if (strcmp(books->reservations[i].id, reservation_id) == 0)
            return books->reservations[i].held[sku];
    return 0;
}

static struct reservation *reservation_of(struct books *books, const char *id)
{
    for (unsigned i = 0; i < books->reservation_count; i++)
        if (strcmp(books->reservations[i].id, id) == 0)
            return &books->reservations[i];
    ASSERT(books->reservation_count < BOOKED_MAX);
    struct reservation *reservation = &books->reservations[books->reservation_count++];
    *reservation = (struct reservation){0};
    snprintf(reservation->id, sizeof reservation->id, "%s", id);
    return reservation;
}

static int64_t available(const struct books *books, int sku)
{
    int64_t left = books->stock[sku];
    for (unsigned i = 0; i < books->reservation_count; i++)
        left -= books->reservations[i].held[sku];
    for (unsigned i = 0; i < books->allocation_count; i++)
        left -= books->allocations[i].allocated[sku];
    return left;
}

static void batch_get_availability(const struct books *books, struct arena *arena,
                                   const Inventory__BatchGetAvailabilityRequest *request,
                                   Inventory__BatchGetAvailabilityResponse *response)
{
    response->items = ARENA_ARRAY(arena, Inventory__Availability *, request->n_skus);
    for (size_t i = 0; i < request->n_skus; i++) {
        int sku = sku_of(request->skus[i]);
        Inventory__Availability *item = ARENA_NEW(arena, Inventory__Availability);
        inventory__availability__init(item);
        item->sku = skus[sku].sku;
        item->available = item->sellable = available(books, sku);
        item->in_stock = item->sellable > 0;
        item->reserves_in_cart = skus[sku].pessimistic;
        response->items[response->n_items++] = item;
    }
}

static void wanted_of(Inventory__StockLine *const *lines, size_t count, bool only_pessimistic, int64_t wanted[SKU_COUNT])
{
    for (size_t i = 0; i < count; i++) {
        int sku = sku_of(lines[i]->sku);
        if (!only_pessimistic || skus[sku].pessimistic)
            wanted[sku] += lines[i]->quantity;
    }
}

static enum result refuse_short(struct call *call, int64_t left)
{
    call_problem_number(call, "available", left);
    return call_refuse(call, RESULT_OUT_OF_STOCK, NULL);
}

static enum result reserve(struct books *books, struct call *call, const Inventory__ReserveRequest *request,
                           Inventory__Reservation *answer)
{
    int64_t wanted[SKU_COUNT] = {0};
    wanted_of(request->lines, request->n_lines, request->only_pessimistic, wanted);
    struct reservation *mine = reservation_of(books, request->reservation_id);
    struct reservation none = {0};
    struct reservation *taken = *request->takes_over ? reservation_of(books, request->takes_over) : &none;
    for (int sku = 0; sku < SKU_COUNT; sku++) {
        int64_t left = available(books, sku) + mine->held[sku] + taken->held[sku];
        if (wanted[sku] > left)
            return refuse_short(call, left);
    }
    memset(taken->held, 0, sizeof taken->held);
    answer->id = request->reservation_id;
    answer->lines = ARENA_ARRAY(call->arena, Inventory__StockLine *, SKU_COUNT);
    for (int sku = 0; sku < SKU_COUNT; sku++) {
        mine->held[sku] = wanted[sku];
        if (wanted[sku] == 0)
            continue;
        Inventory__StockLine *line = ARENA_NEW(call->arena, Inventory__StockLine);
        inventory__stock_line__init(line);
        line->sku = skus[sku].sku;
        line->quantity = wanted[sku];
        answer->lines[answer->n_lines++] = line;
    }
    if (answer->n_lines > 0) {
        answer->expires_at = ARENA_NEW(call->arena, Google__Protobuf__Timestamp);
        google__protobuf__timestamp__init(answer->expires_at);
        answer->expires_at->seconds = env_now_us(call->home->env) / 1000000 + 900;
    }
    return RESULT_OK;
}

static enum result allocate(struct books *books, struct call *call, const Inventory__AllocateRequest *request)
{
    int64_t wanted[SKU_COUNT] = {0};
    wanted_of(request->lines, request->n_lines, false, wanted);
    struct reservation *mine = reservation_of(books, request->reservation_id);
    for (int sku = 0; sku < SKU_COUNT; sku++) {
        int64_t left = available(books, sku) + mine->held[sku];
        if (wanted[sku] > left)
            return refuse_short(call, left);
    }
    memset(mine->held, 0, sizeof mine->held);
    ASSERT(books->allocation_count < BOOKED_MAX);
    struct allocation *allocation = &books->allocations[books->allocation_count++];
    snprintf(allocation->order_id, sizeof allocation->order_id, "%s", request->order_id);
    memcpy(allocation->allocated, wanted, sizeof wanted);
    return RESULT_OK;
}

static void deallocate(struct books *books, const char *order_id)
{
    for (unsigned i = 0; i < books->allocation_count; i++)
        if (strcmp(books->allocations[i].order_id, order_id) == 0)
            memset(books->allocations[i].allocated, 0, sizeof books->allocations[i].allocated);
}

static enum result serve_inventory(struct stand *stand, unsigned method, struct call *call, const ProtobufCMessage *request,
                                   ProtobufCMessage *answer)
{
    struct books *books = books_of(stand);
    if (method == inventory__inventory_service__batch_get_availability__method.index)
        batch_get_availability(books, call->arena, (const Inventory__BatchGetAvailabilityRequest *)request,
                               (Inventory__BatchGetAvailabilityResponse *)answer);
    else if (method == inventory__inventory_service__reserve__method.index)
        return reserve(books, call, (const Inventory__ReserveRequest *)request, (Inventory__Reservation *)answer);
    else if (method == inventory__inventory_service__allocate__method.index)
        return allocate(books, call, (const Inventory__AllocateRequest *)request);
    else if (method == inventory__inventory_service__deallocate__method.index)
        deallocate(books, ((const Inventory__DeallocateRequest *)request)->order_id);
    else if (method == inventory__inventory_service__release__method.index)
        memset(reservation_of(books, ((const Inventory__ReleaseRequest *)request)->reservation_id)->held, 0,
               sizeof(int64_t) * SKU_COUNT);
    else
        ASSERT(!"a method of inventory that cart and checkout call");
    return RESULT_OK;
}

/* --- payment --------------------------------------------------------------------------------------------------------- */

#define PAID(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name

static struct paid *paid_find(struct books *books, const char *id)
{
    for (unsigned i = 0; i < books->payment_count; i++)
        if (strcmp(books->payments[i].id, id) == 0)
            return &books->payments[i];
    return NULL;
}

static struct paid *paid_new(struct books *books, const char *id, Payment__PaymentStatus status, int64_t amount)
{
    ASSERT(books->payment_count < BOOKED_MAX);
    struct paid *paid = &books->payments[books->payment_count++];
    *paid = (struct paid){.status = status, .amount = amount};
    snprintf(paid->id, sizeof paid->id, "%s", id);
    paid->authorised = status == PAID(AUTHORIZED);
    return paid;
}

static void show_payment(struct arena *arena, const struct paid *paid, Payment__Payment *answer)
{
    bool is_promised = paid->status == PAID(AUTHORIZED) || paid->status == PAID(CAPTURED);
    answer->id = arena_strdup(arena, paid->id);
    answer->status = paid->status;
    answer->provider = "stand";
    answer->authorized = money(arena, is_promised ? paid->amount : 0);
    answer->captured = money(arena, paid->status == PAID(CAPTURED) ? paid->amount : 0);
    answer->refunded = money(arena, 0);
    if (paid->status == PAID(REQUIRES_ACTION))
        answer->next_action_url = "https://bank.example/";
}

static enum result authorize(struct books *books, struct call *call, const Payment__AuthorizeRequest *request,
                             Payment__Payment *answer)
{
    struct paid *paid = paid_find(books, request->id);
    if (paid == NULL)
        paid = paid_new(books, request->id, books->next_status, request->amount->amount);
    else if (paid->status == PAID(REQUIRES_ACTION) && books->next_status == PAID(AUTHORIZED))
        paid->status = PAID(AUTHORIZED), paid->authorised++;
    else if (paid->status == PAID(REQUIRES_ACTION) || paid->status == PAID(AUTHORIZING))
        paid->status = books->next_status;
    if (paid->status == PAID(DECLINED))
        return call_refuse(call, RESULT_PAYMENT_DECLINED, "The bank declined the payment.");
    show_payment(call->arena, paid, answer);
    return RESULT_OK;
}

static void void_payment(struct books *books, struct call *call, const char *id, Payment__Payment *answer)
{
    struct paid *paid = paid_find(books, id);
    if (paid == NULL)
        paid = paid_new(books, id, PAID(VOIDED), 0);
    else if (paid->status != PAID(VOIDED) && paid->status != PAID(DECLINED))
        paid->status = PAID(VOIDED), paid->voided++;
    show_payment(call->arena, paid, answer);
}

static enum result capture(struct books *books, struct call *call, const char *id, Payment__Payment *answer)
{
    struct paid *paid = paid_find(books, id);
    if (paid == NULL || (paid->status != PAID(AUTHORIZED) && paid->status != PAID(CAPTURED)))
        return call_refuse(call, RESULT_STATE_FORBIDS, "Nothing is authorised that could be taken.");
    if (paid->status == PAID(AUTHORIZED))
        paid->status = PAID(CAPTURED), paid->captured++;
    show_payment(call->arena, paid, answer);
    return RESULT_OK;
}

static enum result serve_payment(struct stand *stand, unsigned method, struct call *call, const ProtobufCMessage *request,
                                 ProtobufCMessage *answer)
{
    struct books *books = books_of(stand);
    Payment__Payment *payment = (Payment__Payment *)answer;
    if (method == payment__payment_service__authorize__method.index)
        return authorize(books, call, (const Payment__AuthorizeRequest *)request, payment);
    if (method == payment__payment_service__capture__method.index)
        return capture(books, call, ((const Payment__CaptureRequest *)request)->id, payment);
    ASSERT(method == payment__payment_service__void_authorization__method.index);
    void_payment(books, call, ((const Payment__VoidAuthorizationRequest *)request)->id, payment);
    return RESULT_OK;
}

/* --- order ----------------------------------------------------------------------------------------------------------- */

static struct ordered *ordered_find(struct books *books, const char *id, const char *checkout_id)
{
    for (unsigned i = 0; i < books->order_count; i++)
        if (strcmp(books->orders[i].id, id) == 0 || strcmp(books->orders[i].checkout_id, checkout_id) == 0)
            return &books->orders[i];
    return NULL;
}

static void keep_order(struct ordered *ordered, const Order__Order *order)
{
    free(ordered->packed);
    ordered->length = order__order__get_packed_size(order);
    ordered->packed = malloc(ordered->length + 1);
    ASSERT(ordered->packed != NULL);
    order__order__pack(order, ordered->packed);
}

static void show_order(const struct ordered *ordered, struct arena *arena, Order__Order *answer)
{
    *answer = *(const Order__Order *)message_unpack(arena, &order__order__descriptor,
                                                    (struct text){ordered->packed, ordered->length});
}

static struct ordered *record(struct books *books, const Order__RecordOrderRequest *request)
{
    struct ordered *ordered = ordered_find(books, request->order->id, request->checkout_id);
    if (ordered != NULL)
        return ordered;
    ASSERT(books->order_count < BOOKED_MAX);
    ordered = &books->orders[books->order_count++];
    *ordered = (struct ordered){0};
    snprintf(ordered->id, sizeof ordered->id, "%s", request->order->id);
    snprintf(ordered->checkout_id, sizeof ordered->checkout_id, "%s", request->checkout_id);
    Order__Order order = *request->order;
    order.status = ORDER__ORDER_STATUS__ORDER_STATUS_PLACED;
    order.order_token = "";
    keep_order(ordered, &order);
    return ordered;
}

static void record_payment(struct ordered *ordered, struct call *call, Order__OrderPayment *payment)
{
    Order__Order order;
    show_order(ordered, call->arena, &order);
    order.payments = ARENA_ARRAY(call->arena, Order__OrderPayment *, 1);
    order.payments[0] = payment;
    order.n_payments = 1;
    keep_order(ordered, &order);
}

/* What the real one does: stock and money go back. */
static void cancel(struct counter *counter, struct ordered *ordered, struct call *call)
{
    Order__Order order;
    Payment__Payment payment = PAYMENT__PAYMENT__INIT;
    show_order(ordered, call->arena, &order);
    deallocate(&counter->books, order.id);
    if (order.n_payments > 0)
        void_payment(&counter->books, call, order.payments[0]->id, &payment);
    order.status = ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLED;
    keep_order(ordered, &order);
    ordered->cancelled = true;
}

static enum result serve_order(struct stand *stand, unsigned method, struct call *call, const ProtobufCMessage *request,
                               ProtobufCMessage *answer)
{
    struct books *books = books_of(stand);
    struct ordered *ordered;
    if (method == order__order_service__record_order__method.index) {
        ordered = record(books, (const Order__RecordOrderRequest *)request);
    } else if (method == order__order_service__record_payment__method.index) {
        const Order__RecordPaymentRequest *recorded = (const Order__RecordPaymentRequest *)request;
        ordered = ordered_find(books, recorded->id, "?");
        record_payment(ordered, call, recorded->payment);
    } else if (method == order__order_service__cancel_order__method.index) {
        ordered = ordered_find(books, ((const Order__CancelOrderRequest *)request)->id, "?");
        cancel(stand->data, ordered, call);
    } else {
        ASSERT(method == order__order_service__get_order__method.index);
        ordered = ordered_find(books, ((const Order__GetOrderRequest *)request)->id, "?");
    }
    show_order(ordered, call->arena, (Order__Order *)answer);
    return RESULT_OK;
}

/* --- opening and closing ------------------------------------------------------------------------------------------------ */

static struct counter *counter_new(void)
{
    struct counter *counter = calloc(1, sizeof *counter);
    ASSERT(counter != NULL);
    stand_init(&counter->catalog, &catalog__catalog_service__descriptor, serve_catalog, counter);
    stand_init(&counter->pricing, &pricing__pricing_service__descriptor, serve_pricing, counter);
    stand_init(&counter->inventory, &inventory__inventory_service__descriptor, serve_inventory, counter);
    stand_init(&counter->order, &order__order_service__descriptor, serve_order, counter);
    stand_init(&counter->payment, &payment__payment_service__descriptor, serve_payment, counter);
    counter->books = (struct books){
        .prices = {2000, 25000, 800},
        .stock = {10, 2, 1000},
        .next_status = PAID(AUTHORIZED),
    };
    return counter;
}

static void counter_free(struct counter *counter)
{
    stand_release(&counter->catalog);
    stand_release(&counter->pricing);
    stand_release(&counter->inventory);
    stand_release(&counter->order);
    stand_release(&counter->payment);
    for (unsigned i = 0; i < counter->books.order_count; i++)
        free(counter->books.orders[i].packed);
    free(counter);
}

static struct host *start(struct shop *shop, const struct service *service)
{
    struct stall *stall = &shop->stall;
    const struct host_options options = {
        .env = stall->env,
        .store_url = stall->url,
        .directory = stall->directory,
        .bus = stall->bus,
        .loop = stall->loop,
        .readers = stall->readers,
    };
    char error[512];
    struct host *host = host_start(service, &options, error);
    if (host == NULL)
        fprintf(stderr, "%s\n", error);
    ASSERT(host != NULL);
    return host;
}

static void put_up(struct shop *shop)
{
    struct stall *stall = &shop->stall;
    log_setup(LOG_LEVEL_ERROR + 1, 1); /* the stuck sagas of these tests are on purpose */
    snprintf(stall->url, sizeof stall->url, "sqlite:%s", stall->folder);
    stall->bus = bus_embedded_new(stall->env);
    stall->directory = directory_new();
    stall->readers = readers_start(stall->env, 2);
    directory_add(stall->directory, "catalog", &shop->counter->catalog.base);
    directory_add(stall->directory, "pricing", &shop->counter->pricing.base);
    directory_add(stall->directory, "inventory", &shop->counter->inventory.base);
    directory_add(stall->directory, "order", &shop->counter->order.base);
    directory_add(stall->directory, "payment", &shop->counter->payment.base);
    shop->cart = start(shop, &cart_service);
    shop->checkout = start(shop, &checkout_service);
}

static struct shop *shop_new(uint64_t seed, struct counter *counter)
{
    struct shop *shop = calloc(1, sizeof *shop);
    ASSERT(shop != NULL);
    shop->counter = counter;
    shop->arena = arena_new(LIMIT_CALL_ARENA);
    shop->stall.world = world_new(seed);
    shop->stall.env = world_env(shop->stall.world);
    shop->stall.loop = world_loop_new(shop->stall.world);
    return shop;
}

struct shop *shop_open(uint64_t seed)
{
    struct shop *shop = shop_new(seed, counter_new());
    folder_new(shop->stall.folder, NULL);
    put_up(shop);
    return shop;
}

struct drained {
    struct task task;
    bool done;
};

static void on_drained(struct task *task)
{
    ((struct drained *)task)->done = true;
}

static void drain(struct shop *shop, struct host *host)
{
    struct drained drained = {.task = {.run = on_drained}};
    host_drain(host, shop->stall.loop, &drained.task);
    ASSERT(world_run_until(shop->stall.world, &drained.done, INT64_C(3600000000)));
}

static void take_down(struct shop *shop)
{
    drain(shop, shop->checkout);
    drain(shop, shop->cart);
    readers_stop(shop->stall.readers);
    host_stop(shop->checkout);
    host_stop(shop->cart);
    readers_free(shop->stall.readers);
    directory_free(shop->stall.directory);
    bus_free(shop->stall.bus);
}

void shop_reopen(struct shop *shop)
{
    take_down(shop);
    put_up(shop);
}

void shop_close(struct shop *shop)
{
    take_down(shop);
    folder_remove(shop->stall.folder);
    world_free(shop->stall.world);
    counter_free(shop->counter);
    arena_free(shop->arena);
    free(shop);
}

struct shop *shop_crash(struct shop *shop, uint64_t seed)
{
    static struct shop *crashed[4096]; /* reachable, so no leak */
    static size_t crashed_count;
    ASSERT(crashed_count < sizeof crashed / sizeof *crashed);
    crashed[crashed_count++] = shop;

    struct shop *next = shop_new(seed, shop->counter);
    folder_new(next->stall.folder, shop->stall.folder);
    folder_remove(shop->stall.folder);
    world_forget(shop->stall.world);
    /* The clock goes on from where it was. */
    world_run_for(next->stall.world, env_now_us(shop->stall.env) - env_now_us(next->stall.env) + 1000);
    put_up(next);
    return next;
}

/* --- shoppers ------------------------------------------------------------------------------------------------------------ */

enum result shop_call(struct shop *shop, const struct method_declaration *method, const ProtobufCMessage *request,
                      const char *key, ProtobufCMessage *answer)
{
    struct asked *asked = ask(&shop->stall);
    if (key != NULL)
        asked->call->idempotency_key = key;
    enum result result = asked_wait(asked, method, request);
    if (result == RESULT_OK && answer != NULL) {
        const ProtobufCMessage *copy =
            message_unpack(shop->arena, answer->descriptor, message_pack(shop->arena, asked->answer));
        memcpy(answer, copy, answer->descriptor->sizeof_message);
    }
    asked_free(asked);
    return result;
}

const char *shop_cart(struct shop *shop)
{
    Cart__CreateCartRequest request = CART__CREATE_CART_REQUEST__INIT;
    Cart__Cart cart = CART__CART__INIT;
    request.currency = "EUR";
    ASSERT(shop_call(shop, &cart__cart_service__create_cart__method, &request.base, NULL, &cart.base) == RESULT_OK);
    return cart.id;
}

enum result shop_add(struct shop *shop, const char *cart_id, const char *sku, int64_t quantity, Cart__Cart *cart)
{
    Cart__AddLineRequest request = CART__ADD_LINE_REQUEST__INIT;
    request.cart = cart_id;
    request.sku = sku;
    request.quantity = quantity;
    return shop_call(shop, &cart__cart_service__add_line__method, &request.base, NULL, cart != NULL ? &cart->base : NULL);
}

enum result shop_get(struct shop *shop, const char *cart_id, Cart__Cart *cart)
{
    Cart__GetCartRequest request = CART__GET_CART_REQUEST__INIT;
    request.cart = cart_id;
    return shop_call(shop, &cart__cart_service__get_cart__method, &request.base, NULL, cart != NULL ? &cart->base : NULL);
}

struct asked *shop_check_out(struct shop *shop, const char *cart_id, const char *key)
{
    Checkout__PlaceOrderRequest *request = ARENA_NEW(shop->arena, Checkout__PlaceOrderRequest);
    checkout__place_order_request__init(request);
    request->cart = cart_id;
    request->payment_token = "pm_card_visa";
    struct asked *asked = ask(&shop->stall);
    asked->call->idempotency_key = key;
    asked_send(asked, &checkout__checkout_service__place_order__method, &request->base);
    return asked;
}
