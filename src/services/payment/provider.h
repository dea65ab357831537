/*
 * A payment provider: somebody else's system, that answers late, or twice, or never.
 *
 * It is asked under a key. The same key again is the same request, and gets the same answer; that is what providers promise (Stripe,
 * Adyen and others call it the idempotency key), and all that Souk relies on. Whoever asks cancels when it no longer waits, and
 * then finds out later what became of it.
 *
 * Backs: provider_builtin.c, built in; the simulator has its own, with faults.
 */
#ifndef SOUK_SERVICES_PAYMENT_PROVIDER_H
#define SOUK_SERVICES_PAYMENT_PROVIDER_H

#include "platform/env/env.h"

enum provider_operation { PROVIDER_AUTHORIZE, PROVIDER_CAPTURE, PROVIDER_VOID, PROVIDER_REFUND };

enum provider_outcome {
    PROVIDER_DONE,
    PROVIDER_DECLINED,        /* the bank said no */
    PROVIDER_FAILED,          /* not done, and will not be */
    PROVIDER_REQUIRES_ACTION, /* the buyer must go to their bank's page */
    PROVIDER_NOT_KNOWN,       /* only from `find`: no such request has arrived */
};

struct provider_request {
    enum provider_operation operation;
    const char *key;        /* of this request */
    const char *payment_id; /* ours; what a void and a capture are about */
    const char *token;      /* the payment method, for authorize */
    int64_t amount;         /* minor units, for authorize and refund */
    const char *currency;
};

struct provider_answer {
    enum provider_outcome outcome;
    char reference[64];      /* what the provider calls it */
    char decline_reason[64]; /* snake_case */
    char next_action_url[256];
};

/* A question under way. The asker owns it, and keeps it until `done` was called or the question was cancelled. */
struct provider_question {
    struct loop *loop;
    void (*done)(struct provider_question *question, const struct provider_answer *answer); /* on `loop` */
    void *data;        /* the asker's */
    struct timer timer; /* the provider's own, like the next two */
    struct provider_answer answer;
    void *inside;
};

struct payment_provider {
    const char *name;
    /* Do it. The strings of the request live until this returns. */
    void (*ask)(struct payment_provider *provider, const struct provider_request *request,
                struct provider_question *question);
    /* Say what became of it, without doing anything. */
    void (*find)(struct payment_provider *provider, const struct provider_request *request,
                 struct provider_question *question);
    /* Nobody waits for this question any more: `done` is not called. What was asked may be done all the same. On the question's loop. */
    void (*cancel)(struct payment_provider *provider, struct provider_question *question);
    /* The buyer was at their bank's page. False when there is no such page for this payment, or the secret is wrong. */
    bool (*confirm)(struct payment_provider *provider, const char *payment_id, const char *secret, bool refuse);
};

/* The provider that is built in, for tests and demos. Any loop may use it. */
struct payment_provider *provider_builtin(void);

#endif
