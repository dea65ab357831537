/*
 * Operations: read what is asked for, call, and on to the answer.
 *
 *     visit_operate ── request ── call ── on_answer ── embed_call ── visit_answer
 *          └─ a nested link ── call the parent ── on_parent ── bind ── call ── on_nested ─┘
 *
 * While a call is under way the arena is the callee's: nothing here touches the visit until the answer is back.
 */
#include "base/assert.h"
#include "base/timestamp.h"
#include "gateways/rest/embed.h"
#include "gateways/rest/event_stream.h"
#include "gateways/rest/shared.h"
#include "gateways/rest/transcode_in.h"
#include "gateways/rest/visit.h"
#include "guard/authenticate.h"

/* --- what a GET may ask for ------------------------------------------------------------------------------------------------ */

const struct message_declaration *visit_item_type(const struct visit *visit)
{
    const struct route *route = visit->route;
    return route->items.descriptor ? route->items.declaration->message : route->method->output;
}

static void refuse_parameter(struct visit *visit, const char *name, const char *detail)
{
    struct validation validation = {.call = visit->call};
    struct pointer at = {.name = text_of(name), .query = true};
    violation_add(&validation, &at, "invalid", "%s", detail);
}

static bool read_as_of(struct visit *visit, const char *time)
{
    if (!authorize(visit->call, scope_name(SCOPE_AUDIT)))
        return false;
    int64_t now_us = env_now_us(visit->exchange->loop->env), as_of_us;
    if (!timestamp_parse(text_of(time), &as_of_us)) {
        refuse_parameter(visit, "asOf", "This must be a time as in RFC 3339, such as 2026-11-22T17:19:04Z.");
        return false;
    }
    call_ask_as_of(visit->call, as_of_us, now_us);
    if (as_of_us > now_us)
        refuse_parameter(visit, "asOf", "This is in the future.");
    else if (visit->route->method->history == NULL)
        refuse_parameter(visit, "asOf", "This has no history to look at.");
    return visit->call->problem.result == RESULT_OK;
}

static bool read_fields(struct visit *visit, const char *list)
{
    struct validation validation = {.call = visit->call};
    visit->fields = fields_read(&validation, visit_item_type(visit), text_of(list), visit->arena);
    return visit->fields != NULL;
}

static bool read_view(struct visit *visit)
{
    visit->fields = &field_choice_whole;
    if (visit->route->verb != VERB_GET)
        return true;
    const char *fields = query_take(&visit->query, "fields"), *embed = query_take(&visit->query, "embed"),
               *as_of = query_take(&visit->query, "asOf");
    return (fields == NULL || read_fields(visit, fields)) && (as_of == NULL || read_as_of(visit, as_of)) &&
           (embed == NULL || embed_read(visit, text_of(embed)));
}

/* Shared caches get only what everybody would get. */
static int shared_seconds(const struct visit *visit)
{
    const struct route *route = visit->route;
    if (route->verb != VERB_GET || visit->call->actor.kind != ACTOR_ANONYMOUS)
        return 0;
    int seconds = route->method->cache_seconds;
    if (route->parent != NULL && route->parent->method->cache_seconds < seconds)
        seconds = route->parent->method->cache_seconds;
    return embed_cache_seconds(visit, seconds);
}

/* --- calling --------------------------------------------------------------------------------------------------------------- */

void visit_invoke(struct call *call, ProtobufCService *service, const struct method_declaration *method,
                  const ProtobufCMessage *request, void (*done)(struct call *call, const ProtobufCMessage *answer))
{
    call->done = done;
    service->invoke(service, method->index, request, call_closure, call);
}

static void go_on(struct visit *visit, const ProtobufCMessage *answer)
{
    visit->answered_us = env_monotonic_us(visit->exchange->loop->env);
    visit->answer = answer;
    if (answer == NULL)
        visit_refuse(visit);
    else if (visit->embedding_count > 0)
        embed_call(visit);
    else
        visit_answer(visit);
}

static void on_answer(struct call *call, const ProtobufCMessage *answer)
{
    go_on(call->data, answer);
}

/* --- nested links ---------------------------------------------------------------------------------------------------------- */

