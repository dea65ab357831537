/*
 * The way out: {"data", "errors", "extensions"}, by GraphQL over HTTP.
 *
 * Who accepts application/graphql-response+json learns from the status what became of the document; who accepts application/json only
 * gets 200 whenever the request could be read, as clients of old expect.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "gateways/graphql/cached.h"
#include "gateways/trace.h"
#include "guard/security_headers.h"

/* --- sending -------------------------------------------------------------------------------------------------------------- */

void visit_add_header(struct graphql_visit *visit, const char *name, struct text value)
{
    ASSERT(visit->header_count < ANSWER_HEADERS_MAX);
    visit->headers[visit->header_count++] = (struct http_header){.name = text_of(name), .value = value};
}

static bool has_header(const struct graphql_visit *visit, const char *name)
{
    for (size_t i = 0; i < visit->header_count; i++)
        if (text_is(visit->headers[i].name, name))
            return true;
    return false;
}

static void tell_budget(struct graphql_visit *visit)
{
    if (visit->budget.maximum == 0 || has_header(visit, "Surrogate-Key"))
        return; /* what everybody gets says nothing of one client */
    char *fields = arena_alloc(visit->arena, 2 * BUDGET_FIELD_BYTES);
    budget_write_policy(&visit->budget, fields);
    budget_write_left(&visit->budget, fields + BUDGET_FIELD_BYTES);
    visit_add_header(visit, "RateLimit-Policy", text_of(fields));
    visit_add_header(visit, "RateLimit", text_of(fields + BUDGET_FIELD_BYTES));
}

/* What every answer says. */
static void add_headers(struct graphql_visit *visit)
{
    for (size_t i = 0; i < SECURITY_HEADER_COUNT; i++)
        visit_add_header(visit, security_headers[i].name.at, security_headers[i].value);
    visit_add_header(visit, "Content-Type", text_of(graphql_media_type(visit->media)));
    visit_add_header(visit, "Content-Security-Policy", TEXT(SECURITY_POLICY_OF_DATA));
    if (!has_header(visit, "Cache-Control"))
        visit_add_header(visit, "Cache-Control", TEXT("private, no-store"));
    visit_add_header(visit, "X-Request-Id", text_of(visit->call->request_id));
    visit_add_header(visit, "traceparent", text_of(visit->call->trace_parent));
    tell_budget(visit);
}

void answer_begin_stream(struct graphql_visit *visit)
{
    add_headers(visit);
    http_stream_begin(visit->exchange, &(struct http_response){
                                           .status = 200, .headers = visit->headers, .header_count = visit->header_count});
}

static void send_body(struct graphql_visit *visit, int status, struct text body)
{
    cached_give_up(visit);
    trace_name(visit->call, "GraphQL");
    trace_status(visit->call, "http.response.status_code", status, status >= 500);
    add_headers(visit);
    http_respond(visit->exchange, &(struct http_response){.status = status,
                                                          .headers = visit->headers,
                                                          .header_count = visit->header_count,
                                                          .body = body});
}

static void release_buffer(void *buffer)
{
    buffer_release(buffer);
}

struct buffer *answer_buffer(struct graphql_visit *visit)
{
    struct buffer *buffer = ARENA_NEW(visit->arena, struct buffer);
    buffer_init(buffer, LIMIT_GRAPHQL_ANSWER);
    arena_cleanup(visit->arena, release_buffer, buffer);
    buffer_reserve(buffer, 4096); /* most answers fit: one allocation */
    return buffer;
}

static struct buffer *body_begin(struct graphql_visit *visit, struct json_writer *json)
{
    struct buffer *body = answer_buffer(visit);
    json_write_init(json, body);
    json_write_object_open(json);
    return body;
}

/* --- extensions.cost ------------------------------------------------------------------------------------------------------- */

static void write_number(struct json_writer *json, const char *name, int64_t number)
{
    json_write_key(json, name);
    json_write_int(json, number);
}

void answer_write_cost(struct json_writer *json, int64_t requested, int64_t actual, const struct budget_state *budget)
{
    json_write_key(json, "extensions");
    json_write_object_open(json);
    json_write_key(json, "cost");
    json_write_object_open(json);
    write_number(json, "requestedQueryCost", requested);
    write_number(json, "actualQueryCost", actual);
    json_write_key(json, "throttleStatus");
    json_write_object_open(json);
    write_number(json, "maximumAvailable", budget->maximum);
    write_number(json, "currentlyAvailable", budget->available);
    write_number(json, "restoreRate", budget->restore_per_second);
    json_write_object_close(json);
    json_write_object_close(json);
    json_write_object_close(json);
}

/* --- refusals --------------------------------------------------------------------------------------------------------------- */

static void write_locations(struct json_writer *json, const struct graphql_error *error)
{
    if (error->location_count == 0)
        return;
    json_write_key(json, "locations");
    json_write_array_open(json);
    for (size_t i = 0; i < error->location_count; i++) {
        json_write_object_open(json);
        write_number(json, "line", error->locations[i].line);
        write_number(json, "column", error->locations[i].column);
        json_write_object_close(json);
    }
    json_write_array_close(json);
}

/* Clients of GraphQL look for these in capitals; everything else is as in REST. */
static const char *code_of(enum result result)
{
    switch (result) {
    case RESULT_THROTTLED:
        return "THROTTLED";
    case RESULT_PERSISTED_QUERY_NOT_FOUND:
        return "PERSISTED_QUERY_NOT_FOUND";
    case RESULT_PERSISTED_QUERY_NOT_SUPPORTED:
        return "PERSISTED_QUERY_NOT_SUPPORTED";
    default:
        return result_row(result)->wire;
    }
}

