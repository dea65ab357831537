/*
 * A circuit breaker: whoever fails most of the time is not asked for a moment, so that nobody waits for what will not come, and whoever is in
 * trouble is left in peace.
 *
 *              half or more of at least 5 in 10 s failed
 *     closed ---------------------------------------------> open --1 s, or a sign of life--> half-open
 *        ^                                                    ^                                 |   |
 *        |                                                    +------------the probe failed-----+   |
 *        +----------------------------------------------------------------the probe succeeded------+
 *
 * Half-open, one call goes through as a probe; the others are refused. What counts as failing is the user's to say: a refusal for good reasons
 * (out of stock) is a success. Calls that were let through before it opened say nothing any more.
 *
 * No thread's own: the user locks.
 */
#ifndef SOUK_PLATFORM_BREAKER_H
#define SOUK_PLATFORM_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_WINDOW_SECONDS 10
#define BREAKER_CALLS_MIN 5
#define BREAKER_REST_US INT64_C(1000000)

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
enum breaker_outcome {
    BREAKER_SUCCEEDED,
    BREAKER_FAILED,
    BREAKER_SILENT, /* says nothing of the other side: the caller gave up early */
};
enum breaker_admission { BREAKER_REFUSES, BREAKER_ADMITS, BREAKER_PROBES };

/* All zero is a closed one. */
struct breaker {
    enum breaker_state state;
    int64_t opened_us;
    bool probing;
    struct breaker_second {
        int64_t second;
        unsigned succeeded, failed;
    } seconds[BREAKER_WINDOW_SECONDS]; /* by second, round and round */
};

/* Whether a call may go; each that may is to be noted once, with what was said here. */
enum breaker_admission breaker_admit(struct breaker *breaker, int64_t now_us);
void breaker_note(struct breaker *breaker, enum breaker_admission admission, enum breaker_outcome outcome, int64_t now_us);
/* A sign of life: an open one need not rest longer. */
void breaker_hope(struct breaker *breaker);
const char *breaker_state_name(enum breaker_state state);

#endif