static const struct resource_link *nested_link(const struct visit *visit)
{
    const struct message_declaration *parent = visit->route->parent->method->output;
    const struct resource *resource = resource_find(visit->rest->resources, parent);
    for (size_t i = 0; i < resource->link_count; i++)
        if (resource->links[i].declaration == visit->route->link)
            return &resource->links[i];
    ASSERT(!"a route's link is among its resource's links");
}

static void on_nested(struct call *call, const ProtobufCMessage *answer)
{
    struct visit *visit = call->data;
    visit->call->problem = call->problem;
    go_on(visit, answer);
}

static void on_parent(struct call *call, const ProtobufCMessage *parent)
{
    struct visit *visit = call->data;
    if (parent == NULL) {
        visit_refuse(visit);
        return;
    }
    const struct resource_link *link = nested_link(visit);
    visit->parent = parent;
    link_bind(link, &parent, 1, visit->request, visit->arena);
    struct call *nested = call_child(call, visit->arena);
    nested->data = visit;
    visit_invoke(nested, link->service, link->declaration->method, visit->request, on_nested);
}

static uint64_t bound_fields(const struct resource_link *link)
{
    uint64_t bound = 0;
    for (size_t i = 0; i < link->binding_count; i++)
        bound |= UINT64_C(1) << field_index(link->declaration->method->input, link->bindings[i].to);
    return bound;
}

static void operate_nested(struct visit *visit)
{
    const struct route *route = visit->route;
    const struct message_declaration *input = route->method->input;
    visit->parent_request = transcode_path(visit->call, route, visit->match.variables);
    visit->request = message_new(visit->arena, input->descriptor);
    if (visit->parent_request == NULL ||
        !transcode_query(visit->call, input, visit->request, bound_fields(nested_link(visit)), &visit->query)) {
        visit_refuse(visit);
        return;
    }
    visit->cache_seconds = shared_seconds(visit);
    if (!shared_take(visit))
        visit_call(visit);
}

void visit_call(struct visit *visit)
{
    const struct route *route = visit->route;
    if (route->parent != NULL)
        visit_invoke(visit->call, route->parent->service, route->parent->method, visit->parent_request, on_parent);
    else
        visit_invoke(visit->call, route->service, route->method, visit->request, on_answer);
}

/* --- what a body may come as ----------------------------------------------------------------------------------------------- */

static bool is_read_as_it_is(struct text encoding)
{
    return encoding.at == NULL || text_equal_ignoring_case(text_trim(encoding), TEXT("identity"));
}

static bool is_utf8_charset(struct text charset)
{
    return charset.at == NULL || text_equal_ignoring_case(charset, TEXT("utf-8")) ||
           text_equal_ignoring_case(charset, TEXT("us-ascii")); /* a part of it */
}

/* Uncompressed, and in UTF-8 if in any charset. */
static bool can_read_body(struct visit *visit)
{
    const struct http_request *http = &visit->exchange->request;
    if (http->body.length == 0)
        return true;
    if (!is_read_as_it_is(http_header(http, "content-encoding"))) {
        visit_header(visit, "Accept-Encoding", TEXT("identity"));
        call_refuse(visit->call, RESULT_UNSUPPORTED_MEDIA_TYPE, "Send it without Content-Encoding.");
        return false;
    }
    if (!is_utf8_charset(http_media_type_parameter(http_header(http, "content-type"), "charset"))) {
        call_refuse(visit->call, RESULT_UNSUPPORTED_MEDIA_TYPE, "Send it in UTF-8.");
        return false;
    }
    return true;
}

/* --- together --------------------------------------------------------------------------------------------------------------- */

void visit_operate(struct visit *visit)
{
    const struct route *route = visit->route;
    const struct http_request *http = &visit->exchange->request;
    visit->called_us = env_monotonic_us(visit->exchange->loop->env);
    if (!read_view(visit)) {
        visit_refuse(visit);
        return;
    }
    if (route->link != NULL) {
        operate_nested(visit);
        return;
    }
    if (can_read_body(visit))
        visit->request = transcode_request(visit->call, route, visit->match.variables, &visit->query,
                                           http_header(http, "content-type"), http->body);
    if (visit->request == NULL) {
        visit_refuse(visit);
        return;
    }
    if (event_stream_is_wanted(visit)) {
        event_stream_begin(visit);
        return;
    }
    visit->cache_seconds = shared_seconds(visit);
    if (!shared_take(visit))
        visit_call(visit);
}
