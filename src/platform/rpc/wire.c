/*
 * One pass over the bytes, with the descriptor beside it. Nothing is written down but what it would cost.
 *
 * The costs are upper bounds of what unpack.c takes: for each message its struct, for each value of a list its place (and lists double), and for strings
 * and bytes a copy.
 */
#include "platform/rpc/wire.h"

#include "base/assert.h"
#include "base/limits.h"

#define COST_OF_FIELD 128 /* its place in a list, the first eight at once, and what aligning an allocation takes */
#define COST_OF_UNKNOWN 64

enum { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_LENGTH = 2, WIRE_32BIT = 5 };

struct look {
    size_t cost, cost_max;
};

static enum wire_fault look_at_message(struct look *look, const ProtobufCMessageDescriptor *descriptor, struct text rest, unsigned depth);

static enum wire_fault spend(struct look *look, size_t bytes)
{
    look->cost += bytes;
    return look->cost <= look->cost_max ? WIRE_FINE : WIRE_TOO_LARGE;
}

static void advance(struct text *rest, size_t bytes)
{
    rest->at += bytes;
    rest->length -= bytes;
}

static bool take_varint(struct text *rest, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < 10 && i < rest->length; i++) {
        uint8_t byte = (uint8_t)rest->at[i];
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            advance(rest, i + 1);
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct text *rest, uint64_t count, struct text *bytes)
{
    if (count > rest->length)
        return false;
    *bytes = (struct text){rest->at, (size_t)count};
    advance(rest, (size_t)count);
    return true;
}

/* The payload of a field, of a number without its value. */
static bool take_payload(struct text *rest, unsigned wire_type, struct text *payload)
{
    uint64_t number;
    switch (wire_type) {
    case WIRE_VARINT:
        *payload = (struct text){rest->at, 0};
        return take_varint(rest, &number);
    case WIRE_64BIT:
        return take_bytes(rest, 8, payload);
    case WIRE_LENGTH:
        return take_varint(rest, &number) && take_bytes(rest, number, payload);
    case WIRE_32BIT:
        return take_bytes(rest, 4, payload);
    default:
        return false; /* groups, which nobody has used since 2008 */
    }
}

static enum wire_fault look_at_value(struct look *look, const ProtobufCFieldDescriptor *field, struct text payload, unsigned depth)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return look_at_message(look, field->descriptor, payload, depth + 1);
    case PROTOBUF_C_TYPE_STRING:
        return text_is_utf8(payload) ? spend(look, payload.length) : WIRE_NOT_UTF8;
    case PROTOBUF_C_TYPE_BYTES:
        return spend(look, payload.length);
    default: /* many numbers in one field: each takes at least a byte here and at most eight there, four times, as the list grows */
        return spend(look, payload.length * 32);
    }
}

/* Whether this is the first time that a message comes in this field, where only one may. */
static bool is_first(const ProtobufCMessageDescriptor *descriptor, const ProtobufCFieldDescriptor *field, uint64_t *seen)
{
    size_t index = (size_t)(field - descriptor->fields);
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED)
        return true;
    ASSERT(index < 64);
    bool first = (*seen & UINT64_C(1) << index) == 0;
    *seen |= UINT64_C(1) << index;
    return first;
}

static enum wire_fault look_at_field(struct look *look, const ProtobufCMessageDescriptor *descriptor, struct text *rest, uint64_t *seen,
                                     unsigned depth)
{
    uint64_t tag;
    struct text payload;
    if (!take_varint(rest, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff || !take_payload(rest, tag & 7, &payload))
        return WIRE_MALFORMED;
    enum wire_fault fault = spend(look, COST_OF_FIELD);
    if (fault != WIRE_FINE)
        return fault;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3));
    if (field == NULL)
        return spend(look, COST_OF_UNKNOWN + payload.length);
    bool has_length = field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES;
    if (has_length && (tag & 7) != WIRE_LENGTH)
        return WIRE_MALFORMED;
    if (!is_first(descriptor, field, seen))
        return WIRE_REPEATED;
    return (tag & 7) == WIRE_LENGTH ? look_at_value(look, field, payload, depth) : WIRE_FINE;
}

static enum wire_fault look_at_message(struct look *look, const ProtobufCMessageDescriptor *descriptor, struct text rest, unsigned depth)
{
    if (depth > LIMIT_MESSAGE_DEPTH)
        return WIRE_TOO_DEEP;
    enum wire_fault fault = spend(look, descriptor->sizeof_message);
    for (uint64_t seen = 0; fault == WIRE_FINE && rest.length > 0;)
        fault = look_at_field(look, descriptor, &rest, &seen, depth);
    return fault;
}

enum wire_fault wire_check(const ProtobufCMessageDescriptor *descriptor, struct text packed, size_t memory_max)
{
    struct look look = {.cost_max = memory_max};
    return look_at_message(&look, descriptor, packed, 1);
}

const char *wire_fault_sentence(enum wire_fault fault)
{
    switch (fault) {
    case WIRE_FINE:
        return "The message is fine.";
    case WIRE_MALFORMED:
        return "The message is not one of the type that this method takes.";
    case WIRE_TOO_DEEP:
        return "The message nests too deep.";
    case WIRE_NOT_UTF8:
        return "A string in the message is not UTF-8, or holds a NUL.";
    case WIRE_REPEATED:
        return "A field that holds one message came more than once.";
    case WIRE_TOO_LARGE:
        return "The message has too many fields.";
    }
    ASSERT(!"a fault of the wire");
}
