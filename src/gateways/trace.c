#include "gateways/trace.h"

#include "base/limits.h"

struct server_span {
    struct span span;
    struct env *env;
};

/* The exchange has ended. */
static void on_end(void *data)
{
    struct server_span *server = data;
    span_end(&server->span, env_now_us(server->env));
}

/* Of several, none is right: they contradict each other. Of several tracestates each is a part (section 3.3.1.1), and that nobody does. */
struct given {
    struct text parent, state;
    unsigned parents, states;
};

static struct given given_by(const struct http_request *request)
{
    struct given given = {.parent = TEXT(""), .state = TEXT("")};
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (text_is(header->name, "traceparent")) {
            given.parent = header->value;
            given.parents++;
        } else if (text_is(header->name, "tracestate")) {
            given.state = header->value;
            given.states++;
        }
    }
    if (given.parents != 1 || !trace_parent_is_valid(given.parent))
        return (struct given){.parent = TEXT(""), .state = TEXT("")};
    if (given.states != 1 || !trace_state_is_valid(given.state))
        given.state = TEXT("");
    return given;
}

static struct span *begin_span(const struct http_exchange *exchange, const char *own, struct text given)
{
    if (!span_is_wanted(own))
        return NULL;
    struct env *env = exchange->loop->env;
    struct server_span *server = ARENA_NEW(exchange->arena, struct server_span);
    const struct http_request *request = &exchange->request;
    const char *parent = arena_strndup(exchange->arena, given.at, given.length);
    int64_t start_us = env_now_us(env) - (env_monotonic_us(env) - request->started_us);
    server->env = env;
    span_begin(&server->span, SPAN_SERVER, arena_strndup(exchange->arena, request->method.at, request->method.length), own, parent, start_us);
    span_text(&server->span, "http.request.method", request->method);
    span_text(&server->span, "url.path", request->path);
    arena_cleanup(exchange->arena, on_end, server);
    return &server->span;
}

void trace_begin(struct call *call, const struct http_exchange *exchange)
{
    struct given given = given_by(&exchange->request);
    char *own = arena_alloc(exchange->arena, TRACE_PARENT_BYTES);
    trace_parent_begin(exchange->loop->env, given.parent, own);
    call->trace_parent = own;
    if (given.state.length > 0)
        call->trace_state = arena_strndup(exchange->arena, given.state.at, given.state.length);
    call->span = begin_span(exchange, own, given.parent);
}

const char *trace_begin_alone(const struct http_exchange *exchange, const char *operation, int status)
{
    struct call call = {.arena = exchange->arena};
    trace_begin(&call, exchange);
    trace_name(&call, operation);
    trace_status(&call, "http.response.status_code", status, false);
    return call.trace_parent;
}

void trace_name(const struct call *call, const char *operation)
{
    if (call->span != NULL)
        span_rename(call->span, operation);
}

void trace_status(const struct call *call, const char *attribute, int status, bool failed)
{
    if (call->span == NULL)
        return;
    span_number(call->span, attribute, status);
    span_text(call->span, "souk.request_id", text_of(call->request_id != NULL ? call->request_id : ""));
    call->span->failed = failed;
}
