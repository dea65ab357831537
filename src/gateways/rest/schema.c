#include "gateways/rest/schema.h"

#include "base/assert.h"

/* --- names --------------------------------------------------------------------------------------------------------------- */

static bool may_be_said(const struct field_declaration *field, enum schema_use use)
{
    if (use == SCHEMA_ANSWER)
        return !field->input_only && !field->secret;
    return !field->output_only;
}

static bool is_required(struct field field, enum schema_use use)
{
    if (use == SCHEMA_PATCH)
        return false;
    if (use == SCHEMA_INPUT)
        return field.declaration->required;
    /* An enum that is not given has no name, and is left out. */
    bool is_single_enum = field.descriptor->type == PROTOBUF_C_TYPE_ENUM && !field_is_list(field);
    return field.declaration->always && field.declaration->scope == NULL && !is_single_enum;
}

/* Messages that are plain values or lists of entries in JSON have no schema of their own. */
static bool has_schema(struct field field)
{
    return field_is_message(field) && !field_is_time(field) && !field_is_mask(field);
}

/* Whether it matters for this message if it is asked or answered. */
static bool differs(const struct message_declaration *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        struct field field = message_field_at(message, i);
        if (!may_be_said(field.declaration, SCHEMA_ANSWER) || !may_be_said(field.declaration, SCHEMA_INPUT) ||
            is_required(field, SCHEMA_ANSWER) != is_required(field, SCHEMA_INPUT) ||
            (has_schema(field) && differs(field.declaration->message)))
            return true;
    }
    return message->resource != NULL;
}

static enum schema_use use_of(const struct message_declaration *message, enum schema_use use)
{
    return use == SCHEMA_INPUT && !differs(message) ? SCHEMA_ANSWER : use;
}

/* "ProductInput"; of two messages of one name the second bears its package too. */
static const char *new_name(const struct schemas *schemas, const struct message_declaration *message, enum schema_use use)
{
    static const char *const suffixes[] = {[SCHEMA_ANSWER] = "", [SCHEMA_INPUT] = "Input", [SCHEMA_PATCH] = "Patch"};
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    bool is_taken = false;
    for (size_t i = 0; i < schemas->wanted_count; i++)
        is_taken = is_taken || (schemas->wanted[i].message != message &&
                                strcmp(schemas->wanted[i].message->descriptor->short_name, descriptor->short_name) == 0);
    return arena_printf(schemas->arena, "%s%s%s%s", is_taken ? descriptor->package_name : "", is_taken ? "." : "",
                        descriptor->short_name, suffixes[use]);
}

/* Its name, from the first time on the same. */
static const char *want(struct schemas *schemas, const struct message_declaration *message, enum schema_use use)
{
    for (size_t i = 0; i < schemas->wanted_count; i++)
        if (schemas->wanted[i].message == message && schemas->wanted[i].use == use)
            return schemas->wanted[i].name;
    ASSERT(schemas->wanted_count < SCHEMAS_MAX);
    const char *name = new_name(schemas, message, use);
    schemas->wanted[schemas->wanted_count].message = message;
    schemas->wanted[schemas->wanted_count].use = use;
    schemas->wanted[schemas->wanted_count++].name = name;
    return name;
}

static void write_ref_member(struct schemas *schemas, const struct message_declaration *message, enum schema_use use)
{
    const char *name = want(schemas, message, use_of(message, use));
    json_write_key(schemas->json, "$ref");
    json_write_string(schemas->json, arena_printf(schemas->arena, "#/components/schemas/%s", name));
}

void schema_write_ref(struct schemas *schemas, const struct message_declaration *message, enum schema_use use)
{
    json_write_object_open(schemas->json);
    write_ref_member(schemas, message, use);
    json_write_object_close(schemas->json);
}

/* --- values --------------------------------------------------------------------------------------------------------------- */

static void write_string_member(struct json_writer *json, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    json_write_key(json, name);
    json_write_string(json, value);
}

static void write_int_member(struct json_writer *json, const char *name, int64_t value)
{
    json_write_key(json, name);
    json_write_int(json, value);
}

