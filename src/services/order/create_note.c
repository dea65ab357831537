/*
 * order.create_note: write something down about an order, for colleagues. The buyer never sees it.
 */
#include "services/order/order_internal.h"

/* An order travels whole, with its notes: so there is an end to them. */
#define NOTES_MAX 100

enum result order_create_note(struct context *context, const Order__CreateNoteRequest *request, Order__Order *answer)
{
    Order__OrderNoteAdded event = ORDER__ORDER_NOTE_ADDED__INIT;
    Order__OrderNote note = ORDER__ORDER_NOTE__INIT;
    const Order__Order *order = order_stored(context->tx, request->id);

    if (!order)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no order `%s`.", request->id);
    if (order->n_notes >= NOTES_MAX)
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "An order has at most %d notes.", NOTES_MAX);

    note.id = context_new_id(context);
    note.text = request->text;
    note.created_at = timestamp_message(context->arena, context->now_us);
    note.author = context->call->actor.id;
    event.note = &note;
    order_emit_order_note_added(context, request->id, &event);
    order_show(context, request->id, answer);
    return RESULT_OK;
}
