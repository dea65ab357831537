/*
 *     follow_begin ── ask ── on_page ──────────────── write ─┬─ more, and room ── ask
 *                      ▲        └ refused: a problem         ├─ more, no room ── on_drained ── ask
 *                      └──────────── on_changed ──────────── └─ all read: wait
 *
 * One call at a time, each in an arena of its own, as the exchange's lives as long as the stream. The stream ends when the client has
 * gone (on_gone) or the server stops (the watch tells); while a call is under way, when its answer is there.
 */
#include "gateways/rest/follow.h"

#include "base/limits.h"
#include "gateways/rest/transcode_out.h"
#include "guard/security_headers.h"
#include "platform/rpc/message.h"

#include <stdio.h>
#include <stdlib.h>

#define RESOURCE_BYTES_MAX 64

struct follow {
    struct visit *visit;
    struct watch *watch;
    struct timer heartbeat;
    struct field cursor;             /* of the request */
    struct field position;           /* of the answer */
    struct field items, item_cursor;
    char *place;    /* owned: what the next call asks to come after */
    bool begun;     /* the head is sent */
    bool asking;    /* a call is under way */
    bool changed;   /* meanwhile */
    bool waits_for_room;
};

static void ask(struct follow *follow);

/* --- whether ------------------------------------------------------------------------------------------------------------ */

/* One of an Accept header's parts: its media type, and that it does not say q=0. */
static bool is_event_stream(struct text part)
{
    const char *semicolon = memchr(part.at, ';', part.length);
    struct text type = {part.at, semicolon != NULL ? (size_t)(semicolon - part.at) : part.length};
    bool refused = semicolon != NULL && memmem(part.at, part.length, "q=0", 3) != NULL && memmem(part.at, part.length, "q=0.", 4) == NULL;
    return text_equal_ignoring_case(text_trim(type), TEXT("text/event-stream")) && !refused;
}

static bool accepts_event_stream(struct text accept)
{
    while (accept.length > 0) {
        const char *comma = memchr(accept.at, ',', accept.length);
        struct text part = {accept.at, comma != NULL ? (size_t)(comma - accept.at) : accept.length};
        if (is_event_stream(part))
            return true;
        size_t taken = part.length + (comma != NULL ? 1 : 0);
        accept = (struct text){accept.at + taken, accept.length - taken};
    }
    return false;
}

bool follow_is_wanted(const struct visit *visit)
{
    const struct http_request *request = &visit->exchange->request;
    return visit->route->method->follow != NULL && visit->rest->options.watches != NULL && text_is(request->method, "GET") &&
           accepts_event_stream(http_header(request, "accept"));
}

/* --- the end ------------------------------------------------------------------------------------------------------------- */

/* No callback finds it any more. */
static void let_go(struct follow *follow)
{
    struct http_exchange *exchange = follow->visit->exchange;
    exchange->on_gone = exchange->on_drained = NULL;
    timer_stop(exchange->loop, &follow->heartbeat);
    watch_stop(follow->watch);
    free(follow->place);
}

static void end(struct follow *follow)
{
    struct http_exchange *exchange = follow->visit->exchange;
    let_go(follow);
    http_stream_end(exchange, true);
}

static bool is_over(const struct follow *follow)
{
    return follow->visit->exchange->gone || watches_are_ending(follow->visit->rest->options.watches);
}

/* --- writing ------------------------------------------------------------------------------------------------------------- */

static void go_to(struct follow *follow, const char *place)
{
    free(follow->place);
    follow->place = strdup(place);
}

static void write_item(struct follow *follow, const ProtobufCMessage *item, struct buffer *out)
{
    const struct visit *visit = follow->visit;
    struct rendering rendering = {.resources = visit->rest->resources, .actor = &visit->call->actor};
    buffer_printf(out, "id: %s\ndata: ", field_value_string(follow->item_cursor, item, 0));
    json_write_init(&rendering.json, out);
    render_message(&rendering, visit_item_type(visit), item, visit->fields);
    buffer_add_string(out, "\n\n");
}

static void write_page(struct follow *follow, const ProtobufCMessage *answer)
{
    struct buffer out;
    buffer_init(&out, LIMIT_ANSWER_BYTES);
    for (size_t i = 0; i < field_count(follow->items, answer); i++)
        write_item(follow, field_value_message(follow->items, answer, i), &out);
    if (out.length > 0)
        http_stream_write(follow->visit->exchange, buffer_text(&out));
    buffer_release(&out);
}

