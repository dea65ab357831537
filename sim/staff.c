/*
 * Staff: one deed after the other, mostly; now and then with both hands at once on the same order.
 */
#include "sim/clients_internal.h"

#include "souk/catalog/v1/catalog.souk.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/order/v1/order.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

/* The SKU that comes and goes with imports. */
#define IMPORTED_SKU "PIN"

static void staff_go_on(void *data);

static void rest(struct clients *clients)
{
    world_after(clients->loop, clients->hurry ? 1000 : random_between(chance(clients), 1000, 2 * clients->temper.think_us_max),
                staff_go_on, clients);
}

void staff_begin(struct clients *clients)
{
    world_after(clients->loop, random_between(chance(clients), 1000, 2000), staff_go_on, clients);
}

/* --- what is answered --- */

static void learn(struct clients *clients, const struct reply *reply)
{
    if (!reply->answer || reply->location)
        return;
    if (reply->answer->descriptor == &order__order__descriptor)
        clients_learn(clients, (const Order__Order *)reply->answer);
    if (reply->answer->descriptor != &order__list_orders_response__descriptor)
        return;
    const Order__ListOrdersResponse *list = (const Order__ListOrdersResponse *)reply->answer;
    for (size_t i = 0; i < list->n_items; i++)
        clients_learn(clients, list->items[i]);
}

static void on_done(void *data, const struct reply *reply)
{
    learn(data, reply);
    rest(data);
}

static void on_done_with_the_other_hand(void *data, const struct reply *reply)
{
    learn(data, reply);
}

/* --- stock, prices, products --- */

static void adjust_stock(struct clients *clients)
{
    int64_t delta = percent(clients, 40) ? -1 - below(clients, 3) : 1 + below(clients, 4);
    clients_adjust_stock(clients, (unsigned)below(clients, 4), delta, on_done, clients);
}

static void staff_want(struct clients *clients, const struct method_declaration *method, const ProtobufCMessage *message)
{
    want(clients, method, message, new_key(clients), true, 0, on_done, clients);
}

static void change_rules(struct clients *clients)
{
    Inventory__UpdateStockRequest request = INVENTORY__UPDATE_STOCK_REQUEST__INIT;
    Inventory__Stock stock = INVENTORY__STOCK__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    const char *paths[] = {(const char *[]){"strategy", "safety_stock", "oversell_limit"}[below(clients, 3)]};
    stock.strategy = (Inventory__StockStrategy)(1 + below(clients, 3));
    stock.safety_stock = below(clients, 3);
    stock.oversell_limit = below(clients, 3);
    mask.n_paths = 1;
    mask.paths = (void *)paths;
    request.sku = clients_skus[below(clients, 4)];
    request.stock = &stock;
    request.update_mask = &mask;
    staff_want(clients, &inventory__inventory_service__update_stock__method, &request.base);
}

struct pricing {
    struct clients *clients;
    struct set_price *price;
};

static void on_price_set(void *data, const struct reply *reply)
{
    struct pricing *pricing = data;
    ASSERT(reply->arrived);
    pricing->price->known_us = world_elapsed_us(pricing->clients->world);
    rest(pricing->clients);
}

static void set_price(struct clients *clients)
{
    Pricing__SetPricesRequest request = PRICING__SET_PRICES_REQUEST__INIT;
    Pricing__Price price = PRICING__PRICE__INIT, *prices = &price;
    struct pricing *pricing = ARENA_NEW(clients->arena, struct pricing);
    unsigned sku = (unsigned)below(clients, SKU_COUNT);
    price.amount = 100 + below(clients, 3000);
    price.currency = "EUR";
    request.sku = clients_skus[sku];
    request.n_prices = 1;
    request.prices = &prices;
    *pricing = (struct pricing){clients, clients_price_begin(clients, sku, price.amount)};
    want(clients, &pricing__pricing_service__set_prices__method, &request.base, new_key(clients), true, 0, on_price_set, pricing);
}

static void on_imported(void *data, const struct reply *reply)
{
    struct clients *clients = data;
    if (reply->result == RESULT_OK)
        clients->import_id = arena_strdup(clients->arena, ((const Catalog__Import *)reply->answer)->id);
    rest(clients);
}

static void import(struct clients *clients)
{
    Catalog__ImportProductsRequest request = CATALOG__IMPORT_PRODUCTS_REQUEST__INIT;
    const char *file = arena_printf(clients->arena,
                                    "{\"slug\":\"pin\",\"title\":\"Pin %lld\",\"status\":\"published\",\"variants\":[{\"sku\":\"" IMPORTED_SKU
                                    "\",\"prices\":[{\"amount\":%lld,\"currency\":\"EUR\"}]}]}\n",
                                    (long long)below(clients, 100), (long long)(100 + below(clients, 900)));
    request.file = (ProtobufCBinaryData){.len = strlen(file), .data = (uint8_t *)(uintptr_t)file};
    want(clients, &catalog__catalog_service__import_products__method, &request.base, new_key(clients), true, 0, on_imported, clients);
}

