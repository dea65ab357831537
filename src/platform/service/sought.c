/*
 * A single event of another service that a command turns out to need. No remote call happens inside a transaction, so:
 *
 *     command ── not at hand: sought ── its transaction ends ── read the feed ── command again
 *                                                                 └ not now: wait, SEEK_US at most
 *
 * The command leaves nothing behind and is not answered; when the event has come, or won't, it runs again as if it had just been asked. One event at a
 * time is sought: this is for what people do by hand, such as having a dead letter tried again.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "platform/service/host_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#define SEEK_US INT64_C(2000000)
#define SEEK_AGAIN_US INT64_C(100000)

static bool is_this(const struct sought *sought, const char *producer, int64_t number)
{
    return sought->number == number && strcmp(sought->producer, producer) == 0;
}

static void seek(struct sought *sought, struct context *context, const char *producer, int64_t number)
{
    int64_t now_us = env_monotonic_us(context->host->env);
    context->batch->seeks = true;
    if (sought->state == SOUGHT_READING)
        return; /* another one: this one's turn comes */
    ASSERT(strlen(producer) < sizeof sought->producer);
    strcpy(sought->producer, producer);
    sought->number = number;
    sought->state = SOUGHT_READING;
    sought->until_us = now_us + SEEK_US;
}

enum result sought_event(struct context *context, const char *producer, int64_t number, const struct event **event)
{
    struct sought *sought = &context->host->sought;
    if (!is_this(sought, producer, number) || sought->state == SOUGHT_NOTHING || sought->state == SOUGHT_READING) {
        seek(sought, context, producer, number);
        return call_refuse(context->call, RESULT_UNAVAILABLE, "The service %s is asked for the event.", producer);
    }
    enum sought_state state = sought->state;
    sought->state = SOUGHT_NOTHING; /* whoever asks again wants it as it is then */
    if (state == SOUGHT_UNREACHABLE)
        return call_refuse(context->call, RESULT_UNAVAILABLE, "The service %s can't be asked for the event now.", producer);
    if (state == SOUGHT_GONE)
        return call_refuse(context->call, RESULT_NOT_FOUND, "The service %s has no event %" PRId64 " any more.", producer, number);
    struct event *copy = ARENA_NEW(context->batch->arena, struct event);
    *copy = event_copy(context->batch->arena, &sought->event);
    *event = copy;
    return RESULT_OK;
}

void sought_wait(struct host *host, struct writer_job *job)
{
    job->call->problem = (struct problem){0};
    job->result = RESULT_OK;
    job->last_event = 0;
    job->seeks = false;
    job->next = NULL;
    struct writer_job **end = &host->sought.jobs; /* in their order, so that the one whose event it is comes first */
    while (*end != NULL)
        end = &(*end)->next;
    *end = job;
}

/* --- between two transactions ------------------------------------------------------------------------------------ */

static bool on_event(void *data, const struct event *event)
{
    struct sought *sought = data;
    if (event->number == sought->number) {
        sought->event = event_copy(sought->arena, event);
        sought->state = SOUGHT_FOUND;
    }
    return false;
}

static void read_feed(struct host *host, struct sought *sought)
{
    arena_free(sought->arena);
    sought->arena = arena_new(LIMIT_BULK_ARENA);
    int64_t last = bus_read(host->options.bus, sought->producer, sought->number - 1, 1, on_event, sought);
    if (last >= 0 && sought->state == SOUGHT_READING)
        sought->state = SOUGHT_GONE;
    if (sought->state == SOUGHT_READING && (env_monotonic_us(host->env) >= sought->until_us || atomic_load(&host->draining)))
        sought->state = SOUGHT_UNREACHABLE;
}

void sought_read(struct host *host)
{
    struct sought *sought = &host->sought;
    if (sought->state == SOUGHT_READING)
        read_feed(host, sought);
    sought->again_us = sought->state == SOUGHT_READING ? env_now_us(host->env) + SEEK_AGAIN_US : INT64_MAX;
    if (sought->state == SOUGHT_READING)
        return;
    while (sought->jobs != NULL) {
        struct writer_job *job = sought->jobs;
        sought->jobs = job->next;
        writer_queue_again(host, job);
    }
}

void sought_free(struct host *host)
{
    ASSERT(host->sought.jobs == NULL);
    arena_free(host->sought.arena);
}
