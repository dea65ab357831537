/*
 * Messages by descriptor.
 *
 * A value is found where protobuf-c's own packing finds it: `offset` into the message, and for repeated fields and oneofs a
 * quantifier beside it. Unpacking is in unpack.c.
 */
#include "platform/rpc/message.h"

#include "base/assert.h"

#include "souk/common/v1/types.pb-c.h"

#include <inttypes.h>

size_t message_value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4; /* every other number, booleans and enums */
    }
}

ProtobufCMessage *message_new(struct arena *arena, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);
    descriptor->message_init(message);
    return message;
}

struct text message_pack(struct arena *arena, const ProtobufCMessage *message)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = arena_alloc(arena, length);
    protobuf_c_message_pack(message, bytes);
    return (struct text){(const char *)bytes, length};
}

/* --- values at a path ------------------------------------------------------------------------------------------- */

struct search {
    struct arena *arena;
    void (*each)(void *data, const char *value);
    void *data;
};

static void search_message(const struct search *search, const ProtobufCMessage *message, struct text path);

static void found_number(const struct search *search, int64_t number)
{
    search->each(search->data, arena_printf(search->arena, "%" PRId64, number));
}

static void search_value(const struct search *search, const ProtobufCFieldDescriptor *field, const void *value,
                         struct text rest)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *message = *(const ProtobufCMessage *const *)value;
        if (message != NULL)
            search_message(search, message, rest);
        break;
    }
    case PROTOBUF_C_TYPE_STRING: {
        const char *string = *(const char *const *)value;
        if (string != NULL && *string != '\0')
            search->each(search->data, string);
        break;
    }
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_ENUM:
        found_number(search, *(const int32_t *)value);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        found_number(search, *(const uint32_t *)value);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        found_number(search, *(const int64_t *)value);
        break;
    default:
        ASSERT(!"a field that can name something");
    }
}

static size_t size_of_value(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return sizeof(int64_t);
    default:
        return sizeof(int32_t);
    }
}

/* Whether this field is the one of its oneof that is set. */
static bool is_chosen(const ProtobufCFieldDescriptor *field, const char *bytes)
{
    bool choice = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    return !choice || *(const uint32_t *)(const void *)(bytes + field->quantifier_offset) == field->id;
}

static void search_message(const struct search *search, const ProtobufCMessage *message, struct text path)
{
    const char *dot = memchr(path.at, '.', path.length);
    size_t length = dot != NULL ? (size_t)(dot - path.at) : path.length;
    struct text rest = dot != NULL ? (struct text){dot + 1, path.length - length - 1} : TEXT("");

    const char *name = arena_strndup(search->arena, path.at, length);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field == NULL)
        return;

    const char *bytes = (const char *)message;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        if (is_chosen(field, bytes))
            search_value(search, field, bytes + field->offset, rest);
        return;
    }
    size_t count = *(const size_t *)(const void *)(bytes + field->quantifier_offset);
    const char *values = *(const char *const *)(const void *)(bytes + field->offset);
    for (size_t i = 0; i < count; i++)
        search_value(search, field, values + i * size_of_value(field), rest);
}

void message_each_text(const ProtobufCMessage *message, struct text path, struct arena *arena,
                       void (*each)(void *data, const char *value), void *data)
{
    struct search search = {.arena = arena, .each = each, .data = data};
    search_message(&search, message, path);
}

/* --- problems --------------------------------------------------------------------------------------------------- */

static const char *or_empty(const char *string)
{
    return string != NULL ? string : "";
}

static size_t count_violations(const struct problem *problem)
{
    size_t count = 0;
    for (const struct violation *violation = problem->violations; violation != NULL; violation = violation->next)
        count++;
    return count;
}

static size_t count_numbers(const struct problem *problem)
{
    size_t count = 0;
    for (const struct problem_number *number = problem->numbers; number != NULL; number = number->next)
        count++;
    return count;
}

struct text problem_pack(struct arena *arena, const struct problem *problem)
{
    Common__Problem message = COMMON__PROBLEM__INIT;
    message.code = result_row(problem->result)->wire;
    message.detail = or_empty(problem->detail);

    message.violations = ARENA_ARRAY(arena, Common__Problem__Violation *, count_violations(problem));
    for (const struct violation *violation = problem->violations; violation != NULL; violation = violation->next) {
        Common__Problem__Violation *copy = ARENA_NEW(arena, Common__Problem__Violation);
        common__problem__violation__init(copy);
        copy->pointer = violation->pointer;
        copy->code = violation->code;
        copy->detail = violation->detail;
        message.violations[message.n_violations++] = copy;
    }

    message.numbers = ARENA_ARRAY(arena, Common__Problem__Number *, count_numbers(problem));
    for (const struct problem_number *number = problem->numbers; number != NULL; number = number->next) {
        Common__Problem__Number *copy = ARENA_NEW(arena, Common__Problem__Number);
        common__problem__number__init(copy);
        copy->name = number->name;
        copy->value = number->value;
        message.numbers[message.n_numbers++] = copy;
    }
    return message_pack(arena, &message.base);
}

/* A code that this version does not know was written by a newer one. */
static enum result result_of_wire(const char *code)
{
    for (int result = 0; result < RESULT_COUNT; result++)
        if (strcmp(result_row((enum result)result)->wire, code) == 0)
            return (enum result)result;
    return RESULT_INTERNAL;
}

struct problem problem_unpack(struct arena *arena, struct text packed)
{
    const Common__Problem *message =
        (const Common__Problem *)message_unpack(arena, &common__problem__descriptor, packed);
    ASSERT(message != NULL);

    struct problem problem = {.result = result_of_wire(message->code)};
    problem.detail = *message->detail != '\0' ? message->detail : NULL;
    for (size_t i = message->n_violations; i-- > 0;) {
        struct violation *violation = ARENA_NEW(arena, struct violation);
        *violation = (struct violation){
            .pointer = message->violations[i]->pointer,
            .code = message->violations[i]->code,
            .detail = message->violations[i]->detail,
            .next = problem.violations,
        };
        problem.violations = violation;
    }
    for (size_t i = message->n_numbers; i-- > 0;) {
        struct problem_number *number = ARENA_NEW(arena, struct problem_number);
        *number = (struct problem_number){
            .name = message->numbers[i]->name,
            .value = message->numbers[i]->value,
            .next = problem.numbers,
        };
        problem.numbers = number;
    }
    return problem;
}

struct problem problem_copy(struct arena *arena, const struct problem *problem)
{
    return problem_unpack(arena, problem_pack(arena, problem));
}
