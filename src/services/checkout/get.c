/*
 * checkout.get: how a checkout is going, from the platform's record of its saga. Who knows its id is its buyer.
 */
#include "services/checkout/checkout_internal.h"

#include "base/assert.h"
#include "platform/rpc/message.h"

static Checkout__CheckoutStatus status_of(const struct saga_record *record, const Checkout__CheckoutState *state)
{
    switch (record->status) {
    case SAGA_DONE:
        return CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_DONE;
    case SAGA_UNDONE:
        return CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_FAILED;
    case SAGA_RUNNING:
        if (*state->next_action_url)
            return CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_REQUIRES_ACTION;
        return CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_RUNNING;
    case SAGA_UNDOING:
        return CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_RUNNING;
    }
    ASSERT(!"a saga's status");
}

enum result checkout_get(struct context *context, const Checkout__GetCheckoutRequest *request,
                         Checkout__CheckoutProgress *answer)
{
    const Checkout__CheckoutState *state;
    struct saga_record record;

    if (!saga_find(context->tx, &checkout_declaration, request->id, &record))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no checkout `%s`.", request->id);
    state = (const Checkout__CheckoutState *)message_unpack(context->arena, &checkout__checkout_state__descriptor, record.state);
    ASSERT(state);

    answer->id = request->id;
    answer->step = record.step_name;
    answer->status = status_of(&record, state);
    if (answer->status == CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_REQUIRES_ACTION)
        answer->next_action_url = state->next_action_url;
    if (answer->status == CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_DONE) {
        answer->order_id = state->order->id;
        answer->order_token = checkout_order_token(context->arena, request->id);
    }
    if (record.problem.length > 0)
        answer->problem = (Common__Problem *)message_unpack(context->arena, &common__problem__descriptor, record.problem);
    return RESULT_OK;
}
