/*
 *     follow_begin ── ask ── on_page ──────────────── write ─┬─ more, and room ── ask
 *                      ▲        └ refused: a problem         ├─ more, no room ── on_drained ── ask
 *                      └──────────── on_changed ──────────── └─ all read: wait
 *
 * One call at a time, each in an arena of its own, as the exchange's lives as long as the stream. The stream ends when the client has
 * gone (on_gone), the server stops (the watch tells) or its time is over (on_last_moment); while a call is under way, when its answer is there.
 */
#include "gateways/follow.h"

#include "base/limits.h"
#include "gateways/watch.h"
#include "platform/rpc/message.h"
#include "platform/rpc/reflect.h"

#include <stdio.h>
#include <stdlib.h>

#define RESOURCE_BYTES_MAX 64

struct follow {
    struct timer heartbeat; /* first: a timer is its follow */
    struct timer last_moment;
    struct follow_options is;
    struct watch *watch;
    struct field cursor;             /* of the request */
    struct field position, more;     /* of the answer */
    struct field items, item_cursor;
    char *place;    /* owned: what the next call asks to come after */
    bool begun;
    bool asking;    /* a call is under way */
    bool changed;   /* meanwhile */
    bool waits_for_room;
};

static void ask(struct follow *follow);

/* --- the end ------------------------------------------------------------------------------------------------------------- */

/* No callback finds it any more. */
static void let_go(struct follow *follow)
{
    struct http_exchange *exchange = follow->is.exchange;
    exchange->on_gone = exchange->on_drained = NULL;
    timer_stop(exchange->loop, &follow->heartbeat);
    timer_stop(exchange->loop, &follow->last_moment);
    watch_stop(follow->watch);
    free(follow->place);
}

static void end(struct follow *follow)
{
    let_go(follow);
    follow->is.writer->end(follow->is.data, !follow->is.exchange->gone);
}

static bool is_over(const struct follow *follow)
{
    return follow->is.exchange->gone || watches_are_ending(follow->is.watches) ||
           env_monotonic_us(follow->is.exchange->loop->env) >= follow->is.until_us;
}

/* --- writing ------------------------------------------------------------------------------------------------------------- */

static void go_to(struct follow *follow, const char *place)
{
    free(follow->place);
    follow->place = strdup(place);
}

static void write_page(struct follow *follow, struct arena *arena, const ProtobufCMessage *answer)
{
    size_t count = field_count(follow->items, answer);
    for (size_t i = 0; i < count; i++) {
        const ProtobufCMessage *item = field_value_message(follow->items, answer, i);
        follow->is.writer->item(follow->is.data, arena, item, field_value_string(follow->item_cursor, item, 0));
    }
    if (count > 0)
        follow->is.writer->written(follow->is.data);
}

static void on_heartbeat(struct timer *timer)
{
    struct follow *follow = (struct follow *)timer;
    struct http_exchange *exchange = follow->is.exchange;
    if (http_stream_unsent(exchange) == 0)
        follow->is.writer->idle(follow->is.data);
    timer_start(exchange->loop, timer, INT64_C(1000) * LIMIT_HEARTBEAT_MS);
    if (follow->changed && !follow->asking && !follow->waits_for_room)
        ask(follow); /* the last call was refused: try again now */
}

static void on_last_moment(struct timer *timer)
{
    struct follow *follow = (struct follow *)((char *)timer - offsetof(struct follow, last_moment));
    if (follow->begun && !follow->asking)
        end(follow);
}

static void begin_stream(struct follow *follow)
{
    follow->begun = true;
    follow->is.writer->begin(follow->is.data);
    timer_start(follow->is.exchange->loop, &follow->heartbeat, INT64_C(1000) * LIMIT_HEARTBEAT_MS);
    if (follow->is.until_us != INT64_MAX)
        timer_start(follow->is.exchange->loop, &follow->last_moment, follow->is.until_us - env_monotonic_us(follow->is.exchange->loop->env));
}

/* --- asking -------------------------------------------------------------------------------------------------------------- */

/* There is more: now, or when the client has taken what it has. */
static void go_on(struct follow *follow)
{
    follow->waits_for_room = http_stream_unsent(follow->is.exchange) > LIMIT_FOLLOW_UNSENT;
    if (!follow->waits_for_room)
        ask(follow);
}

static void refuse(struct follow *follow, const struct problem *problem)
{
    let_go(follow);
    follow->is.writer->refuse(follow->is.data, problem);
}

