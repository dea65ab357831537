/*
 * A call as headers, and its answer from headers, body and trailers.
 */
#include "platform/rpc/grpc_client_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/grpc_frame.h"
#include "platform/rpc/message.h"
#include "platform/rpc/wire.h"
#include "souk/platform/v1/call.pb-c.h"

#include <inttypes.h>

/* --- asking ------------------------------------------------------------------------------------------------------ */

static void add(nghttp2_nv *headers, size_t *count, const char *name, struct text value)
{
    ASSERT(*count < GRPC_REQUEST_HEADERS_MAX);
    headers[(*count)++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name, /* nghttp2 copies both */
        .value = (uint8_t *)(uintptr_t)value.at,
        .namelen = strlen(name),
        .valuelen = value.length,
    };
}

/* On whose behalf, for the other side's private port. */
static struct text pack_caller(const struct call *call)
{
    Platform__Caller caller = PLATFORM__CALLER__INIT;
    caller.kind = (int)call->actor.kind;
    caller.id = call->actor.id;
    caller.scopes = call->actor.scopes;
    caller.from = (char *)(uintptr_t)call->from;
    caller.key_alone = call->key_alone;
    caller.as_of_us = call->as_of_us;
    caller.if_version_plus_one = call->if_version + 1;
    return grpc_binary_encode(call->arena, message_pack(call->arena, &caller.base));
}

size_t grpc_request_headers(const struct grpc_request *request, const char *authority, bool secure, nghttp2_nv headers[GRPC_REQUEST_HEADERS_MAX])
{
    const struct call *call = request->call;
    size_t count = 0;
    add(headers, &count, ":method", TEXT("POST"));
    add(headers, &count, ":scheme", secure ? TEXT("https") : TEXT("http"));
    add(headers, &count, ":path", text_of(request->path));
    add(headers, &count, ":authority", text_of(authority));
    add(headers, &count, "content-type", TEXT("application/grpc"));
    add(headers, &count, "te", TEXT("trailers"));
    add(headers, &count, "souk-caller-bin", pack_caller(call));
    add(headers, &count, "x-request-id", text_of(call->request_id));
    if (request->deadline_us != INT64_MAX)
        add(headers, &count, "grpc-timeout",
            text_of(grpc_timeout_write(call->arena, request->deadline_us - env_monotonic_us(call->home->env))));
    if (*request->trace_parent != '\0')
        add(headers, &count, "traceparent", text_of(request->trace_parent));
    if (*call->trace_state != '\0')
        add(headers, &count, "tracestate", text_of(call->trace_state));
    if (*call->idempotency_key != '\0')
        add(headers, &count, "idempotency-key", text_of(call->idempotency_key));
    return count;
}

/* --- answered ---------------------------------------------------------------------------------------------------- */

static struct text copy(struct arena *arena, struct text text)
{
    return (struct text){arena_strndup(arena, text.at, text.length), text.length};
}

void grpc_request_take_header(struct grpc_request *request, struct text name, struct text value)
{
    struct call *call = request->call;
    int64_t number;
    if (text_is(name, ":status"))
        request->http_status = text_to_int64(value, &number) ? (int)number : 0;
    else if (text_is(name, "grpc-status")) {
        request->has_status = text_to_int64(value, &number) && number >= 0 && number < 100;
        request->status.code = request->has_status ? (int)number : 0;
    } else if (text_is(name, "grpc-message"))
        request->status.message = copy(call->arena, value);
    else if (text_is(name, "grpc-status-details-bin"))
        request->status.details = copy(call->arena, value);
    else if (text_is(name, "idempotent-replayed"))
        call->replayed = text_is(value, "true");
    else if (text_is(name, "souk-touched"))
        request->touched = text_to_int64(value, &number) ? number : 0;
    else if (text_is(name, "location"))
        call->accepted_location = arena_strndup(call->arena, value.at, value.length);
}

static ProtobufCMessage *refuse(struct call *call, enum result result, const char *detail)
{
    call_refuse(call, result, "%s", detail);
    return NULL;
}

/* Local answers hang on the arena alone, so a remote one must not hang on the body that came. */
static ProtobufCMessage *unpack(const struct grpc_request *request)
{
    struct call *call = request->call;
    const ProtobufCMessageDescriptor *type = request->method->output->descriptor;
    struct text body = buffer_text(&request->body), message;
    struct grpc_fault fault;
    if (grpc_frame_take(&body, GRPC_IDENTITY, LIMIT_GRPC_ANSWER, call->arena, &message, &fault) != GRPC_FRAME_WHOLE || body.length > 0)
        return refuse(call, RESULT_INTERNAL, "The other process answered with something that is no message.");
    enum wire_fault wrong = wire_check(type, message, LIMIT_CALL_ARENA / 2);
    ProtobufCMessage *answer = wrong == WIRE_FINE ? message_unpack(call->arena, type, message) : NULL;
    return answer != NULL ? answer : refuse(call, RESULT_INTERNAL, "The other process answered with a message that can't be read.");
}

ProtobufCMessage *grpc_request_answer(struct grpc_request *request)
{
    struct call *call = request->call;
    if (!request->has_status)
        return refuse(call, request->http_status == 503 ? RESULT_UNAVAILABLE : RESULT_INTERNAL,
                      "What answered in the other process's place does not speak gRPC.");
    if (request->body.overflowed)
        return refuse(call, RESULT_INTERNAL, "The other process's answer is too large.");
    if (request->status.code == 0)
        return unpack(request);
    call->problem = grpc_problem_of(call->arena, &request->status);
    return NULL;
}