static void write_type(struct json_writer *json, const char *type, bool or_null)
{
    json_write_key(json, "type");
    if (!or_null) {
        json_write_string(json, type);
        return;
    }
    json_write_array_open(json);
    json_write_string(json, type);
    json_write_string(json, "null");
    json_write_array_close(json);
}

static void write_enum(struct json_writer *json, const struct enum_declaration *enumeration, bool or_null)
{
    write_type(json, "string", or_null);
    json_write_key(json, "enum");
    json_write_array_open(json);
    for (size_t i = 0; i < enumeration->value_count; i++)
        if (enumeration->values[i].number != 0)
            json_write_string(json, enumeration->values[i].json_name);
    if (or_null)
        json_write_null(json);
    json_write_array_close(json);
}

static void write_format(struct json_writer *json, enum field_format format)
{
    switch (format) {
    case FORMAT_EMAIL:
        write_string_member(json, "format", "email");
        break;
    case FORMAT_URL:
        write_string_member(json, "format", "uri-reference");
        break;
    case FORMAT_CURRENCY:
        write_string_member(json, "pattern", "^[A-Z]{3}$");
        break;
    case FORMAT_COUNTRY:
        write_string_member(json, "pattern", "^[A-Z]{2}$");
        break;
    case FORMAT_NONE:
    case FORMAT_SLUG:
    case FORMAT_SKU:
    case FORMAT_ID:
    case FORMAT_LANGUAGE:
    case FORMAT_JSON:
        break;
    }
}

static void write_string_limits(struct schemas *schemas, const struct field_declaration *field)
{
    int64_t least = field->min_length;
    if (least == 0 && field->required && !field->is_map)
        least = 1;
    if (least > 0)
        write_int_member(schemas->json, "minLength", least);
    if (field->max_length > 0)
        write_int_member(schemas->json, "maxLength", field->max_length);
    write_format(schemas->json, field->format);
    if (field->pattern != NULL)
        write_string_member(schemas->json, "pattern", arena_printf(schemas->arena, "^(?:%s)$", field->pattern));
}

static void write_number_limits(struct json_writer *json, const struct field_declaration *field)
{
    if (field->has_minimum)
        write_int_member(json, "minimum", field->minimum);
    if (field->has_maximum)
        write_int_member(json, "maximum", field->maximum);
}

/* The members of a schema for one value. Limits of what we answer are promises that old data may break: they are told of requests. */
static void write_value_members(struct schemas *schemas, struct field field, enum schema_use use, bool or_null)
{
    struct json_writer *json = schemas->json;
    bool limited = use != SCHEMA_ANSWER;
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        write_type(json, field.declaration->format == FORMAT_JSON ? "object" : "string", or_null);
        if (limited)
            write_string_limits(schemas, field.declaration);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        write_type(json, "boolean", or_null);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        write_enum(json, field.declaration->enumeration, or_null);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FLOAT:
        write_type(json, "number", or_null);
        if (limited)
            write_number_limits(json, field.declaration);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (field_is_time(field)) {
            write_type(json, "string", or_null);
            write_string_member(json, "format", "date-time");
        } else {
            write_ref_member(schemas, field.declaration->message, use);
        }
        break;
    default:
        write_type(json, "integer", or_null);
        write_string_member(json, "format", field_value_size(field) == 8 ? "int64" : "int32");
        if (limited)
            write_number_limits(json, field.declaration);
    }
}

static void write_item_limits(struct json_writer *json, const struct field_declaration *field, const char *least, const char *most)
{
    if (field->min_items > 0)
        write_int_member(json, least, field->min_items);
    if (field->max_items > 0)
        write_int_member(json, most, field->max_items);
}

static void write_inner(struct schemas *schemas, const char *key, struct field field, enum schema_use use)
{
    json_write_key(schemas->json, key);
    json_write_object_open(schemas->json);
    write_value_members(schemas, field, use, false);
    json_write_object_close(schemas->json);
}

/* What a patch holds in lists and maps is said whole. */
static enum schema_use whole_use(enum schema_use use)
{
    return use == SCHEMA_PATCH ? SCHEMA_INPUT : use;
}

