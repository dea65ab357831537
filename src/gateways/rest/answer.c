/*
 * The way out: the answer as JSON, its status, and what its headers say.
 */
#include "base/limits.h"
#include "gateways/rest/embed.h"
#include "gateways/rest/headers.h"
#include "gateways/rest/shared.h"
#include "gateways/rest/visit.h"
#include "gateways/trace.h"
#include "guard/security_headers.h"

/* --- sending ------------------------------------------------------------------------------------------------------------- */

static int64_t now_us(const struct visit *visit)
{
    return env_monotonic_us(visit->exchange->loop->env);
}

static bool has_header(const struct visit *visit, const char *name)
{
    for (size_t i = 0; i < visit->header_count; i++)
        if (text_is(visit->headers[i].name, name))
            return true;
    return false;
}

/* Milliseconds up to the operation, in it, and after it. */
static void tell_timing(struct visit *visit)
{
    int64_t started = visit->exchange->request.started_us, called = visit->called_us, answered = visit->answered_us;
    if (!visit->timed || answered == 0)
        return;
    visit_header(visit, "Server-Timing",
                 text_of(arena_printf(visit->arena, "in;dur=%.3f, operation;dur=%.3f, out;dur=%.3f",
                                      (double)(called - started) / 1e3, (double)(answered - called) / 1e3,
                                      (double)(now_us(visit) - answered) / 1e3)));
}

/* How the client's budget stands; not in answers that shared caches keep, which would tell it to everybody else. */
static void tell_budget(struct visit *visit)
{
    if (visit->budget.maximum == 0 || visit->cache_seconds > 0)
        return;
    char *fields = arena_alloc(visit->arena, 2 * BUDGET_FIELD_BYTES);
    budget_write_policy(&visit->budget, fields);
    budget_write_left(&visit->budget, fields + BUDGET_FIELD_BYTES);
    visit_header(visit, "RateLimit-Policy", text_of(fields));
    visit_header(visit, "RateLimit", text_of(fields + BUDGET_FIELD_BYTES));
}

/* What every answer says. */
static void tell_common(struct visit *visit, const char *content_type)
{
    for (size_t i = 0; i < SECURITY_HEADER_COUNT; i++)
        visit_header(visit, security_headers[i].name.at, security_headers[i].value);
    if (content_type != NULL)
        visit_header(visit, "Content-Type", text_of(content_type));
    if (!has_header(visit, "Content-Security-Policy"))
        visit_header(visit, "Content-Security-Policy", TEXT(SECURITY_POLICY_OF_DATA));
    if (!has_header(visit, "Cache-Control"))
        visit_header(visit, "Cache-Control", TEXT("private, no-store"));
    visit_header(visit, "X-Request-Id", text_of(visit->call->request_id));
    visit_header(visit, "traceparent", text_of(visit->call->trace_parent));
    tell_budget(visit);
    tell_timing(visit);
}

static void count_answer(const struct visit *visit, int status)
{
    trace_status(visit->call, "http.response.status_code", status, status >= 500);
    struct metrics_route *counters = visit->route ? visit->route->metrics : visit->rest->unrouted;
    metrics_count(counters, status, now_us(visit) - visit->exchange->request.started_us);
}

void visit_stream_begin(struct visit *visit, const char *content_type)
{
    tell_common(visit, content_type);
    count_answer(visit, 200);
    http_stream_begin(visit->exchange,
                      &(struct http_response){.status = 200, .headers = visit->headers, .header_count = visit->header_count});
}

void visit_send(struct visit *visit, int status, const char *content_type, struct text body)
{
    shared_give_up(visit);
    tell_common(visit, content_type);
    count_answer(visit, status);
    http_respond(visit->exchange, &(struct http_response){
                                      .status = status,
                                      .headers = visit->headers,
                                      .header_count = visit->header_count,
                                      .body = body,
                                  });
}

/* --- addresses ------------------------------------------------------------------------------------------------------------ */

void visit_write_target(const struct visit *visit, const char *without, struct buffer *out)
{
    struct text path = visit->exchange->request.path;
    for (size_t i = 0; i <= path.length;) {
        const char *slash = memchr(path.at + i, '/', path.length - i);
        size_t length = slash ? (size_t)(slash - path.at) - i : path.length - i;
        const char *segment = percent_decode((struct text){path.at + i, length}, false, visit->arena);
        percent_encode(text_of(segment), out); /* it was found to be well-formed when it was routed */
        if (slash != NULL)
            buffer_add_char(out, '/');
        i += length + 1;
    }
    query_write(&visit->query, without, out);
}

