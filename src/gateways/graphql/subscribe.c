/*
 *     subscribe ── run ── on_run: send the answer if it is another, and watch what it is made of. When that is more than before, run
 *                   ▲        │    once more, since it may have changed meanwhile
 *                   └────────┴─── on_touched, unless a run is under way: then after it
 *
 * Each run has an arena of its own; the stream may last for hours.
 */
#include "gateways/graphql/subscribe.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/watch.h"

#include <stddef.h>
#include <stdlib.h>

#define TAGS_WATCHED_MAX 16

struct watched {
    struct watch *watch;
    char *tag; /* whose change is waited for */
};

struct subscription {
    struct graphql_visit *visit;
    struct watched watched[TAGS_WATCHED_MAX];
    size_t watched_count;
    bool is_running, is_dirty /* touched meanwhile */, is_over;
    struct arena *run_arena;
    struct execution *execution;
    struct budget_client client;
    uint64_t sent_hash; /* of the last answer */
    struct timer pulse; /* something to send now and then, so that nobody between takes the connection for dead */
    struct timer retry; /* there was nothing left to pay with */
};

static struct loop *loop_of(const struct subscription *subscription)
{
    return subscription->visit->exchange->loop;
}

/* --- the end ---------------------------------------------------------------------------------------------------------------- */

static void unwatch(struct subscription *subscription, size_t index)
{
    watch_stop(subscription->watched[index].watch);
    free(subscription->watched[index].tag);
    subscription->watched[index] = subscription->watched[--subscription->watched_count];
}

/* Not while a run is under way: its calls still know us. */
static void finish(struct subscription *subscription)
{
    while (subscription->watched_count > 0)
        unwatch(subscription, subscription->watched_count - 1);
    timer_stop(loop_of(subscription), &subscription->pulse);
    timer_stop(loop_of(subscription), &subscription->retry);
    http_stream_end(subscription->visit->exchange, true);
}

static void end(struct subscription *subscription)
{
    subscription->is_over = true;
    if (!subscription->is_running)
        finish(subscription);
}

static void on_gone(struct http_exchange *exchange)
{
    end(exchange->handler_data);
}

static void complete(struct subscription *subscription)
{
    http_stream_write(subscription->visit->exchange, TEXT("event: complete\ndata:\n\n"));
    end(subscription);
}

/* --- sending ---------------------------------------------------------------------------------------------------------------- */

static void start_pulse(struct subscription *subscription)
{
    timer_start(loop_of(subscription), &subscription->pulse, INT64_C(1000) * LIMIT_STREAM_PULSE_MS);
}

static void on_pulse(struct timer *timer)
{
    struct subscription *subscription = (struct subscription *)((char *)timer - offsetof(struct subscription, pulse));
    if (http_stream_write(subscription->visit->exchange, TEXT(":\n\n")))
        start_pulse(subscription);
    else
        end(subscription);
}

static int64_t unused_cost(const struct subscription *subscription)
{
    return execution_cost_requested(subscription->execution) - execution_cost_actual(subscription->execution);
}

static void give_back(struct subscription *subscription, struct budget_state *state)
{
    struct budget *budget = subscription->visit->graphql->options.budget;
    if (budget != NULL)
        budget_give_back(budget, subscription->client, unused_cost(subscription), state);
}

/* False when nobody takes it. */
static bool send_next(struct subscription *subscription)
{
    struct buffer text;
    struct json_writer json;
    struct budget_state state = {0};
    buffer_init(&text, LIMIT_GRAPHQL_ANSWER);
    buffer_add_string(&text, "event: next\ndata: ");
    json_write_init(&json, &text);
    json_write_object_open(&json);
    execution_write(subscription->execution, &json);
    uint64_t hash = text_checksum(buffer_text(&text));
    give_back(subscription, &state);
    answer_write_cost(&json, execution_cost_requested(subscription->execution), execution_cost_actual(subscription->execution), &state);
    json_write_object_close(&json);
    buffer_add_string(&text, "\n\n");
    bool taken = !text.overflowed && !execution_is_too_long(subscription->execution);
    if (taken && hash != subscription->sent_hash)
        taken = http_stream_write(subscription->visit->exchange, buffer_text(&text));
    subscription->sent_hash = hash;
    buffer_release(&text);
    return taken;
}

/* --- watching ---------------------------------------------------------------------------------------------------------------- */

static void run(struct subscription *subscription);

static void on_touched(void *data)
{
    struct subscription *subscription = data;
    if (watches_are_ending(subscription->visit->graphql->options.watches))
        complete(subscription);
    else
        run(subscription);
}

/* The kind of a tag: "stock" of "stock/MUG-1", and of "stock". */
static struct text kind_of(struct text tag)
{
    const char *slash = memchr(tag.at, '/', tag.length);
    return slash != NULL ? (struct text){tag.at, (size_t)(slash - tag.at)} : tag;
}

static bool is_among(struct text tag, const struct text *tags, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(tags[i], tag))
            return true;
    return false;
}

