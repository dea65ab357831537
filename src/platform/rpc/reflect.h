/*
 * Reflection: reading and filling fields of a message without knowing its type.
 *
 * Gateways know every message only as a declaration (declaration.h) and protobuf-c's descriptor. Everything they write into a message
 * lives in the arena they give, so it is never freed by itself and never passed to protobuf_c_message_free_unpacked().
 */
#ifndef SOUK_PLATFORM_REFLECT_H
#define SOUK_PLATFORM_REFLECT_H

#include "base/arena.h"
#include "base/text.h"
#include "platform/rpc/declaration.h"
#include "platform/rpc/message.h"

/* One field of a message type. */
struct field {
    const ProtobufCFieldDescriptor *descriptor; /* NULL: there is no such field */
    const struct field_declaration *declaration;
};

static inline struct field message_field_at(const struct message_declaration *message, unsigned index)
{
    return (struct field){&message->descriptor->fields[index], &message->fields[index]};
}
static inline unsigned field_index(const struct message_declaration *message, struct field field)
{
    return (unsigned)(field.declaration - message->fields);
}
/* By its name in the .proto: "shipping_address". */
struct field message_field(const struct message_declaration *message, struct text name);
/* By its name in JSON: "shippingAddress". */
struct field message_field_json(const struct message_declaration *message, struct text name);

static inline bool field_is_list(struct field field)
{
    return field.descriptor->label == PROTOBUF_C_LABEL_REPEATED;
}
static inline bool field_is_message(struct field field)
{
    return field.descriptor->type == PROTOBUF_C_TYPE_MESSAGE;
}
bool field_is_time(struct field field); /* google.protobuf.Timestamp */
bool field_is_mask(struct field field); /* google.protobuf.FieldMask */
bool message_is_empty_type(const struct message_declaration *message); /* google.protobuf.Empty */

/* How many values it has: of a list its length; of anything else 1 when it is set (not 0, not empty, and the chosen one of its oneof),
 * otherwise 0. Here, with what it needs, as every answer is written by asking every field of it. */
static inline size_t field_count(struct field field, const ProtobufCMessage *message);
/* One of its values, of a list by index: a `char *`, `ProtobufCMessage *`, `int64_t`, … as the descriptor's type says. */
static inline const void *field_value(struct field field, const ProtobufCMessage *message, size_t index);
static inline const ProtobufCMessage *field_value_message(struct field field, const ProtobufCMessage *message, size_t index)
{
    return *(const ProtobufCMessage *const *)field_value(field, message, index);
}
static inline const char *field_value_string(struct field field, const ProtobufCMessage *message, size_t index)
{
    return *(const char *const *)field_value(field, message, index);
}
/* A whole number, a boolean or an enum's number, of any width. */
int64_t field_integer(struct field field, const void *value);

/* The place to write a single value to; chooses it in its oneof. */
void *field_fill(struct field field, ProtobufCMessage *message);
/* A list of `count` zeroed values to write to. */
void *field_fill_list(struct field field, ProtobufCMessage *message, struct arena *arena, size_t count);
/* Shorten a list that turned out to have fewer values. */
void field_set_count(struct field field, ProtobufCMessage *message, size_t count);
/* The bytes that one value takes. */
size_t field_value_size(struct field field);

/* --- how protobuf-c lays a message out: a list is a count at quantifier_offset and a pointer at offset; a oneof keeps the number of its
 * chosen field at quantifier_offset --- */

static inline const void *field_at_offset(const ProtobufCMessage *message, unsigned offset)
{
    return (const char *)message + offset;
}

static inline bool field_is_unchosen(struct field field, const ProtobufCMessage *message)
{
    return (field.descriptor->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
           *(const uint32_t *)field_at_offset(message, field.descriptor->quantifier_offset) != field.descriptor->id;
}

static inline bool field_value_is_set(struct field field, const void *value)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(void *const *)value != NULL;
    case PROTOBUF_C_TYPE_STRING: {
        const char *string = *(const char *const *)value;
        return string != NULL && string[0] != '\0';
    }
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)value)->len > 0;
    case PROTOBUF_C_TYPE_DOUBLE:
        return *(const double *)value != 0;
    case PROTOBUF_C_TYPE_FLOAT:
        return *(const float *)value != 0;
    default:
        return field_integer(field, value) != 0;
    }
}

static inline size_t field_count(struct field field, const ProtobufCMessage *message)
{
    if (field_is_list(field))
        return *(const size_t *)field_at_offset(message, field.descriptor->quantifier_offset);
    if (field_is_unchosen(field, message))
        return 0;
    return field_value_is_set(field, field_at_offset(message, field.descriptor->offset)) ? 1 : 0;
}

static inline const void *field_value(struct field field, const ProtobufCMessage *message, size_t index)
{
    const void *place = field_at_offset(message, field.descriptor->offset);
    if (!field_is_list(field))
        return place;
    const char *values = *(const char *const *)place; /* NULL when there are none */
    return index > 0 ? values + index * message_value_size(field.descriptor->type) : values;
}

/* Enums as JSON has them. NULL for numbers without a name and for 0, "not given". */
const char *enum_json_name(const struct enum_declaration *enumeration, int number);
/* 0 when it has no such value, or that is 0. */
int enum_number(const struct enum_declaration *enumeration, struct text json_name);

/* --- paths: "variants.sku" --- */

#define MESSAGE_PATH_DEPTH 4

/* A path from a message type through fields of message type, lists too, to a last field. */
struct message_path {
    struct field fields[MESSAGE_PATH_DEPTH];
    size_t depth; /* 0: there is no such path */
};
struct message_path message_path(const struct message_declaration *message, struct text path);
static inline struct field message_path_end(const struct message_path *path)
{
    return path->fields[path->depth - 1];
}
/* Call `each` for every value that the path leads to, in order. */
void message_path_each(const struct message_path *path, const ProtobufCMessage *message,
                       void (*each)(void *data, struct field field, const void *value), void *data);
/* A string, whole number, boolean or enum as JSON would have it, without quotes; in the arena or the message. */
struct text field_value_text(struct field field, const void *value, struct arena *arena);

#endif
