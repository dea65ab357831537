/*
 * What is noted before and after a provider is asked: every operation in every status, refunds, and answers that come twice or late.
 */
#include "platform/service/handler_world_test.h"
#include "services/payment/payment.h"
#include "services/payment/payment_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define METHOD(name) (&payment__payment_service__##name##__method)
#define STATUS(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name
#define OPERATION(name) PAYMENT__PAYMENT_OPERATION__PAYMENT_OPERATION_##name
#define OUTCOME(name) PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_##name

#define ID "01jdpayment000000000000000"
#define AMOUNT 5970

static struct handler_world *world;

static int shop_open(void **state)
{
    (void)state;
    world = handler_world_new(&payment_service);
    return 0;
}
static int shop_close(void **state)
{
    (void)state;
    handler_world_verify(world);
    handler_world_free(world);
    return 0;
}
#define shop_test(function) cmocka_unit_test_setup_teardown(function, shop_open, shop_close)

/* --- operations in short --- */

/* NULL when it was refused: see world->problem. A `refund_id` of NULL is none, an amount of 0 too. */
static const Payment__AttemptRecorded *attempt_refund(Payment__PaymentOperation operation, const char *refund_id, int64_t amount)
{
    Payment__RecordAttemptRequest request = PAYMENT__RECORD_ATTEMPT_REQUEST__INIT;
    Common__Money money = COMMON__MONEY__INIT;
    const ProtobufCMessage *answer;

    money.amount = amount;
    money.currency = "EUR";
    request.id = ID;
    request.operation = operation;
    request.refund_id = refund_id ? refund_id : "";
    request.amount = amount ? &money : NULL;
    if (operation == OPERATION(AUTHORIZE)) {
        request.order_id = "01jdorder00000000000000000";
        request.payment_token = "pm_card_visa";
    }
    handler_world_call(world, METHOD(record_attempt), &request.base, &answer);
    return (const Payment__AttemptRecorded *)answer;
}

static const Payment__AttemptRecorded *attempt(Payment__PaymentOperation operation)
{
    return attempt_refund(operation, NULL, operation == OPERATION(AUTHORIZE) ? AMOUNT : 0);
}

static const Payment__Payment *settle_refund(Payment__PaymentOperation operation, const char *refund_id,
                                             Payment__PaymentOutcome outcome)
{
    Payment__RecordOutcomeRequest request = PAYMENT__RECORD_OUTCOME_REQUEST__INIT;
    const ProtobufCMessage *answer;

    request.id = ID;
    request.operation = operation;
    request.refund_id = refund_id ? refund_id : "";
    request.outcome = outcome;
    request.provider_reference = "ref";
    request.decline_reason = outcome == OUTCOME(DECLINED) ? "card_declined" : "";
    request.next_action_url = outcome == OUTCOME(REQUIRES_ACTION) ? "/bank" : "";
    handler_world_call(world, METHOD(record_outcome), &request.base, &answer);
    return (const Payment__Payment *)answer;
}

static const Payment__Payment *settle(Payment__PaymentOperation operation, Payment__PaymentOutcome outcome)
{
    return settle_refund(operation, NULL, outcome);
}

static const Payment__Payment *now(void)
{
    Payment__GetPaymentRequest request = PAYMENT__GET_PAYMENT_REQUEST__INIT;
    const ProtobufCMessage *answer;

    request.id = ID;
    handler_world_call(world, METHOD(get_payment), &request.base, &answer);
    return (const Payment__Payment *)answer;
}

/* --- every operation in every status ---------------------------------------------------------------------------------------- */

static void authorized(void)
{
    attempt(OPERATION(AUTHORIZE));
    settle(OPERATION(AUTHORIZE), OUTCOME(DONE));
}
static void captured(void)
{
    authorized();
    attempt(OPERATION(CAPTURE));
    settle(OPERATION(CAPTURE), OUTCOME(DONE));
}
static void refunded(int64_t amount)
{
    captured();
    attempt_refund(OPERATION(REFUND), "first", amount);
    settle_refund(OPERATION(REFUND), "first", OUTCOME(DONE));
}

