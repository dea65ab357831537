/*
 * What an order's events do to its row.
 *
 *     placed --fulfilled--> partially_fulfilled --fulfilled--> fulfilled
 *       |
 *       +--cancel begun--> cancelling --cancelled--> cancelled
 */
#include "services/order/order_internal.h"

#include "base/assert.h"
#include "platform/rpc/message.h"

#include <stdlib.h>
#include <string.h>

static void save(struct tx *tx, const struct event *event, Order__Order *order)
{
    struct text data;

    order->version = 0; /* a column, as the next */
    order->checkout_id = "";
    data = message_pack(tx->arena, &order->base);
    SQL_DO(tx, "UPDATE customer_order SET version = ?2, status = ?3, data = ?4 WHERE id = ?1", sql_string(event->key),
           sql_int(event->stream_version), sql_int(order->status), sql_bytes(data.at, data.length));
}

/* NULL only when the store has failed: then nothing of this transaction will be kept. */
static Order__Order *load(struct tx *tx, const struct event *event)
{
    Order__Order *order = order_stored(tx, event->key);

    ASSERT(order || tx->failed);
    return order;
}

void order_apply_order_placed(struct tx *tx, const struct event *event, const Order__OrderPlaced *data)
{
    struct text packed = message_pack(tx->arena, &data->order->base);

    SQL_DO(tx,
           "INSERT INTO customer_order (id, version, number, status, email, checkout_id, order_token_hash, data)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
           sql_string(event->key), sql_int(event->stream_version), sql_int(strtoll(data->order->number, NULL, 10)),
           sql_int(data->order->status), sql_string(data->order->email), sql_string(data->checkout_id),
           sql_string(data->order_token_hash), sql_bytes(packed.at, packed.length));
}

/* Message arrays are pointers to pointers, whatever the message. */
static void *with_one_more(struct arena *arena, const void *array, size_t count, const void *item)
{
    const void **longer = ARENA_ARRAY(arena, const void *, count + 1);

    if (count)
        memcpy(longer, array, count * sizeof *longer);
    longer[count] = item;
    return longer;
}
#define APPEND(tx, array, count, item)                                                                   \
    do {                                                                                                 \
        (array) = with_one_more((tx)->arena, (array), (count), (item));                                  \
        (count)++;                                                                                       \
    } while (0)

static void set_payment(struct tx *tx, Order__Order *order, Order__OrderPayment *payment)
{
    if (!payment || !order_payment_is_news(order, payment))
        return;
    for (size_t i = 0; i < order->n_payments; i++)
        if (strcmp(order->payments[i]->id, payment->id) == 0) {
            order->payments[i] = payment;
            return;
        }
    APPEND(tx, order->payments, order->n_payments, payment);
}

void order_apply_order_payment_recorded(struct tx *tx, const struct event *event,
                                        const Order__OrderPaymentRecorded *data)
{
    Order__Order *order = load(tx, event);

    if (!order)
        return;
    set_payment(tx, order, data->payment);
    save(tx, event, order);
}

void order_apply_order_refunded(struct tx *tx, const struct event *event, const Order__OrderRefunded *data)
{
    Order__Order *order = load(tx, event);

    if (!order)
        return;
    APPEND(tx, order->refunds, order->n_refunds, data->refund);
    set_payment(tx, order, data->payment);
    save(tx, event, order);
}

void order_apply_order_fulfilled(struct tx *tx, const struct event *event, const Order__OrderFulfilled *data)
{
    Order__Order *order = load(tx, event);

    if (!order)
        return;
    APPEND(tx, order->fulfilments, order->n_fulfilments, data->fulfilment);
    for (size_t i = 0; i < data->fulfilment->n_lines; i++)
        order_line(order, data->fulfilment->lines[i]->line_id)->fulfilled += data->fulfilment->lines[i]->quantity;
    order->status = data->status;
    save(tx, event, order);
}

void order_apply_order_return_requested(struct tx *tx, const struct event *event,
                                        const Order__OrderReturnRequested *data)
{
    Order__Order *order = load(tx, event);

    if (!order)
        return;
    APPEND(tx, order->returns, order->n_returns, data->order_return);
    save(tx, event, order);
}

void order_apply_order_cancel_begun(struct tx *tx, const struct event *event, const Order__OrderCancelBegun *data)
{
    Order__Order *order = load(tx, event);

    if (!order)
        return;
    order->status = ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLING;
    order->cancel_reason = data->reason;
    save(tx, event, order);
}

void order_apply_order_cancelled(struct tx *tx, const struct event *event, const Order__OrderCancelled *data)
{
    Order__Order *order = load(tx, event);

    if (!order)
        return;
    (void)data;
    order->status = ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLED;
    save(tx, event, order);
}

void order_apply_order_note_added(struct tx *tx, const struct event *event, const Order__OrderNoteAdded *data)
{
    Order__Order *order = load(tx, event);

    if (!order)
        return;
    APPEND(tx, order->notes, order->n_notes, data->note);
    save(tx, event, order);
}
