/*
 * Requests: path, then query, then body; `taken` remembers which fields have been filled, by bit, so that nothing is said twice.
 */
#include "gateways/rest/transcode_in.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/timestamp.h"
#include "gateways/json_read.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "platform/http/http.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* How the body of a resource is meant. */
enum manner { MANNER_CREATE, MANNER_REPLACE, MANNER_PATCH };

struct reading {
    struct arena *arena;
    struct validation validation;
    /* of a PATCH: what it names so far ("title", "shipping_address.city", "attributes.vendor"), and what stands before the next name */
    const char **paths, *prefix;
    size_t path_count;
};

static uint64_t field_bit(const struct message_declaration *declaration, struct field field)
{
    unsigned index = field_index(declaration, field);
    ASSERT(index < 64);
    return UINT64_C(1) << index;
}

static bool is_full(const struct reading *reading)
{
    return reading->validation.count >= LIMIT_VIOLATIONS;
}

/* --- plain values ---------------------------------------------------------------------------------------------------- */

/* Store a whole number where it fits. */
static bool store_integer(struct field field, int64_t number, void *storage)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        *(int64_t *)storage = number;
        return true;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        *(uint64_t *)storage = (uint64_t)number;
        return number >= 0;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        *(uint32_t *)storage = (uint32_t)number;
        return number >= 0 && number <= UINT32_MAX;
    default:
        *(int32_t *)storage = (int32_t)number;
        return number >= INT32_MIN && number <= INT32_MAX;
    }
}

static void store_real(struct field field, double number, void *storage)
{
    if (field.descriptor->type == PROTOBUF_C_TYPE_FLOAT)
        *(float *)storage = (float)number;
    else
        *(double *)storage = number;
}

static bool store_time(struct reading *reading, struct text text, void *storage)
{
    int64_t time_us;
    if (!timestamp_parse(text, &time_us))
        return false;
    Google__Protobuf__Timestamp *time = (void *)message_new(reading->arena, &google__protobuf__timestamp__descriptor);
    int64_t second_us = ((time_us % 1000000) + 1000000) % 1000000; /* of the second, for times before 1970 too */
    time->seconds = (time_us - second_us) / 1000000;
    time->nanos = (int32_t)(second_us * 1000);
    *(Google__Protobuf__Timestamp **)storage = time;
    return true;
}

static bool store_enum(struct field field, struct text name, void *storage)
{
    int number = enum_number(field.declaration->enumeration, name);
    *(int *)storage = number;
    return number != 0;
}

/* "draft, published or archived" */
static const char *enum_choices(const struct enum_declaration *enumeration, struct arena *arena)
{
    const char *choices = "";
    for (size_t i = 0; i < enumeration->value_count; i++)
        if (enumeration->values[i].number != 0)
            choices = arena_printf(arena, "%s%s%s", choices, choices[0] ? ", " : "", enumeration->values[i].json_name);
    return choices;
}

static void refuse_type(struct reading *reading, const struct pointer *at, const char *wanted)
{
    violation_add(&reading->validation, at, "type", "This must be %s.", wanted);
}

static void refuse_enum(struct reading *reading, struct field field, const struct pointer *at)
{
    violation_add(&reading->validation, at, "unknown_value", "This must be one of %s.",
                  enum_choices(field.declaration->enumeration, reading->arena));
}

static void refuse_range(struct reading *reading, const struct pointer *at)
{
    violation_add(&reading->validation, at, "out_of_range", "This number is too large for us.");
}

/* --- JSON values ------------------------------------------------------------------------------------------------------ */

static void read_object(struct reading *reading, const struct message_declaration *declaration, ProtobufCMessage *message,
                        const json_t *object, uint64_t taken, enum manner manner, const struct pointer *at);

static struct text json_text(const json_t *string)
{
    return (struct text){json_string_value(string), json_string_length(string)};
}

static bool read_string(struct reading *reading, const json_t *value, void *storage, const struct pointer *at)
{
    if (!json_is_string(value)) {
        refuse_type(reading, at, "a string");
        return false;
    }
    *(const char **)storage = json_string_value(value); /* the parsed body lives as long as the call */
    return true;
}

