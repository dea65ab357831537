/*
 * The way in. Each step refuses what it can tell is wrong and leaves the rest to the next; the order is what clients see when several
 * things are wrong at once:
 *
 *     route (400, 404, 405) - budget (429) - credentials (401) - permission (401, 403) - headers (400) - query, path, body (400, 404, 415)
 */
#include "gateways/rest/rest.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/plants.h"
#include "base/timestamp.h"
#include "gateways/rest/docs.h"
#include "gateways/rest/headers.h"
#include "gateways/rest/openapi.h"
#include "gateways/rest/page.h"
#include "gateways/rest/problem.h"
#include "gateways/rest/shared.h"
#include "gateways/rest/visit.h"
#include "gateways/trace.h"
#include "guard/authenticate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define REFERENCE_BYTES_MAX (4 << 20)

/* --- making ------------------------------------------------------------------------------------------------------------ */

static void reference_write(struct rest *rest)
{
    buffer_init(&rest->openapi, REFERENCE_BYTES_MAX);
    buffer_init(&rest->docs, REFERENCE_BYTES_MAX);
    buffer_init(&rest->docs_problems, REFERENCE_BYTES_MAX);
    openapi_write(rest, &rest->openapi);
    docs_write(rest, &rest->docs);
    docs_write_problems(&rest->docs_problems);
    ASSERT(!rest->openapi.overflowed && !rest->docs.overflowed && !rest->docs_problems.overflowed);
}

struct rest *rest_new(const struct rest_options *options)
{
    struct rest *rest = calloc(1, sizeof *rest);
    ASSERT(rest != NULL);
    rest->options = *options;
    rest->metrics = metrics_new();
    rest->unrouted = metrics_route_new(rest->metrics, "", "");
    rest->routes = route_table_new(rest->metrics);
    for (size_t i = 0; i < options->service_count; i++) {
        ProtobufCService *service = directory_find(options->directory, options->services[i]->name);
        if (service != NULL)
            route_add_service(rest->routes, options->services[i], service);
    }
    route_add_links(rest->routes, options->directory);
    pages_add(rest->routes);
    if (options->cache_bytes > 0)
        rest->cache = cache_new(options->cache_bytes);
    rest->resources = resource_table_new(options->services, options->service_count, options->directory);
    rest->forms = form_table_new(options->services, options->service_count, rest->resources);
    reference_write(rest);
    return rest;
}

void rest_free(struct rest *rest)
{
    if (rest == NULL)
        return;
    buffer_release(&rest->openapi);
    buffer_release(&rest->docs);
    buffer_release(&rest->docs_problems);
    cache_free(rest->cache);
    form_table_free(rest->forms);
    resource_table_free(rest->resources);
    route_table_free(rest->routes);
    metrics_free(rest->metrics);
    free(rest);
}

/* --- what the files share ------------------------------------------------------------------------------------------------ */

void visit_header(struct visit *visit, const char *name, struct text value)
{
    ASSERT(visit->header_count < VISIT_HEADERS_MAX);
    visit->headers[visit->header_count++] = (struct http_header){.name = text_of(name), .value = value};
}

static void forget_buffer(void *buffer)
{
    buffer_release(buffer);
}

struct buffer *visit_buffer(struct visit *visit)
{
    struct buffer *buffer = ARENA_NEW(visit->arena, struct buffer);
    buffer_init(buffer, LIMIT_ANSWER_BYTES);
    arena_cleanup(visit->arena, forget_buffer, buffer);
    buffer_reserve(buffer, 4096); /* most answers fit: one allocation */
    return buffer;
}

static const char *int_text(struct visit *visit, int64_t number)
{
    return arena_printf(visit->arena, "%lld", (long long)number);
}

/* Seconds after which to try again, for those answers where that makes sense. */
static void tell_when_to_retry(struct visit *visit, int status)
{
    int64_t seconds = 1;
    for (const struct problem_number *number = visit->call->problem.numbers; number != NULL; number = number->next)
        if (strcmp(number->name, "retryAfter") == 0)
            seconds = number->value;
    if (status == 429 || status == 503)
        visit_header(visit, "Retry-After", text_of(int_text(visit, seconds)));
}

