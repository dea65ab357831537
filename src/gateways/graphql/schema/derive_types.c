/*
 * Messages and enums as types.
 *
 * What is always answered is non-null: lists, booleans, and numbers and text that are not left out when empty. Messages may be unset, and so may
 * enums, whose number 0 has no name. Links may fail by themselves, so they are never non-null.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "gateways/graphql/schema/derive_internal.h"

/* --- values ------------------------------------------------------------------------------------------------------------------ */

/* What is known by `id`, of things of any type. */
static bool is_id(struct field field)
{
    const char *name = field.declaration->json_name;
    size_t length = strlen(name);
    return field.declaration->format == FORMAT_ID || strcmp(name, "id") == 0 ||
           (length > 2 && strcmp(name + length - 2, "Id") == 0);
}

static const struct graphql_type *scalar_type(const struct derivation *derivation, struct field field)
{
    const struct graphql_schema *schema = derivation->schema;
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        return is_id(field) ? schema->id_type : schema->string_type;
    case PROTOBUF_C_TYPE_BOOL:
        return schema->boolean_type;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return schema->int_type;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
        return derivation->long_type;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return schema->float_type;
    default:
        /* Files go by other ways (method_declaration.bulk), and no number of ours needs 64 bits without a sign. */
        ASSERT(!"a field whose type GraphQL has no scalar for");
        return NULL;
    }
}

static const struct graphql_type *enum_type(struct derivation *derivation, const struct enum_declaration *enumeration)
{
    const char *name = derive_enum_name(derivation, enumeration);
    const struct graphql_type *known = graphql_schema_type(derivation->schema, text_of(name));
    if (known != NULL)
        return known;
    struct graphql_type *type = graphql_add_type(derivation->schema, GRAPHQL_ENUM, name);
    type->description = derive_describe(enumeration->comment);
    type->enumeration = enumeration;
    for (size_t i = 0; i < enumeration->value_count; i++) {
        if (enumeration->values[i].number == 0)
            continue;
        struct graphql_enum_value *value = graphql_add_value(derivation->schema, type,
                                                             derive_upper(derivation->arena, enumeration->values[i].json_name));
        value->description = derive_describe(enumeration->values[i].comment);
        value->number = enumeration->values[i].number;
    }
    return type;
}

static const char *deprecation_of(struct field field)
{
    return field.descriptor->flags & PROTOBUF_C_FIELD_FLAG_DEPRECATED ? GRAPHQL_DEPRECATED : NULL;
}

/* Of each value, where there are many. */
static const struct graphql_type *many_of(struct derivation *derivation, const struct graphql_type *type)
{
    return graphql_list_of(derivation->schema, graphql_non_null(derivation->schema, type));
}

/* --- maps: lists of names and values --------------------------------------------------------------------------------------------- */

static struct field entry_key(struct field map)
{
    return message_field_at(map.declaration->message, 0);
}
static struct field entry_value(struct field map)
{
    return message_field_at(map.declaration->message, 1);
}

/* "NameValue" for text; "NamedMoney". */
static const char *entry_name(const struct derivation *derivation, struct field map)
{
    const struct message_declaration *message = entry_value(map).declaration->message;
    return message == NULL ? "NameValue"
                           : arena_printf(derivation->arena, "Named%s", derive_message_name(derivation, message));
}

static const char *patch_word(enum derive_use use)
{
    return use == DERIVE_PATCH ? "Patch" : "";
}

static struct graphql_binding *field_binding(struct derivation *derivation, enum graphql_resolver resolver, struct field field)
{
    struct graphql_binding *binding = graphql_binding_new(derivation->schema, resolver);
    binding->field = field;
    binding->scope = field.declaration->scope;
    return binding;
}

static const struct graphql_type *value_type(struct derivation *derivation, struct field field);