/* What the answer is made of; of very much, of which kinds it is. */
static size_t tags_of_answer(const struct subscription *subscription, struct text wanted[TAGS_WATCHED_MAX])
{
    const struct tags *tags = execution_tags(subscription->execution);
    size_t count = 0;
    for (size_t i = 0; i < tags->count && count < TAGS_WATCHED_MAX; i++) {
        struct text tag = tags->count <= TAGS_WATCHED_MAX ? tags->tags[i] : kind_of(tags->tags[i]);
        if (!is_among(tag, wanted, count))
            wanted[count++] = tag;
    }
    return count;
}

static struct watch *watch_named(struct subscription *subscription, const char *kind, const char *key)
{
    return watch_start(subscription->visit->graphql->options.watches, loop_of(subscription), kind, key, on_touched, subscription);
}

/* False: there are too many watches. A tag that is too long to be watched is watched for by its kind. */
static bool watch_tag(struct subscription *subscription, struct text tag)
{
    struct arena *arena = subscription->run_arena;
    size_t kind_length = kind_of(tag).length;
    const char *kind = arena_strndup(arena, tag.at, kind_length);
    const char *key = kind_length < tag.length ? arena_strndup(arena, tag.at + kind_length + 1, tag.length - kind_length - 1) : NULL;
    struct watch *watch = watch_named(subscription, kind, key);
    if (watch == NULL && key != NULL)
        watch = watch_named(subscription, kind, NULL);
    if (watch == NULL)
        return false;
    subscription->watched[subscription->watched_count++] = (struct watched){.watch = watch, .tag = strndup(tag.at, tag.length)};
    return true;
}

static bool is_watched(const struct subscription *subscription, struct text tag)
{
    for (size_t i = 0; i < subscription->watched_count; i++)
        if (text_is(tag, subscription->watched[i].tag))
            return true;
    return false;
}

/* Watch what the answer is made of now, and nothing else. Whether anything is watched that was not. */
static bool watch_answer(struct subscription *subscription)
{
    struct text wanted[TAGS_WATCHED_MAX];
    size_t count = tags_of_answer(subscription, wanted);
    for (size_t i = subscription->watched_count; i-- > 0;)
        if (!is_among(text_of(subscription->watched[i].tag), wanted, count))
            unwatch(subscription, i);
    bool is_more = false;
    for (size_t i = 0; i < count; i++)
        is_more = (!is_watched(subscription, wanted[i]) && watch_tag(subscription, wanted[i])) || is_more;
    return is_more;
}

/* --- running ------------------------------------------------------------------------------------------------------------------- */

static void forget_run(struct subscription *subscription)
{
    arena_free(subscription->run_arena);
    subscription->run_arena = NULL;
    subscription->is_running = false;
}

/* An answer that something is missing from does not tell all that it is made of. */
static bool is_worth_watching(const struct subscription *subscription)
{
    return subscription->visit->operation->kind == DOCUMENT_SUBSCRIPTION && execution_tags(subscription->execution)->count > 0 &&
           (subscription->watched_count == 0 || !execution_has_errors(subscription->execution));
}

static void on_run(void *data)
{
    struct subscription *subscription = data;
    if (subscription->is_over) {
        forget_run(subscription);
        finish(subscription);
        return;
    }
    bool taken = send_next(subscription);
    bool is_more = is_worth_watching(subscription) && watch_answer(subscription);
    forget_run(subscription);
    if (!taken)
        end(subscription);
    else if (subscription->watched_count == 0)
        complete(subscription);
    else if (is_more || subscription->is_dirty) /* what changed before we watched was not told */
        run(subscription);
}

static void on_retry(struct timer *timer)
{
    run((struct subscription *)((char *)timer - offsetof(struct subscription, retry)));
}

static bool can_pay(struct subscription *subscription)
{
    struct budget *budget = subscription->visit->graphql->options.budget;
    struct budget_state state;
    if (budget == NULL || budget_take(budget, subscription->client, execution_cost_requested(subscription->visit->execution), &state))
        return true;
    timer_start(loop_of(subscription), &subscription->retry, INT64_C(1000000) * budget_retry_seconds(&state));
    return false;
}

static void run(struct subscription *subscription)
{
    struct graphql_visit *visit = subscription->visit;
    subscription->is_dirty = subscription->is_running;
    if (subscription->is_running || subscription->is_over || !can_pay(subscription))
        return;
    subscription->is_running = true;
    subscription->run_arena = arena_new(LIMIT_CALL_ARENA);
    struct execution_options options = visit_execution_options(visit);
    options.call = call_child(visit->call, subscription->run_arena);
    options.call->deadline_us = env_monotonic_us(loop_of(subscription)->env) + INT64_C(1000) * LIMIT_CALL_MS;
    options.notes_tags = true;
    struct graphql_error error;
    subscription->execution = execution_new(&options, &error);
    ASSERT(subscription->execution != NULL); /* the same has been planned before */
    execution_run(subscription->execution, on_run, subscription);
}

/* --- the beginning ---------------------------------------------------------------------------------------------------------------- */

void subscribe(struct graphql_visit *visit)
{
    struct subscription *subscription = ARENA_NEW(visit->arena, struct subscription);
    subscription->visit = visit;
    subscription->client = visit->client;
    subscription->pulse.run = on_pulse;
    subscription->retry.run = on_retry;
    visit->exchange->handler_data = subscription;
    visit->exchange->on_gone = on_gone;
    answer_begin_stream(visit);
    start_pulse(subscription);
    run(subscription);
}
