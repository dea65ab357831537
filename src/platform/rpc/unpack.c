/*
 * Unpacking: bytes to a message in an arena, in one pass.
 *
 * protobuf_c_message_unpack() writes down every field that it meets before it reads any, and asks for each thing by itself: a sixth of what a
 * product page from the store costs. Here each value goes to its place as it is met. Lists grow by doubling, and
 * nothing is ever given back, because an arena is. What comes of it is what protobuf-c makes of the same bytes (unpack_test.c holds one against
 * the other), but for unknown fields, which nobody of ours looks at and which are left out, and for a message that comes twice, which is merged.
 *
 * It descends as deep as the bytes say and takes any string: what comes over a network passes wire_check() first.
 */
#include "platform/rpc/message.h"

#include "base/assert.h"

enum { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_LENGTH = 2, WIRE_32BIT = 5 };

/* What is left to read. */
struct packed {
    const uint8_t *at, *end;
};

static bool unpack_into(struct arena *arena, ProtobufCMessage *message, struct packed packed);

/* --- reading bytes ------------------------------------------------------------------------------------------------ */

static bool take_long_varint(struct packed *packed, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 70 && packed->at < packed->end; shift += 7) {
        uint8_t byte = *packed->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static inline bool take_varint(struct packed *packed, uint64_t *value)
{
    if (packed->at == packed->end || *packed->at >= 0x80)
        return take_long_varint(packed, value);
    *value = *packed->at++;
    return true;
}

static inline bool take_bytes(struct packed *packed, uint64_t count, struct packed *bytes)
{
    if (count > (size_t)(packed->end - packed->at))
        return false;
    *bytes = (struct packed){packed->at, packed->at + count};
    packed->at = bytes->end;
    return true;
}

static inline bool take_with_length(struct packed *packed, struct packed *bytes)
{
    uint64_t length;
    return take_varint(packed, &length) && take_bytes(packed, length, bytes);
}

static bool skip(struct packed *packed, unsigned wire_type)
{
    uint64_t number;
    struct packed bytes;
    switch (wire_type) {
    case WIRE_VARINT:
        return take_varint(packed, &number);
    case WIRE_64BIT:
        return take_bytes(packed, 8, &bytes);
    case WIRE_LENGTH:
        return take_with_length(packed, &bytes);
    case WIRE_32BIT:
        return take_bytes(packed, 4, &bytes);
    default:
        return false; /* groups */
    }
}

/* --- one value ----------------------------------------------------------------------------------------------------- */

static bool is_number(ProtobufCType type)
{
    return type != PROTOBUF_C_TYPE_STRING && type != PROTOBUF_C_TYPE_BYTES && type != PROTOBUF_C_TYPE_MESSAGE;
}

static bool take_fixed(struct packed *packed, unsigned wire_type, unsigned wanted, void *place)
{
    struct packed bytes;
    size_t size = wanted == WIRE_32BIT ? 4 : 8;
    if (wire_type != wanted || !take_bytes(packed, size, &bytes))
        return false;
    memcpy(place, bytes.at, size); /* both ends are little */
    return true;
}

static int64_t from_zigzag(uint64_t number)
{
    return (int64_t)(number >> 1 ^ -(number & 1));
}

static bool take_number(const ProtobufCFieldDescriptor *field, unsigned wire_type, struct packed *packed, void *place)
{
    uint64_t number;
    switch (field->type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return take_fixed(packed, wire_type, WIRE_32BIT, place);
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return take_fixed(packed, wire_type, WIRE_64BIT, place);
    default:
        break;
    }
    if (wire_type != WIRE_VARINT || !take_varint(packed, &number))
        return false;
    if (field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_UINT64)
        *(uint64_t *)place = number;
    else if (field->type == PROTOBUF_C_TYPE_SINT64)
        *(int64_t *)place = from_zigzag(number);
    else if (field->type == PROTOBUF_C_TYPE_SINT32)
        *(int32_t *)place = (int32_t)from_zigzag((uint32_t)number);
    else if (field->type == PROTOBUF_C_TYPE_BOOL)
        *(protobuf_c_boolean *)place = number != 0;
    else /* 32 bits of a number or an enum; a negative one comes with 64 */
        *(uint32_t *)place = (uint32_t)number;
    return true;
}

static bool put_message(struct arena *arena, const ProtobufCMessageDescriptor *descriptor, struct packed bytes, ProtobufCMessage **place)
{
    if (*place == NULL)
        *place = message_new(arena, descriptor);
    return unpack_into(arena, *place, bytes);
}

static void put_bytes(struct arena *arena, const char *at, size_t length, ProtobufCBinaryData *place)
{
    place->len = length;
    place->data = length > 0 ? (uint8_t *)arena_strndup(arena, at, length) : NULL;
}

static bool take_value(struct arena *arena, const ProtobufCFieldDescriptor *field, unsigned wire_type, struct packed *packed, void *place)
{
    struct packed bytes;
    if (is_number(field->type))
        return take_number(field, wire_type, packed, place);
    if (wire_type != WIRE_LENGTH || !take_with_length(packed, &bytes))
        return false;
    size_t length = (size_t)(bytes.end - bytes.at);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return put_message(arena, field->descriptor, bytes, place);
    if (field->type == PROTOBUF_C_TYPE_STRING)
        *(char **)place = arena_strndup(arena, (const char *)bytes.at, length);
    else
        put_bytes(arena, (const char *)bytes.at, length, place);
    return true;
}

/* --- one field ----------------------------------------------------------------------------------------------------- */

static inline void *at_offset(ProtobufCMessage *message, unsigned offset)
{
    return (char *)message + offset;
}

/* Of the fields of a oneof the last one counts. */
static void choose(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    uint32_t *chosen = at_offset(message, field->quantifier_offset);
    if (*chosen != field->id)
        memset(at_offset(message, field->offset), 0, message_value_size(field->type));
    *chosen = field->id;
}

/* One more at the end of a list. */
static void *place_in_list(struct arena *arena, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    size_t *count = at_offset(message, field->quantifier_offset), size = message_value_size(field->type);
    char **values = at_offset(message, field->offset);
    *values = arena_room(arena, *values, *count, size);
    return *values + (*count)++ * size;
}

static void *place_of(struct arena *arena, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return place_in_list(arena, field, message);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        choose(field, message);
    else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0)
        *(protobuf_c_boolean *)at_offset(message, field->quantifier_offset) = true;
    return at_offset(message, field->offset);
}

