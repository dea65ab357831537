#include "sim/wire.h"

#include "base/assert.h"
#include "base/json_write.h"
#include "base/timestamp.h"
#include "gateways/rest/query.h"
#include "platform/rpc/reflect.h"

#include <google/protobuf/field_mask.pb-c.h>
#include <google/protobuf/timestamp.pb-c.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES_MAX (1 << 20)

/* --- writing JSON --- */

static void write_object(struct json_writer *json, const struct message_declaration *type, const ProtobufCMessage *message,
                         uint64_t without);

static void write_time(struct json_writer *json, const ProtobufCMessage *message)
{
    const Google__Protobuf__Timestamp *time = (const Google__Protobuf__Timestamp *)message;
    char text[TIMESTAMP_LENGTH + 1];
    timestamp_format(time->seconds * 1000000 + time->nanos / 1000, text);
    json_write_string(json, text);
}

static void write_value(struct json_writer *json, struct field field, const void *value)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        json_write_string(json, *(const char *const *)value);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        json_write_bool(json, *(const protobuf_c_boolean *)value);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        json_write_string(json, enum_json_name(field.declaration->enumeration, *(const int *)value));
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (field_is_time(field))
            write_time(json, *(const ProtobufCMessage *const *)value);
        else
            write_object(json, field.declaration->message, *(const ProtobufCMessage *const *)value, 0);
        break;
    default:
        json_write_int(json, field_integer(field, value));
    }
}

static void write_field(struct json_writer *json, struct field field, const ProtobufCMessage *message)
{
    size_t count = field_count(field, message);
    json_write_key(json, field.declaration->json_name);
    if (!field_is_list(field)) {
        write_value(json, field, field_value(field, message, 0));
        return;
    }
    json_write_array_open(json);
    for (size_t i = 0; i < count; i++)
        write_value(json, field, field_value(field, message, i));
    json_write_array_close(json);
}

/* What is set, but for the fields whose bits are in `without`. */
static void write_object(struct json_writer *json, const struct message_declaration *type, const ProtobufCMessage *message,
                         uint64_t without)
{
    json_write_object_open(json);
    for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
        struct field field = message_field_at(type, i);
        if (!(without >> i & 1) && field_count(field, message) > 0)
            write_field(json, field, message);
    }
    json_write_object_close(json);
}

/* A merge patch: what the mask names, set or not. */
static void write_patch(struct json_writer *json, const struct message_declaration *type, const ProtobufCMessage *message,
                        const Google__Protobuf__FieldMask *mask)
{
    json_write_object_open(json);
    for (size_t i = 0; i < mask->n_paths; i++) {
        struct field field = message_field(type, text_of(mask->paths[i]));
        ASSERT(field.descriptor);
        bool is_set = field_count(field, message) > 0;
        if (is_set || (!field_is_message(field) && field.descriptor->type != PROTOBUF_C_TYPE_ENUM)) {
            write_field(json, field, message);
        } else {
            json_write_key(json, field.declaration->json_name);
            json_write_null(json);
        }
    }
    json_write_object_close(json);
}

/* --- writing requests --- */

/* Fill the holes of the path; the bits of the fields that fill them. */
static uint64_t write_path(struct buffer *target, const struct method_declaration *method, const ProtobufCMessage *message)
{
    uint64_t taken = 0;
    const char *at = method->http->path;
    for (const char *hole; (hole = strchr(at, '{')) != NULL; at = strchr(hole, '}') + 1) {
        struct field field = message_field(method->input, (struct text){hole + 1, strcspn(hole + 1, "}")});
        ASSERT(field.descriptor);
        buffer_add(target, at, (size_t)(hole - at));
        percent_encode(text_of(field_value_string(field, message, 0)), target);
        taken |= UINT64_C(1) << field_index(method->input, field);
    }
    buffer_add_string(target, at);
    return taken;
}

static void write_query(struct arena *arena, struct buffer *target, const struct method_declaration *method,
                        const ProtobufCMessage *message, uint64_t taken)
{
    char separator = '?';
    for (unsigned i = 0; i < method->input->descriptor->n_fields; i++) {
        struct field field = message_field_at(method->input, i);
        if (taken >> i & 1 || field_is_message(field) || field_count(field, message) == 0)
            continue;
        buffer_add_char(target, separator);
        buffer_add_string(target, field.declaration->json_name);
        buffer_add_char(target, '=');
        percent_encode(field_value_text(field, field_value(field, message, 0), arena), target);
        separator = '&';
    }
}

static const Google__Protobuf__FieldMask *mask_of(const struct method_declaration *method, const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < method->input->descriptor->n_fields; i++) {
        struct field field = message_field_at(method->input, i);
        if (field_is_mask(field) && field_count(field, message) > 0)
            return (const Google__Protobuf__FieldMask *)field_value_message(field, message, 0);
    }
    return NULL;
}

