#include "platform/rpc/message_json.h"

#include "base/timestamp.h"
#include "google/protobuf/timestamp.pb-c.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* --- values ---------------------------------------------------------------------------------------------------------- */

static void write_time(struct json_writer *json, const ProtobufCMessage *message)
{
    const Google__Protobuf__Timestamp *time = (const void *)message;
    char text[TIMESTAMP_LENGTH + 1];
    timestamp_format(time->seconds * 1000000 + time->nanos / 1000, text);
    json_write_text(json, (struct text){text, TIMESTAMP_LENGTH});
}

static void write_real(struct json_writer *json, double number)
{
    if (isfinite(number))
        json_write_double(json, number);
    else
        json_write_null(json); /* JSON has no word for it */
}

static void write_enum(struct json_writer *json, const struct enum_declaration *enumeration, int number)
{
    const char *name = enum_json_name(enumeration, number);
    if (name != NULL)
        json_write_string(json, name);
    else
        json_write_null(json); /* only inside a list; a single one that is not given is left out */
}

static void write_unsigned(struct json_writer *json, uint64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
    json_write_raw(json, (struct text){digits, (size_t)length});
}

static void write_string(struct json_writer *json, struct field field, const char *string)
{
    if (field.declaration->format == FORMAT_JSON)
        json_write_raw(json, text_of(string)); /* whoever made it made it well-formed */
    else
        json_write_string(json, string);
}

void json_write_field_value(struct json_writer *json, struct field field, const void *value)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        write_string(json, field, *(const char *const *)value);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        json_write_bool(json, *(const protobuf_c_boolean *)value);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        write_enum(json, field.declaration->enumeration, *(const int *)value);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        write_real(json, *(const double *)value);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        write_real(json, (double)*(const float *)value);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        write_unsigned(json, *(const uint64_t *)value);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        write_time(json, *(const ProtobufCMessage *const *)value);
        break;
    default:
        json_write_int(json, field_integer(field, value));
    }
}

/* --- messages ---------------------------------------------------------------------------------------------------------- */

static bool may_see(const struct actor *actor, const struct field_declaration *declaration)
{
    if (declaration->secret || declaration->input_only || (declaration->personal && (actor->scopes & SCOPE_CUSTOMERS) == 0))
        return false;
    return declaration->scope == NULL || (actor->scopes & scope_named(text_of(declaration->scope))) != 0;
}

static void write_value(struct json_writer *json, struct field field, const void *value, const struct actor *actor)
{
    if (field_is_message(field) && !field_is_time(field))
        json_write_message(json, field.declaration->message, *(const ProtobufCMessage *const *)value, actor);
    else
        json_write_field_value(json, field, value);
}

static void write_map(struct json_writer *json, struct field map, const ProtobufCMessage *message, const struct actor *actor)
{
    struct field key = message_field_at(map.declaration->message, 0), value = message_field_at(map.declaration->message, 1);
    json_write_object_open(json);
    for (size_t i = 0; i < field_count(map, message); i++) {
        const ProtobufCMessage *entry = field_value_message(map, message, i);
        json_write_key_text(json, text_of(field_value_string(key, entry, 0)));
        if (field_is_message(value) && field_count(value, entry) == 0)
            json_write_null(json);
        else
            write_value(json, value, field_value(value, entry, 0), actor);
    }
    json_write_object_close(json);
}

static void write_list(struct json_writer *json, struct field list, const ProtobufCMessage *message, const struct actor *actor)
{
    json_write_array_open(json);
    for (size_t i = 0; i < field_count(list, message); i++)
        write_value(json, list, field_value(list, message, i), actor);
    json_write_array_close(json);
}

void json_write_message(struct json_writer *json, const struct message_declaration *declaration, const ProtobufCMessage *message,
                        const struct actor *actor)
{
    json_write_object_open(json);
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++) {
        struct field field = message_field_at(declaration, declaration->written_order[i]);
        size_t count = field_count(field, message);
        if ((count == 0 && !field.declaration->always) || !field_has_json(field, count) || !may_see(actor, field.declaration))
            continue;
        json_write_key(json, field.declaration->json_name);
        if (field.declaration->is_map)
            write_map(json, field, message, actor);
        else if (field_is_list(field))
            write_list(json, field, message, actor);
        else
            write_value(json, field, field_value(field, message, 0), actor);
    }
    json_write_object_close(json);
}