/* --- lists ---------------------------------------------------------------------------------------------------------------- */

static const char *next_cursor(const struct visit *visit)
{
    struct field cursor = visit->route->next_cursor;
    if (cursor.descriptor == NULL || field_count(cursor, visit->answer) == 0)
        return NULL;
    return field_value_string(cursor, visit->answer, 0);
}

static struct text next_target(struct visit *visit, const char *cursor)
{
    struct buffer *target = visit_buffer(visit);
    visit_write_target(visit, "cursor", target);
    buffer_add_string(target, memchr(target->at, '?', target->length) != NULL ? "&cursor=" : "?cursor=");
    percent_encode(text_of(cursor), target);
    return buffer_text(target);
}

static void write_link(struct json_writer *json, const char *rel, struct text href)
{
    json_write_key(json, rel);
    json_write_object_open(json);
    json_write_key(json, "href");
    json_write_text(json, href);
    json_write_object_close(json);
}

static void write_list_links(struct visit *visit, struct json_writer *json)
{
    struct buffer *self = visit_buffer(visit);
    visit_write_target(visit, NULL, self);
    const char *cursor = next_cursor(visit);
    json_write_key(json, "_links");
    json_write_object_open(json);
    write_link(json, "self", buffer_text(self));
    if (cursor != NULL) {
        struct text next = next_target(visit, cursor);
        write_link(json, "next", next);
        visit_header(visit, "Link",
                     text_of(arena_printf(visit->arena, "<%.*s>; rel=\"next\"", (int)next.length, next.at)));
    }
    json_write_object_close(json);
}

static void render_resource(const struct visit *visit, struct rendering *rendering, const struct form *form,
                            const ProtobufCMessage *message)
{
    render_open(rendering, form, message, visit->fields);
    embed_write(visit, rendering, message);
    json_write_object_close(&rendering->json);
}

static void render_items(const struct visit *visit, struct rendering *rendering, const struct form *form)
{
    struct field items = visit->route->items;
    json_write_key(&rendering->json, items.declaration->json_name);
    json_write_array_open(&rendering->json);
    for (size_t i = 0; i < field_count(items, visit->answer); i++)
        render_resource(visit, rendering, form, field_value_message(items, visit->answer, i));
    json_write_array_close(&rendering->json);
}

/* The items, what else the answer tells (facets), and where the next page is; the cursor itself is in that link. */
static void render_list_answer(struct visit *visit, struct rendering *rendering)
{
    const struct route *route = visit->route;
    const struct form *form = form_find(rendering->forms, route->method->output);
    json_write_object_open(&rendering->json);
    for (size_t i = 0; i < form->member_count; i++) {
        const struct form_member *member = &form->members[i];
        if (member->field.descriptor == route->items.descriptor)
            render_items(visit, rendering, member->form);
        else if (member->field.descriptor != route->next_cursor.descriptor)
            render_member(rendering, member, visit->answer, &field_choice_whole);
    }
    write_list_links(visit, &rendering->json);
    json_write_object_close(&rendering->json);
}

/* --- one thing -------------------------------------------------------------------------------------------------------------- */

/* What is to be shown: the answer, or the field of it that the route names. */
static const ProtobufCMessage *shown(const struct visit *visit, const struct message_declaration **declaration)
{
    const struct http_declaration *http = visit->route->http;
    *declaration = visit->route->method->output;
    if (http == NULL || http->response_body == NULL)
        return visit->answer;
    struct field field = message_field(*declaration, text_of(http->response_body));
    *declaration = field.declaration->message;
    return field_value_message(field, visit->answer, 0);
}

/* A nested link that leads to one item of the answered list; NULL when there is none. */
static const ProtobufCMessage *single_item(const struct visit *visit)
{
    struct field items = visit->route->items;
    return field_count(items, visit->answer) > 0 ? field_value_message(items, visit->answer, 0) : NULL;
}

static bool wants_single_item(const struct visit *visit)
{
    return visit->route->link != NULL && visit->route->link->single && visit->route->items.descriptor != NULL;
}

/* --- headers of a success ------------------------------------------------------------------------------------------------------ */