static void on_heartbeat(struct timer *timer)
{
    struct follow *follow = (struct follow *)(void *)((char *)timer - offsetof(struct follow, heartbeat));
    struct http_exchange *exchange = follow->visit->exchange;
    if (http_stream_unsent(exchange) == 0)
        http_stream_write(exchange, TEXT(":\n\n"));
    timer_start(exchange->loop, timer, INT64_C(1000) * LIMIT_HEARTBEAT_MS);
    if (follow->changed && !follow->asking && !follow->waits_for_room)
        ask(follow); /* the last call was refused: try again now */
}

static void begin_stream(struct follow *follow)
{
    struct http_exchange *exchange = follow->visit->exchange;
    follow->begun = true;
    visit_header(follow->visit, "X-Accel-Buffering", TEXT("no")); /* nginx before us hands on what it gets */
    visit_stream_begin(follow->visit, "text/event-stream");
    http_stream_write(exchange, TEXT("retry: 1000\n\n"));
    timer_start(exchange->loop, &follow->heartbeat, INT64_C(1000) * LIMIT_HEARTBEAT_MS);
}

/* --- asking -------------------------------------------------------------------------------------------------------------- */

/* There is more: now, or when the client has taken what it has. */
static void go_on(struct follow *follow)
{
    follow->waits_for_room = http_stream_unsent(follow->visit->exchange) > LIMIT_FOLLOW_UNSENT;
    if (!follow->waits_for_room)
        ask(follow);
}

static void refuse(struct follow *follow, const struct problem *problem)
{
    struct visit *visit = follow->visit;
    let_go(follow);
    visit->call->problem = *problem;
    visit_refuse(visit);
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
    bool more = field_count(follow->visit->route->next_cursor, answer) > 0;
    write_page(follow, answer);
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
    const struct visit *visit = follow->visit;
    struct call *call = call_child(visit->call, arena_new(LIMIT_CALL_ARENA));
    call->deadline_us = env_monotonic_us(visit->exchange->loop->env) + INT64_C(1000) * LIMIT_CALL_MS;
    call->data = follow;
    follow->asking = true;
    follow->changed = false;
    *(const char **)field_fill(follow->cursor, visit->request) = follow->place;
    visit_invoke(call, visit->route->service, visit->route->method, visit->request, on_page);
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
    const struct visit *visit = follow->visit;
    const char *name = visit->route->method->follow, *brace = strchr(name, '{'), *key = NULL;
    char resource[RESOURCE_BYTES_MAX];
    snprintf(resource, sizeof resource, "%.*s", (int)strcspn(name, "/"), name);
    if (brace != NULL) {
        struct field field = message_field(visit->route->method->input, (struct text){brace + 1, strcspn(brace + 1, "}")});
        key = field_count(field, visit->request) > 0 ? field_value_string(field, visit->request, 0) : NULL;
    }
    return watch_start(visit->rest->options.watches, visit->exchange->loop, resource, key, on_changed, follow);
}

/* Where the client was when it lost us, or what its address says. */
static char *place_of(const struct follow *follow)
{
    const struct visit *visit = follow->visit;
    struct text last = http_header(&visit->exchange->request, "last-event-id");
    if (last.at != NULL && last.length > 0 && text_is_utf8(last))
        return strndup(last.at, last.length);
    return strdup(field_value_string(follow->cursor, visit->request, 0));
}

void follow_begin(struct visit *visit)
{
    const struct method_declaration *method = visit->route->method;
    struct follow *follow = ARENA_NEW(visit->arena, struct follow);
    *follow = (struct follow){
        .visit = visit,
        .heartbeat = {.run = on_heartbeat},
        .cursor = message_field(method->input, TEXT("cursor")),
        .position = message_field(method->output, TEXT("position")),
        .items = visit->route->items,
        .item_cursor = message_field(visit_item_type(visit), TEXT("cursor")),
    };
    follow->watch = start_watch(follow);
    if (follow->watch == NULL) {
        call_refuse(visit->call, RESULT_OVERLOADED, "Too many are watching.");
        visit_refuse(visit);
        return;
    }
    follow->place = place_of(follow);
    visit->exchange->handler_data = follow;
    visit->exchange->on_gone = on_gone;
    visit->exchange->on_drained = on_drained;
    ask(follow);
}
