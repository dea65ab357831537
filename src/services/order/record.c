/*
 * order.record: place an order. One for each checkout at most: the same checkout again gets the order that it made.
 */
#include "services/order/order_internal.h"

/* The first order's number; it looks like a shop that has been there before. */
#define FIRST_NUMBER 1001

static const char *next_number(struct context *context)
{
    int64_t last = SQL_INT(context->tx, FIRST_NUMBER - 1, "SELECT number FROM customer_order ORDER BY number DESC LIMIT 1");

    return arena_printf(context->arena, "%lld", (long long)last + 1);
}

enum result order_record(struct context *context, const Order__RecordOrderRequest *request, Order__Order *answer)
{
    const char *placed =
        SQL_STRING(context->tx, "SELECT id FROM customer_order WHERE checkout_id = ?1", sql_string(request->checkout_id));
    Order__OrderPlaced event = ORDER__ORDER_PLACED__INIT;
    Order__Order order;

    if (!placed) {
        order = *request->order;
        order.number = next_number(context);
        order.status = ORDER__ORDER_STATUS__ORDER_STATUS_PLACED;
        order.placed_at = timestamp_message(context->arena, context->now_us);
        order.order_token = "";
        event.order = &order;
        event.checkout_id = request->checkout_id;
        event.order_token_hash = order_token_hash(context->arena, request->order->order_token);
        order_emit_order_placed(context, order.id, &event);
        placed = order.id;
    }
    order_show(context, placed, answer);
    answer->order_token = request->order->order_token;
    return RESULT_OK;
}