static bool read_integer(struct reading *reading, struct field field, const json_t *value, void *storage,
                         const struct pointer *at)
{
    if (!json_is_integer(value)) {
        refuse_type(reading, at, "a whole number");
        return false;
    }
    if (!store_integer(field, json_integer_value(value), storage)) {
        refuse_range(reading, at);
        return false;
    }
    return true;
}

static bool read_real(struct reading *reading, struct field field, const json_t *value, void *storage,
                      const struct pointer *at)
{
    if (!json_is_number(value)) {
        refuse_type(reading, at, "a number");
        return false;
    }
    store_real(field, json_number_value(value), storage);
    return true;
}

static bool read_enum(struct reading *reading, struct field field, const json_t *value, void *storage,
                      const struct pointer *at)
{
    if (json_is_string(value) && store_enum(field, json_text(value), storage))
        return true;
    refuse_enum(reading, field, at);
    return false;
}

static bool read_time(struct reading *reading, const json_t *value, void *storage, const struct pointer *at)
{
    if (json_is_string(value) && store_time(reading, json_text(value), storage))
        return true;
    refuse_type(reading, at, "a time as in RFC 3339, such as 2026-11-22T17:19:04Z");
    return false;
}

static bool read_message(struct reading *reading, struct field field, const json_t *value, void *storage,
                         const struct pointer *at)
{
    if (field_is_time(field))
        return read_time(reading, value, storage, at);
    if (!json_is_object(value)) {
        refuse_type(reading, at, "an object");
        return false;
    }
    const struct message_declaration *type = field.declaration->message;
    ProtobufCMessage *message = message_new(reading->arena, type->descriptor);
    *(ProtobufCMessage **)storage = message;
    read_object(reading, type, message, value, 0, MANNER_CREATE, at);
    return true;
}

/* One value into its place, and its limits checked. */
static void read_value(struct reading *reading, struct field field, const json_t *value, void *storage,
                       const struct pointer *at)
{
    bool read;
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        read = read_string(reading, value, storage, at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        read = json_is_boolean(value);
        *(protobuf_c_boolean *)storage = json_is_true(value);
        if (!read)
            refuse_type(reading, at, "true or false");
        break;
    case PROTOBUF_C_TYPE_ENUM:
        read = read_enum(reading, field, value, storage, at);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FLOAT:
        read = read_real(reading, field, value, storage, at);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        read = read_message(reading, field, value, storage, at);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        read = false;
        refuse_type(reading, at, "left out: files are bodies of their own");
        break;
    default:
        read = read_integer(reading, field, value, storage, at);
    }
    if (read)
        validate_value(&reading->validation, field, storage, at);
}

/* --- lists and maps --------------------------------------------------------------------------------------------------- */

static bool fits(struct reading *reading, struct field field, size_t count, const struct pointer *at)
{
    size_t before = reading->validation.count;
    validate_item_count(&reading->validation, field, count, at);
    return reading->validation.count == before;
}

static void read_list(struct reading *reading, struct field field, ProtobufCMessage *message, const json_t *value,
                      const struct pointer *at)
{
    if (!json_is_array(value)) {
        refuse_type(reading, at, "a list");
        return;
    }
    size_t count = json_array_size(value);
    if (!fits(reading, field, count, at))
        return;
    char *items = field_fill_list(field, message, reading->arena, count);
    for (size_t i = 0; i < count && !is_full(reading); i++) {
        struct pointer item = {.up = at, .index = i};
        const json_t *element = json_array_get(value, i);
        if (json_is_null(element))
            refuse_type(reading, &item, "a value");
        else
            read_value(reading, field, element, items + i * field_value_size(field), &item);
    }
}

