/*
 * What a payment's events do to the tables.
 *
 *     authorizing - authorized - capturing - captured - partially_refunded - refunded
 *          |     \       |
 *          |      \      voiding - voided
 *          |       requires_action - authorized, declined, …
 *          declined, failed
 */
#include "services/payment/payment_internal.h"

#include "base/assert.h"

#define STATUS(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name
#define OPERATION(name) PAYMENT__PAYMENT_OPERATION__PAYMENT_OPERATION_##name
#define OUTCOME(name) PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_##name

static void insert(struct tx *tx, const struct event *event, const Payment__PaymentAttempted *data,
                   Payment__PaymentStatus status)
{
    const Payment__RecordAttemptRequest *attempt = data->attempt;

    SQL_DO(tx,
           "INSERT INTO payment (id, version, status, provider, order_id, payment_token, currency, requested, authorized,"
           " captured, refunded, provider_reference, decline_reason, next_action_url, created_us)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, '', '', '', ?9)",
           sql_string(event->key), sql_int(event->stream_version), sql_int(status), sql_string(data->provider),
           sql_string(attempt->order_id), sql_string(attempt->payment_token), sql_string(attempt->amount->currency),
           sql_int(attempt->amount->amount), sql_int(event->at_us));
}

static void set_status(struct tx *tx, const struct event *event, Payment__PaymentStatus status)
{
    SQL_DO(tx, "UPDATE payment SET version = ?2, status = ?3 WHERE id = ?1", sql_string(event->key),
           sql_int(event->stream_version), sql_int(status));
}

static void add_refund(struct tx *tx, const struct event *event, const Payment__RecordAttemptRequest *attempt)
{
    SQL_DO(tx, "INSERT INTO refund (payment_id, refund_id, amount, outcome) VALUES (?1, ?2, ?3, 0)",
           sql_string(event->key), sql_string(attempt->refund_id), sql_int(attempt->amount->amount));
    set_status(tx, event, STATUS(REFUNDING));
}

static bool exists(struct tx *tx, const char *id)
{
    return SQL_INT(tx, 0, "SELECT 1 FROM payment WHERE id = ?1", sql_string(id));
}

void payment_apply_payment_attempted(struct tx *tx, const struct event *event, const Payment__PaymentAttempted *data)
{
    switch (data->attempt->operation) {
    case OPERATION(AUTHORIZE):
        insert(tx, event, data, STATUS(AUTHORIZING));
        break;
    case OPERATION(CAPTURE):
        set_status(tx, event, STATUS(CAPTURING));
        break;
    case OPERATION(VOID):
        if (exists(tx, event->key))
            set_status(tx, event, STATUS(VOIDING));
        else
            insert(tx, event, data, STATUS(VOIDED));
        break;
    default:
        add_refund(tx, event, data->attempt);
    }
}

static Payment__PaymentStatus authorized_status(const Payment__RecordOutcomeRequest *outcome)
{
    switch (outcome->outcome) {
    case OUTCOME(DONE):
        return STATUS(AUTHORIZED);
    case OUTCOME(DECLINED):
        return STATUS(DECLINED);
    case OUTCOME(REQUIRES_ACTION):
        return STATUS(REQUIRES_ACTION);
    default:
        return STATUS(FAILED);
    }
}

static void settle_authorize(struct tx *tx, const struct event *event, const Payment__RecordOutcomeRequest *outcome)
{
    Payment__PaymentStatus status = authorized_status(outcome);

    SQL_DO(tx,
           "UPDATE payment SET version = ?2, status = ?3, provider_reference = ?4, decline_reason = ?5,"
           " next_action_url = ?6, authorized = CASE WHEN ?7 = 1 THEN requested ELSE 0 END WHERE id = ?1",
           sql_string(event->key), sql_int(event->stream_version), sql_int(status),
           sql_string(outcome->provider_reference), sql_string(outcome->decline_reason),
           sql_string(outcome->next_action_url), sql_int(status == STATUS(AUTHORIZED)));
}

static void settle_capture(struct tx *tx, const struct event *event, bool done)
{
    SQL_DO(tx,
           "UPDATE payment SET version = ?2, status = ?3, captured = CASE WHEN ?4 = 1 THEN authorized ELSE 0 END"
           " WHERE id = ?1",
           sql_string(event->key), sql_int(event->stream_version),
           sql_int(done ? STATUS(CAPTURED) : STATUS(AUTHORIZED)), sql_int(done));
}

/* A promise that was not let go stands; where it was not known yet whether there is one, that is as unknown as before. */
static void settle_void(struct tx *tx, const struct event *event, bool done)
{
    struct payment payment;
    Payment__PaymentStatus status = STATUS(VOIDED);

    if (!done && payment_load(tx, event->key, &payment))
        status = payment.authorized ? STATUS(AUTHORIZED) : STATUS(AUTHORIZING);
    set_status(tx, event, status);
}

static void settle_refund(struct tx *tx, const struct event *event, const Payment__RecordOutcomeRequest *outcome)
{
    struct payment payment;
    Payment__PaymentStatus status = STATUS(REFUNDING);

    SQL_DO(tx, "UPDATE refund SET outcome = ?3 WHERE payment_id = ?1 AND refund_id = ?2", sql_string(event->key),
           sql_string(outcome->refund_id), sql_int(outcome->outcome));
    SQL_DO(tx,
           "UPDATE payment SET refunded = (SELECT COALESCE(SUM(amount), 0) FROM refund"
           " WHERE payment_id = ?1 AND outcome = 1) WHERE id = ?1",
           sql_string(event->key));
    if (!refund_pending(tx, event->key) && payment_load(tx, event->key, &payment))
        status = payment.refunded == 0                ? STATUS(CAPTURED)
                 : payment.refunded < payment.captured ? STATUS(PARTIALLY_REFUNDED)
                                                       : STATUS(REFUNDED);
    set_status(tx, event, status);
}

_Static_assert(OUTCOME(DONE) == 1, "settle_refund counts outcome 1 as given back");

void payment_apply_payment_settled(struct tx *tx, const struct event *event, const Payment__PaymentSettled *data)
{
    const Payment__RecordOutcomeRequest *outcome = data->outcome;
    bool done = outcome->outcome == OUTCOME(DONE);

    switch (outcome->operation) {
    case OPERATION(AUTHORIZE):
        settle_authorize(tx, event, outcome);
        break;
    case OPERATION(CAPTURE):
        settle_capture(tx, event, done);
        break;
    case OPERATION(VOID):
        settle_void(tx, event, done);
        break;
    default:
        settle_refund(tx, event, outcome);
    }
}