static void bring_to(Payment__PaymentStatus status)
{
    switch (status) {
    case STATUS(AUTHORIZING):
        attempt(OPERATION(AUTHORIZE));
        break;
    case STATUS(REQUIRES_ACTION):
    case STATUS(DECLINED):
    case STATUS(FAILED):
        attempt(OPERATION(AUTHORIZE));
        settle(OPERATION(AUTHORIZE), status == STATUS(DECLINED) ? OUTCOME(DECLINED)
                                     : status == STATUS(FAILED) ? OUTCOME(FAILED)
                                                                : OUTCOME(REQUIRES_ACTION));
        break;
    case STATUS(AUTHORIZED):
        authorized();
        break;
    case STATUS(VOIDING):
    case STATUS(VOIDED):
        authorized();
        attempt(OPERATION(VOID));
        if (status == STATUS(VOIDED))
            settle(OPERATION(VOID), OUTCOME(DONE));
        break;
    case STATUS(CAPTURING):
        authorized();
        attempt(OPERATION(CAPTURE));
        break;
    case STATUS(CAPTURED):
        captured();
        break;
    case STATUS(PARTIALLY_REFUNDED):
        refunded(AMOUNT / 2);
        break;
    case STATUS(REFUNDED):
        refunded(AMOUNT);
        break;
    case STATUS(REFUNDING):
        captured();
        attempt_refund(OPERATION(REFUND), "first", AMOUNT / 2);
        break;
    default:
        break; /* no payment yet */
    }
}

#define NONE STATUS(UNSPECIFIED)

/* What becomes of an attempt: */
enum deed {
    ASK,    /* noted: the provider is asked */
    AGAIN,  /* noted before: the provider is asked what it knows */
    DONE,   /* nothing to ask */
    NOTE,   /* noted, but nothing to ask */
    REFUSE,
};

static const struct row {
    Payment__PaymentStatus status;
    enum deed deeds[5]; /* by operation; there is none of 0 */
} rows[] = {
    /*                                   authorize  capture  void    refund */
    {NONE,                       {DONE,  ASK,       REFUSE,  NOTE,   REFUSE}},
    {STATUS(AUTHORIZING),        {DONE,  AGAIN,     REFUSE,  ASK,    REFUSE}},
    {STATUS(REQUIRES_ACTION),    {DONE,  AGAIN,     REFUSE,  ASK,    REFUSE}},
    {STATUS(DECLINED),           {DONE,  DONE,      REFUSE,  DONE,   REFUSE}},
    {STATUS(FAILED),             {DONE,  DONE,      REFUSE,  DONE,   REFUSE}},
    {STATUS(AUTHORIZED),         {DONE,  DONE,      ASK,     ASK,    REFUSE}},
    {STATUS(VOIDING),            {DONE,  DONE,      REFUSE,  AGAIN,  REFUSE}},
    {STATUS(VOIDED),             {DONE,  DONE,      REFUSE,  DONE,   REFUSE}},
    {STATUS(CAPTURING),          {DONE,  DONE,      AGAIN,   REFUSE, REFUSE}},
    {STATUS(CAPTURED),           {DONE,  DONE,      DONE,    REFUSE, ASK}},
    {STATUS(REFUNDING),          {DONE,  DONE,      DONE,    REFUSE, ASK}},
    {STATUS(PARTIALLY_REFUNDED), {DONE,  DONE,      DONE,    REFUSE, ASK}},
    {STATUS(REFUNDED),           {DONE,  DONE,      DONE,    REFUSE, REFUSE}},
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

static Payment__PaymentStatus status_after(enum deed deed, Payment__PaymentOperation operation,
                                           Payment__PaymentStatus before)
{
    static const Payment__PaymentStatus asking[] = {
        [OPERATION(AUTHORIZE)] = STATUS(AUTHORIZING),
        [OPERATION(CAPTURE)] = STATUS(CAPTURING),
        [OPERATION(VOID)] = STATUS(VOIDING),
        [OPERATION(REFUND)] = STATUS(REFUNDING),
    };

    return deed == ASK ? asking[operation] : deed == NOTE ? STATUS(VOIDED) : before;
}

static void expect(Payment__PaymentStatus status, Payment__PaymentOperation operation, enum deed deed)
{
    Payment__PaymentStatus after = status_after(deed, operation, status);
    const Payment__AttemptRecorded *recorded;
    int64_t before;

    world = handler_world_new(&payment_service);
    bring_to(status);
    assert_int_equal(now() ? now()->status : NONE, status);
    before = handler_world_events(world);
    recorded = operation == OPERATION(REFUND) ? attempt_refund(operation, "another", 0) : attempt(operation);
    print_message("operation %d in status %d\n", operation, status);
    assert_int_equal(recorded == NULL, deed == REFUSE);
    if (recorded) {
        assert_int_equal(recorded->ask, deed == ASK || deed == AGAIN);
        assert_int_equal(recorded->asked_before, deed == AGAIN);
        assert_int_equal(recorded->payment->status, after);
    }
    assert_int_equal(handler_world_events(world) - before, deed == ASK || deed == NOTE);
    assert_int_equal(now() ? now()->status : NONE, after);
    handler_world_check(world);
    handler_world_free(world);
}

static void every_operation_in_every_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++)
        for (Payment__PaymentOperation operation = OPERATION(AUTHORIZE); operation <= OPERATION(REFUND); operation++)
            expect(rows[i].status, operation, rows[i].deeds[operation]);
}

