/*
 * Orders as they are kept: the row holds the order as its message; events change it.
 */
#include "services/order/order_internal.h"

#include "base/assert.h"
#include "platform/rpc/message.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

Order__Order *order_stored(struct tx *tx, const char *id)
{
    Order__Order *order = NULL;
    struct sql_rows rows = SQL_SELECT(tx, "SELECT data, version, checkout_id FROM customer_order WHERE id = ?1", sql_string(id));

    if (sql_next(&rows)) {
        order = (Order__Order *)message_unpack(tx->arena, &order__order__descriptor, sql_get_bytes(&rows, 0));
        ASSERT(order);
        order->version = sql_get_int(&rows, 1);
        order->checkout_id = sql_get_string(&rows, 2);
        sql_stop(&rows);
    }
    return order;
}

void order_show(struct context *context, const char *id, Order__Order *answer)
{
    const Order__Order *order = order_stored(context->tx, id);

    ASSERT(order || context->tx->failed);
    if (order)
        *answer = *order;
}

const char *order_token_hash(struct arena *arena, const char *order_token)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length;
    char *text = arena_alloc(arena, 2 * 32 + 1);

    ASSERT(EVP_Digest(order_token, strlen(order_token), hash, &length, EVP_sha256(), NULL) && length == 32);
    for (unsigned i = 0; i < length; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    return text;
}

/* In constant time: the hash of a guess says nothing about the token, but there is no reason to rely on it. */
static bool token_fits(struct context *context, const char *id, const char *order_token)
{
    const char *hash = SQL_STRING(context->tx, "SELECT order_token_hash FROM customer_order WHERE id = ?1", sql_string(id));
    const char *given = order_token_hash(context->arena, order_token);

    return hash && *order_token && strlen(hash) == strlen(given) && CRYPTO_memcmp(hash, given, strlen(hash)) == 0;
}

bool order_opens_to(const struct actor *actor)
{
    return actor->kind == ACTOR_SYSTEM || (actor->scopes & SCOPE_ORDERS);
}

enum result order_open(struct context *context, const char *id, const char *order_token, Order__Order **order)
{
    if (order_opens_to(&context->call->actor))
        order_token = NULL;
    return order_open_with(context, id, order_token, order);
}

enum result order_open_with(struct context *context, const char *id, const char *order_token, Order__Order **order)
{
    *order = !order_token || token_fits(context, id, order_token) ? order_stored(context->tx, id) : NULL;
    if (!*order)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no order `%s` that you could see.", id);
    return RESULT_OK;
}

Order__OrderLine *order_line(const Order__Order *order, const char *line_id)
{
    for (size_t i = 0; i < order->n_lines; i++)
        if (strcmp(order->lines[i]->id, line_id) == 0)
            return order->lines[i];
    return NULL;
}

bool order_is_fulfilled(const Order__Order *order)
{
    for (size_t i = 0; i < order->n_lines; i++)
        if (order->lines[i]->fulfilled < order->lines[i]->quantity)
            return false;
    return true;
}

size_t order_unfulfilled(struct arena *arena, const Order__Order *order, Order__FulfilledLine ***lines)
{
    size_t count = 0;

    *lines = ARENA_ARRAY(arena, Order__FulfilledLine *, order->n_lines);
    for (size_t i = 0; i < order->n_lines; i++) {
        const Order__OrderLine *line = order->lines[i];

        if (line->fulfilled == line->quantity)
            continue;
        (*lines)[count] = ARENA_NEW(arena, Order__FulfilledLine);
        order__fulfilled_line__init((*lines)[count]);
        (*lines)[count]->line_id = line->id;
        (*lines)[count++]->quantity = line->quantity - line->fulfilled;
    }
    return count;
}

Order__OrderPayment *order_payment(struct arena *arena, const Payment__Payment *payment)
{
    static const char *const names[] = {
        [PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_AUTHORIZED] = "authorized",
        [PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_CAPTURED] = "captured",
        [PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_VOIDED] = "voided",
        [PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_PARTIALLY_REFUNDED] = "partially_refunded",
        [PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_REFUNDED] = "refunded",
    };
    Order__OrderPayment *shown = ARENA_NEW(arena, Order__OrderPayment);
    size_t status = (size_t)payment->status;

    order__order_payment__init(shown);
    shown->id = payment->id;
    shown->provider = payment->provider;
    shown->status = status < sizeof(names) / sizeof(names[0]) && names[status] ? names[status] : "pending";
    shown->authorized = payment->authorized;
    shown->captured = payment->captured;
    shown->refunded = payment->refunded;
    return shown;
}

bool order_payment_is_news(const Order__Order *order, const Order__OrderPayment *payment)
{
    for (size_t i = 0; i < order->n_payments; i++) {
        const Order__OrderPayment *known = order->payments[i];
        int64_t captured = payment->captured->amount - known->captured->amount;
        int64_t refunded = payment->refunded->amount - known->refunded->amount;

        if (strcmp(known->id, payment->id) != 0)
            continue;
        if (captured == 0 && refunded == 0)
            return strcmp(known->status, payment->status) != 0 && strcmp(known->status, "voided") != 0;
        return captured >= 0 && refunded >= 0;
    }
    return true;
}

Common__Money *order_refundable(struct arena *arena, const Order__OrderPayment *payment)
{
    Common__Money *money = ARENA_NEW(arena, Common__Money);

    *money = *payment->captured;
    money->amount -= payment->refunded->amount;
    return money;
}

const Payment__PaymentRefund *order_refund_done(const Payment__Payment *payment, const char *refund_id)
{
    for (size_t i = 0; i < payment->n_refunds; i++)
        if (strcmp(payment->refunds[i]->id, refund_id) == 0 &&
            payment->refunds[i]->status == PAYMENT__PAYMENT_REFUND_STATUS__PAYMENT_REFUND_STATUS_DONE)
            return payment->refunds[i];
    return NULL;
}
