/*
 * order.create_return: the buyer wants to send something back that has shipped.
 */
#include "services/order/order_internal.h"

#include <string.h>

/* How many of a line other returns speak of already. */
static int64_t returning(const Order__Order *order, const char *line_id)
{
    int64_t sum = 0;

    for (size_t r = 0; r < order->n_returns; r++)
        for (size_t i = 0; i < order->returns[r]->n_lines; i++)
            if (strcmp(order->returns[r]->lines[i]->line_id, line_id) == 0)
                sum += order->returns[r]->lines[i]->quantity;
    return sum;
}

static enum result check_line(struct context *context, const Order__Order *order,
                              const Order__CreateReturnRequest *request, size_t at)
{
    const Order__FulfilledLine *wanted = request->lines[at];
    const Order__OrderLine *line = order_line(order, wanted->line_id);
    int64_t left;

    if (!line)
        return call_violation(context->call, arena_printf(context->arena, "/lines/%zu/lineId", at), "not_found",
                              "The order has no line `%s`.", wanted->line_id);
    for (size_t i = 0; i < at; i++)
        if (strcmp(request->lines[i]->line_id, wanted->line_id) == 0)
            return call_violation(context->call, arena_printf(context->arena, "/lines/%zu/lineId", at), "duplicate",
                                  "Line %zu names it already.", i);
    left = line->fulfilled - returning(order, wanted->line_id);
    if (wanted->quantity > left)
        return call_violation(context->call, arena_printf(context->arena, "/lines/%zu/quantity", at), "too_many",
                              "Only %lld of it have shipped and are not being returned.", (long long)left);
    return RESULT_OK;
}

enum result order_create_return(struct context *context, const Order__CreateReturnRequest *request,
                                Order__Order *answer)
{
    Order__OrderReturnRequested event = ORDER__ORDER_RETURN_REQUESTED__INIT;
    Order__OrderReturn back = ORDER__ORDER_RETURN__INIT;
    Order__Order *order;
    enum result result = order_open(context, request->id, request->order_token, &order);

    for (size_t i = 0; !result && i < request->n_lines; i++)
        result = check_line(context, order, request, i);
    if (result)
        return result;

    back.id = context_new_id(context);
    back.n_lines = request->n_lines;
    back.lines = request->lines;
    back.reason = request->reason;
    back.created_at = timestamp_message(context->arena, context->now_us);
    event.order_return = &back;
    order_emit_order_return_requested(context, request->id, &event);
    order_show(context, request->id, answer);
    return RESULT_OK;
}