/* The limits of a map's field hold for its names and values. */
static ProtobufCMessage *read_entry(struct reading *reading, struct field map, const char *key, const json_t *value,
                                    const struct pointer *at)
{
    const struct message_declaration *type = map.declaration->message;
    ProtobufCMessage *entry = message_new(reading->arena, type->descriptor);
    struct field key_field = {message_field_at(type, 0).descriptor, map.declaration};
    struct field value_field = message_field_at(type, 1);
    *(const char **)field_fill(key_field, entry) = key;
    validate_value(&reading->validation, key_field, field_value(key_field, entry, 0), at);
    if (!field_is_message(value_field))
        value_field.declaration = map.declaration;
    read_value(reading, value_field, value, field_fill(value_field, entry), at);
    return entry;
}

static void read_map(struct reading *reading, struct field field, ProtobufCMessage *message, json_t *value,
                     const struct pointer *at)
{
    if (!json_is_object(value)) {
        refuse_type(reading, at, "an object");
        return;
    }
    if (!fits(reading, field, json_object_size(value), at))
        return;
    ProtobufCMessage **entries = field_fill_list(field, message, reading->arena, json_object_size(value));
    size_t count = 0;
    const char *key;
    json_t *element;
    json_object_foreach(value, key, element) {
        struct pointer entry = {.up = at, .name = text_of(key)};
        if (!json_is_null(element) && !is_full(reading))
            entries[count++] = read_entry(reading, field, arena_strdup(reading->arena, key), element, &entry);
    }
    field_set_count(field, message, count); /* without those that are null */
}

/* --- objects ---------------------------------------------------------------------------------------------------------- */

/* Whether a member that is there may be. */
static bool may_say(struct reading *reading, struct field field, enum manner manner, const struct pointer *at)
{
    if (field.declaration->output_only)
        violation_add(&reading->validation, at, "read_only", "This is ours to say. Leave it out.");
    else if (field.declaration->immutable && manner != MANNER_CREATE)
        violation_add(&reading->validation, at, "immutable", "This can only be said when creating.");
    else
        return true;
    return false;
}

static void refuse_missing(struct reading *reading, const struct pointer *at)
{
    violation_add(&reading->validation, at, "required", "This is needed.");
}

static void read_member(struct reading *reading, struct field field, ProtobufCMessage *message, json_t *value,
                        enum manner manner, const struct pointer *at)
{
    if (!may_say(reading, field, manner, at))
        return;
    if (json_is_null(value)) {
        if (field.declaration->required)
            refuse_missing(reading, at);
    } else if (field.declaration->is_map) {
        read_map(reading, field, message, value, at);
    } else if (field_is_list(field)) {
        read_list(reading, field, message, value, at);
    } else {
        read_value(reading, field, value, field_fill(field, message), at);
    }
}

static void refuse_all_missing(struct reading *reading, const struct message_declaration *declaration, uint64_t seen,
                               const struct pointer *up)
{
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++) {
        struct field field = message_field_at(declaration, declaration->written_order[i]);
        struct pointer at = {.up = up, .name = text_of(field.declaration->json_name)};
        if (field.declaration->required && !(seen & field_bit(declaration, field)))
            refuse_missing(reading, &at);
    }
}

static void read_members(struct reading *reading, const struct message_declaration *declaration, ProtobufCMessage *message,
                         const json_t *object, uint64_t taken, enum manner manner, const struct pointer *up, uint64_t *seen);

/* --- patches (RFC 7396): an object within changes what it names, anything else is replaced ------------------------------- */

static void note_path(struct reading *reading, const char *name)
{
    ARENA_ROOM(reading->arena, reading->paths, reading->path_count);
    reading->paths[reading->path_count++] =
        arena_printf(reading->arena, "%s%s", reading->prefix != NULL ? reading->prefix : "", name);
}

static void patch_message(struct reading *reading, struct field field, ProtobufCMessage *message, const json_t *value,
                          const struct pointer *at)
{
    const struct message_declaration *type = field.declaration->message;
    ProtobufCMessage *inside = message_new(reading->arena, type->descriptor);
    const char *outer = reading->prefix;
    uint64_t seen = 0;
    *(ProtobufCMessage **)field_fill(field, message) = inside;
    reading->prefix = arena_printf(reading->arena, "%s%s.", outer != NULL ? outer : "", field.descriptor->name);
    read_members(reading, type, inside, value, 0, MANNER_PATCH, at, &seen);
    reading->prefix = outer;
}

