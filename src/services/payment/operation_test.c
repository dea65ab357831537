/*
 * Operations with a provider that answers, declines, says nothing, or never knows. The service is real, in a small world; the provider says
 * what the test wrote down for it.
 */
#include "toys/stall.h"

#include "base/assert.h"
#include "services/payment/payment.h"
#include "souk/payment/v1/payment.souk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define METHOD(name) (&payment__payment_service__##name##__method)
#define STATUS(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name
#define ID "01jdpayment000000000000000"
#define AMOUNT 5970

/* --- the provider ---------------------------------------------------------------------------------------------------------- */

#define SILENT (-1)
#define SCRIPT_MAX 8

/* What each question in turn is answered; the last one over and over. Either an enum provider_outcome or SILENT. */
static struct script {
    struct payment_provider base;
    int asks[SCRIPT_MAX], finds[SCRIPT_MAX];
    unsigned asked, found, cancelled;
    char key[128]; /* of the last question */
} script;

static void on_answer_due(struct timer *timer)
{
    struct provider_question *question =
        (struct provider_question *)(void *)((char *)timer - offsetof(struct provider_question, timer));

    question->done(question, &question->answer);
}

static void say(const struct provider_request *request, struct provider_question *question, int outcome)
{
    snprintf(script.key, sizeof script.key, "%s", request->key);
    if (outcome == SILENT)
        return;
    question->answer = (struct provider_answer){.outcome = (enum provider_outcome)outcome, .reference = "ref"};
    if (outcome == PROVIDER_DECLINED)
        snprintf(question->answer.decline_reason, sizeof question->answer.decline_reason, "card_declined");
    question->timer.run = on_answer_due;
    timer_start(question->loop, &question->timer, 1000);
}

static void on_ask(struct payment_provider *provider, const struct provider_request *request,
                   struct provider_question *question)
{
    (void)provider;
    say(request, question, script.asks[script.asked]);
    script.asked += script.asked + 1 < SCRIPT_MAX;
}

static void on_find(struct payment_provider *provider, const struct provider_request *request,
                    struct provider_question *question)
{
    (void)provider;
    say(request, question, script.finds[script.found]);
    script.found += script.found + 1 < SCRIPT_MAX;
}

static void on_cancel(struct payment_provider *provider, struct provider_question *question)
{
    (void)provider;
    timer_stop(question->loop, &question->timer);
    script.cancelled++;
}

/* All questions are answered so, until a test writes down more. */
static void provider_says(int to_asks, int to_finds)
{
    script = (struct script){.base = {.name = "script", .ask = on_ask, .find = on_find, .cancel = on_cancel}};
    for (int i = 0; i < SCRIPT_MAX; i++) {
        script.asks[i] = to_asks;
        script.finds[i] = to_finds;
    }
    payment_use_provider(&script.base);
}

/* --- the service ------------------------------------------------------------------------------------------------------------- */

static struct stall stall; /* without its toys */
static struct host *host;

static int open_shop(void **state)
{
    char error[512];

    (void)state;
    stall = (struct stall){.world = world_new(1)};
    folder_new(stall.folder, NULL);
    snprintf(stall.url, sizeof stall.url, "sqlite:%s", stall.folder);
    stall.env = world_env(stall.world);
    stall.loop = world_loop_new(stall.world);
    stall.bus = bus_embedded_new(stall.env);
    stall.directory = directory_new();
    stall.readers = readers_start(stall.env, 1);
    host = host_start(&payment_service,
                      &(struct host_options){
                          .env = stall.env,
                          .store_url = stall.url,
                          .directory = stall.directory,
                          .bus = stall.bus,
                          .loop = stall.loop,
                          .readers = stall.readers,
                      },
                      error);
    ASSERT(host != NULL);
    provider_says(PROVIDER_DONE, PROVIDER_NOT_KNOWN);
    return 0;
}

struct drained {
    struct task task;
    bool done;
};
static void on_drained(struct task *task) { ((struct drained *)task)->done = true; }

