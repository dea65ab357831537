/*
 * Reflection. This and its header are the one place that knows how protobuf-c lays a message out.
 */
#include "platform/rpc/reflect.h"

#include "base/assert.h"
#include "google/protobuf/empty.pb-c.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"

#include <inttypes.h>

/* --- fields by name ---------------------------------------------------------------------------------------------- */

struct field message_field(const struct message_declaration *message, struct text name)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (text_is(name, message->descriptor->fields[i].name))
            return message_field_at(message, i);
    return (struct field){0};
}

struct field message_field_json(const struct message_declaration *message, struct text name)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (text_is(name, message->fields[i].json_name))
            return message_field_at(message, i);
    return (struct field){0};
}

/* --- types ------------------------------------------------------------------------------------------------------- */

bool field_is_time(struct field field)
{
    return field.descriptor->descriptor == &google__protobuf__timestamp__descriptor;
}

bool field_is_mask(struct field field)
{
    return field.descriptor->descriptor == &google__protobuf__field_mask__descriptor;
}

bool message_is_empty_type(const struct message_declaration *message)
{
    return message->descriptor == &google__protobuf__empty__descriptor;
}

size_t field_value_size(struct field field)
{
    return message_value_size(field.descriptor->type);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

int64_t field_integer(struct field field, const void *value)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return *(const int64_t *)value;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return *(const uint32_t *)value;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return *(const int32_t *)value;
    default:
        ASSERT(!"a whole number");
    }
}

/* --- filling ----------------------------------------------------------------------------------------------------- */

void *field_fill(struct field field, ProtobufCMessage *message)
{
    ASSERT(!field_is_list(field));
    char *base = (char *)message;
    if (field.descriptor->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        *(uint32_t *)(void *)(base + field.descriptor->quantifier_offset) = field.descriptor->id;
    return base + field.descriptor->offset;
}

void *field_fill_list(struct field field, ProtobufCMessage *message, struct arena *arena, size_t count)
{
    ASSERT(field_is_list(field));
    char *base = (char *)message;
    void *values = arena_alloc_array(arena, count, field_value_size(field));
    *(size_t *)(void *)(base + field.descriptor->quantifier_offset) = count;
    *(void **)(void *)(base + field.descriptor->offset) = values;
    return values;
}

void field_set_count(struct field field, ProtobufCMessage *message, size_t count)
{
    ASSERT(count <= field_count(field, message));
    *(size_t *)(void *)((char *)message + field.descriptor->quantifier_offset) = count;
}

/* --- enums ------------------------------------------------------------------------------------------------------- */

const char *enum_json_name(const struct enum_declaration *enumeration, int number)
{
    for (size_t i = 0; i < enumeration->value_count; i++)
        if (enumeration->values[i].number == number)
            return number == 0 ? NULL : enumeration->values[i].json_name;
    return NULL;
}

int enum_number(const struct enum_declaration *enumeration, struct text json_name)
{
    for (size_t i = 0; i < enumeration->value_count; i++)
        if (text_is(json_name, enumeration->values[i].json_name))
            return enumeration->values[i].number;
    return 0;
}

/* --- paths ------------------------------------------------------------------------------------------------------- */

struct message_path message_path(const struct message_declaration *message, struct text path)
{
    struct message_path found = {0};
    while (message != NULL && found.depth < MESSAGE_PATH_DEPTH) {
        const char *dot = memchr(path.at, '.', path.length);
        struct text name = {path.at, dot ? (size_t)(dot - path.at) : path.length};
        struct field field = message_field(message, name);
        if (field.descriptor == NULL)
            break;
        found.fields[found.depth++] = field;
        if (dot == NULL)
            return found;
        message = field.declaration->message;
        path = (struct text){dot + 1, path.length - name.length - 1};
    }
    return (struct message_path){0};
}

static void each_from(const struct message_path *path, size_t step, const ProtobufCMessage *message,
                      void (*each)(void *data, struct field field, const void *value), void *data)
{
    struct field field = path->fields[step];
    size_t count = field_count(field, message);
    for (size_t i = 0; i < count; i++) {
        if (step + 1 == path->depth)
            each(data, field, field_value(field, message, i));
        else
            each_from(path, step + 1, field_value_message(field, message, i), each, data);
    }
}

void message_path_each(const struct message_path *path, const ProtobufCMessage *message,
                       void (*each)(void *data, struct field field, const void *value), void *data)
{
    ASSERT(path->depth > 0);
    each_from(path, 0, message, each, data);
}

struct text field_value_text(struct field field, const void *value, struct arena *arena)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        return text_of(*(const char *const *)value);
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)value ? TEXT("true") : TEXT("false");
    case PROTOBUF_C_TYPE_ENUM: {
        const char *name = enum_json_name(field.declaration->enumeration, *(const int *)value);
        return name ? text_of(name) : TEXT("");
    }
    default:
        return text_of(arena_printf(arena, "%" PRId64, field_integer(field, value)));
    }
}
