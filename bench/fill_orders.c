/*
 * Many orders, soon: placed and paid, written straight into a store that no server has open, as events through the order service's own
 * apply functions, a thousand in a commit. A shop comes to a million in years; the curves of bench/growth shall not take as long.
 *
 *     fill_orders FOLDER COUNT        prints the id and token of the oldest of them, and of one in the middle
 */
#include "base/id.h"
#include "base/limits.h"
#include "platform/rpc/common_types.h"
#include "platform/rpc/message.h"
#include "platform/service/service.h"
#include "platform/store/event_log.h"
#include "services/order/order.h"
#include "souk/order/v1/events.souk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDERS_PER_COMMIT 1000

struct filling {
    struct tx *tx;
    struct arena *arena; /* of one commit */
    struct event_log_head head;
    int64_t at_us;
};

static void emit(struct filling *filling, const struct event_declaration *declaration, const char *id, const ProtobufCMessage *data)
{
    struct event event = {
        .stream = arena_printf(filling->arena, "order/%s", id),
        .name = declaration->name,
        .schema_version = declaration->version,
        .at_us = filling->at_us,
        .actor = "system:bench",
        .request_id = id,
        .cause = "call",
        .data = message_pack(filling->arena, data),
    };
    event_log_append(filling->tx, &filling->head, &event);
    service_apply(&order_service, filling->tx, filling->arena, &event);
}

static Order__OrderLine *line_of(struct arena *arena)
{
    Order__OrderLine *line = ARENA_NEW(arena, Order__OrderLine);
    order__order_line__init(line);
    line->id = "01hf000000line000000000000";
    line->sku = "S-1";
    line->product_id = "01hf0000000product00000000";
    line->title = "Shirt";
    line->quantity = 1;
    line->unit_price = money_message(arena, 1990, "EUR");
    line->total = money_message(arena, 1990, "EUR");
    line->discount = money_message(arena, 0, "EUR");
    line->tax = money_message(arena, 0, "EUR");
    return line;
}

static Order__OrderPayment *payment_of(struct arena *arena, const char *id, const char *status, int64_t captured)
{
    Order__OrderPayment *payment = ARENA_NEW(arena, Order__OrderPayment);
    order__order_payment__init(payment);
    payment->id = id;
    payment->provider = "builtin";
    payment->status = status;
    payment->authorized = money_message(arena, 2480, "EUR");
    payment->captured = money_message(arena, captured, "EUR");
    payment->refunded = money_message(arena, 0, "EUR");
    return payment;
}

static void place(struct filling *filling, const char *id, int64_t number)
{
    struct arena *arena = filling->arena;
    Order__Order order = ORDER__ORDER__INIT;
    Order__OrderLine *lines[] = {line_of(arena)};
    Common__Address address = COMMON__ADDRESS__INIT;
    address.name = "A Buyer";
    address.line1 = "Way 1";
    address.city = "Berlin";
    address.postal_code = "10115";
    address.country = "DE";
    order.id = id;
    order.number = arena_printf(arena, "%lld", (long long)number);
    order.status = ORDER__ORDER_STATUS__ORDER_STATUS_PLACED;
    order.currency = "EUR";
    order.email = arena_printf(arena, "buyer-%lld@example.com", (long long)(number % 100000));
    order.shipping_address = &address;
    order.lines = lines;
    order.n_lines = 1;
    order.subtotal = money_message(arena, 1990, "EUR");
    order.discount = money_message(arena, 0, "EUR");
    order.shipping = money_message(arena, 490, "EUR");
    order.tax = money_message(arena, 0, "EUR");
    order.total = money_message(arena, 2480, "EUR");
    order.shipping_method = "Post";
    order.placed_at = timestamp_message(arena, filling->at_us);
    Order__OrderPlaced placed = ORDER__ORDER_PLACED__INIT;
    placed.order = &order;
    placed.checkout_id = id;
    placed.order_token_hash = "0000000000000000000000000000000000000000000000000000000000000000";
    emit(filling, &order__order_placed__event, id, &placed.base);
    Order__OrderPaymentRecorded paid = ORDER__ORDER_PAYMENT_RECORDED__INIT;
    paid.payment = payment_of(arena, id, "captured", 2480);
    emit(filling, &order__order_payment_recorded__event, id, &paid.base);
}

/* A thousand, a microsecond apart from one to the next, so that none is in the future; `which` of them is printed. */
static bool fill(struct connection *writer, int64_t first, int64_t count, int64_t which)
{
    struct filling filling = {.arena = arena_new(LIMIT_BULK_ARENA)};
    filling.tx = tx_begin(writer);
    filling.tx->arena = filling.arena;
    event_log_head(filling.tx, &filling.head);
    filling.at_us = filling.head.at_us > 0 ? filling.head.at_us : env_now_us(env_machine()) - INT64_C(7200000000);
    for (int64_t i = first; i < first + count; i++) {
        uint8_t random[ID_RANDOM_BYTES];
        char id[ID_LENGTH + 1];
        filling.at_us += 1;
        env_random(env_machine(), random, sizeof random);
        id_format(filling.at_us, random, id);
        place(&filling, id, 1001 + i);
        if (i == which)
            printf("%s\n", id);
    }
    filling.tx->arena = NULL;
    bool done = tx_commit(filling.tx);
    arena_free(filling.arena);
    return done;
}

int main(int argument_count, char **arguments)
{
    char url[1024], error[512] = "";
    if (argument_count != 3) {
        fprintf(stderr, "usage: fill_orders FOLDER COUNT\n");
        return 2;
    }
    snprintf(url, sizeof url, "sqlite:%s", arguments[1]);
    int64_t wanted = strtoll(arguments[2], NULL, 10);
    struct store *store = store_open(env_machine(), url, "order", error);
    struct connection *writer = store ? connection_open(store, CONNECTION_WRITER, error) : NULL;
    if (!writer || !event_log_migrate(writer, order_service.migrations, order_service.migration_count, error)) {
        fprintf(stderr, "fill_orders: %s\n", error);
        return 1;
    }
    struct tx *tx = tx_begin(writer);
    int64_t there = SQL_INT(tx, 0, "SELECT MAX(number) FROM customer_order");
    tx_rollback(tx);
    there = there > 1000 ? there - 1000 : 0;
    bool done = true;
    for (int64_t at = there; done && at < wanted; at += ORDERS_PER_COMMIT) {
        int64_t count = wanted - at < ORDERS_PER_COMMIT ? wanted - at : ORDERS_PER_COMMIT;
        done = fill(writer, at, count, wanted / 2);
    }
    connection_close(writer);
    store_close(store);
    if (!done)
        fprintf(stderr, "fill_orders: the store takes no more\n");
    return done ? 0 : 1;
}
