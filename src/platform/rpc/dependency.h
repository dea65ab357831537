/*
 * A dependency: a service that runs in another process, as those who call it from here see it.
 *
 *     enter --> breaker open: away        leave: what became of it, for the breaker
 *           --> as many under way as may be: overloaded (the bulkhead: one that is slow does not take the memory and the patience of all)
 *           --> go
 *
 * Beside them its retry budget, and what happened so far, for /metrics and /readyz. Any thread.
 */
#ifndef SOUK_PLATFORM_DEPENDENCY_H
#define SOUK_PLATFORM_DEPENDENCY_H

#include "platform/rpc/breaker.h"
#include "platform/rpc/result.h"
#include "platform/rpc/retry_budget.h"

#include <pthread.h>

struct dependency_counts {
    uint64_t calls, failed, timed_out, retried;
    uint64_t refused_open, refused_full; /* by the breaker, by the bulkhead */
    uint64_t under_way;
};

struct dependency {
    const char *name; /* "inventory" */
    enum result away; /* what is told when it can't be asked: "inventory_unavailable" */
    unsigned under_way_max;
    struct retry_budget retries;
    pthread_mutex_t lock; /* of what follows */
    struct breaker breaker;
    struct dependency_counts counts;
};

/* `name` lives as long. */
void dependency_init(struct dependency *dependency, const char *name, unsigned under_way_max);
void dependency_release(struct dependency *dependency);

/* OK: it may go, and is to leave once; otherwise what to tell the caller. */
enum result dependency_enter(struct dependency *dependency, int64_t now_us, enum breaker_admission *admission);
void dependency_leave(struct dependency *dependency, enum breaker_admission admission, enum breaker_outcome outcome, int64_t now_us);
/* Whether a call that was lost may be made again. */
bool dependency_may_retry(struct dependency *dependency);
void dependency_note_timeout(struct dependency *dependency);
/* Its process has been heard of. */
void dependency_hope(struct dependency *dependency);

struct dependency_counts dependency_counts(struct dependency *dependency);
enum breaker_state dependency_state(struct dependency *dependency);

#endif