/* Keys as AIP-161 has them: in backticks where they are no names. */
static void patch_map(struct reading *reading, struct field field, ProtobufCMessage *message, json_t *value, const struct pointer *at)
{
    const char *key;
    json_t *element;
    read_map(reading, field, message, value, at);
    json_object_foreach(value, key, element)
        note_path(reading, arena_printf(reading->arena, "%s.`%s`", field.descriptor->name, key));
}

static void patch_member(struct reading *reading, struct field field, ProtobufCMessage *message, json_t *value,
                         const struct pointer *at)
{
    bool is_whole = !json_is_object(value) || !field_is_message(field) || field_is_time(field);
    if (is_whole || (field_is_list(field) && !field.declaration->is_map)) {
        note_path(reading, field.descriptor->name);
        read_member(reading, field, message, value, MANNER_PATCH, at);
    } else if (!may_say(reading, field, MANNER_PATCH, at)) {
        return;
    } else if (field.declaration->is_map) {
        patch_map(reading, field, message, value, at);
    } else {
        patch_message(reading, field, message, value, at);
    }
}

/* --- members ---------------------------------------------------------------------------------------------------------- */

static void read_members(struct reading *reading, const struct message_declaration *declaration, ProtobufCMessage *message,
                         const json_t *object, uint64_t taken, enum manner manner, const struct pointer *up, uint64_t *seen)
{
    for (void *member = json_object_iter((json_t *)(uintptr_t)object); member != NULL && !is_full(reading);
         member = json_object_iter_next((json_t *)(uintptr_t)object, member)) {
        struct pointer at = {.up = up, .name = text_of(json_object_iter_key(member))};
        struct field field = message_field_json(declaration, at.name);
        if (field.descriptor == NULL || field_is_mask(field)) {
            violation_add(&reading->validation, &at, "unknown", "There is no such field.");
            continue;
        }
        if (taken & field_bit(declaration, field)) {
            violation_add(&reading->validation, &at, "given_twice", "The address says this already. Leave it out.");
            continue;
        }
        *seen |= field_bit(declaration, field);
        if (manner == MANNER_PATCH)
            patch_member(reading, field, message, json_object_iter_value(member), &at);
        else
            read_member(reading, field, message, json_object_iter_value(member), manner, &at);
    }
}

static void read_object(struct reading *reading, const struct message_declaration *declaration, ProtobufCMessage *message,
                        const json_t *object, uint64_t taken, enum manner manner, const struct pointer *at)
{
    uint64_t seen = 0;
    read_members(reading, declaration, message, object, taken, manner, at, &seen);
    if (manner != MANNER_PATCH)
        refuse_all_missing(reading, declaration, seen | taken, at);
}

/* --- the body --------------------------------------------------------------------------------------------------------- */

/* Take the first media type off "text/csv, application/json"; false at the end. */
static bool next_media_type(const char **list, char type[128])
{
    size_t length = strcspn(*list, ",");
    if (length == 0)
        return false;
    ASSERT(length < 128);
    memcpy(type, *list, length);
    type[length] = '\0';
    *list += length;
    *list += strspn(*list, ", ");
    return true;
}

static bool takes_media_type(struct call *call, const struct route *route, struct text content_type)
{
    const char *wanted = route->method->media_type ? route->method->media_type : "application/json";
    if (content_type.at == NULL)
        content_type = TEXT("");
    char type[128];
    for (const char *list = wanted; next_media_type(&list, type);)
        if (http_media_type_is(content_type, type))
            return true;
    if (route->verb == VERB_PATCH && http_media_type_is(content_type, "application/merge-patch+json"))
        return true;
    call_refuse(call, RESULT_UNSUPPORTED_MEDIA_TYPE, "Send it as Content-Type: %s.", wanted);
    return false;
}

static void fill_mask_everything(struct reading *reading, struct field mask, ProtobufCMessage *request)
{
    Google__Protobuf__FieldMask *paths = (void *)message_new(reading->arena, &google__protobuf__field_mask__descriptor);
    paths->n_paths = 1;
    paths->paths = ARENA_ARRAY(reading->arena, __typeof__(*paths->paths), 1);
    paths->paths[0] = arena_strdup(reading->arena, "*");
    *(Google__Protobuf__FieldMask **)field_fill(mask, request) = paths;
}