static int close_shop(void **state)
{
    struct drained drained = {.task = {.run = on_drained}};

    (void)state;
    host_drain(host, stall.loop, &drained.task);
    ASSERT(world_run_until(stall.world, &drained.done, INT64_C(3600000000)));
    readers_stop(stall.readers);
    host_stop(host);
    readers_free(stall.readers);
    directory_free(stall.directory);
    bus_free(stall.bus);
    folder_remove(stall.folder);
    world_free(stall.world);
    payment_use_provider(NULL);
    return 0;
}
#define shop_test(function) cmocka_unit_test_setup_teardown(function, open_shop, close_shop)

/* What the last call was answered: its result, and the payment when that is OK. */
static struct {
    enum result result;
    Payment__PaymentStatus status;
    int64_t authorized, captured, refunded;
} answer;

static enum result do_it(const struct method_declaration *method, const ProtobufCMessage *request)
{
    struct asked *asked = ask(&stall);

    answer.result = asked_wait(asked, method, request);
    if (answer.result == RESULT_OK) {
        const Payment__Payment *payment = (const Payment__Payment *)asked->answer;

        answer.status = payment->status;
        answer.authorized = payment->authorized->amount;
        answer.captured = payment->captured->amount;
        answer.refunded = payment->refunded->amount;
    }
    asked_free(asked);
    return answer.result;
}

static enum result authorize(void)
{
    Payment__AuthorizeRequest request = PAYMENT__AUTHORIZE_REQUEST__INIT;
    Common__Money amount = COMMON__MONEY__INIT;

    amount.amount = AMOUNT;
    amount.currency = "EUR";
    request.id = ID;
    request.order_id = "01jdorder00000000000000000";
    request.payment_token = "token";
    request.amount = &amount;
    return do_it(METHOD(authorize), &request.base);
}

static enum result capture(void)
{
    Payment__CaptureRequest request = PAYMENT__CAPTURE_REQUEST__INIT;

    request.id = ID;
    return do_it(METHOD(capture), &request.base);
}

static enum result void_authorization(void)
{
    Payment__VoidAuthorizationRequest request = PAYMENT__VOID_AUTHORIZATION_REQUEST__INIT;

    request.id = ID;
    return do_it(METHOD(void_authorization), &request.base);
}

static enum result refund(const char *refund_id, int64_t amount)
{
    Payment__RefundRequest request = PAYMENT__REFUND_REQUEST__INIT;
    Common__Money money = COMMON__MONEY__INIT;

    money.amount = amount;
    money.currency = "EUR";
    request.id = ID;
    request.refund_id = refund_id;
    request.amount = &money;
    return do_it(METHOD(refund), &request.base);
}

/* --- answered ---------------------------------------------------------------------------------------------------------------- */

static void a_payment_from_promise_to_refund(void **state)
{
    (void)state;
    assert_int_equal(authorize(), RESULT_OK);
    assert_int_equal(answer.status, STATUS(AUTHORIZED));
    assert_string_equal(script.key, ID "/authorize/");
    assert_int_equal(capture(), RESULT_OK);
    assert_int_equal(answer.captured, AMOUNT);
    assert_int_equal(refund("r1", 1000), RESULT_OK);
    assert_string_equal(script.key, ID "/refund/r1");
    assert_int_equal(answer.refunded, 1000);
    assert_int_equal(answer.status, STATUS(PARTIALLY_REFUNDED));
    assert_int_equal(script.asked, 3);
    assert_int_equal(script.found, 0);
}

static void what_is_done_is_not_asked_again(void **state)
{
    (void)state;
    authorize();
    authorize();
    capture();
    capture();
    refund("r1", 1000);
    assert_int_equal(refund("r1", 1000), RESULT_OK);
    assert_int_equal(answer.refunded, 1000);
    assert_int_equal(script.asked, 3);
}

static void a_declined_card_stays_declined(void **state)
{
    (void)state;
    provider_says(PROVIDER_DECLINED, PROVIDER_NOT_KNOWN);
    assert_int_equal(authorize(), RESULT_PAYMENT_DECLINED);
    assert_int_equal(authorize(), RESULT_PAYMENT_DECLINED);
    assert_int_equal(script.asked, 1);
    assert_int_equal(void_authorization(), RESULT_OK);
    assert_int_equal(script.asked, 1);
}