static void write_error(struct json_writer *json, const struct graphql_error *error)
{
    json_write_object_open(json);
    json_write_key(json, "message");
    json_write_string(json, text_is_utf8(text_of(error->message)) ? error->message : result_row(error->code)->title);
    write_locations(json, error);
    json_write_key(json, "extensions");
    json_write_object_open(json);
    json_write_key(json, "code");
    json_write_string(json, code_of(error->code));
    if (error->rule != NULL) {
        json_write_key(json, "rule");
        json_write_string(json, error->rule);
    }
    json_write_object_close(json);
    json_write_object_close(json);
}

/* How the client stands though nothing was executed. */
static void look_at_budget(struct graphql_visit *visit)
{
    if (visit->graphql->options.budget == NULL || visit->budget.maximum != 0)
        return;
    visit_find_client(visit);
    budget_take(visit->graphql->options.budget, visit->client, 0, &visit->budget);
}

static void refuse_with(struct graphql_visit *visit, int status, const struct graphql_error *errors, int64_t requested)
{
    struct json_writer json;
    struct buffer *body = body_begin(visit, &json);
    look_at_budget(visit);
    json_write_key(&json, "errors");
    json_write_array_open(&json);
    for (const struct graphql_error *error = errors; error != NULL; error = error->next)
        write_error(&json, error);
    json_write_array_close(&json);
    answer_write_cost(&json, requested, 0, &visit->budget);
    json_write_object_close(&json);
    send_body(visit, status, buffer_text(body));
}

static const char *message_of(const struct graphql_visit *visit)
{
    const struct problem *problem = &visit->call->problem;
    const struct violation *violation = problem->violations;
    if (problem->detail != NULL || violation == NULL)
        return problem->detail != NULL ? problem->detail : result_row(problem->result)->title;
    return arena_printf(visit->arena, "%s: %s", violation->pointer, violation->detail);
}

void visit_refuse_request(struct graphql_visit *visit)
{
    const struct problem *problem = &visit->call->problem;
    const struct result_row *row = result_row(problem->result);
    struct graphql_error error = {.code = problem->result, .message = message_of(visit)};
    if (row->http_status == 401)
        visit_add_header(visit, "WWW-Authenticate",
                         http_header(&visit->exchange->request, "authorization").at != NULL
                             ? TEXT("Bearer realm=\"souk\", error=\"invalid_token\"")
                             : TEXT("Bearer realm=\"souk\""));
    if (visit->media == GRAPHQL_MEDIA_NONE || visit->media == GRAPHQL_MEDIA_EVENTS)
        visit->media = GRAPHQL_MEDIA_JSON;
    refuse_with(visit, row->http_status, &error, 0);
}

void visit_refuse_document(struct graphql_visit *visit, const struct graphql_error *errors)
{
    bool sees_status = visit->media != GRAPHQL_MEDIA_JSON;
    if (visit->media == GRAPHQL_MEDIA_EVENTS) /* there is no stream to tell it in */
        visit->media = GRAPHQL_MEDIA_JSON;
    refuse_with(visit, sees_status ? 400 : 200, errors, 0);
}

void visit_throttle(struct graphql_visit *visit)
{
    int64_t requested = execution_cost_requested(visit->execution);
    struct graphql_error error = {.code = RESULT_THROTTLED};
    error.message = visit->budget.wait_us < 0
                        ? arena_printf(visit->arena, "This costs %lld, and a full budget has %lld. Ask for less at once.",
                                       (long long)requested, (long long)visit->budget.maximum)
                        : arena_printf(visit->arena, "This costs %lld, and %lld are left. Ask again in %lld s.", (long long)requested,
                                       (long long)visit->budget.available, (long long)budget_retry_seconds(&visit->budget));
    if (visit->budget.wait_us >= 0)
        visit_add_header(visit, "Retry-After",
                         text_of(arena_printf(visit->arena, "%lld", (long long)budget_retry_seconds(&visit->budget))));
    refuse_with(visit, 200, &error, requested);
}

void visit_answer_options(struct graphql_visit *visit)
{
    visit->media = GRAPHQL_MEDIA_JSON;
    visit_add_header(visit, "Allow", TEXT("GET, HEAD, POST, OPTIONS"));
    send_body(visit, 204, TEXT(""));
}

/* --- executed --------------------------------------------------------------------------------------------------------------- */

static void give_back(struct graphql_visit *visit)
{
    int64_t unused = execution_cost_requested(visit->execution) - execution_cost_actual(visit->execution);
    if (visit->graphql->options.budget != NULL && unused > 0)
        budget_give_back(visit->graphql->options.budget, visit->client, unused, &visit->budget);
}

void visit_answer_executed(struct graphql_visit *visit)
{
    struct json_writer json;
    struct buffer *body = body_begin(visit, &json);
    execution_write(visit->execution, &json);
    give_back(visit);
    bool is_shared = cached_is_shared(visit);
    struct budget_state budget = visit->budget;
    if (is_shared)
        budget.available = budget.maximum;
    answer_write_cost(&json, execution_cost_requested(visit->execution), execution_cost_actual(visit->execution), &budget);
    json_write_object_close(&json);
    if (execution_is_too_long(visit->execution)) {
        visit_refuse_document(visit, &(struct graphql_error){
                                         .code = RESULT_GRAPHQL_LIMIT,
                                         .message = "The document asks for more of the schema than we tell at once.",
                                     });
        return;
    }
    if (body->overflowed) {
        call_refuse(visit->call, RESULT_OVERFLOW, "The answer is larger than we send. Ask for less.");
        visit_refuse_request(visit);
        return;
    }
    bool has_it = is_shared && cached_fill(visit, buffer_text(body));
    send_body(visit, has_it ? 304 : 200, has_it ? TEXT("") : buffer_text(body));
}