/* What a PATCH has named. */
static void fill_mask(struct reading *reading, struct field mask, ProtobufCMessage *request)
{
    Google__Protobuf__FieldMask *paths = (void *)message_new(reading->arena, &google__protobuf__field_mask__descriptor);
    paths->paths = ARENA_ARRAY(reading->arena, __typeof__(*paths->paths), reading->path_count);
    for (size_t i = 0; i < reading->path_count; i++)
        paths->paths[paths->n_paths++] = arena_strdup(reading->arena, reading->paths[i]);
    *(Google__Protobuf__FieldMask **)field_fill(mask, request) = paths;
}

static void read_patch(struct reading *reading, const struct message_declaration *type, ProtobufCMessage *resource,
                       const json_t *json, struct field mask, ProtobufCMessage *request, const struct pointer *at)
{
    uint64_t seen = 0;
    read_members(reading, type, resource, json, 0, MANNER_PATCH, at, &seen);
    fill_mask(reading, mask, request);
}

/* The body is one field of the request: a resource. */
static void read_resource(struct reading *reading, const struct route *route, ProtobufCMessage *request, const json_t *json)
{
    const struct message_declaration *type = route->body.declaration->message;
    ProtobufCMessage *resource = message_new(reading->arena, type->descriptor);
    *(ProtobufCMessage **)field_fill(route->body, request) = resource;
    if (route->verb == VERB_PATCH && route->mask.descriptor != NULL) {
        read_patch(reading, type, resource, json, route->mask, request, NULL);
        return;
    }
    read_object(reading, type, resource, json, 0, route->verb == VERB_PUT ? MANNER_REPLACE : MANNER_CREATE, NULL);
    if (route->verb == VERB_PUT && route->mask.descriptor != NULL)
        fill_mask_everything(reading, route->mask, request);
}

static void read_file(struct reading *reading, const struct route *route, ProtobufCMessage *request, struct text body)
{
    if (body.length == 0 && route->body.declaration->required)
        refuse_missing(reading, NULL);
    *(ProtobufCBinaryData *)field_fill(route->body, request) =
        (ProtobufCBinaryData){.len = body.length, .data = (uint8_t *)(uintptr_t)body.at};
}

static bool read_body(struct reading *reading, struct call *call, const struct route *route, ProtobufCMessage *request,
                      uint64_t taken, struct text content_type, struct text body)
{
    if (route->method->bulk && !takes_media_type(call, route, content_type))
        return false;
    if (route->method->bulk) {
        read_file(reading, route, request, body);
        return true;
    }
    if (body.length == 0 && route->body_is_whole)
        body = TEXT("{}"); /* nothing to say is fine where nothing is required */
    else if (!takes_media_type(call, route, content_type))
        return false;
    json_t *json = json_read(call, body);
    if (json == NULL)
        return false;
    if (!json_is_object(json)) {
        call_refuse(call, RESULT_INVALID_JSON, "The body must be an object.");
        return false;
    }
    if (route->body_is_whole)
        read_object(reading, route->method->input, request, json, taken, MANNER_CREATE, NULL);
    else
        read_resource(reading, route, request, json);
    return true;
}

/* --- plain text: path and query ---------------------------------------------------------------------------------------- */

static bool parse_real(const char *string, double *real)
{
    char *end;
    *real = strtod(string, &end);
    return (*string == '-' || (*string >= '0' && *string <= '9')) && *end == '\0' && isfinite(*real);
}

