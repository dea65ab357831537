/*
 * Budgets: how much each client may ask of us. One budget per client serves REST, GraphQL and gRPC.
 *
 * A budget is a bucket of points. What is asked for costs points, the bucket refills steadily, and whoever asks for more than is left
 * is told when to come back. A client is an account, or where nobody has signed in an address:
 *
 *     staff            an account of its own, and much more of everything
 *     customers        an account of its own
 *     anybody else     the address; of IPv6 the /64, since one household has all of that
 *     this machine     a peer on loopback is a proxy or a storefront of ours: when it says for whom it asks (X-Forwarded-For) that
 *                      address is the client, otherwise it has what staff has
 *
 * Who is behind a name is kept in a table of fixed size by a keyed hash, so that nobody can aim at another's place. A bucket that is
 * full says nothing that an absent one does not; so where room is needed the fullest of a few is forgotten, and a flood from many
 * addresses can at worst give somebody their points back early.
 *
 * Points, so that everybody counts alike: a query costs 1, what changes something 10; GraphQL prices a whole document the same way.
 *
 * Several processes can share the budgets, in Redis (budget_share.c): there one script takes from a bucket, and the bucket here follows it. Where Redis is
 * away or slow the bucket here decides, which stood as the shared one did a moment ago: nobody is ever without a limit, or refused for want of Redis.
 */
#ifndef SOUK_GUARD_BUDGET_H
#define SOUK_GUARD_BUDGET_H

#include "platform/env/env.h"
#include "platform/redis/redis.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

struct budget_rate {
    int64_t maximum;            /* points in a full bucket; at least BUDGET_MAXIMUM_MIN */
    int64_t restore_per_second; /* at least 1 */
};
#define BUDGET_COST_QUERY 1
#define BUDGET_COST_CHANGE 10
#define BUDGET_MAXIMUM_MIN 100
#define BUDGET_MAXIMUM_MAX INT64_C(1000000000)

/* "10000:1000" is a bucket of 10,000 points that gets 1,000 back each second. False when it is not that. */
bool budget_rate_read(struct budget_rate *rate, struct text text);

struct budget;
/* Shared by all threads. Free it when nobody asks any more. */
struct budget *budget_new(struct env *env, struct budget_rate clients, struct budget_rate staff);
void budget_free(struct budget *budget);
/* With all processes that name the same, in Redis. Before redis_start(). */
void budget_share(struct budget *budget, struct redis *redis, const char *name);

/* The address that counts as an anonymous client's: of the peer, or of whom a proxy on this machine asks for, as explained above. In the arena. */
const char *client_address(struct arena *arena, struct text peer, struct text forwarded_for);

/* Who pays. Made once per request. */
#define BUDGET_NAME_BYTES 16
struct budget_client {
    uint64_t id;
    bool staff; /* pays from the larger rate */
    char name[BUDGET_NAME_BYTES]; /* a digest that is the same in all processes, where they share */
    struct loop *loop; /* where it asks, for the caller to set: what it takes or gives back is told to the others; NULL: it is not */
};
/* `peer` is the address that the connection came from, `forwarded_for` the value of X-Forwarded-For ({NULL, 0}: none). */
struct budget_client budget_client_of(const struct budget *budget, const struct actor *actor, struct text peer,
                                      struct text forwarded_for);

/* How a client stands, for RateLimit headers and GraphQL's throttleStatus. */
struct budget_state {
    int64_t maximum, available, restore_per_second;
    int64_t full_us; /* until the bucket is full again */
    int64_t wait_us; /* until the cost that was refused can be paid; 0 when it was paid, -1 when it never can be */
    bool staff;
};
/* Pay, as far as this process knows. False when there is not enough: then nothing is taken. With a cost of 0: how does it stand? On the client's
 * loop; any thread where it has none. */
bool budget_take(struct budget *budget, struct budget_client client, int64_t cost, struct budget_state *state);
/* What was paid and not used. Tells how it stands then. */
void budget_give_back(struct budget *budget, struct budget_client client, int64_t cost, struct budget_state *state);

/* Pay, as far as all know who share. The payer's memory until `done` was called, with its client's loop set. */
struct budget_payment {
    struct budget_client client;
    int64_t cost;
    void (*done)(struct budget_payment *payment); /* on the loop */
    /* What came of it. */
    bool paid;
    struct budget_state state;
    /* Its own. */
    struct budget *budget;
    struct redis_request request;
};
/* True: it is decided already, and `done` is not called. */
bool budget_pay(struct budget *budget, struct budget_payment *payment);

struct budget_counts {
    uint64_t shared, alone; /* payments that Redis decided, and those that were decided here for want of it */
};
struct budget_counts budget_counts(const struct budget *budget);

/* What a call of this method costs: whatever runs as a GET is a query, whichever gateway it came by. */
int64_t budget_cost_of(const struct method_declaration *method);

/* The fields of draft-ietf-httpapi-ratelimit-headers-10, as structured fields: `RateLimit-Policy: "client";q=10000;w=10` and
 * `RateLimit: "client";r=9990;t=1`. */
#define BUDGET_FIELD_BYTES 64
void budget_write_policy(const struct budget_state *state, char out[BUDGET_FIELD_BYTES]);
void budget_write_left(const struct budget_state *state, char out[BUDGET_FIELD_BYTES]);
/* Retry-After: whole seconds, at least 1. */
int64_t budget_retry_seconds(const struct budget_state *state);

#endif