/* What a call brought; the arena of both ends when this returns. */
static void take_page(struct follow *follow, const struct call *call, const ProtobufCMessage *answer)
{
    if (answer == NULL && !follow->begun) {
        refuse(follow, &call->problem);
        return;
    }
    if (!follow->begun)
        begin_stream(follow);
    if (is_over(follow)) {
        end(follow);
        return;
    }
    if (answer == NULL) {
        follow->changed = true; /* not now; the next heartbeat, or change, tries again */
        return;
    }
    bool more = field_count(follow->more, answer) > 0;
    write_page(follow, call->arena, answer);
    go_to(follow, field_value_string(follow->position, answer, 0));
    if (more || follow->changed)
        go_on(follow);
}

static void on_page(struct call *call, const ProtobufCMessage *answer)
{
    struct follow *follow = call->data;
    struct arena *arena = call->arena;
    follow->asking = false;
    take_page(follow, call, answer);
    arena_free(arena);
}

static void ask(struct follow *follow)
{
    const struct follow_options *is = &follow->is;
    struct call *call = call_child(is->call, arena_new(LIMIT_CALL_ARENA));
    call->deadline_us = env_monotonic_us(is->exchange->loop->env) + INT64_C(1000) * LIMIT_CALL_MS;
    call->data = follow;
    call->done = on_page;
    follow->asking = true;
    follow->changed = false;
    *(const char **)field_fill(follow->cursor, is->request) = follow->place;
    is->service->invoke(is->service, is->method->index, is->request, call_closure, call);
}

/* --- hearing ------------------------------------------------------------------------------------------------------------- */

static void on_changed(void *data)
{
    struct follow *follow = data;
    follow->changed = true;
    if (follow->asking)
        return;
    if (is_over(follow))
        end(follow);
    else if (!follow->waits_for_room)
        go_on(follow);
}

static void on_gone(struct http_exchange *exchange)
{
    struct follow *follow = exchange->handler_data;
    if (!follow->asking)
        end(follow);
}

static void on_drained(struct http_exchange *exchange)
{
    struct follow *follow = exchange->handler_data;
    if (follow->waits_for_room && !follow->asking) {
        follow->waits_for_room = false;
        ask(follow);
    }
}

/* --- beginning ----------------------------------------------------------------------------------------------------------- */

/* What `follow` names: "events/{service}". A field that is not given stands for all. */
static struct watch *start_watch(struct follow *follow)
{
    const struct follow_options *is = &follow->is;
    const char *name = is->method->follow, *brace = strchr(name, '{'), *key = NULL;
    char resource[RESOURCE_BYTES_MAX];
    snprintf(resource, sizeof resource, "%.*s", (int)strcspn(name, "/"), name);
    if (brace != NULL) {
        struct field field = message_field(is->method->input, (struct text){brace + 1, strcspn(brace + 1, "}")});
        key = field_count(field, is->request) > 0 ? field_value_string(field, is->request, 0) : NULL;
    }
    return watch_start(is->watches, is->exchange->loop, resource, key, on_changed, follow);
}

static void refuse_many(const struct follow_options *options)
{
    call_refuse(options->call, RESULT_OVERLOADED, "Too many are watching.");
    options->writer->refuse(options->data, &options->call->problem);
}

void follow_begin(const struct follow_options *options)
{
    const struct method_declaration *method = options->method;
    struct field items = message_field(method->output, TEXT("items"));
    struct follow *follow = ARENA_NEW(options->exchange->arena, struct follow);
    *follow = (struct follow){
        .heartbeat = {.run = on_heartbeat},
        .last_moment = {.run = on_last_moment},
        .is = *options,
        .cursor = message_field(method->input, TEXT("cursor")),
        .position = message_field(method->output, TEXT("position")),
        .more = message_field(method->output, TEXT("next_cursor")),
        .items = items,
        .item_cursor = message_field(items.declaration->message, TEXT("cursor")),
    };
    if (follow->is.until_us == 0)
        follow->is.until_us = INT64_MAX;
    follow->watch = start_watch(follow);
    if (follow->watch == NULL) {
        refuse_many(options);
        return;
    }
    bool has_place = options->after.length > 0;
    follow->place = has_place ? strndup(options->after.at, options->after.length) : strdup(field_value_string(follow->cursor, options->request, 0));
    options->exchange->handler_data = follow;
    options->exchange->on_gone = on_gone;
    options->exchange->on_drained = on_drained;
    ask(follow);
}
