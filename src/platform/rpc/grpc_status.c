#include "platform/rpc/grpc_status.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/rpc/wire.h"

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "souk/common/v1/types.pb-c.h"

#include <inttypes.h>

/* Whose codes these are, in ErrorInfo. */
#define DOMAIN "souk"
#define TYPE_URL "type.googleapis.com/"
#define DETAILS_MAX 3

/* --- small encodings ---------------------------------------------------------------------------------------------- */

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '%';
}

struct text grpc_message_encode(struct arena *arena, struct text message)
{
    static const char hex[] = "0123456789ABCDEF";
    char *encoded = arena_alloc(arena, 3 * message.length + 1), *end = encoded;
    for (size_t i = 0; i < message.length; i++) {
        if (is_plain(message.at[i])) {
            *end++ = message.at[i];
            continue;
        }
        *end++ = '%';
        *end++ = hex[(uint8_t)message.at[i] >> 4];
        *end++ = hex[(uint8_t)message.at[i] & 15];
    }
    return (struct text){encoded, (size_t)(end - encoded)};
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What is not well encoded stays as it is: a message is for people. */
struct text grpc_message_decode(struct arena *arena, struct text encoded)
{
    char *message = arena_alloc(arena, encoded.length + 1), *end = message;
    for (size_t i = 0; i < encoded.length; i++) {
        int high = i + 2 < encoded.length && encoded.at[i] == '%' ? hex_value(encoded.at[i + 1]) : -1;
        int low = high >= 0 ? hex_value(encoded.at[i + 2]) : -1;
        *end++ = (char)(low >= 0 ? high << 4 | low : encoded.at[i]);
        i += low >= 0 ? 2 : 0;
    }
    return (struct text){message, (size_t)(end - message)};
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct text grpc_binary_encode(struct arena *arena, struct text bytes)
{
    char *encoded = arena_alloc(arena, bytes.length / 3 * 4 + 5), *end = encoded;
    const uint8_t *at = (const uint8_t *)bytes.at;
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t left = bytes.length - i;
        uint32_t three = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (left > 2 ? at[i + 2] : 0);
        for (size_t digit = 0; digit < (left > 2 ? 4 : left + 1); digit++)
            *end++ = base64_digits[three >> (18 - 6 * digit) & 63];
    }
    return (struct text){encoded, (size_t)(end - encoded)};
}

static int base64_value(char c)
{
    const char *digit = c != '\0' ? strchr(base64_digits, c) : NULL;
    return digit != NULL ? (int)(digit - base64_digits) : -1;
}

struct text grpc_binary_decode(struct arena *arena, struct text encoded)
{
    for (unsigned padding = 0; padding < 2 && encoded.length > 0 && encoded.at[encoded.length - 1] == '='; padding++)
        encoded.length--;
    if (encoded.length % 4 == 1)
        return (struct text){NULL, 0};
    uint8_t *bytes = arena_alloc(arena, encoded.length), *end = bytes;
    uint32_t bits = 0;
    for (size_t i = 0; i < encoded.length; i++) {
        int value = base64_value(encoded.at[i]);
        if (value < 0)
            return (struct text){NULL, 0};
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 > 0)
            *end++ = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return (struct text){(const char *)bytes, (size_t)(end - bytes)};
}

/* --- timeouts ----------------------------------------------------------------------------------------------------- */

#define TIMEOUT_DIGITS_MAX 8

bool grpc_timeout_read(struct text timeout, int64_t *microseconds)
{
    if (timeout.length < 2 || timeout.length > TIMEOUT_DIGITS_MAX + 1)
        return false;
    int64_t count;
    if (!text_to_int64((struct text){timeout.at, timeout.length - 1}, &count) || count < 0)
        return false;
    switch (timeout.at[timeout.length - 1]) {
    case 'H':
        *microseconds = count * INT64_C(3600000000);
        return true;
    case 'M':
        *microseconds = count * INT64_C(60000000);
        return true;
    case 'S':
        *microseconds = count * INT64_C(1000000);
        return true;
    case 'm':
        *microseconds = count * 1000;
        return true;
    case 'u':
        *microseconds = count;
        return true;
    case 'n':
        *microseconds = count / 1000;
        return true;
    default:
        return false;
    }
}

const char *grpc_timeout_write(struct arena *arena, int64_t microseconds)
{
    if (microseconds < INT64_C(100000000))
        return arena_printf(arena, "%" PRId64 "u", microseconds > 0 ? microseconds : 0);
    return arena_printf(arena, "%" PRId64 "m", microseconds / 1000 < 99999999 ? microseconds / 1000 : 99999999);
}

/* --- problems, packed ---------------------------------------------------------------------------------------------- */

static void add_detail(struct arena *arena, Google__Rpc__Status *status, const char *type, struct text packed)
{
    Google__Protobuf__Any *any = ARENA_NEW(arena, Google__Protobuf__Any);
    google__protobuf__any__init(any);
    any->type_url = arena_printf(arena, TYPE_URL "%s", type);
    any->value = (ProtobufCBinaryData){packed.length, (uint8_t *)(uintptr_t)packed.at};
    ASSERT(status->n_details < DETAILS_MAX);
    status->details[status->n_details++] = any;
}

static struct text pack_error_info(struct arena *arena, const struct problem *problem)
{
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    info.reason = arena_strdup(arena, result_row(problem->result)->wire);
    info.domain = arena_strdup(arena, DOMAIN);
    size_t count = 0;
    for (const struct problem_number *number = problem->numbers; number != NULL; number = number->next)
        count++;
    info.metadata = ARENA_ARRAY(arena, Google__Rpc__ErrorInfo__MetadataEntry *, count);
    for (const struct problem_number *number = problem->numbers; number != NULL; number = number->next) {
        Google__Rpc__ErrorInfo__MetadataEntry *entry = ARENA_NEW(arena, Google__Rpc__ErrorInfo__MetadataEntry);
        google__rpc__error_info__metadata_entry__init(entry);
        entry->key = arena_strdup(arena, number->name);
        entry->value = arena_printf(arena, "%" PRId64, number->value);
        info.metadata[info.n_metadata++] = entry;
    }
    return message_pack(arena, &info.base);
}

static struct text pack_bad_request(struct arena *arena, const struct problem *problem)
{
    Google__Rpc__BadRequest request = GOOGLE__RPC__BAD_REQUEST__INIT;
    size_t count = 0;
    for (const struct violation *violation = problem->violations; violation != NULL; violation = violation->next)
        count++;
    request.field_violations = ARENA_ARRAY(arena, Google__Rpc__BadRequest__FieldViolation *, count);
    for (const struct violation *violation = problem->violations; violation != NULL; violation = violation->next) {
        Google__Rpc__BadRequest__FieldViolation *copy = ARENA_NEW(arena, Google__Rpc__BadRequest__FieldViolation);
        google__rpc__bad_request__field_violation__init(copy);
        copy->field = arena_strdup(arena, violation->pointer);
        copy->description = arena_strdup(arena, violation->detail);
        request.field_violations[request.n_field_violations++] = copy;
    }
    return message_pack(arena, &request.base);
}

struct grpc_status grpc_status_of(struct arena *arena, const struct problem *problem)
{
    const struct result_row *row = result_row(problem->result);
    if (problem->result == RESULT_OK)
        return (struct grpc_status){.code = 0, .message = TEXT(""), .details = TEXT("")};
    const char *sentence = problem->detail != NULL ? problem->detail : row->title;
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    status.code = row->grpc_status;
    status.message = arena_strdup(arena, sentence);
    status.details = ARENA_ARRAY(arena, Google__Protobuf__Any *, DETAILS_MAX);
    add_detail(arena, &status, "google.rpc.ErrorInfo", pack_error_info(arena, problem));
    if (problem->violations != NULL)
        add_detail(arena, &status, "google.rpc.BadRequest", pack_bad_request(arena, problem));
    add_detail(arena, &status, "souk.common.v1.Problem", problem_pack(arena, problem));
    return (struct grpc_status){
        .code = row->grpc_status,
        .message = grpc_message_encode(arena, text_of(sentence)),
        .details = grpc_binary_encode(arena, message_pack(arena, &status.base)),
    };
}

/* --- and back ------------------------------------------------------------------------------------------------------ */

/* What a bare status is in our words. */
static enum result result_of_code(int code)
{
    static const enum result results[] = {
        [0] = RESULT_INTERNAL, /* OK without a message */
        [1] = RESULT_CANCELLED,
        [2] = RESULT_INTERNAL,
        [3] = RESULT_BAD_REQUEST,
        [4] = RESULT_DEADLINE_EXCEEDED,
        [5] = RESULT_NOT_FOUND,
        [6] = RESULT_ALREADY_EXISTS,
        [7] = RESULT_PERMISSION_DENIED,
        [8] = RESULT_OVERLOADED,
        [9] = RESULT_STATE_FORBIDS,
        [10] = RESULT_CONFLICT,
        [11] = RESULT_OVERFLOW,
        [12] = RESULT_UNIMPLEMENTED,
        [13] = RESULT_INTERNAL,
        [14] = RESULT_UNAVAILABLE,
        [15] = RESULT_INTERNAL,
        [16] = RESULT_UNAUTHENTICATED,
    };
    return code >= 0 && (size_t)code < sizeof results / sizeof results[0] ? results[code] : RESULT_INTERNAL;
}

static bool fits(const ProtobufCMessageDescriptor *descriptor, struct text packed)
{
    return wire_check(descriptor, packed, LIMIT_CALL_ARENA / 4) == WIRE_FINE;
}

/* The packed souk.common.v1.Problem among the details; {NULL, 0} when there is none. */
static struct text find_problem(struct arena *arena, struct text details)
{
    struct text none = {NULL, 0};
    struct text packed = grpc_binary_decode(arena, details);
    if (packed.at == NULL || !fits(&google__rpc__status__descriptor, packed))
        return none;
    const Google__Rpc__Status *status = (const Google__Rpc__Status *)message_unpack(arena, &google__rpc__status__descriptor, packed);
    for (size_t i = 0; status != NULL && i < status->n_details; i++) {
        struct text value = {(const char *)status->details[i]->value.data, status->details[i]->value.len};
        if (strcmp(status->details[i]->type_url, TYPE_URL "souk.common.v1.Problem") == 0 && fits(&common__problem__descriptor, value))
            return value.at != NULL ? value : none;
    }
    return none;
}

struct problem grpc_problem_of(struct arena *arena, const struct grpc_status *status)
{
    struct text packed = find_problem(arena, status->details);
    if (packed.at != NULL) {
        struct problem problem = problem_unpack(arena, packed);
        if (problem.result != RESULT_OK)
            return problem;
    }
    struct text message = grpc_message_decode(arena, status->message);
    return (struct problem){
        .result = result_of_code(status->code),
        .detail = message.length > 0 && text_is_utf8(message) ? message.at : NULL,
    };
}