static void undo_import(struct clients *clients)
{
    Catalog__UndoImportRequest request = CATALOG__UNDO_IMPORT_REQUEST__INIT;
    request.id = clients->import_id;
    clients->import_id = NULL;
    staff_want(clients, &catalog__catalog_service__undo_import__method, &request.base);
}

static void look_after_shop(struct clients *clients)
{
    switch (below(clients, 8)) {
    case 0:
    case 1:
    case 2:
        adjust_stock(clients);
        break;
    case 3:
    case 4:
        change_rules(clients);
        break;
    case 5:
    case 6:
        set_price(clients);
        break;
    default:
        if (clients->import_id)
            undo_import(clients);
        else
            import(clients);
    }
}

/* --- orders --- */

struct deed {
    struct clients *clients;
    const Order__Order *order;
    void (*done)(void *data, const struct reply *reply);
};

static void deed_want(const struct deed *deed, const struct method_declaration *method, const ProtobufCMessage *message)
{
    want(deed->clients, method, message, new_key(deed->clients), true, 0, deed->done, deed->clients);
}

static void cancel(const struct deed *deed)
{
    Order__CancelOrderRequest request = ORDER__CANCEL_ORDER_REQUEST__INIT;
    request.id = deed->order->id;
    request.reason = "changed their mind";
    deed_want(deed, &order__order_service__cancel_order__method, &request.base);
}

static void refund(const struct deed *deed)
{
    Order__CreateRefundRequest request = ORDER__CREATE_REFUND_REQUEST__INIT;
    Common__Money amount = COMMON__MONEY__INIT;
    amount.amount = 1 + below(deed->clients, deed->order->total->amount + 1);
    amount.currency = "EUR";
    request.id = deed->order->id;
    request.reason = "damaged";
    if (percent(deed->clients, 70))
        request.amount = &amount;
    deed_want(deed, &order__order_service__create_refund__method, &request.base);
}

static void capture(const struct deed *deed)
{
    Order__CaptureOrderRequest request = ORDER__CAPTURE_ORDER_REQUEST__INIT;
    request.id = deed->order->id;
    deed_want(deed, &order__order_service__capture_order__method, &request.base);
}

/* Some of one of the lines, maybe more than there is. */
static Order__FulfilledLine some_of_a_line(const struct deed *deed)
{
    Order__FulfilledLine line = ORDER__FULFILLED_LINE__INIT;
    const Order__OrderLine *ordered = deed->order->lines[below(deed->clients, (int64_t)deed->order->n_lines)];
    line.line_id = ordered->id;
    line.quantity = 1 + below(deed->clients, ordered->quantity);
    return line;
}

static void fulfil(const struct deed *deed)
{
    Order__CreateFulfilmentRequest request = ORDER__CREATE_FULFILMENT_REQUEST__INIT;
    Order__FulfilledLine line = some_of_a_line(deed), *lines = &line;
    request.id = deed->order->id;
    if (percent(deed->clients, 60)) {
        request.n_lines = 1;
        request.lines = &lines;
    }
    deed_want(deed, &order__order_service__create_fulfilment__method, &request.base);
}

static void take_back(const struct deed *deed)
{
    Order__CreateReturnRequest request = ORDER__CREATE_RETURN_REQUEST__INIT;
    Order__FulfilledLine line = some_of_a_line(deed), *lines = &line;
    request.id = deed->order->id;
    request.reason = "too small";
    request.n_lines = 1;
    request.lines = &lines;
    deed_want(deed, &order__order_service__create_return__method, &request.base);
}

static void look_after_order(const struct deed *deed)
{
    static void (*const deeds[])(const struct deed *deed) = {cancel, refund, fulfil, fulfil, capture, take_back};
    deeds[below(deed->clients, sizeof deeds / sizeof *deeds)](deed);
}

/* NULL when nobody knows of any. */
static const Order__Order *some_order(struct clients *clients)
{
    const struct known_order *known = clients->orders;
    if (!known)
        return NULL;
    for (int64_t skip = below(clients, clients->known_count); skip > 0; skip--)
        known = known->next;
    return known->order;
}

/* Also those that their buyers have not been told of yet. */
static void list_orders(struct clients *clients)
{
    Order__ListOrdersRequest request = ORDER__LIST_ORDERS_REQUEST__INIT;
    request.limit = 100;
    want(clients, &order__order_service__list_orders__method, &request.base, "", true, 2, on_done, clients);
}

/* --- going on --- */

static void staff_go_on(void *data)
{
    struct clients *clients = data;
    if (clients->staff_left == 0 || clients->hurry) {
        clients->staff_left = 0;
        return;
    }
    const Order__Order *order = some_order(clients);
    if (clients->buyers_left > 0 && clients->lists_left > 0 && percent(clients, order ? 15 : 60)) {
        clients->lists_left--;
        list_orders(clients); /* mostly it is orders that make work */
        return;
    }
    clients->staff_left--;
    if (!order || percent(clients, 30)) {
        look_after_shop(clients);
        return;
    }
    look_after_order(&(struct deed){clients, order, on_done});
    if (percent(clients, 30))
        look_after_order(&(struct deed){clients, order, on_done_with_the_other_hand});
}
