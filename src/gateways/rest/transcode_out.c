#include "gateways/rest/transcode_out.h"

#include "base/timestamp.h"
#include "google/protobuf/timestamp.pb-c.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* --- values ---------------------------------------------------------------------------------------------------------- */

static void render_time(struct rendering *rendering, const ProtobufCMessage *message)
{
    const Google__Protobuf__Timestamp *time = (const void *)message;
    char text[TIMESTAMP_LENGTH + 1];
    timestamp_format(time->seconds * 1000000 + time->nanos / 1000, text);
    json_write_text(&rendering->json, (struct text){text, TIMESTAMP_LENGTH});
}

static void render_real(struct rendering *rendering, double number)
{
    if (isfinite(number))
        json_write_double(&rendering->json, number);
    else
        json_write_null(&rendering->json); /* JSON has no word for it */
}

static void render_enum(struct rendering *rendering, const struct enum_declaration *enumeration, int number)
{
    const char *name = enum_json_name(enumeration, number);
    if (name != NULL)
        json_write_string(&rendering->json, name);
    else
        json_write_null(&rendering->json); /* only inside a list; a single one that is not given is left out */
}

static void render_unsigned(struct rendering *rendering, uint64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
    json_write_raw(&rendering->json, (struct text){digits, (size_t)length});
}

static void render_value(struct rendering *rendering, struct field field, const void *value, const struct field_choice *choice)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        json_write_string(&rendering->json, *(const char *const *)value);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        json_write_bool(&rendering->json, *(const protobuf_c_boolean *)value);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        render_enum(rendering, field.declaration->enumeration, *(const int *)value);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        render_real(rendering, *(const double *)value);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        render_real(rendering, (double)*(const float *)value);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        render_unsigned(rendering, *(const uint64_t *)value);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (field_is_time(field))
            render_time(rendering, *(const ProtobufCMessage *const *)value);
        else
            render_message(rendering, field.declaration->message, *(const ProtobufCMessage *const *)value, choice);
        break;
    default:
        json_write_int(&rendering->json, field_integer(field, value));
    }
}

/* --- lists and maps --------------------------------------------------------------------------------------------------- */

static void render_list(struct rendering *rendering, struct field field, const ProtobufCMessage *message,
                        const struct field_choice *choice)
{
    size_t count = field_count(field, message);
    json_write_array_open(&rendering->json);
    for (size_t i = 0; i < count; i++)
        render_value(rendering, field, field_value(field, message, i), choice);
    json_write_array_close(&rendering->json);
}

static void render_map(struct rendering *rendering, struct field map, const ProtobufCMessage *message)
{
    struct field key = message_field_at(map.declaration->message, 0), value = message_field_at(map.declaration->message, 1);
    size_t count = field_count(map, message);
    json_write_object_open(&rendering->json);
    for (size_t i = 0; i < count; i++) {
        const ProtobufCMessage *entry = field_value_message(map, message, i);
        json_write_key_text(&rendering->json, text_of(field_value_string(key, entry, 0)));
        if (field_is_message(value) && field_count(value, entry) == 0)
            json_write_null(&rendering->json);
        else
            render_value(rendering, value, field_value(value, entry, 0), &field_choice_whole);
    }
    json_write_object_close(&rendering->json);
}

/* --- fields ------------------------------------------------------------------------------------------------------------ */

static bool may_see(const struct rendering *rendering, const struct field_declaration *declaration)
{
    if (declaration->input_only || declaration->secret)
        return false;
    return declaration->scope == NULL || (rendering->actor->scopes & scope_named(text_of(declaration->scope))) != 0;
}

/* An enum that is not given has no name to write, and bytes no form in JSON. */
static bool has_form(struct field field, size_t count)
{
    if (field.descriptor->type == PROTOBUF_C_TYPE_BYTES)
        return false;
    return field_is_list(field) || count > 0 || field.descriptor->type != PROTOBUF_C_TYPE_ENUM;
}

void render_field(struct rendering *rendering, struct field field, const ProtobufCMessage *message,
                  const struct field_choice *choice)
{
    size_t count = field_count(field, message);
    if ((count == 0 && !field.declaration->always) || !has_form(field, count) || !may_see(rendering, field.declaration))
        return;
    json_write_key(&rendering->json, field.declaration->json_name);
    if (field.declaration->is_map)
        render_map(rendering, field, message);
    else if (field_is_list(field))
        render_list(rendering, field, message, choice);
    else
        render_value(rendering, field, field_value(field, message, 0), choice);
}

/* --- messages ----------------------------------------------------------------------------------------------------------- */

static void note_tag(struct rendering *rendering, const struct resource *resource, const ProtobufCMessage *message)
{
    if (rendering->tags == NULL || resource->key.depth != 1)
        return;
    struct field key = resource->key.fields[0];
    tags_add(rendering->tags, resource->message->resource, text_of(field_value_string(key, message, 0)));
}

void render_open(struct rendering *rendering, const struct message_declaration *declaration,
                 const ProtobufCMessage *message, const struct field_choice *choice)
{
    json_write_object_open(&rendering->json);
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++) {
        unsigned index = declaration->written_order[i];
        const struct field_choice *inner = field_chosen(choice, index);
        if (inner != NULL)
            render_field(rendering, message_field_at(declaration, index), message, inner);
    }
    const struct resource *resource = rendering->resources ? resource_find(rendering->resources, declaration) : NULL;
    if (resource == NULL)
        return;
    note_tag(rendering, resource, message);
    links_write(resource, message, rendering->actor, &rendering->json);
}

void render_message(struct rendering *rendering, const struct message_declaration *declaration,
                    const ProtobufCMessage *message, const struct field_choice *choice)
{
    render_open(rendering, declaration, message, choice);
    json_write_object_close(&rendering->json);
}
