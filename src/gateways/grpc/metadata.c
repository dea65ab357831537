/*
 * What the headers say about a call. One pass over them, since a call has a dozen; what is not for us is passed over.
 */
#include "gateways/grpc/visit.h"

#include "base/limits.h"
#include "base/timestamp.h"
#include "platform/rpc/grpc_status.h"
#include "platform/rpc/message.h"
#include "platform/rpc/wire.h"
#include "souk/platform/v1/call.pb-c.h"

static bool refuse(struct grpc_visit *visit, const char *detail)
{
    call_refuse(visit->call, RESULT_BAD_REQUEST, "%s", detail);
    return false;
}

static bool read_timeout(struct grpc_visit *visit, struct text value)
{
    int64_t timeout_us;
    if (!grpc_timeout_read(value, &timeout_us))
        return refuse(visit, "grpc-timeout is up to eight digits and a unit, such as 250m.");
    int64_t deadline_us = env_monotonic_us(visit->exchange->loop->env);
    deadline_us += timeout_us < INT64_MAX - deadline_us ? timeout_us : INT64_MAX - deadline_us;
    visit->until_us = deadline_us;
    if (deadline_us < visit->call->deadline_us)
        visit->call->deadline_us = deadline_us; /* nobody waits longer than LIMIT_CALL_MS */
    return true;
}

static bool is_visible(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return text.length > 0;
}

static bool read_key(struct grpc_visit *visit, struct text value)
{
    if (!is_visible(value) || value.length > LIMIT_IDEMPOTENCY_KEY)
        return refuse(visit, "An idempotency-key is 1 to 255 visible characters of ASCII.");
    visit->call->idempotency_key = arena_strndup(visit->arena, value.at, value.length);
    return true;
}

/* A version as it is in the resource, bare or in quotes. */
static bool read_condition(struct grpc_visit *visit, struct text value)
{
    if (text_is(value, "*"))
        return true;
    if (value.length > 2 && value.at[0] == '"' && value.at[value.length - 1] == '"')
        value = (struct text){value.at + 1, value.length - 2};
    if (!text_to_int64(value, &visit->call->if_version) || visit->call->if_version < 0)
        return refuse(visit, "if-match takes a resource's version, or *.");
    return true;
}

static bool read_as_of(struct grpc_visit *visit, struct text value)
{
    int64_t as_of_us;
    if (timestamp_parse(value, &as_of_us)) {
        call_ask_as_of(visit->call, as_of_us, env_now_us(visit->exchange->loop->env));
        return true;
    }
    call_violation(visit->call, "souk-as-of", "invalid", "This must be a time as in RFC 3339, such as 2026-11-22T17:19:04Z.");
    return false;
}

static bool read_request_id(struct grpc_visit *visit, struct text value)
{
    if (is_visible(value) && value.length <= LIMIT_REQUEST_ID)
        visit->call->request_id = arena_strndup(visit->arena, value.at, value.length);
    return true;
}

static bool read_caller(struct grpc_visit *visit, struct text value)
{
    if (!visit->grpc->options.is_private)
        return true; /* anybody can say anything */
    struct text packed = grpc_binary_decode(visit->arena, value);
    const Platform__Caller *caller = NULL;
    if (packed.at != NULL && wire_check(&platform__caller__descriptor, packed, LIMIT_HTTP_HEADER_BYTES) == WIRE_FINE)
        caller = (const void *)message_unpack(visit->arena, &platform__caller__descriptor, packed);
    if (caller == NULL || caller->kind < ACTOR_ANONYMOUS || caller->kind > ACTOR_SYSTEM)
        return refuse(visit, "souk-caller-bin is not a souk.platform.v1.Caller.");
    struct call *call = visit->call;
    call->actor.kind = caller->kind;
    call->actor.id = caller->id;
    call->from = caller->from;
    call->actor.scopes = caller->scopes & SCOPE_EVERY;
    call->key_alone = caller->key_alone;
    call->as_of_us = caller->as_of_us;
    call->if_version = caller->if_version_plus_one - 1;
    visit->from_peer = true;
    return true;
}

static bool read_encoding(struct grpc_visit *visit, struct text value)
{
    visit->encoding = grpc_encoding_named(value);
    return true;
}

static bool read_accepted(struct grpc_visit *visit, struct text value)
{
    visit->takes_gzip = grpc_accepts_gzip(value);
    return true;
}

static bool read_authorization(struct grpc_visit *visit, struct text value)
{
    visit->authorization = value;
    return true;
}

static const struct reader {
    struct text name;
    bool (*read)(struct grpc_visit *visit, struct text value);
} readers[] = {
    {{"grpc-timeout", 12}, read_timeout},
    {{"grpc-encoding", 13}, read_encoding},
    {{"grpc-accept-encoding", 20}, read_accepted},
    {{"authorization", 13}, read_authorization},
    {{"idempotency-key", 15}, read_key},
    {{"if-match", 8}, read_condition},
    {{"souk-as-of", 10}, read_as_of},
    {{"x-request-id", 12}, read_request_id},
    {{"souk-caller-bin", 15}, read_caller},
};

bool grpc_read_metadata(struct grpc_visit *visit)
{
    const struct http_request *request = &visit->exchange->request;
    for (size_t i = 0; i < request->header_count; i++)
        for (size_t j = 0; j < sizeof readers / sizeof readers[0]; j++)
            if (text_equal(request->headers[i].name, readers[j].name)) {
                if (!readers[j].read(visit, request->headers[i].value))
                    return false;
                break;
            }
    return true;
}
