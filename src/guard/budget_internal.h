/*
 * What the files of the budgets share: the buckets of this process, and how they follow those in Redis.
 */
#ifndef SOUK_GUARD_BUDGET_INTERNAL_H
#define SOUK_GUARD_BUDGET_INTERNAL_H

#include "guard/budget.h"

#include <pthread.h>

#define SETS 4096 /* powers of two; with WAYS 32,768 clients in 768 KB, which the system gives as they come */
#define WAYS 8
#define LOCKS 64
#define BUDGET_MILLION INT64_C(1000000)

struct bucket {
    uint64_t id;    /* 0: free */
    int64_t left;   /* millionths of points, at `at_us` */
    int64_t at_us;  /* monotonic */
};

struct budget_share; /* budget_share.c */

struct budget {
    struct env *env;
    struct budget_rate rates[2]; /* of clients, of staff */
    uint64_t key[2];
    struct budget_share *share; /* NULL: this process is alone */
    pthread_mutex_t locks[LOCKS];
    struct bucket sets[SETS][WAYS];
};

/* --- budget.c --- */

/* Microseconds until so many millionths of points are restored. */
int64_t budget_time_to_restore(const struct budget_rate *rate, int64_t millionths);
/* budget_take() of which nobody else is told. */
bool budget_take_here(struct budget *budget, struct budget_client client, int64_t cost, struct budget_state *state);
/* So much is left in the shared bucket, in millionths: let ours be as it is. */
struct budget_state budget_follow(struct budget *budget, struct budget_client client, int64_t left);

/* --- budget_share.c --- */

void budget_share_free(struct budget_share *share); /* NULL is fine */
/* Was taken here, or given back where it is negative. */
void budget_tell_taken(struct budget *budget, struct budget_client client, int64_t cost);

#endif