static void read_text(struct reading *reading, struct field field, const char *string, void *storage,
                      const struct pointer *at)
{
    struct text text = text_of(string);
    int64_t number;
    double real;
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        *(const char **)storage = string;
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)storage = text_is(text, "true");
        if (!text_is(text, "true") && !text_is(text, "false"))
            refuse_type(reading, at, "true or false");
        break;
    case PROTOBUF_C_TYPE_ENUM:
        if (!store_enum(field, text, storage)) {
            refuse_enum(reading, field, at);
            return;
        }
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FLOAT:
        if (!parse_real(string, &real)) {
            refuse_type(reading, at, "a number");
            return;
        }
        store_real(field, real, storage);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (!store_time(reading, text, storage))
            refuse_type(reading, at, "a time as in RFC 3339, such as 2026-11-22T17:19:04Z");
        return;
    default:
        if (!text_to_int64(text, &number)) {
            refuse_type(reading, at, "a whole number");
            return;
        }
        if (!store_integer(field, number, storage)) {
            refuse_range(reading, at);
            return;
        }
    }
    validate_value(&reading->validation, field, storage, at);
}

ProtobufCMessage *transcode_path(struct call *call, const struct route *route, const char *const *variables)
{
    const struct message_declaration *input = route->parent ? route->parent->method->input : route->method->input;
    ProtobufCMessage *request = message_new(call->arena, input->descriptor);
    struct reading reading = {.arena = call->arena};
    for (size_t i = 0; i < route->variable_count; i++)
        read_text(&reading, route->variables[i], variables[i], field_fill(route->variables[i], request), NULL);
    if (reading.validation.count == 0)
        return request;
    call_refuse(call, RESULT_NOT_FOUND, NULL);
    return NULL;
}

/* --- the query --------------------------------------------------------------------------------------------------------- */

static bool fits_in_query(struct field field)
{
    if (field_is_message(field))
        return field_is_time(field) || field.declaration->is_map;
    return field.descriptor->type != PROTOBUF_C_TYPE_BYTES;
}

static struct field query_field(const struct message_declaration *declaration, uint64_t taken, const char *name)
{
    struct field field = message_field_json(declaration, (struct text){name, strcspn(name, ".")});
    if (field.descriptor == NULL || (taken & field_bit(declaration, field)) || !fits_in_query(field))
        return (struct field){0};
    bool has_key = strchr(name, '.') != NULL;
    if (has_key != field.declaration->is_map)
        return (struct field){0};
    return field;
}

/* Every value of one field, which is a list or a map: "?sku=a&sku=b", "?option.Color=Red". */
static void read_query_list(struct reading *reading, const struct message_declaration *declaration, struct field field,
                            ProtobufCMessage *message, struct query *query, size_t first)
{
    struct pointer at = {.name = text_of(field.declaration->json_name), .query = true};
    char *values = field_fill_list(field, message, reading->arena, query->count);
    size_t count = 0;
    for (size_t i = first; i < query->count; i++) {
        struct query_parameter *parameter = &query->parameters[i];
        if (parameter->taken || query_field(declaration, 0, parameter->name).descriptor != field.descriptor)
            continue;
        parameter->taken = true;
        struct pointer place = {.name = text_of(parameter->name), .query = true};
        void *storage = values + count++ * field_value_size(field);
        if (!field.declaration->is_map) {
            read_text(reading, field, parameter->value, storage, &place);
            continue;
        }
        json_t *value = json_string(parameter->value);
        ASSERT(value != NULL); /* the query is UTF-8 without NUL */
        json_keep(reading->arena, value);
        *(ProtobufCMessage **)storage = read_entry(reading, field, strchr(parameter->name, '.') + 1, value, &place);
    }
    field_set_count(field, message, count);
    validate_item_count(&reading->validation, field, count, &at);
}

static void read_parameter(struct reading *reading, const struct message_declaration *declaration, ProtobufCMessage *message,
                           uint64_t taken, uint64_t *seen, struct query *query, size_t index)
{
    struct query_parameter *parameter = &query->parameters[index];
    struct pointer at = {.name = text_of(parameter->name), .query = true};
    struct field field = query_field(declaration, taken, parameter->name);
    if (field.descriptor == NULL) {
        violation_add(&reading->validation, &at, "unknown", "There is no such parameter.");
        return;
    }
    if (*seen & field_bit(declaration, field)) {
        violation_add(&reading->validation, &at, "given_twice", "This can only be given once.");
        return;
    }
    *seen |= field_bit(declaration, field);
    if (field_is_list(field)) {
        read_query_list(reading, declaration, field, message, query, index);
        return;
    }
    parameter->taken = true;
    read_text(reading, field, parameter->value, field_fill(field, message), &at);
}