static void write_map(struct schemas *schemas, struct field field, enum schema_use use, bool or_null)
{
    struct field value = message_field_at(field.declaration->message, 1);
    if (!field_is_message(value))
        value.declaration = field.declaration; /* whose limits hold for the values */
    write_type(schemas->json, "object", or_null);
    json_write_key(schemas->json, "additionalProperties");
    json_write_object_open(schemas->json);
    write_value_members(schemas, value, whole_use(use), use == SCHEMA_PATCH && !has_schema(value));
    json_write_object_close(schemas->json);
    if (use != SCHEMA_ANSWER)
        write_item_limits(schemas->json, field.declaration, "minProperties", "maxProperties");
}

static void write_list(struct schemas *schemas, struct field field, enum schema_use use, bool or_null)
{
    write_type(schemas->json, "array", or_null);
    write_inner(schemas, "items", field, whole_use(use));
    if (use != SCHEMA_ANSWER)
        write_item_limits(schemas->json, field.declaration, "minItems", "maxItems");
}

static void write_field_members(struct schemas *schemas, struct field field, enum schema_use use, bool or_null)
{
    if (field.declaration->is_map)
        write_map(schemas, field, use, or_null);
    else if (field_is_list(field))
        write_list(schemas, field, use, or_null);
    else
        write_value_members(schemas, field, use, or_null);
}

void schema_write_field(struct schemas *schemas, struct field field, enum schema_use use)
{
    struct json_writer *json = schemas->json;
    bool or_null = use == SCHEMA_PATCH && !field.declaration->required;
    bool is_ref = has_schema(field) && !field_is_list(field);
    json_write_object_open(json);
    if (is_ref && or_null) { /* a message, or nothing */
        json_write_key(json, "oneOf");
        json_write_array_open(json);
        schema_write_ref(schemas, field.declaration->message, use);
        json_write_raw(json, TEXT("{\"type\":\"null\"}"));
        json_write_array_close(json);
    } else {
        write_field_members(schemas, field, use, or_null);
    }
    write_string_member(json, "description", field.declaration->comment);
    json_write_object_close(json);
}

/* --- objects ---------------------------------------------------------------------------------------------------------------- */

static bool is_shown(const struct message_declaration *message, unsigned index, enum schema_use use, uint64_t fields)
{
    struct field field = message_field_at(message, index);
    return (fields & UINT64_C(1) << index) != 0 && may_be_said(field.declaration, use) && !field_is_mask(field) &&
           field.descriptor->type != PROTOBUF_C_TYPE_BYTES;
}

static void write_required(struct json_writer *json, const struct message_declaration *message, enum schema_use use, uint64_t fields)
{
    bool begun = false;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        unsigned index = message->written_order[i];
        struct field field = message_field_at(message, index);
        if (!is_shown(message, index, use, fields) || !is_required(field, use))
            continue;
        if (!begun) {
            json_write_key(json, "required");
            json_write_array_open(json);
        }
        begun = true;
        json_write_string(json, field.declaration->json_name);
    }
    if (begun)
        json_write_array_close(json);
}

static void write_properties(struct schemas *schemas, const struct message_declaration *message, enum schema_use use, uint64_t fields)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        unsigned index = message->written_order[i];
        struct field field = message_field_at(message, index);
        if (!is_shown(message, index, use, fields))
            continue;
        json_write_key(schemas->json, field.declaration->json_name);
        schema_write_field(schemas, field, use);
    }
}

/* --- what answers have beside their fields ------------------------------------------------------------------------------------ */

static void write_link_property(struct json_writer *json, const char *rel, const char *description, bool action)
{
    json_write_key(json, rel);
    json_write_object_open(json);
    write_string_member(json, "$ref", action ? "#/components/schemas/Action" : "#/components/schemas/Link");
    write_string_member(json, "description", description);
    json_write_object_close(json);
}

static const char *link_description(const struct link_declaration *link)
{
    return *link->comment ? link->comment : link->method->comment;
}

static void write_links(struct schemas *schemas, const struct resource *resource)
{
    struct json_writer *json = schemas->json;
    json_write_key(json, "_links");
    json_write_object_open(json);
    write_type(json, "object", false);
    json_write_key(json, "properties");
    json_write_object_open(json);
    if (resource->has_self)
        write_link_property(json, "self", "Where this is.", false);
    for (size_t i = 0; i < resource->link_count; i++) {
        const struct link_declaration *link = resource->links[i].declaration;
        write_link_property(json, link->rel, link_description(link), resource->links[i].verb != NULL);
    }
    json_write_object_close(json);
    json_write_object_close(json);
}

