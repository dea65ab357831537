/*
 * The way in. Each step refuses what it can tell is wrong and leaves the rest to the next:
 *
 *     HTTP (405, 415, 505) - method (12) - metadata (3) - credentials (16) - budget (8) - permission (7, 16) - frame, message (3, 8, 12, 13) - fields (3)
 */
#include "gateways/grpc/grpc.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/grpc/visit.h"
#include "gateways/trace.h"
#include "guard/authenticate.h"
#include "guard/budget.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

/* --- making --------------------------------------------------------------------------------------------------------------- */

struct grpc *grpc_new(const struct grpc_options *options)
{
    struct grpc *grpc = calloc(1, sizeof *grpc);
    ASSERT(grpc != NULL);
    grpc->options = *options;
    grpc->arena = arena_new(LIMIT_CALL_ARENA);
    grpc_add_methods(grpc);
    grpc->contracts = contracts_new(grpc->arena);
    return grpc;
}

void grpc_stop(struct grpc *grpc)
{
    atomic_store(&grpc->stopping, true);
}

void grpc_free(struct grpc *grpc)
{
    if (grpc == NULL)
        return;
    arena_free(grpc->arena);
    free(grpc);
}

/* --- unary calls ----------------------------------------------------------------------------------------------------------- */

/* The caller has stopped waiting: what has not begun need not. The exchange lives until the call is answered. */
static void on_gone(struct http_exchange *exchange)
{
    struct grpc_visit *visit = exchange->handler_data;
    call_cancel(visit->call);
}

static void on_answer(struct call *call, const ProtobufCMessage *answer)
{
    struct grpc_visit *visit = call->data;
    if (answer != NULL && env_monotonic_us(visit->exchange->loop->env) > call->deadline_us) {
        call_refuse(call, RESULT_DEADLINE_EXCEEDED, "It was done, but too late.");
        answer = NULL;
    }
    if (answer == NULL) {
        grpc_answer_end(visit);
        return;
    }
    if (visit->method->hides && !visit->from_peer)
        grpc_hide(visit->method->declaration->output, (ProtobufCMessage *)(uintptr_t)answer, &call->actor); /* it is ours: it lives in our arena */
    grpc_answer_message(visit, answer);
}

static void call_method(struct grpc_visit *visit)
{
    const struct grpc_method *method = visit->method;
    ProtobufCMessage *request = grpc_read_request(visit, method->declaration->input->descriptor);
    if (request == NULL || (!visit->from_peer && !grpc_check_request(visit, request))) {
        grpc_answer_end(visit);
        return;
    }
    visit->exchange->on_gone = on_gone;
    visit->call->done = on_answer;
    method->service->invoke(method->service, method->declaration->index, request, call_closure, visit->call);
}

/* --- who asks --------------------------------------------------------------------------------------------------------------- */

static bool can_read_metadata(struct grpc_visit *visit)
{
    if (!grpc_read_metadata(visit))
        return false;
    if (visit->encoding != GRPC_OTHER)
        return true;
    call_refuse(visit->call, RESULT_UNIMPLEMENTED, "That grpc-encoding is not one of ours; we take gzip.");
    return false;
}

static bool may_enter(struct grpc_visit *visit)
{
    struct call *call = visit->call;
    if (!visit->is_known)
        return false;
    if (visit->method->declaration == NULL)
        return true;
    const struct http_request *request = &visit->exchange->request;
    if (*call->idempotency_key != '\0' && !visit->from_peer)
        call->from = client_address(visit->arena, request->peer, http_header(request, "x-forwarded-for"));
    if (call->as_of_us != 0 && !visit->from_peer && !authorize(call, scope_name(SCOPE_AUDIT)))
        return false;
    return visit->from_peer || authorize(call, visit->method->declaration->scope);
}

static void enter(struct grpc_visit *visit)
{
    if (!may_enter(visit))
        grpc_answer_end(visit);
    else if (visit->method->serve != NULL)
        visit->method->serve(visit);
    else
        call_method(visit);
}

static void on_paid(struct budget_payment *payment)
{
    struct grpc_visit *visit = (struct grpc_visit *)((char *)payment - offsetof(struct grpc_visit, payment));
    if (payment->paid) {
        enter(visit);
        return;
    }
    visit->call->problem = (struct problem){0}; /* an unknown token's */
    call_refuse(visit->call, RESULT_TOO_MANY_REQUESTS, "This costs %" PRId64 " points, of which you have %" PRId64 ".", payment->cost,
                payment->state.available);
    call_problem_number(visit->call, "retryAfter", budget_retry_seconds(&payment->state));
    grpc_answer_end(visit);
}