/* What nobody took is refused. */
static void read_query(struct call *call, const struct message_declaration *declaration, ProtobufCMessage *message,
                       uint64_t *taken, struct query *query)
{
    struct reading reading = {.arena = call->arena, .validation = {.call = call}};
    uint64_t seen = 0;
    for (size_t i = 0; i < query->count; i++)
        if (!query->parameters[i].taken)
            read_parameter(&reading, declaration, message, *taken, &seen, query, i);
    *taken |= seen;
}

/* --- together ---------------------------------------------------------------------------------------------------------- */

static uint64_t taken_by_path(const struct route *route)
{
    uint64_t taken = 0;
    for (size_t i = 0; i < route->variable_count; i++)
        taken |= field_bit(route->method->input, route->variables[i]);
    return taken;
}

static void refuse_missing_parameters(struct call *call, const struct message_declaration *declaration, uint64_t taken)
{
    struct reading reading = {.arena = call->arena, .validation = {.call = call}};
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++) {
        struct field field = message_field_at(declaration, declaration->written_order[i]);
        struct pointer at = {.name = text_of(field.declaration->json_name), .query = true};
        if (field.declaration->required && !(taken & field_bit(declaration, field)))
            refuse_missing(&reading, &at);
    }
}

bool transcode_query(struct call *call, const struct message_declaration *declaration, ProtobufCMessage *message,
                     uint64_t bound, struct query *query)
{
    read_query(call, declaration, message, &bound, query);
    refuse_missing_parameters(call, declaration, bound);
    return call->problem.result == RESULT_OK;
}

ProtobufCMessage *transcode_request(struct call *call, const struct route *route, const char *const *variables,
                                    struct query *query, struct text content_type, struct text body)
{
    const struct message_declaration *input = route->method->input;
    ProtobufCMessage *request = transcode_path(call, route, variables);
    if (request == NULL)
        return NULL;
    uint64_t taken = taken_by_path(route);
    if (route->body.descriptor != NULL)
        taken |= field_bit(input, route->body);
    read_query(call, input, request, &taken, query);
    if (!route->body_is_whole)
        refuse_missing_parameters(call, input, taken);
    if (route->body_is_whole || route->body.descriptor != NULL) {
        struct reading reading = {.arena = call->arena, .validation = {.call = call}};
        if (!read_body(&reading, call, route, request, taken, content_type, body))
            return NULL;
    }
    return call->problem.result == RESULT_OK ? request : NULL;
}

/* --- from other gateways ----------------------------------------------------------------------------------------------- */

static void patch_resource(struct reading *reading, struct field body, struct field mask, ProtobufCMessage *request,
                           const json_t *resource)
{
    const struct message_declaration *type = body.declaration->message;
    ProtobufCMessage *message = message_new(reading->arena, type->descriptor);
    struct pointer at = {.name = text_of(body.declaration->json_name)};
    *(ProtobufCMessage **)field_fill(body, request) = message;
    read_patch(reading, type, message, resource, mask, request, &at);
}

ProtobufCMessage *transcode_object(struct call *call, const struct method_declaration *method, json_t *object, struct field body,
                                   struct field mask, uint64_t bound)
{
    struct reading reading = {.arena = call->arena, .validation = {.call = call}};
    ProtobufCMessage *request = message_new(call->arena, method->input->descriptor);
    if (mask.descriptor != NULL) {
        json_t *resource = json_object_get(object, body.declaration->json_name);
        if (json_is_object(resource)) {
            json_keep(call->arena, json_incref(resource)); /* the request refers to its strings */
            patch_resource(&reading, body, mask, request, resource);
            bound |= field_bit(method->input, body);
            json_object_del(object, body.declaration->json_name);
        }
    }
    read_object(&reading, method->input, request, object, bound, MANNER_CREATE, NULL);
    return call->problem.result == RESULT_OK ? request : NULL;
}