static void write_embedded_value(struct schemas *schemas, const struct resource_link *link)
{
    struct json_writer *json = schemas->json;
    if (link->items.descriptor == NULL || link->declaration->single) {
        schema_write_ref(schemas, link->items.descriptor ? link->items.declaration->message : link->declaration->method->output,
                         SCHEMA_ANSWER);
        return;
    }
    json_write_object_open(json);
    write_type(json, "array", false);
    json_write_key(json, "items");
    schema_write_ref(schemas, link->items.declaration->message, SCHEMA_ANSWER);
    json_write_object_close(json);
}

static void write_embedded(struct schemas *schemas, const struct resource *resource)
{
    struct json_writer *json = schemas->json;
    bool begun = false;
    for (size_t i = 0; i < resource->link_count; i++) {
        const struct resource_link *link = &resource->links[i];
        if (link->declaration->action)
            continue;
        if (!begun)
            json_write_raw(json, TEXT("\"_embedded\":{\"type\":\"object\",\"description\":\"What ?embed= asked for.\",\"properties\":{"));
        if (!begun)
            json->needs_comma = false;
        begun = true;
        json_write_key(json, link->declaration->rel);
        write_embedded_value(schemas, link);
    }
    if (!begun)
        return;
    json_write_object_close(json);
    json_write_object_close(json);
}

static bool is_list_answer(const struct message_declaration *message)
{
    struct field items = message_field(message, TEXT("items"));
    return items.descriptor != NULL && field_is_list(items) && field_is_message(items);
}

static uint64_t shown_fields(const struct message_declaration *message)
{
    struct field cursor = message_field(message, TEXT("next_cursor"));
    uint64_t every = UINT64_MAX;
    return cursor.descriptor != NULL && is_list_answer(message) ? every & ~(UINT64_C(1) << field_index(message, cursor)) : every;
}

static void write_message(struct schemas *schemas, const struct message_declaration *message, enum schema_use use)
{
    struct json_writer *json = schemas->json;
    uint64_t fields = use == SCHEMA_ANSWER ? shown_fields(message) : UINT64_MAX;
    json_write_object_open(json);
    write_type(json, "object", false);
    write_string_member(json, "description", message->comment);
    json_write_key(json, "properties");
    json_write_object_open(json);
    write_properties(schemas, message, use, fields);
    const struct resource *resource = use == SCHEMA_ANSWER ? resource_find(schemas->resources, message) : NULL;
    if (resource != NULL) {
        write_links(schemas, resource);
        write_embedded(schemas, resource);
    } else if (use == SCHEMA_ANSWER && is_list_answer(message)) {
        json_write_key(json, "_links");
        json_write_raw(json, TEXT("{\"$ref\":\"#/components/schemas/PageLinks\"}"));
    }
    json_write_object_close(json);
    write_required(json, message, use, fields);
    if (use != SCHEMA_ANSWER) {
        json_write_key(json, "additionalProperties");
        json_write_bool(json, false);
    }
    json_write_object_close(json);
}

void schema_write_some(struct schemas *schemas, const struct message_declaration *message, uint64_t fields)
{
    struct json_writer *json = schemas->json;
    json_write_object_open(json);
    write_type(json, "object", false);
    json_write_key(json, "properties");
    json_write_object_open(json);
    write_properties(schemas, message, SCHEMA_INPUT, fields);
    json_write_object_close(json);
    write_required(json, message, SCHEMA_INPUT, fields);
    json_write_key(json, "additionalProperties");
    json_write_bool(json, false);
    json_write_object_close(json);
}

void schema_write_wanted(struct schemas *schemas)
{
    for (size_t i = 0; i < schemas->wanted_count; i++) { /* which grows on the way */
        const struct message_declaration *message = schemas->wanted[i].message;
        enum schema_use use = schemas->wanted[i].use;
        json_write_key(schemas->json, schemas->wanted[i].name);
        write_message(schemas, message, use);
    }
}
