/*
 * The provider that is built in, for tests and demos.
 *
 * It keeps no books. What it answers follows from the payment method alone, so that asked again, or asked what became of a request,
 * it says the same, whatever has happened to either side meanwhile:
 *
 *     pm_card_visa                       done
 *     pm_card_chargeDeclined             declined
 *     pm_card_threeDSecure2Required      the buyer must confirm first, on a page of ours
 *     pm_card_timeout                    done, but the answer never comes; `find` knows
 *     pm_card_error                      failed, nothing charged
 */
#include "services/payment/provider.h"

#include "base/assert.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* A bank answers in so long; long enough that nothing answers within the call that asked. */
#define ANSWER_US 1000

static const struct {
    const char *token;
    struct provider_answer answer;
    bool silent;
} methods[] = {
    {"pm_card_visa", {.outcome = PROVIDER_DONE}, false},
    {"pm_card_chargeDeclined", {.outcome = PROVIDER_DECLINED, .decline_reason = "card_declined"}, false},
    {"pm_card_threeDSecure2Required", {.outcome = PROVIDER_REQUIRES_ACTION}, false},
    {"pm_card_timeout", {.outcome = PROVIDER_DONE}, true},
    {"pm_card_error", {.outcome = PROVIDER_FAILED, .decline_reason = "processing_error"}, false},
};

/* The page's secret is a hash, so that there is nothing to remember. It guards no money: this provider has none. */
static void secret_of(const char *payment_id, char out[33])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length;
    char text[128];

    snprintf(text, sizeof text, "souk test provider %s", payment_id);
    ASSERT(EVP_Digest(text, strlen(text), hash, &length, EVP_sha256(), NULL));
    for (int i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static void answer_authorize(const struct provider_request *request, struct provider_answer *answer, bool *silent)
{
    char secret[33];

    *answer = (struct provider_answer){.outcome = PROVIDER_DECLINED, .decline_reason = "payment_method_invalid"};
    *silent = false;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(methods[i].token, request->token) == 0) {
            *answer = methods[i].answer;
            *silent = methods[i].silent;
        }
    if (answer->outcome == PROVIDER_REQUIRES_ACTION) {
        secret_of(request->payment_id, secret);
        snprintf(answer->next_action_url, sizeof answer->next_action_url, "/v1/payments/%s/confirm?secret=%s",
                 request->payment_id, secret);
    }
}

static void answer_to(const struct provider_request *request, struct provider_answer *answer, bool *silent)
{
    *silent = false;
    if (request->operation == PROVIDER_AUTHORIZE)
        answer_authorize(request, answer, silent);
    else
        *answer = (struct provider_answer){.outcome = PROVIDER_DONE};
    snprintf(answer->reference, sizeof answer->reference, "test_%s", request->payment_id);
}

static void deliver(struct timer *timer)
{
    struct provider_question *question =
        (struct provider_question *)(void *)((char *)timer - offsetof(struct provider_question, timer));

    question->done(question, &question->answer);
}

static void ask(struct payment_provider *provider, const struct provider_request *request,
                struct provider_question *question)
{
    bool silent;

    (void)provider;
    answer_to(request, &question->answer, &silent);
    question->timer.run = deliver;
    if (!silent)
        timer_start(question->loop, &question->timer, ANSWER_US);
}

static void find(struct payment_provider *provider, const struct provider_request *request,
                 struct provider_question *question)
{
    bool silent;

    (void)provider;
    answer_to(request, &question->answer, &silent);
    question->timer.run = deliver;
    timer_start(question->loop, &question->timer, ANSWER_US);
}

static void cancel(struct payment_provider *provider, struct provider_question *question)
{
    (void)provider;
    timer_stop(question->loop, &question->timer);
}

static bool confirm(struct payment_provider *provider, const char *payment_id, const char *secret, bool refuse)
{
    char expected[33];

    (void)provider;
    (void)refuse;
    secret_of(payment_id, expected);
    return strcmp(secret, expected) == 0;
}

struct payment_provider *provider_builtin(void)
{
    static struct payment_provider provider = {"test", ask, find, cancel, confirm};

    return &provider;
}
