/*
 * Consumers: what a service does with other services' events. One consumer per producer.
 *
 * The writer reads the producer's feed before its transaction begins and keeps the events that somebody here has subscribed to. In the
 * transaction it handles them and moves the inbox past all that was read: an event is handled once, or the whole batch was not.
 *
 * Where none of what was read is of interest the position moves in memory only, and the inbox with the next commit that there is: a commit
 * is an fsync, and after a crash passing over the same events again does no harm.
 *
 * A reaction that refuses is passed over (service.h says why), and the event kept as a dead letter. One that fails because the store does is tried again with its batch.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/plants.h"
#include "platform/rpc/message.h"
#include "platform/service/dead_letters.h"
#include "platform/service/host_internal.h"
#include "platform/trace/span.h"

#include <inttypes.h>
#include <stdlib.h>

#define READ_EVENTS 1024
/* Of events waiting in memory for their transaction. */
#define READ_BYTES (4 << 20)
/* The work of a batch, so that calls need not wait long for their turn: a reaction decides and emits, a projection writes a row or two. */
#define READ_WORK 1024
#define WORK_OF_REACTION 4
#define WORK_OF_PROJECTION 1
/* How far the inbox may fall behind the position. */
#define LAG_MAX 10000
/* A feed that can't be read now is tried again then, or when the writer wakes before. */
#define FEED_AGAIN_US INT64_C(1000000)

/* --- listening --------------------------------------------------------------------------------------------------- */

static struct consumer *consumer_of(struct host *host, const char *producer)
{
    for (size_t i = 0; i < host->consumer_count; i++)
        if (strcmp(host->consumers[i].producer, producer) == 0)
            return &host->consumers[i];
    return NULL;
}

void consumers_init(struct host *host, struct tx *tx)
{
    const struct service *service = host->service;
    host->consumers = calloc(service->subscription_count + 1, sizeof *host->consumers);
    ASSERT(host->consumers != NULL);
    for (size_t i = 0; i < service->subscription_count; i++) {
        const struct subscription *subscription = &service->subscriptions[i];
        ASSERT((subscription->react == NULL) != (subscription->project == NULL));
        if (consumer_of(host, subscription->producer) != NULL)
            continue;
        struct consumer *consumer = &host->consumers[host->consumer_count++];
        consumer->host = host;
        consumer->producer = subscription->producer;
        consumer->position = consumer->stored = inbox_position(tx, subscription->producer);
        atomic_init(&consumer->seen, consumer->position);
    }
}

static void on_more(void *data)
{
    struct consumer *consumer = data;
    struct host *host = consumer->host;
    atomic_store(&consumer->more, true);
    pthread_mutex_lock(&host->lock);
    if (!host->deaf)
        worker_wake(host->worker);
    pthread_mutex_unlock(&host->lock);
}

void consumers_listen(struct host *host)
{
    for (size_t i = 0; i < host->consumer_count; i++) {
        struct consumer *consumer = &host->consumers[i];
        consumer->listener =
            bus_listen(host->options.bus, host->declaration->name, consumer->producer, on_more, consumer);
        bus_handled(consumer->listener, consumer->position);
    }
}

void consumers_unlisten(struct host *host)
{
    for (size_t i = 0; i < host->consumer_count; i++)
        if (host->consumers[i].listener != NULL)
            bus_unlisten(host->consumers[i].listener);
}