void visit_refuse(struct visit *visit)
{
    const struct problem *problem = &visit->call->problem;
    int status = result_row(problem->result)->http_status;
    if (status == 401)
        visit_header(visit, "WWW-Authenticate",
                     http_header(&visit->exchange->request, "authorization").at != NULL
                         ? TEXT("Bearer realm=\"souk\", error=\"invalid_token\"")
                         : TEXT("Bearer realm=\"souk\""));
    tell_when_to_retry(visit, status);
    visit_tell_replayed(visit);
    struct buffer *body = visit_buffer(visit);
    problem_write(problem, visit->exchange->request.path, body);
    visit->cache_seconds = 0;
    visit_send(visit, status, "application/problem+json", buffer_text(body));
}

/* --- finding the route ------------------------------------------------------------------------------------------------- */

static void answer_options(struct visit *visit)
{
    visit_header(visit, "Allow", text_of(route_allow_header(visit->match.allowed, visit->arena)));
    visit_send(visit, 204, NULL, TEXT(""));
}

static void refuse_verb(struct visit *visit)
{
    const char *allow = route_allow_header(visit->match.allowed, visit->arena);
    visit_header(visit, "Allow", text_of(allow));
    call_refuse(visit->call, RESULT_METHOD_NOT_ALLOWED, "This takes %s.", allow);
    visit_refuse(visit);
}

/* False when it is answered. */
static bool find_route(struct visit *visit)
{
    const struct http_request *request = &visit->exchange->request;
    enum verb verb = text_is(request->method, "HEAD") ? VERB_GET : verb_named(request->method);
    bool is_options = text_is(request->method, "OPTIONS");
    switch (route_find(visit->rest->routes, verb, request->path, visit->arena, &visit->match)) {
    case ROUTE_FOUND:
        visit->route = visit->match.route;
        if (visit->route->method != NULL)
            trace_name(visit->call, visit->route->method->full_name);
        return true;
    case ROUTE_OTHER_VERBS:
        if (is_options)
            answer_options(visit);
        else
            refuse_verb(visit);
        return false;
    case ROUTE_NOT_FOUND:
        call_refuse(visit->call, RESULT_NOT_FOUND, "There is nothing at this address. GET /v1 lists what there is.");
        break;
    case ROUTE_BAD_PATH:
        call_refuse(visit->call, RESULT_BAD_REQUEST, "The path is not well-formed percent-encoded UTF-8.");
        break;
    }
    visit_refuse(visit);
    return false;
}

/* --- the way in -------------------------------------------------------------------------------------------------------- */

static void refuse_query(struct visit *visit)
{
    call_refuse(visit->call, RESULT_BAD_REQUEST, "The query is not well-formed percent-encoded UTF-8, or has more than %d parameters.",
                LIMIT_QUERY_PARAMETERS);
}

static bool may_enter(struct visit *visit)
{
    struct call *call = visit->call;
    if (!visit->is_known)
        return false;
    if (visit->route->method != NULL && !authorize(call, visit->route->method->scope))
        return false;
    if (visit->route->parent != NULL && !authorize(call, visit->route->parent->method->scope))
        return false;
    if (!headers_read(visit))
        return false;
    if (!query_read(&visit->query, visit->exchange->request.query, visit->arena)) {
        refuse_query(visit);
        return false;
    }
    return true;
}

static void enter(struct visit *visit)
{
    if (!may_enter(visit))
        visit_refuse(visit);
    else if (visit->route->page != NULL)
        visit->route->page(visit);
    else
        visit_operate(visit);
}

