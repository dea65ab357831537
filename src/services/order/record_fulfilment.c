/*
 * order.record_fulfilment: note that units left the house. Never more than were ordered.
 */
#include "services/order/order_internal.h"

#include "base/plants.h"

#include <string.h>

static bool has_fulfilment(const Order__Order *order, const char *fulfilment_id)
{
    for (size_t i = 0; i < order->n_fulfilments; i++)
        if (strcmp(order->fulfilments[i]->id, fulfilment_id) == 0)
            return true;
    return false;
}

/* Lines named twice add up: the second counts on what the first left. */
static enum result take(struct context *context, Order__Order *order, const Order__OrderFulfilment *fulfilment)
{
    for (size_t i = 0; i < fulfilment->n_lines; i++) {
        Order__OrderLine *line = order_line(order, fulfilment->lines[i]->line_id);

        if (!line)
            return call_violation(context->call, arena_printf(context->arena, "/lines/%zu/lineId", i), "not_found",
                                  "The order has no line `%s`.", fulfilment->lines[i]->line_id);
        if (fulfilment->lines[i]->quantity > line->quantity - line->fulfilled && !PLANTED(PARCEL_WITHOUT_COUNTING))
            return call_violation(context->call, arena_printf(context->arena, "/lines/%zu/quantity", i), "too_many",
                                  "Only %lld of it are left to ship.", (long long)(line->quantity - line->fulfilled));
        line->fulfilled += fulfilment->lines[i]->quantity;
    }
    return RESULT_OK;
}

enum result order_record_fulfilment(struct context *context, const Order__RecordFulfilmentRequest *request,
                                    Order__Order *answer)
{
    Order__Order *order = order_stored(context->tx, request->id);
    Order__OrderFulfilled event = ORDER__ORDER_FULFILLED__INIT;
    Order__OrderFulfilment fulfilment = *request->fulfilment;
    enum result result;

    if (!order)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no order `%s`.", request->id);
    if (has_fulfilment(order, fulfilment.id)) {
        *answer = *order;
        return RESULT_OK;
    }
    if (order->status != ORDER__ORDER_STATUS__ORDER_STATUS_PLACED &&
        order->status != ORDER__ORDER_STATUS__ORDER_STATUS_PARTIALLY_FULFILLED)
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "Nothing of this order can be shipped any more.");
    result = take(context, order, &fulfilment);
    if (result)
        return result;

    fulfilment.created_at = timestamp_message(context->arena, context->now_us);
    event.fulfilment = &fulfilment;
    event.status = order_is_fulfilled(order) ? ORDER__ORDER_STATUS__ORDER_STATUS_FULFILLED
                                             : ORDER__ORDER_STATUS__ORDER_STATUS_PARTIALLY_FULFILLED;
    order_emit_order_fulfilled(context, request->id, &event);
    order_show(context, request->id, answer);
    return RESULT_OK;
}