static const struct graphql_type *entry_type(struct derivation *derivation, struct field map)
{
    struct graphql_schema *schema = derivation->schema;
    const char *name = entry_name(derivation, map);
    const struct graphql_type *known = graphql_schema_type(schema, text_of(name));
    if (known != NULL)
        return known;
    ASSERT(entry_value(map).declaration->message != NULL || entry_value(map).descriptor->type == PROTOBUF_C_TYPE_STRING);
    struct graphql_type *type = graphql_add_type(schema, GRAPHQL_OBJECT, name);
    type->description = "What is known by a name.";
    type->message = map.declaration->message;
    struct graphql_field *key = graphql_add_field(schema, type, "name", graphql_non_null(schema, schema->string_type));
    key->description = "The name.";
    key->binding = field_binding(derivation, GRAPHQL_FROM_FIELD, entry_key(map));
    struct graphql_field *value =
        graphql_add_field(schema, type, "value", graphql_non_null(schema, value_type(derivation, entry_value(map))));
    value->description = "What is known.";
    value->binding = field_binding(derivation, GRAPHQL_FROM_FIELD, entry_value(map));
    return type;
}

/* In a patch a value of null takes the name away. */
static const struct graphql_type *entry_input_type(struct derivation *derivation, struct field map, enum derive_use use)
{
    struct graphql_schema *schema = derivation->schema;
    const char *name = arena_printf(derivation->arena, "%s%sInput", entry_name(derivation, map), patch_word(use));
    const struct graphql_type *known = graphql_schema_type(schema, text_of(name));
    if (known != NULL)
        return known;
    struct graphql_type *type = graphql_add_type(schema, GRAPHQL_INPUT_OBJECT, name);
    type->description = use == DERIVE_PATCH ? "What is to be known by a name; `null` for nothing any more. Of a name that is there twice the last counts."
                                            : "What is known by a name. Of a name that is there twice the last counts.";
    type->message = map.declaration->message;
    struct graphql_input *key = graphql_add_input(schema, type, "name", graphql_non_null(schema, schema->string_type));
    key->description = "The name.";
    key->binding = field_binding(derivation, GRAPHQL_TO_FIELD, entry_key(map));
    const struct graphql_type *of = derive_input_type(derivation, entry_value(map), use);
    struct graphql_input *value =
        graphql_add_input(schema, type, "value", use == DERIVE_PATCH ? of : graphql_non_null(schema, of));
    value->description = "What is known.";
    value->binding = field_binding(derivation, GRAPHQL_TO_FIELD, entry_value(map));
    return type;
}

/* --- answers ----------------------------------------------------------------------------------------------------------------------- */

/* The type of one value. */
static const struct graphql_type *value_type(struct derivation *derivation, struct field field)
{
    if (field.declaration->is_map)
        return entry_type(derivation, field);
    if (field_is_time(field))
        return derivation->date_time_type;
    if (field_is_message(field))
        return derive_object(derivation, field.declaration->message);
    if (field.declaration->enumeration != NULL)
        return enum_type(derivation, field.declaration->enumeration);
    return scalar_type(derivation, field);
}