static void a_refund_that_failed_is_none(void **state)
{
    (void)state;
    authorize();
    capture();
    provider_says(PROVIDER_FAILED, PROVIDER_NOT_KNOWN);
    assert_int_equal(refund("r1", 1000), RESULT_OK); /* the answer says what became of it */
    assert_int_equal(answer.refunded, 0);
    assert_int_equal(refund("r1", 1000), RESULT_OK);
    assert_int_equal(answer.refunded, 0);
    assert_int_equal(script.asked, 1);
    provider_says(PROVIDER_DONE, PROVIDER_NOT_KNOWN);
    assert_int_equal(refund("r2", AMOUNT), RESULT_OK);
    assert_int_equal(answer.status, STATUS(REFUNDED));
}

/* --- not answered ------------------------------------------------------------------------------------------------------------ */

static void a_lost_answer_is_found(void **state)
{
    (void)state;
    provider_says(SILENT, PROVIDER_DONE);
    assert_int_equal(authorize(), RESULT_OK);
    assert_int_equal(answer.authorized, AMOUNT);
    assert_int_equal(script.asked, 1);
    assert_int_equal(script.found, 1);
    assert_int_equal(script.cancelled, 1);
}

static void a_question_that_got_lost_is_asked_again(void **state)
{
    (void)state;
    provider_says(PROVIDER_DONE, PROVIDER_NOT_KNOWN);
    script.asks[0] = SILENT;
    assert_int_equal(authorize(), RESULT_OK);
    assert_int_equal(answer.status, STATUS(AUTHORIZED));
    assert_int_equal(script.asked, 2);
    assert_int_equal(script.found, 1);
}

static void what_is_never_known_stays_under_way(void **state)
{
    (void)state;
    provider_says(SILENT, SILENT);
    assert_int_equal(authorize(), RESULT_PAYMENT_UNAVAILABLE);
    assert_int_equal(script.asked, 1); /* never charged blindly again */
    assert_int_equal(capture(), RESULT_STATE_FORBIDS);

    provider_says(PROVIDER_FAILED, PROVIDER_DONE);
    assert_int_equal(authorize(), RESULT_OK); /* another call finds out */
    assert_int_equal(answer.authorized, AMOUNT);
    assert_int_equal(script.asked, 0);
}

static void a_silent_refund_counts_until_it_is_known(void **state)
{
    (void)state;
    authorize();
    capture();
    provider_says(SILENT, SILENT);
    assert_int_equal(refund("r1", AMOUNT), RESULT_PAYMENT_UNAVAILABLE);
    assert_int_equal(refund("r2", 1), RESULT_AMOUNT_TOO_LARGE);
    provider_says(PROVIDER_FAILED, PROVIDER_DONE);
    assert_int_equal(refund("r1", AMOUNT), RESULT_OK);
    assert_int_equal(answer.refunded, AMOUNT);
}

/* --- let go ------------------------------------------------------------------------------------------------------------------ */

static void a_promise_nobody_knows_of_is_let_go(void **state)
{
    (void)state;
    provider_says(SILENT, SILENT);
    authorize();
    provider_says(PROVIDER_DONE, PROVIDER_DONE);
    assert_int_equal(void_authorization(), RESULT_OK);
    assert_int_equal(answer.status, STATUS(VOIDED));
    assert_string_equal(script.key, ID "/void/");
    assert_int_equal(authorize(), RESULT_PAYMENT_DECLINED);
    assert_int_equal(script.asked, 1);
}

static void what_was_never_asked_is_closed(void **state)
{
    (void)state;
    assert_int_equal(void_authorization(), RESULT_OK);
    assert_int_equal(authorize(), RESULT_PAYMENT_DECLINED);
    assert_int_equal(script.asked, 0);
}

static void what_was_taken_is_not_let_go(void **state)
{
    (void)state;
    authorize();
    capture();
    assert_int_equal(void_authorization(), RESULT_STATE_FORBIDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(a_payment_from_promise_to_refund),
        shop_test(what_is_done_is_not_asked_again),
        shop_test(a_declined_card_stays_declined),
        shop_test(a_refund_that_failed_is_none),
        shop_test(a_lost_answer_is_found),
        shop_test(a_question_that_got_lost_is_asked_again),
        shop_test(what_is_never_known_stays_under_way),
        shop_test(a_silent_refund_counts_until_it_is_known),
        shop_test(a_promise_nobody_knows_of_is_let_go),
        shop_test(what_was_never_asked_is_closed),
        shop_test(what_was_taken_is_not_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