/* Numbers of a list may come one by one, or many in one field. */
static bool is_many_numbers(const ProtobufCFieldDescriptor *field, unsigned wire_type)
{
    return wire_type == WIRE_LENGTH && field->label == PROTOBUF_C_LABEL_REPEATED && is_number(field->type);
}

static unsigned wire_type_of_number(ProtobufCType type)
{
    bool is_fixed32 = type == PROTOBUF_C_TYPE_FIXED32 || type == PROTOBUF_C_TYPE_SFIXED32 || type == PROTOBUF_C_TYPE_FLOAT;
    bool is_fixed64 = type == PROTOBUF_C_TYPE_FIXED64 || type == PROTOBUF_C_TYPE_SFIXED64 || type == PROTOBUF_C_TYPE_DOUBLE;
    return is_fixed32 ? WIRE_32BIT : is_fixed64 ? WIRE_64BIT : WIRE_VARINT;
}

static bool take_many_numbers(struct arena *arena, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message, struct packed *packed)
{
    struct packed numbers;
    if (!take_with_length(packed, &numbers))
        return false;
    while (numbers.at < numbers.end)
        if (!take_number(field, wire_type_of_number(field->type), &numbers, place_in_list(arena, field, message)))
            return false;
    return true;
}

/* --- the message --------------------------------------------------------------------------------------------------- */

/* Fields mostly come in the order of their numbers, which is the descriptor's: the same one again, or one of the next. */
static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor, uint64_t number, unsigned *next)
{
    for (unsigned i = *next; i < descriptor->n_fields && descriptor->fields[i].id <= number; i++) {
        *next = i;
        if (descriptor->fields[i].id == number)
            return &descriptor->fields[i];
    }
    return protobuf_c_message_descriptor_get_field(descriptor, (unsigned)number);
}

static bool unpack_into(struct arena *arena, ProtobufCMessage *message, struct packed packed)
{
    const uint64_t number_max = (1 << 29) - 1;
    unsigned next = 0;
    while (packed.at < packed.end) {
        uint64_t tag;
        if (!take_varint(&packed, &tag) || tag >> 3 == 0 || tag >> 3 > number_max)
            return false;
        unsigned wire_type = tag & 7;
        const ProtobufCFieldDescriptor *field = find_field(message->descriptor, tag >> 3, &next);
        bool taken;
        if (field == NULL)
            taken = skip(&packed, wire_type);
        else if (is_many_numbers(field, wire_type))
            taken = take_many_numbers(arena, field, message, &packed);
        else
            taken = take_value(arena, field, wire_type, &packed, place_of(arena, field, message));
        if (!taken)
            return false;
    }
    return true;
}

ProtobufCMessage *message_unpack(struct arena *arena, const ProtobufCMessageDescriptor *descriptor, struct text packed)
{
    ProtobufCMessage *message = message_new(arena, descriptor);
    const uint8_t *at = (const uint8_t *)packed.at;
    return unpack_into(arena, message, (struct packed){at, at + packed.length}) ? message : NULL;
}