/* --- what the provider said ------------------------------------------------------------------------------------------------ */

/* An outcome changes the payment only while that operation is under way. */
static void outcomes_settle_what_is_under_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++)
        for (Payment__PaymentOperation operation = OPERATION(AUTHORIZE); operation <= OPERATION(REFUND); operation++) {
            Payment__PaymentStatus status = rows[i].status;
            bool under_way = (operation == OPERATION(AUTHORIZE) && status == STATUS(AUTHORIZING)) ||
                             (operation == OPERATION(AUTHORIZE) && status == STATUS(REQUIRES_ACTION)) ||
                             (operation == OPERATION(CAPTURE) && status == STATUS(CAPTURING)) ||
                             (operation == OPERATION(VOID) && status == STATUS(VOIDING)) ||
                             (operation == OPERATION(REFUND) && status == STATUS(REFUNDING));
            int64_t before;

            world = handler_world_new(&payment_service);
            bring_to(status);
            before = handler_world_events(world);
            print_message("outcome of operation %d in status %d\n", operation, status);
            assert_int_equal(settle_refund(operation, "first", OUTCOME(DONE)) == NULL, status == NONE);
            assert_int_equal(handler_world_events(world) - before, under_way);
            handler_world_check(world);
            handler_world_free(world);
        }
}

static void money_moves_when_it_is_said(void **state)
{
    const Payment__Payment *payment;

    (void)state;
    attempt(OPERATION(AUTHORIZE));
    assert_int_equal(now()->authorized->amount, 0);
    payment = settle(OPERATION(AUTHORIZE), OUTCOME(DONE));
    assert_int_equal(payment->authorized->amount, AMOUNT);
    assert_string_equal(payment->authorized->currency, "EUR");
    assert_string_equal(payment->provider_reference, "ref");
    attempt(OPERATION(CAPTURE));
    assert_int_equal(now()->captured->amount, 0);
    assert_int_equal(settle(OPERATION(CAPTURE), OUTCOME(DONE))->captured->amount, AMOUNT);
    assert_int_equal(settle(OPERATION(CAPTURE), OUTCOME(DONE))->version, 4);
}

static void a_refused_capture_leaves_the_promise(void **state)
{
    const Payment__Payment *payment;

    (void)state;
    bring_to(STATUS(CAPTURING));
    payment = settle(OPERATION(CAPTURE), OUTCOME(FAILED));
    assert_int_equal(payment->status, STATUS(AUTHORIZED));
    assert_int_equal(payment->captured->amount, 0);
    assert_true(attempt(OPERATION(CAPTURE))->ask);
}

static void the_buyer_goes_to_the_bank_and_comes_back(void **state)
{
    (void)state;
    bring_to(STATUS(REQUIRES_ACTION));
    assert_string_equal(now()->next_action_url, "/bank");
    settle(OPERATION(AUTHORIZE), OUTCOME(REQUIRES_ACTION)); /* still there */
    assert_int_equal(now()->version, 2);
    assert_int_equal(settle(OPERATION(AUTHORIZE), OUTCOME(DONE))->status, STATUS(AUTHORIZED));
    assert_string_equal(now()->next_action_url, "");
}

static void a_promise_that_is_not_let_go_stands(void **state)
{
    (void)state;
    bring_to(STATUS(VOIDING));
    assert_int_equal(settle(OPERATION(VOID), OUTCOME(FAILED))->status, STATUS(AUTHORIZED));
    assert_int_equal(now()->authorized->amount, AMOUNT);
}

/* Let go before it was known whether it was promised: then it is as unknown as before, and not a promise of nothing. */
static void what_is_not_let_go_is_as_unknown_as_before(void **state)
{
    (void)state;
    bring_to(STATUS(AUTHORIZING));
    attempt(OPERATION(VOID));
    assert_int_equal(settle(OPERATION(VOID), OUTCOME(FAILED))->status, STATUS(AUTHORIZING));
    assert_int_equal(settle(OPERATION(AUTHORIZE), OUTCOME(DONE))->authorized->amount, AMOUNT);
}

static void what_is_let_go_stays_so(void **state)
{
    (void)state;
    bring_to(STATUS(AUTHORIZING));
    attempt(OPERATION(VOID));
    assert_int_equal(settle(OPERATION(VOID), OUTCOME(DONE))->status, STATUS(VOIDED));
    assert_int_equal(settle(OPERATION(AUTHORIZE), OUTCOME(DONE))->status, STATUS(VOIDED)); /* late */
    assert_int_equal(now()->authorized->amount, 0);
}

