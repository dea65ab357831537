/*
 * A payment provider that is somebody else's system: it has books of its own, which no crash of the shop touches, and a network in
 * between that loses, delays and repeats.
 *
 * A request arrives, or not; what it asks is done once for its key; the answer arrives, or not. `pm_…` tokens are buyers' cards: most are
 * good, some are declined, fail, or need the buyer.
 */
#ifndef SOUK_SIM_PROVIDER_H
#define SOUK_SIM_PROVIDER_H

#include "services/payment/provider.h"
#include "sim/world.h"

struct bank;

struct bank_temper {
    unsigned outage_per_million; /* of requests: from there on nothing arrives for a while */
    int64_t outage_us_max;
    unsigned request_lost_per_million, answer_lost_per_million, repeated_per_million;
    int64_t travel_us_max;      /* one way; beyond LIMIT_PROVIDER_MS now and then */
};

struct bank *bank_new(struct world *world, struct loop *loop);
struct payment_provider *bank_provider(struct bank *bank);
/* How its network behaves from now on. */
void bank_be(struct bank *bank, const struct bank_temper *temper);

/* What the bank's books say of a payment of ours. */
struct bank_account {
    const char *payment_id;
    const char *token;
    int64_t held;     /* authorised, neither taken nor let go */
    int64_t captured, refunded;
    unsigned charges; /* authorisations that went through */
    bool closed;      /* let go: nothing may be authorised any more */
    bool waits_for_buyer;
    int64_t asked;                  /* while it waits for the buyer … */
    struct provider_answer *answer; /* … and what he changes */
    struct bank_account *next;
};
/* The first of all, in the order of their ids. */
const struct bank_account *bank_accounts(const struct bank *bank);
const struct bank_account *bank_account_find(const struct bank *bank, const char *payment_id);
/* What a buyer at the bank's page knows. */
const char *bank_secret(const struct bank_account *account, char out[33]);

#endif