static void write_resource(struct json_writer *json, const struct method_declaration *method, struct field body,
                           const ProtobufCMessage *message)
{
    const Google__Protobuf__FieldMask *mask = mask_of(method, message);
    const ProtobufCMessage *resource = field_value_message(body, message, 0);
    if (mask && strcmp(method->http->verb, "PATCH") == 0)
        write_patch(json, body.declaration->message, resource, mask);
    else
        write_object(json, body.declaration->message, resource, 0);
}

static void forget_buffer(void *buffer)
{
    buffer_release(buffer);
}

static struct buffer *new_buffer(struct arena *arena)
{
    struct buffer *buffer = ARENA_NEW(arena, struct buffer);
    buffer_init(buffer, BODY_BYTES_MAX);
    arena_cleanup(arena, forget_buffer, buffer);
    return buffer;
}

struct wire_request wire_write(struct arena *arena, const struct method_declaration *method, const ProtobufCMessage *message)
{
    struct buffer *target = new_buffer(arena), *body = new_buffer(arena);
    struct wire_request request = {.verb = method->http->verb};
    struct json_writer json;
    json_write_init(&json, body);
    uint64_t taken = write_path(target, method, message);
    if (method->http->body && strcmp(method->http->body, "*") == 0) {
        write_object(&json, method->input, message, taken);
        taken = UINT64_MAX;
    } else if (method->http->body) {
        struct field field = message_field(method->input, text_of(method->http->body));
        taken |= UINT64_C(1) << field_index(method->input, field);
        if (method->bulk) {
            const ProtobufCBinaryData *file = field_value(field, message, 0);
            buffer_add(body, file->data, file->len);
        } else {
            write_resource(&json, method, field, message);
        }
    }
    if (method->http->body)
        request.content_type = method->bulk ? method->media_type : "application/json";
    write_query(arena, target, method, message, taken);
    buffer_add_char(target, '\0');
    request.target = target->at;
    request.body = buffer_text(body);
    return request;
}

/* --- reading JSON --- */

static ProtobufCMessage *read_object(struct arena *arena, const struct message_declaration *type, const json_t *json);

static ProtobufCMessage *read_time(struct arena *arena, const json_t *json)
{
    Google__Protobuf__Timestamp *time = ARENA_NEW(arena, Google__Protobuf__Timestamp);
    int64_t time_us = 0;
    google__protobuf__timestamp__init(time);
    if (json_is_string(json) && timestamp_parse(text_of(json_string_value(json)), &time_us)) {
        time->seconds = time_us / 1000000;
        time->nanos = (int32_t)(time_us % 1000000 * 1000);
    }
    return &time->base;
}

static void read_number(struct field field, int64_t number, void *value)
{
    int32_t narrow = (int32_t)number;
    if (field_value_size(field) == sizeof number)
        memcpy(value, &number, sizeof number);
    else
        memcpy(value, &narrow, sizeof narrow);
}

static void read_value(struct arena *arena, struct field field, const json_t *json, void *value)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        *(const char **)value = json_is_string(json) ? arena_strdup(arena, json_string_value(json)) : "";
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)value = json_is_true(json);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        *(int *)value = json_is_string(json) ? enum_number(field.declaration->enumeration, text_of(json_string_value(json))) : 0;
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)value =
            field_is_time(field) ? read_time(arena, json) : read_object(arena, field.declaration->message, json);
        break;
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break; /* nobody here asks for these */
    default:
        read_number(field, json_integer_value(json), value);
    }
}

static void read_list(struct arena *arena, struct field field, ProtobufCMessage *message, const json_t *json)
{
    size_t count = json_array_size(json);
    char *values = field_fill_list(field, message, arena, count);
    for (size_t i = 0; i < count; i++)
        read_value(arena, field, json_array_get(json, i), values + i * field_value_size(field));
}

static ProtobufCMessage *read_object(struct arena *arena, const struct message_declaration *type, const json_t *json)
{
    ProtobufCMessage *message = message_new(arena, type->descriptor);
    for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
        struct field field = message_field_at(type, i);
        const json_t *value = json_object_get(json, field.declaration->json_name);
        if (!value || json_is_null(value))
            continue;
        if (!field_is_list(field))
            read_value(arena, field, value, field_fill(field, message));
        else if (json_is_array(value))
            read_list(arena, field, message, value);
    }
    return message;
}

ProtobufCMessage *wire_read(struct arena *arena, const struct message_declaration *type, struct text body)
{
    if (body.length == 0)
        return message_new(arena, type->descriptor);
    json_t *json = json_loadb(body.at, body.length, 0, NULL);
    ProtobufCMessage *message = json_is_object(json) ? read_object(arena, type, json) : NULL;
    json_decref(json);
    return message;
}

enum result wire_result(int status, struct text body)
{
    if (status < 400)
        return RESULT_OK;
    json_t *json = json_loadb(body.at, body.length, 0, NULL);
    const char *code = json_string_value(json_object_get(json, "code"));
    enum result found = RESULT_INTERNAL;
    for (enum result result = RESULT_OK; code && result < RESULT_COUNT; result++)
        if (strcmp(result_row(result)->wire, code) == 0)
            found = result;
    json_decref(json);
    return found;
}