static void tell_location(struct visit *visit, const struct resource *resource, const ProtobufCMessage *message)
{
    if (resource == NULL || !resource->has_self)
        return;
    struct buffer *location = visit_buffer(visit);
    href_write(&resource->self, message, location);
    visit_header(visit, "Location", buffer_text(location));
}

static struct text tell_etag(struct visit *visit, const struct resource *resource, const ProtobufCMessage *message,
                             struct text body)
{
    bool has_version = resource != NULL && resource->version.descriptor != NULL;
    int64_t version = has_version ? field_integer(resource->version, field_value(resource->version, message, 0)) : 0;
    struct text etag = text_of(etag_make(visit->arena, has_version, version, body));
    visit_header(visit, "ETag", etag);
    return etag;
}

/* --- together ------------------------------------------------------------------------------------------------------------------ */

/* It goes on without us: where to look. */
static void answer_accepted(struct visit *visit)
{
    struct buffer *body = visit_buffer(visit);
    struct json_writer json;
    struct text location = text_of(visit->call->accepted_location);
    json_write_init(&json, body);
    json_write_object_open(&json);
    json_write_key(&json, "status");
    json_write_string(&json, "accepted");
    if (visit->call->accepted_action != NULL) {
        json_write_key(&json, "nextActionUrl");
        json_write_string(&json, visit->call->accepted_action);
    }
    json_write_key(&json, "_links");
    json_write_object_open(&json);
    write_link(&json, "progress", location);
    json_write_object_close(&json);
    json_write_object_close(&json);
    visit_header(visit, "Location", location);
    visit_send(visit, 202, "application/json", buffer_text(body));
}

/* What the answer was made of: the resources in it are noted while they are written. */
static void collect_tags(const struct visit *visit, struct tags *tags)
{
    tags_add_method(tags, visit->route->method, visit->request, visit->answer);
    if (visit->parent != NULL)
        tags_add_method(tags, visit->route->parent->method, visit->parent_request, visit->parent);
    embed_tags(visit, tags);
}

static void answer_message(struct visit *visit)
{
    const struct message_declaration *declaration;
    const ProtobufCMessage *message = shown(visit, &declaration);
    if (wants_single_item(visit)) {
        declaration = visit_item_type(visit);
        message = single_item(visit);
    }
    if (message == NULL) {
        call_refuse(visit->call, RESULT_NOT_FOUND, NULL);
        visit_refuse(visit);
        return;
    }

    struct buffer *body = visit_buffer(visit);
    struct tags tags = {.arena = visit->arena};
    struct rendering rendering = {
        .forms = visit->rest->forms,
        .actor = &visit->call->actor,
        .tags = visit->cache_seconds > 0 ? &tags : NULL,
    };
    json_write_init(&rendering.json, body);
    if (visit->route->items.descriptor != NULL && !wants_single_item(visit))
        render_list_answer(visit, &rendering);
    else
        render_resource(visit, &rendering, form_find(rendering.forms, declaration), message);
    if (body->overflowed) {
        call_refuse(visit->call, RESULT_OVERFLOW, "The answer is larger than we send. Ask for less.");
        visit_refuse(visit);
        return;
    }

    if (visit->cache_seconds > 0)
        collect_tags(visit, &tags);
    if (tags.count == 0)
        visit->cache_seconds = 0; /* nothing would ever say that it is old */
    else
        shared_headers(visit, &tags);
    const struct resource *resource = resource_find(visit->rest->resources, declaration);
    int status = visit->route->method->success;
    if (status == 201)
        tell_location(visit, resource, message);
    struct text etag = tell_etag(visit, resource, message, buffer_text(body));
    if (visit->cache_seconds > 0)
        shared_fill(visit, buffer_text(body), etag, &tags);
    struct text condition = http_header(&visit->exchange->request, "if-none-match");
    if (visit->route->verb == VERB_GET && condition.at != NULL && etag_matches(condition, etag))
        visit_send(visit, 304, NULL, TEXT(""));
    else
        visit_send(visit, status, "application/json", buffer_text(body));
}

void visit_tell_replayed(struct visit *visit)
{
    if (visit->call->replayed)
        visit_header(visit, "Idempotent-Replayed", TEXT("true"));
}

void visit_answer(struct visit *visit)
{
    visit_tell_replayed(visit);
    if (visit->call->accepted_location != NULL)
        answer_accepted(visit);
    else if (message_is_empty_type(visit->route->method->output))
        visit_send(visit, visit->route->method->success, NULL, TEXT(""));
    else
        answer_message(visit);
}