/* gRPC's own methods are free: refusing one costs as much as answering it. */
static void pay(struct grpc_visit *visit)
{
    struct budget *budget = visit->grpc->options.budget;
    const struct http_request *request = &visit->exchange->request;
    if (budget == NULL || visit->method->declaration == NULL || visit->from_peer) {
        enter(visit);
        return;
    }
    visit->payment.client = budget_client_of(budget, &visit->call->actor, request->peer, http_header(request, "x-forwarded-for"));
    visit->payment.client.loop = visit->exchange->loop;
    visit->payment.cost = visit->is_known ? budget_cost_of(visit->method->declaration) : BUDGET_COST_CHANGE; /* guessing tokens is not cheap */
    visit->payment.done = on_paid;
    if (budget_pay(budget, &visit->payment))
        on_paid(&visit->payment);
}

static void begin(struct grpc_visit *visit)
{
    if (visit->method == NULL)
        call_refuse(visit->call, RESULT_UNIMPLEMENTED, "There is no such method. Server reflection tells what there is.");
    if (visit->call->problem.result != RESULT_OK || !can_read_metadata(visit)) {
        grpc_answer_end(visit);
        return;
    }
    visit->is_known = visit->from_peer || authenticate(visit->call, visit->authorization, visit->grpc->options.admin_token);
    pay(visit);
}

/* --- HTTP ------------------------------------------------------------------------------------------------------------------- */

bool grpc_is_for(const struct http_request *request)
{
    return text_starts_with(http_header(request, "content-type"), "application/grpc");
}

static void refuse_http(struct http_exchange *exchange, int status, const char *sentence)
{
    static const struct http_header plain = {{"content-type", 12}, {"text/plain; charset=utf-8", 25}};
    http_respond(exchange, &(struct http_response){.status = status, .headers = &plain, .header_count = 1, .body = text_of(sentence)});
}

/* False when it is answered. */
static bool check_http(struct http_exchange *exchange)
{
    const struct http_request *request = &exchange->request;
    struct text type = http_header(request, "content-type");
    if (!http_media_type_is(type, "application/grpc") && !http_media_type_is(type, "application/grpc+proto"))
        refuse_http(exchange, 415, "This takes application/grpc with protobuf messages.\n");
    else if (!request->http2)
        refuse_http(exchange, 505, "gRPC needs HTTP/2.\n");
    else if (!text_is(request->method, "POST"))
        refuse_http(exchange, 405, "gRPC uses POST.\n");
    else
        return true;
    return false;
}

void grpc_handle(void *data, struct http_exchange *exchange)
{
    const struct grpc *grpc = data;
    if (!check_http(exchange))
        return;
    struct grpc_visit *visit = ARENA_NEW(exchange->arena, struct grpc_visit);
    *visit = (struct grpc_visit){
        .grpc = grpc,
        .exchange = exchange,
        .arena = exchange->arena,
        .call = call_new(exchange->arena, exchange->loop),
        .until_us = INT64_MAX,
        .method = grpc_find_method(grpc, exchange->request.path),
    };
    visit->call->data = visit;
    trace_begin(visit->call, exchange);
    exchange->handler_data = visit;
    if (visit->method != NULL && visit->method->declaration != NULL)
        trace_name(visit->call, visit->method->declaration->full_name);
    begin(visit);
}

/* --- beside handling ---------------------------------------------------------------------------------------------------------- */

/* What is too large for a method, but not much too large, is received and then refused in gRPC's words; HTTP has the word for the rest. A
 * file only for those who may send one: a stranger's 256 MB are not even received. */
static size_t body_maximum(void *data, const struct http_request *request)
{
    const struct grpc *grpc = data;
    const struct grpc_method *method = grpc_find_method(grpc, request->path);
    if (method == NULL || method->declaration == NULL || !method->declaration->bulk)
        return LIMIT_GRPC_BODY;
    struct arena *arena = arena_new(LIMIT_HTTP_BODY);
    struct call call = {.arena = arena, .actor = {.kind = ACTOR_ANONYMOUS, .id = ""}};
    bool may = grpc->options.is_private || (authenticate(&call, http_header(request, "authorization"), grpc->options.admin_token) &&
                                            authorize(&call, method->declaration->scope));
    arena_free(arena);
    return may ? LIMIT_HTTP_IMPORT_BODY + GRPC_FRAME_HEAD : LIMIT_GRPC_BODY;
}

static bool streams_body(void *data, const struct http_request *request)
{
    const struct grpc_method *method = grpc_find_method(data, request->path);
    return method != NULL && method->converses;
}

static void refuse_framing(void *grpc, int status, const char *detail, struct buffer *body)
{
    (void)grpc, (void)status;
    buffer_add_string(body, detail);
}

struct http_handler grpc_handler(struct grpc *grpc)
{
    return (struct http_handler){
        .body_maximum = body_maximum,
        .streams_body = streams_body,
        .handle = grpc_handle,
        .refuse = refuse_framing,
        .data = grpc,
    };
}