/* --- refunds --- */

static void no_more_goes_back_than_was_taken(void **state)
{
    (void)state;
    bring_to(STATUS(CAPTURED));
    assert_null(attempt_refund(OPERATION(REFUND), "r1", AMOUNT + 1));
    assert_int_equal(world->problem.result, RESULT_AMOUNT_TOO_LARGE);
    assert_string_equal(world->problem.numbers->name, "left");
    assert_int_equal(world->problem.numbers->value, AMOUNT);

    assert_int_equal(attempt_refund(OPERATION(REFUND), "r1", 5000)->attempt->amount->amount, 5000);
    assert_null(attempt_refund(OPERATION(REFUND), "r2", AMOUNT - 5000 + 1)); /* the first may yet succeed */
    assert_int_equal(world->problem.numbers->value, AMOUNT - 5000);
    assert_int_equal(attempt_refund(OPERATION(REFUND), "r2", 0)->attempt->amount->amount, AMOUNT - 5000); /* all that is left */
    assert_null(attempt_refund(OPERATION(REFUND), "r3", -1));
}

static void refunds_add_up(void **state)
{
    const Payment__Payment *payment;

    (void)state;
    bring_to(STATUS(CAPTURED));
    attempt_refund(OPERATION(REFUND), "r1", 1000);
    attempt_refund(OPERATION(REFUND), "r2", AMOUNT - 1000);
    payment = settle_refund(OPERATION(REFUND), "r2", OUTCOME(DONE));
    assert_int_equal(payment->status, STATUS(REFUNDING)); /* the other is under way */
    assert_int_equal(payment->refunded->amount, AMOUNT - 1000);
    payment = settle_refund(OPERATION(REFUND), "r1", OUTCOME(DONE));
    assert_int_equal(payment->status, STATUS(REFUNDED));
    assert_int_equal(payment->refunded->amount, AMOUNT);
}

static void the_same_refund_is_the_same(void **state)
{
    const Payment__AttemptRecorded *again;

    (void)state;
    bring_to(STATUS(CAPTURED));
    attempt_refund(OPERATION(REFUND), "r1", 1000);
    again = attempt_refund(OPERATION(REFUND), "r1", 1000);
    assert_true(again->ask);
    assert_true(again->asked_before);
    settle_refund(OPERATION(REFUND), "r1", OUTCOME(DONE));
    settle_refund(OPERATION(REFUND), "r1", OUTCOME(DONE));
    again = attempt_refund(OPERATION(REFUND), "r1", 1000);
    assert_false(again->ask);
    assert_int_equal(again->payment->refunded->amount, 1000);
    assert_int_equal(again->payment->status, STATUS(PARTIALLY_REFUNDED));
}

static void a_refund_that_failed_gave_nothing_back(void **state)
{
    (void)state;
    bring_to(STATUS(CAPTURED));
    attempt_refund(OPERATION(REFUND), "r1", 1000);
    assert_int_equal(settle_refund(OPERATION(REFUND), "r1", OUTCOME(FAILED))->status, STATUS(CAPTURED));
    assert_int_equal(now()->refunded->amount, 0);
    assert_false(attempt_refund(OPERATION(REFUND), "r1", 1000)->ask); /* this one is over */
    assert_int_equal(attempt_refund(OPERATION(REFUND), "r2", 0)->attempt->amount->amount, AMOUNT);
}

static void what_came_to_nothing_is_listed_too(void **state)
{
    Payment__ListPaymentsRequest request = PAYMENT__LIST_PAYMENTS_REQUEST__INIT;
    const ProtobufCMessage *answer;

    (void)state;
    bring_to(STATUS(DECLINED));
    handler_world_call(world, METHOD(list_payments), &request.base, &answer);
    assert_int_equal(((const Payment__ListPaymentsResponse *)answer)->n_items, 1);
    assert_string_equal(((const Payment__ListPaymentsResponse *)answer)->items[0]->decline_reason, "card_declined");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_in_every_status),
        cmocka_unit_test(outcomes_settle_what_is_under_way),
        shop_test(money_moves_when_it_is_said),
        shop_test(a_refused_capture_leaves_the_promise),
        shop_test(the_buyer_goes_to_the_bank_and_comes_back),
        shop_test(a_promise_that_is_not_let_go_stands),
        shop_test(what_is_not_let_go_is_as_unknown_as_before),
        shop_test(what_is_let_go_stays_so),
        shop_test(no_more_goes_back_than_was_taken),
        shop_test(refunds_add_up),
        shop_test(the_same_refund_is_the_same),
        shop_test(a_refund_that_failed_gave_nothing_back),
        shop_test(what_came_to_nothing_is_listed_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
