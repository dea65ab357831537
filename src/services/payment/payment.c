/*
 * Payments as they are kept.
 */
#include "services/payment/payment_internal.h"

#include "platform/rpc/common_types.h"


bool payment_load(struct tx *tx, const char *id, struct payment *payment)
{
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT version, status, provider, order_id, payment_token, currency, requested,"
                                      " authorized, captured, refunded, provider_reference, decline_reason,"
                                      " next_action_url, created_us FROM payment WHERE id = ?1",
                                      sql_string(id));

    if (!sql_next(&rows))
        return false;
    *payment = (struct payment){
        .id = arena_strdup(tx->arena, id),
        .version = sql_get_int(&rows, 0),
        .status = (Payment__PaymentStatus)sql_get_int(&rows, 1),
        .provider = sql_get_string(&rows, 2),
        .order_id = sql_get_string(&rows, 3),
        .payment_token = sql_get_string(&rows, 4),
        .currency = sql_get_string(&rows, 5),
        .requested = sql_get_int(&rows, 6),
        .authorized = sql_get_int(&rows, 7),
        .captured = sql_get_int(&rows, 8),
        .refunded = sql_get_int(&rows, 9),
        .provider_reference = sql_get_string(&rows, 10),
        .decline_reason = sql_get_string(&rows, 11),
        .next_action_url = sql_get_string(&rows, 12),
        .created_us = sql_get_int(&rows, 13),
    };
    sql_stop(&rows);
    return true;
}

static Payment__PaymentRefundStatus refund_status(int64_t outcome)
{
    if (!outcome)
        return PAYMENT__PAYMENT_REFUND_STATUS__PAYMENT_REFUND_STATUS_PENDING;
    return outcome == PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_DONE
               ? PAYMENT__PAYMENT_REFUND_STATUS__PAYMENT_REFUND_STATUS_DONE
               : PAYMENT__PAYMENT_REFUND_STATUS__PAYMENT_REFUND_STATUS_FAILED;
}

static void show_refunds(struct tx *tx, const struct payment *payment, Payment__Payment *answer)
{
    struct sql_rows rows;

    if (!payment->captured)
        return; /* nothing that could have been given back */
    rows = SQL_SELECT(tx, "SELECT refund_id, amount, outcome FROM refund WHERE payment_id = ?1 ORDER BY refund_id",
                      sql_string(payment->id));
    while (sql_next(&rows)) {
        Payment__PaymentRefund *refund = ARENA_NEW(tx->arena, Payment__PaymentRefund);

        payment__payment_refund__init(refund);
        refund->id = sql_get_string(&rows, 0);
        refund->amount = money_message(tx->arena, sql_get_int(&rows, 1), payment->currency);
        refund->status = refund_status(sql_get_int(&rows, 2));
        ARENA_ROOM(tx->arena, answer->refunds, answer->n_refunds);
        answer->refunds[answer->n_refunds++] = refund;
    }
}

void payment_show(struct tx *tx, const struct payment *payment, Payment__Payment *answer)
{
    struct arena *arena = tx->arena;

    answer->id = payment->id;
    answer->version = payment->version;
    answer->status = payment->status;
    answer->provider = payment->provider;
    answer->authorized = money_message(arena, payment->authorized, payment->currency);
    answer->captured = money_message(arena, payment->captured, payment->currency);
    answer->refunded = money_message(arena, payment->refunded, payment->currency);
    answer->provider_reference = payment->provider_reference;
    answer->decline_reason = payment->decline_reason;
    answer->next_action_url =
        payment->status == PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_REQUIRES_ACTION ? payment->next_action_url : "";
    answer->order_id = payment->order_id;
    show_refunds(tx, payment, answer);
    answer->created_at = timestamp_message(arena, payment->created_us);
}

bool refund_load(struct tx *tx, const char *payment_id, const char *refund_id, int64_t *amount, int64_t *outcome)
{
    struct sql_rows rows =
        SQL_SELECT(tx, "SELECT amount, outcome FROM refund WHERE payment_id = ?1 AND refund_id = ?2",
                   sql_string(payment_id), sql_string(refund_id));

    if (!sql_next(&rows))
        return false;
    *amount = sql_get_int(&rows, 0);
    *outcome = sql_get_int(&rows, 1);
    sql_stop(&rows);
    return true;
}

int64_t refund_pending(struct tx *tx, const char *payment_id)
{
    return SQL_INT(tx, 0, "SELECT COALESCE(SUM(amount), 0) FROM refund WHERE payment_id = ?1 AND outcome = 0",
                   sql_string(payment_id));
}