static bool is_always_there(struct field field)
{
    if (field_is_list(field))
        return true;
    if (field_is_message(field) || (field.descriptor->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return false;
    if (field.declaration->enumeration != NULL)
        return field.declaration->required;
    return field.declaration->always || field.descriptor->type == PROTOBUF_C_TYPE_BOOL;
}

void derive_add_field(struct derivation *derivation, struct graphql_type *type, struct field field)
{
    const struct field_declaration *declaration = field.declaration;
    if (declaration->input_only || declaration->secret || !derive_is_allowed(derivation, declaration->scope))
        return;
    const struct graphql_type *of = value_type(derivation, field);
    bool many = field_is_list(field);
    if (many)
        of = many_of(derivation, of);
    if (is_always_there(field))
        of = graphql_non_null(derivation->schema, of);
    struct graphql_field *added = graphql_add_field(derivation->schema, type, declaration->json_name, of);
    added->description = derive_describe(declaration->comment);
    if (declaration->format == FORMAT_JSON)
        added->description = arena_printf(derivation->arena, "%s As JSON, in a text.", declaration->comment);
    added->deprecation = deprecation_of(field);
    added->binding = field_binding(derivation, GRAPHQL_FROM_FIELD, field);
    if (many)
        added->size_assumed = LIMIT_GRAPHQL_LIST_ASSUMED;
}

/* Whether GetX gives it by its id, for this caller: then node() does too. */
static bool is_node(const struct derivation *derivation, const struct message_declaration *message)
{
    struct field id = message_field(message, TEXT("id"));
    return message->get != NULL && derive_is_shown(message->get) && derive_is_allowed(derivation, message->get->scope) &&
           id.descriptor != NULL && derive_key(message->get).descriptor != NULL;
}

const struct graphql_type *derive_object(struct derivation *derivation, const struct message_declaration *message)
{
    const char *name = derive_message_name(derivation, message);
    const struct graphql_type *known = graphql_schema_type(derivation->schema, text_of(name));
    if (known != NULL)
        return known;
    struct graphql_type *type = graphql_add_type(derivation->schema, GRAPHQL_OBJECT, name);
    type->description = derive_describe(message->comment);
    type->message = message;
    if (is_node(derivation, message))
        graphql_add_interface(derivation->schema, type, derivation->node);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        derive_add_field(derivation, type, message_field_at(message, message->written_order[i]));
    for (size_t i = 0; i < message->link_count; i++)
        derive_add_link(derivation, type, message, &message->links[i]);
    return type;
}

/* --- requests ------------------------------------------------------------------------------------------------------------------------ */

const struct graphql_type *derive_input_type(struct derivation *derivation, struct field field, enum derive_use use)
{
    const struct graphql_type *type;
    if (field_is_list(field) && !field.declaration->is_map)
        use = DERIVE_INPUT; /* lists are replaced whole */
    if (field.declaration->is_map)
        type = entry_input_type(derivation, field, use);
    else if (field_is_time(field))
        type = derivation->date_time_type;
    else if (field_is_message(field))
        type = derive_input_object(derivation, field.declaration->message, use);
    else if (field.declaration->enumeration != NULL)
        type = enum_type(derivation, field.declaration->enumeration);
    else
        type = scalar_type(derivation, field);
    return field_is_list(field) ? many_of(derivation, type) : type;
}

void derive_bind_input(struct derivation *derivation, struct graphql_input *input, struct field field,
                       enum graphql_resolver resolver)
{
    input->description = derive_describe_input(derivation->arena, field);
    input->deprecation = deprecation_of(field);
    input->binding = field_binding(derivation, resolver, field);
}

static void add_input_field(struct derivation *derivation, struct graphql_type *type, struct field field, enum derive_use use)
{
    const struct field_declaration *declaration = field.declaration;
    if (declaration->output_only || field_is_mask(field) || (use == DERIVE_PATCH && declaration->immutable))
        return;
    const struct graphql_type *of = derive_input_type(derivation, field, use);
    if (declaration->required && use == DERIVE_INPUT)
        of = graphql_non_null(derivation->schema, of);
    struct graphql_input *input = graphql_add_input(derivation->schema, type, declaration->json_name, of);
    derive_bind_input(derivation, input, field, GRAPHQL_TO_FIELD);
}

const struct graphql_type *derive_input_object(struct derivation *derivation, const struct message_declaration *message,
                                               enum derive_use use)
{
    const char *bare = derive_message_name(derivation, message);
    const char *name = arena_printf(derivation->arena, "%s%sInput", bare, patch_word(use));
    const struct graphql_type *known = graphql_schema_type(derivation->schema, text_of(name));
    if (known != NULL)
        return known;
    struct graphql_type *type = graphql_add_type(derivation->schema, GRAPHQL_INPUT_OBJECT, name);
    type->message = message;
    type->description = use == DERIVE_INPUT
                            ? derive_describe(message->comment)
                            : arena_printf(derivation->arena,
                                           "What changes of it: what is not given stays as it is, and `null` takes a value back. Lists are "
                                           "replaced as a whole, but for those of names and values.\n\n%s",
                                           message->comment);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        add_input_field(derivation, type, message_field_at(message, message->written_order[i]), use);
    return type;
}
