/*
 * A circuit breaker. The window is a ring of seconds: one that is too old is emptied when its place is needed, and not counted before.
 */
#include "platform/rpc/breaker.h"

#include "base/assert.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)

static struct breaker_second *present_second(struct breaker *breaker, int64_t now_us)
{
    int64_t second = now_us / SECOND_US;
    struct breaker_second *present = &breaker->seconds[second % BREAKER_WINDOW_SECONDS];
    if (present->second != second)
        *present = (struct breaker_second){.second = second};
    return present;
}

static bool fails_mostly(const struct breaker *breaker, int64_t now_us)
{
    unsigned succeeded = 0, failed = 0;
    for (unsigned i = 0; i < BREAKER_WINDOW_SECONDS; i++) {
        const struct breaker_second *one = &breaker->seconds[i];
        if (one->second <= now_us / SECOND_US - BREAKER_WINDOW_SECONDS)
            continue;
        succeeded += one->succeeded;
        failed += one->failed;
    }
    return succeeded + failed >= BREAKER_CALLS_MIN && failed >= succeeded;
}

static void open_breaker(struct breaker *breaker, int64_t now_us)
{
    breaker->state = BREAKER_OPEN;
    breaker->opened_us = now_us;
}

static void close_breaker(struct breaker *breaker)
{
    breaker->state = BREAKER_CLOSED;
    memset(breaker->seconds, 0, sizeof breaker->seconds); /* what failed then is no reason to open again */
}

enum breaker_admission breaker_admit(struct breaker *breaker, int64_t now_us)
{
    if (breaker->state == BREAKER_CLOSED)
        return BREAKER_ADMITS;
    if (breaker->state == BREAKER_OPEN && now_us - breaker->opened_us >= BREAKER_REST_US)
        breaker->state = BREAKER_HALF_OPEN;
    if (breaker->state == BREAKER_OPEN || breaker->probing)
        return BREAKER_REFUSES;
    breaker->probing = true;
    return BREAKER_PROBES;
}

static void note_probe(struct breaker *breaker, enum breaker_outcome outcome, int64_t now_us)
{
    breaker->probing = false;
    if (outcome == BREAKER_SUCCEEDED)
        close_breaker(breaker);
    else if (outcome == BREAKER_FAILED)
        open_breaker(breaker, now_us);
}

void breaker_note(struct breaker *breaker, enum breaker_admission admission, enum breaker_outcome outcome, int64_t now_us)
{
    ASSERT(admission != BREAKER_REFUSES);
    if (admission == BREAKER_PROBES) {
        note_probe(breaker, outcome, now_us);
        return;
    }
    if (outcome == BREAKER_SILENT || breaker->state != BREAKER_CLOSED)
        return;
    struct breaker_second *present = present_second(breaker, now_us);
    if (outcome == BREAKER_SUCCEEDED) {
        present->succeeded++;
        return;
    }
    present->failed++;
    if (fails_mostly(breaker, now_us))
        open_breaker(breaker, now_us);
}

void breaker_hope(struct breaker *breaker)
{
    if (breaker->state == BREAKER_OPEN)
        breaker->state = BREAKER_HALF_OPEN;
}

const char *breaker_state_name(enum breaker_state state)
{
    static const char *const names[] = {[BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half-open"};
    return names[state];
}
