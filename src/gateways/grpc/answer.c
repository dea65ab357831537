/*
 * The way out. A call that answered nothing ends with its status in the head ("Trailers-Only"); otherwise head, messages, trailers.
 */
#include "gateways/grpc/visit.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/trace.h"
#include "platform/rpc/grpc_status.h"

#include <inttypes.h>

#define HEADERS_MAX 10

struct headers {
    struct http_header all[HEADERS_MAX];
    size_t count;
};

static void add(struct headers *headers, struct text name, struct text value)
{
    ASSERT(headers->count < HEADERS_MAX);
    headers->all[headers->count++] = (struct http_header){name, value};
}

static void add_head(struct headers *headers, const struct grpc_visit *visit)
{
    add(headers, TEXT("content-type"), TEXT("application/grpc"));
    add(headers, TEXT("grpc-accept-encoding"), TEXT(GRPC_ACCEPT_ENCODING));
    if (visit->takes_gzip)
        add(headers, TEXT("grpc-encoding"), TEXT("gzip"));
    add(headers, TEXT("x-request-id"), text_of(visit->call->request_id));
    add(headers, TEXT("traceparent"), text_of(visit->call->trace_parent));
}

static void add_status(struct headers *headers, const struct grpc_visit *visit)
{
    const struct call *call = visit->call;
    const struct grpc_options *options = &visit->grpc->options;
    struct grpc_status status = grpc_status_of(visit->arena, &call->problem);
    trace_status(call, "rpc.grpc.status_code", status.code, result_row(call->problem.result)->http_status >= 500);
    add(headers, TEXT("grpc-status"), text_of(arena_printf(visit->arena, "%d", status.code)));
    if (status.message.length > 0)
        add(headers, TEXT("grpc-message"), status.message);
    if (status.details.length > 0 && status.details.length <= LIMIT_GRPC_DETAILS)
        add(headers, TEXT("grpc-status-details-bin"), status.details);
    if (call->replayed)
        add(headers, TEXT("idempotent-replayed"), TEXT("true"));
    if (options->last_touch != NULL)
        add(headers, TEXT("souk-touched"), text_of(arena_printf(visit->arena, "%" PRId64, options->last_touch(options->data))));
    if (call->accepted_location != NULL)
        add(headers, TEXT("location"), text_of(call->accepted_location));
}

void grpc_answer_begin(struct grpc_visit *visit)
{
    struct headers headers = {.count = 0};
    add_head(&headers, visit);
    http_stream_begin(visit->exchange, &(struct http_response){.status = 200, .headers = headers.all, .header_count = headers.count});
    visit->begun = true;
}

void grpc_answer_end(struct grpc_visit *visit)
{
    struct http_exchange *exchange = visit->exchange;
    exchange->on_gone = NULL;
    exchange->on_drained = NULL;
    exchange->on_body = NULL;
    struct headers headers = {.count = 0};
    if (visit->begun) {
        add_status(&headers, visit);
        http_stream_end_with(exchange, headers.all, headers.count);
        return;
    }
    add(&headers, TEXT("content-type"), TEXT("application/grpc"));
    add(&headers, TEXT("grpc-accept-encoding"), TEXT(GRPC_ACCEPT_ENCODING));
    add(&headers, TEXT("x-request-id"), text_of(visit->call->request_id));
    add(&headers, TEXT("traceparent"), text_of(visit->call->trace_parent));
    add_status(&headers, visit);
    http_respond(exchange, &(struct http_response){.status = 200, .headers = headers.all, .header_count = headers.count, .body = TEXT("")});
}

bool grpc_answer_part(struct grpc_visit *visit, struct arena *arena, const ProtobufCMessage *message)
{
    if (!visit->begun)
        grpc_answer_begin(visit);
    return http_stream_write(visit->exchange, grpc_frame_make(arena, message, visit->takes_gzip));
}

void grpc_answer_message(struct grpc_visit *visit, const ProtobufCMessage *message)
{
    grpc_answer_part(visit, visit->arena, message);
    grpc_answer_end(visit);
}