uint64_t consumers_behind(const struct host *host)
{
    int64_t behind = 0;
    for (size_t i = 0; i < host->consumer_count; i++) {
        int64_t last = bus_last(host->options.bus, host->consumers[i].producer);
        int64_t position = atomic_load(&host->consumers[i].seen);
        behind += last > position ? last - position : 0;
    }
    return (uint64_t)behind;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static bool fits(const struct subscription *subscription, const char *producer, const struct event *event)
{
    return strcmp(subscription->event->descriptor->name, event->name) == 0 &&
           strcmp(subscription->producer, producer) == 0;
}

/* Emitted by a newer version of the producer: whether it is of interest only a newer version of this service can say. */
static bool is_unknown(const struct consumer *consumer, const struct event *event)
{
    const struct host_options *options = &consumer->host->options;
    return options->event_is_known != NULL && !options->event_is_known(consumer->producer, event->name);
}

/* 0 when it is of no interest. */
static size_t work_of(const struct consumer *consumer, const struct event *event)
{
    const struct service *service = consumer->host->service;
    size_t work = is_unknown(consumer, event) ? WORK_OF_PROJECTION : 0;
    for (size_t i = 0; i < service->subscription_count; i++)
        if (fits(&service->subscriptions[i], consumer->producer, event))
            work += service->subscriptions[i].react != NULL ? WORK_OF_REACTION : WORK_OF_PROJECTION;
    return work;
}

struct event event_copy(struct arena *arena, const struct event *event)
{
    struct event copy = *event;
    copy.stream = arena_strdup(arena, event->stream);
    copy.key = strchr(copy.stream, '/') + 1;
    copy.name = arena_strdup(arena, event->name);
    copy.actor = arena_strdup(arena, event->actor);
    copy.request_id = arena_strdup(arena, event->request_id);
    copy.cause = arena_strdup(arena, event->cause);
    copy.data.at = arena_strndup(arena, event->data.at, event->data.length);
    return copy;
}

static bool on_event(void *data, const struct event *event)
{
    struct consumer *consumer = data;
    size_t work = work_of(consumer, event);
    if (work > 0) {
        struct consumed *consumed = ARENA_NEW(consumer->arena, struct consumed);
        consumed->event = event_copy(consumer->arena, event);
        *consumer->end = consumed;
        consumer->end = &consumed->next;
        consumer->work += work;
        consumer->bytes += event->data.length;
    }
    return consumer->bytes < READ_BYTES && consumer->work < READ_WORK;
}

/* Everything up to `number` is handled. */
static void move_position(struct consumer *consumer, int64_t number)
{
    consumer->position = number;
    atomic_store(&consumer->seen, number);
    bus_handled(consumer->listener, number);
    instances_tell_handled(consumer->host, consumer->producer, number);
}

/* --- others that share the store --------------------------------------------------------------------------------- */

bool consumers_hear(struct host *host, const char *producer, int64_t number)
{
    struct consumer *consumer = consumer_of(host, producer);
    if (consumer == NULL || number <= atomic_load(&consumer->seen))
        return false;
    atomic_store(&consumer->seen, number);
    bus_handled(consumer->listener, number);
    return true;
}

void consumers_tell(struct host *host)
{
    for (size_t i = 0; i < host->consumer_count; i++)
        instances_tell_handled(host, host->consumers[i].producer, atomic_load(&host->consumers[i].seen));
}

/* Events of no interest that the last one had passed over in memory are passed over again. */
void consumers_take_up(struct host *host, struct tx *tx)
{
    for (size_t i = 0; i < host->consumer_count; i++) {
        struct consumer *consumer = &host->consumers[i];
        consumer->position = consumer->stored = inbox_position(tx, consumer->producer);
        consumer->moves = false;
    }
}

void consumers_look(struct host *host)
{
    for (size_t i = 0; i < host->consumer_count; i++)
        atomic_store(&host->consumers[i].more, true);
    worker_wake(host->worker);
}

/* A producer's store that was put back to an older state will give numbers that we have handled to other events. */
static void check_not_ahead(struct consumer *consumer)
{
    int64_t last = bus_last(consumer->host->options.bus, consumer->producer);
    if (last == 0 || last >= consumer->position || consumer->told_ahead)
        return;
    consumer->told_ahead = true;
    LOG_ERROR("a producer has fewer events than were handled here: restore all services from one backup",
              log_text("service", consumer->host->declaration->name), log_text("producer", consumer->producer),
              log_int("handled", consumer->position), log_int("last", last));
}

static bool consumer_read(struct consumer *consumer, struct arena *arena)
{
    consumer->moves = false;
    consumer->first = NULL;
    consumer->end = &consumer->first;
    consumer->work = 0;
    consumer->bytes = 0;
    consumer->arena = arena;
    if (!atomic_exchange(&consumer->more, false))
        return false;

    struct bus *bus = consumer->host->options.bus;
    check_not_ahead(consumer);
    consumer->read_to = bus_read(bus, consumer->producer, consumer->position, READ_EVENTS, on_event, consumer);
    if (consumer->read_to < 0) {
        consumer->first = NULL;
        atomic_store(&consumer->more, true);
        consumer->host->feeds_again_us = env_now_us(consumer->host->env) + FEED_AGAIN_US;
        return false;
    }
    if (consumer->read_to < bus_last(bus, consumer->producer))
        atomic_store(&consumer->more, true);
    if (consumer->read_to == consumer->position)
        return false;

    consumer->moves = consumer->first != NULL || consumer->read_to - consumer->stored > LAG_MAX;
    if (!consumer->moves)
        move_position(consumer, consumer->read_to);
    return true;
}

bool consumers_read(struct host *host, struct arena *arena)
{
    bool any = false;
    host->feeds_again_us = INT64_MAX;
    for (size_t i = 0; i < host->consumer_count; i++)
        any |= consumer_read(&host->consumers[i], arena);
    return any;
}

bool consumers_have_more(const struct host *host)
{
    for (size_t i = 0; i < host->consumer_count; i++)
        if (atomic_load(&host->consumers[i].more))
            return true;
    return false;
}

/* --- handling ---------------------------------------------------------------------------------------------------- */

struct reaction {
    const struct subscription *subscription;
    const struct event *event;
    const ProtobufCMessage *data;
};

/* The event's trace goes on here: below its span, in one of ours where that is noted. */
static const char *begin_span(struct host *host, struct arena *arena, struct span *span, const char *producer, const struct event *event)
{
    const char *parent = trace_of_cause(event->cause), *own = parent;
    span->own[0] = '\0';
    if (!span_is_wanted(parent))
        return own;
    own = trace_parent_child(arena, host->env, parent);
    int64_t now_us = env_now_us(host->env);
    span_begin(span, SPAN_CONSUMER, arena_printf(arena, "%s consumes %s", host->declaration->name, event->name), own, parent, now_us);
    span_text(span, "messaging.message.id", text_of(arena_printf(arena, "%s/%" PRId64, producer, event->number)));
    span_number(span, "souk.behind_us", now_us - event->at_us);
    return own;
}

static enum result run_reaction(struct context *context, void *data)
{
    const struct reaction *reaction = data;
    return reaction->subscription->react(context, reaction->event, reaction->data);
}

static const char *cause_of_reaction(const struct call *call, const char *producer, const struct event *event)
{
    return trace_add_to_cause(call->arena, arena_printf(call->arena, "%s/%" PRId64, producer, event->number), call->trace_parent);
}

static void react(struct batch *batch, struct reaction *reaction)
{
    struct host *host = batch->host;
    const struct event *event = reaction->event;
    struct call *call = system_call(host, batch->arena, host->declaration->name, event->request_id);
    struct span span;
    call->trace_parent = begin_span(host, batch->arena, &span, reaction->subscription->producer, event);
    const char *cause = cause_of_reaction(call, reaction->subscription->producer, event);
    enum result result = batch_run(batch, call, cause, run_reaction, reaction);
    span.failed = result != RESULT_OK;
    span_end(&span, env_now_us(host->env));
    if (result == RESULT_OK)
        return;
    dead_letter_note(batch, reaction->subscription->producer, event, &call->problem);
    count(&host->reactions_refused);
    LOG_ERROR("an event was passed over, as its reaction refused", log_text("service", host->declaration->name),
              log_text("event", cause), log_text("name", event->name),
              log_text("result", result_row(call->problem.result)->wire),
              log_text("detail", call->problem.detail != NULL ? call->problem.detail : ""));
}

static void keep_unknown(struct batch *batch, const struct consumer *consumer, const struct event *event)
{
    struct host *host = batch->host;
    struct call *call = system_call(host, batch->arena, host->declaration->name, event->request_id);
    call_refuse(call, RESULT_UNIMPLEMENTED, "This version does not know the event. When all of the older version have gone, try it again.");
    dead_letter_note(batch, consumer->producer, event, &call->problem);
    count(&host->reactions_refused);
    LOG_WARNING("an event of a newer version was kept as a dead letter", log_text("service", host->declaration->name),
                log_text("producer", consumer->producer), log_int("number", event->number), log_text("name", event->name));
}

/* What an older version knew it has projected, even if its reaction refused. */
static void project_late(struct tx *tx, const struct subscription *subscription, const struct event *event, const ProtobufCMessage *data)
{
    tx->may_write = true;
    subscription->project(tx, event, data);
    tx->may_write = false;
}

/* What has to be tried again was refused as a whole; what a service does not react to any more has succeeded. */
enum result consumer_react(struct context *context, const char *producer, const struct event *event, bool was_unknown)
{
    struct host *host = context->host;
    const struct service *service = host->service;
    for (size_t i = 0; i < service->subscription_count; i++) {
        const struct subscription *subscription = &service->subscriptions[i];
        if (!fits(subscription, producer, event))
            continue;
        const ProtobufCMessage *data = message_unpack(context->arena, subscription->event->descriptor, event->data);
        ASSERT(data != NULL);
        if (subscription->project != NULL) {
            if (was_unknown)
                project_late(context->tx, subscription, event, data);
            continue;
        }
        struct context reacting = *context;
        reacting.call = system_call(host, context->arena, host->declaration->name, event->request_id);
        reacting.call->trace_parent = trace_of_cause(event->cause);
        reacting.cause = cause_of_reaction(reacting.call, producer, event);
        enum result result = subscription->react(&reacting, event, data);
        if (result != RESULT_OK) {
            context->call->problem = reacting.call->problem;
            return result;
        }
    }
    return RESULT_OK;
}

static void project(struct batch *batch, const struct reaction *reaction)
{
    struct span span;
    begin_span(batch->host, batch->arena, &span, reaction->subscription->producer, reaction->event);
    batch->tx->arena = batch->arena;
    batch->tx->may_write = true;
    reaction->subscription->project(batch->tx, reaction->event, reaction->data);
    batch->tx->may_write = false;
    span_end(&span, env_now_us(batch->host->env));
}

static void handle_event(struct batch *batch, const struct consumer *consumer, const struct event *event)
{
    const struct service *service = batch->host->service;
    if (is_unknown(consumer, event)) {
        keep_unknown(batch, consumer, event);
        return;
    }
    for (size_t i = 0; i < service->subscription_count; i++) {
        const struct subscription *subscription = &service->subscriptions[i];
        if (!fits(subscription, consumer->producer, event))
            continue;
        struct reaction reaction = {.subscription = subscription, .event = event};
        reaction.data = message_unpack(batch->arena, subscription->event->descriptor, event->data);
        ASSERT(reaction.data != NULL);
        if (subscription->react != NULL)
            react(batch, &reaction);
        else
            project(batch, &reaction);
    }
}

void consumers_handle(struct batch *batch)
{
    struct host *host = batch->host;
    for (size_t i = 0; i < host->consumer_count; i++) {
        struct consumer *consumer = &host->consumers[i];
        for (const struct consumed *consumed = consumer->first; consumed != NULL; consumed = consumed->next)
            handle_event(batch, consumer, &consumed->event);
        if (consumer->moves)
            inbox_move(batch->tx, consumer->producer, consumer->read_to);
    }
}

void consumers_handled(struct host *host)
{
    for (size_t i = 0; i < host->consumer_count; i++) {
        struct consumer *consumer = &host->consumers[i];
        consumer->first = NULL; /* the next batch may come without having read; not earlier, as this one may be run again */
        if (!consumer->moves)
            continue;
        consumer->moves = false;
        consumer->stored = consumer->read_to;
        move_position(consumer, consumer->read_to);
    }
}

void consumers_failed(struct host *host)
{
    for (size_t i = 0; i < host->consumer_count; i++) {
        struct consumer *consumer = &host->consumers[i];
        if (PLANTED(INBOX_MARK_WITHOUT_TRANSACTION) && consumer->moves)
            move_position(consumer, consumer->read_to);
        if (consumer->moves)
            atomic_store(&consumer->more, true);
        consumer->first = NULL;
        consumer->moves = false;
    }
}