static void on_paid(struct budget_payment *payment)
{
    struct visit *visit = (struct visit *)((char *)payment - offsetof(struct visit, payment));
    visit->budget = payment->state;
    if (payment->paid) {
        enter(visit);
        return;
    }
    int64_t seconds = budget_retry_seconds(&visit->budget);
    visit->call->problem = (struct problem){0}; /* an unknown token's */
    call_refuse(visit->call, RESULT_TOO_MANY_REQUESTS, "This costs %" PRId64 " points, of which you have %" PRId64 ". Come back in %" PRId64 " s.",
                payment->cost, visit->budget.available, seconds);
    call_problem_number(visit->call, "retryAfter", seconds);
    visit_refuse(visit);
}

/* Our own pages (health, reference) are free: refusing one costs as much as sending it. So is what comes from the cache. */
static void pay(struct visit *visit)
{
    struct budget *budget = visit->rest->options.budget;
    const struct http_request *request = &visit->exchange->request;
    if (budget == NULL || visit->route->method == NULL) {
        enter(visit);
        return;
    }
    visit->payment.client = budget_client_of(budget, &visit->call->actor, request->peer, http_header(request, "x-forwarded-for"));
    visit->payment.client.loop = visit->exchange->loop;
    visit->payment.cost = visit->is_known ? budget_cost_of(visit->route->method) : BUDGET_COST_CHANGE; /* guessing tokens is not cheap */
    visit->payment.done = on_paid;
    if (budget_pay(budget, &visit->payment))
        on_paid(&visit->payment);
}

void rest_handle(void *rest, struct http_exchange *exchange)
{
    if (shared_answer(rest, exchange))
        return;
    struct visit *visit = ARENA_NEW(exchange->arena, struct visit);
    visit->rest = rest;
    visit->exchange = exchange;
    visit->arena = exchange->arena;
    visit->call = call_new(exchange->arena, exchange->loop);
    visit->call->data = visit;
    trace_begin(visit->call, exchange);
    if (!find_route(visit))
        return;
    visit->is_known = authenticate(visit->call, http_header(&exchange->request, "authorization"), visit->rest->options.admin_token);
    pay(visit);
}

/* --- beside handling ----------------------------------------------------------------------------------------------------- */

/* A file only for those who may send one: a stranger's 256 MB are not even received. */
static bool takes_file(struct rest *rest, const struct http_request *request)
{
    struct arena *arena = arena_new(LIMIT_HTTP_BODY);
    struct route_match match;
    struct call call = {.arena = arena, .actor = {.kind = ACTOR_ANONYMOUS, .id = ""}};
    bool takes = route_find(rest->routes, verb_named(request->method), request->path, arena, &match) == ROUTE_FOUND &&
                 match.route->method != NULL && match.route->method->bulk &&
                 authenticate(&call, http_header(request, "authorization"), rest->options.admin_token) &&
                 authorize(&call, match.route->method->scope);
    arena_free(arena);
    return takes;
}

void rest_touched(void *data, const char *resource, const char *key)
{
    const struct rest *rest = data;
    char tag[TAG_BYTES_MAX];
    if (rest->cache == NULL || PLANTED(CACHE_NOT_PURGED))
        return;
    int length = snprintf(tag, sizeof tag, "%s/%s", resource, key);
    if (length > 0 && (size_t)length < sizeof tag) /* a longer one no answer bears */
        cache_purge(rest->cache, (struct text){tag, (size_t)length});
    cache_purge(rest->cache, text_of(resource));
}

void rest_everything_touched(struct rest *rest)
{
    if (rest->cache != NULL)
        cache_purge_all(rest->cache);
}

static size_t body_maximum(void *rest, const struct http_request *request)
{
    if (text_is(request->method, "GET") || !takes_file(rest, request))
        return LIMIT_HTTP_BODY;
    return LIMIT_HTTP_IMPORT_BODY;
}

static void refuse_framing(void *rest, int status, const char *detail, struct buffer *body)
{
    (void)rest;
    problem_write_status(status, detail, body);
}

struct http_handler rest_handler(struct rest *rest)
{
    return (struct http_handler){
        .body_maximum = body_maximum,
        .handle = rest_handle,
        .refuse = refuse_framing,
        .data = rest,
    };
}
