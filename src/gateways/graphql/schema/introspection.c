/*
 * Introspection: the types by which a schema tells of itself, as the specification of September 2025 has them, and what their fields
 * answer. They are types of each schema like any other; their sources are the structs of schema.h.
 *
 * Each field is one row of a table below, and one line of the function that answers for its type.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "gateways/graphql/language/printer.h"
#include "gateways/graphql/schema/schema_internal.h"

enum meta {
    SCHEMA_DESCRIPTION,
    SCHEMA_TYPES,
    SCHEMA_QUERY,
    SCHEMA_MUTATION,
    SCHEMA_SUBSCRIPTION,
    SCHEMA_DIRECTIVES,
    TYPE_KIND,
    TYPE_NAME,
    TYPE_DESCRIPTION,
    TYPE_SPECIFIED_BY,
    TYPE_FIELDS,
    TYPE_INTERFACES,
    TYPE_POSSIBLE,
    TYPE_VALUES,
    TYPE_INPUTS,
    TYPE_OF,
    TYPE_ONE_OF,
    FIELD_NAME,
    FIELD_DESCRIPTION,
    FIELD_ARGUMENTS,
    FIELD_TYPE,
    FIELD_IS_DEPRECATED,
    FIELD_DEPRECATION,
    INPUT_NAME,
    INPUT_DESCRIPTION,
    INPUT_TYPE,
    INPUT_DEFAULT,
    INPUT_IS_DEPRECATED,
    INPUT_DEPRECATION,
    VALUE_NAME,
    VALUE_DESCRIPTION,
    VALUE_IS_DEPRECATED,
    VALUE_DEPRECATION,
    DIRECTIVE_NAME,
    DIRECTIVE_DESCRIPTION,
    DIRECTIVE_REPEATABLE,
    DIRECTIVE_LOCATIONS,
    DIRECTIVE_ARGUMENTS,
};

static const char *const kind_names[] = {
    [GRAPHQL_SCALAR] = "SCALAR",
    [GRAPHQL_OBJECT] = "OBJECT",
    [GRAPHQL_INTERFACE] = "INTERFACE",
    [GRAPHQL_UNION] = "UNION",
    [GRAPHQL_ENUM] = "ENUM",
    [GRAPHQL_INPUT_OBJECT] = "INPUT_OBJECT",
    [GRAPHQL_LIST] = "LIST",
    [GRAPHQL_NON_NULL] = "NON_NULL",
};

/* --- values ---------------------------------------------------------------------------------------------------------------- */

typedef struct graphql_meta_value meta_value;

static const meta_value nothing = {.kind = GRAPHQL_META_NULL};

static meta_value of_string(const char *string)
{
    return string != NULL ? (meta_value){.kind = GRAPHQL_META_STRING, .string = string} : nothing;
}

static meta_value of_boolean(bool boolean)
{
    return (meta_value){.kind = GRAPHQL_META_BOOLEAN, .boolean = boolean};
}

static meta_value of_object(const void *object)
{
    return object != NULL ? (meta_value){.kind = GRAPHQL_META_OBJECT, .object = object} : nothing;
}

static meta_value of_list(const void *const *items, size_t count)
{
    return (meta_value){.kind = GRAPHQL_META_LIST, .list = {items, count}};
}

static meta_value of_types(const struct graphql_type *const *types, size_t count)
{
    return of_list((const void *const *)types, count);
}

/* Return the members of an array, without the deprecated ones unless they are asked for. */
#define RETURN_MEMBERS(array, member_count, include_deprecated, arena)         \
    do {                                                                       \
        const void **items = ARENA_ARRAY(arena, const void *, member_count);   \
        size_t count = 0;                                                      \
        for (size_t i = 0; i < (member_count); i++)                            \
            if ((include_deprecated) || (array)[i].deprecation == NULL)        \
                items[count++] = &(array)[i];                                  \
        return of_list(items, count);                                          \
    } while (0)

static meta_value of_inputs(const struct graphql_input *inputs, size_t input_count, bool include_deprecated,
                            struct arena *arena)
{
    RETURN_MEMBERS(inputs, input_count, include_deprecated, arena);
}

static meta_value of_fields(const struct graphql_type *type, bool include_deprecated, struct arena *arena)
{
    RETURN_MEMBERS(type->fields, type->field_count, include_deprecated, arena);
}

static meta_value of_values(const struct graphql_type *type, bool include_deprecated, struct arena *arena)
{
    RETURN_MEMBERS(type->values, type->value_count, include_deprecated, arena);
}

static meta_value of_literal(const struct document_value *value, struct arena *arena)
{
    if (value == NULL)
        return nothing;
    struct buffer text;
    buffer_init(&text, LIMIT_CALL_ARENA);
    graphql_print_value(value, &text);
    const char *copy = arena_strndup(arena, buffer_text(&text).at, text.length);
    buffer_release(&text);
    return of_string(copy);
}

/* --- what the fields answer --------------------------------------------------------------------------------------------------- */

static meta_value directives_of(const struct graphql_schema *schema, struct arena *arena)
{
    const void **items = ARENA_ARRAY(arena, const void *, schema->directive_count);
    for (size_t i = 0; i < schema->directive_count; i++)
        items[i] = &schema->directives[i];
    return of_list(items, schema->directive_count);
}

static meta_value of_schema(enum meta meta, const struct graphql_schema *schema, struct arena *arena)
{
    switch (meta) {
    case SCHEMA_DESCRIPTION:
        return of_string(schema->description);
    case SCHEMA_TYPES:
        return of_types(schema->types, schema->type_count);
    case SCHEMA_QUERY:
        return of_object(schema->query);
    case SCHEMA_MUTATION:
        return of_object(schema->mutation);
    case SCHEMA_SUBSCRIPTION:
        return of_object(schema->subscription);
    default:
        return directives_of(schema, arena);
    }
}

static meta_value of_type(enum meta meta, const struct graphql_type *type, bool include_deprecated, struct arena *arena)
{
    bool is_abstract = type->kind == GRAPHQL_INTERFACE || type->kind == GRAPHQL_UNION;
    bool has_fields = type->kind == GRAPHQL_OBJECT || type->kind == GRAPHQL_INTERFACE;

    switch (meta) {
    case TYPE_KIND:
        return of_string(kind_names[type->kind]);
    case TYPE_NAME:
        return of_string(type->name);
    case TYPE_DESCRIPTION:
        return of_string(type->description);
    case TYPE_SPECIFIED_BY:
        return of_string(type->specified_by_url);
    case TYPE_FIELDS:
        return has_fields ? of_fields(type, include_deprecated, arena) : nothing;
    case TYPE_INTERFACES:
        return has_fields ? of_types(type->interfaces, type->interface_count) : nothing;
    case TYPE_POSSIBLE:
        return is_abstract ? of_types(type->possible, type->possible_count) : nothing;
    case TYPE_VALUES:
        return type->kind == GRAPHQL_ENUM ? of_values(type, include_deprecated, arena) : nothing;
    case TYPE_INPUTS:
        return type->kind == GRAPHQL_INPUT_OBJECT ? of_inputs(type->inputs, type->input_count, include_deprecated, arena) : nothing;
    case TYPE_OF:
        return of_object(type->of);
    default:
        return type->kind == GRAPHQL_INPUT_OBJECT ? of_boolean(type->is_one_of) : nothing;
    }
}

static meta_value of_field(enum meta meta, const struct graphql_field *field, bool include_deprecated, struct arena *arena)
{
    switch (meta) {
    case FIELD_NAME:
        return of_string(field->name);
    case FIELD_DESCRIPTION:
        return of_string(field->description);
    case FIELD_ARGUMENTS:
        return of_inputs(field->arguments, field->argument_count, include_deprecated, arena);
    case FIELD_TYPE:
        return of_object(field->type);
    case FIELD_IS_DEPRECATED:
        return of_boolean(field->deprecation != NULL);
    default:
        return of_string(field->deprecation);
    }
}

static meta_value of_input(enum meta meta, const struct graphql_input *input, struct arena *arena)
{
    switch (meta) {
    case INPUT_NAME:
        return of_string(input->name);
    case INPUT_DESCRIPTION:
        return of_string(input->description);
    case INPUT_TYPE:
        return of_object(input->type);
    case INPUT_DEFAULT:
        return of_literal(input->default_value, arena);
    case INPUT_IS_DEPRECATED:
        return of_boolean(input->deprecation != NULL);
    default:
        return of_string(input->deprecation);
    }
}

static meta_value of_value(enum meta meta, const struct graphql_enum_value *value)
{
    switch (meta) {
    case VALUE_NAME:
        return of_string(value->name);
    case VALUE_DESCRIPTION:
        return of_string(value->description);
    case VALUE_IS_DEPRECATED:
        return of_boolean(value->deprecation != NULL);
    default:
        return of_string(value->deprecation);
    }
}

static meta_value locations_of(const struct graphql_directive *directive, struct arena *arena)
{
    const void **items = ARENA_ARRAY(arena, const void *, DOCUMENT_DIRECTIVE_LOCATION_COUNT);
    size_t count = 0;
    for (unsigned i = 0; i < DOCUMENT_DIRECTIVE_LOCATION_COUNT; i++)
        if (directive->locations & 1u << i)
            items[count++] = document_directive_location_names[i];
    return of_list(items, count);
}

static meta_value of_directive(enum meta meta, const struct graphql_directive *directive, bool include_deprecated,
                               struct arena *arena)
{
    switch (meta) {
    case DIRECTIVE_NAME:
        return of_string(directive->name);
    case DIRECTIVE_DESCRIPTION:
        return of_string(directive->description);
    case DIRECTIVE_REPEATABLE:
        return of_boolean(directive->is_repeatable);
    case DIRECTIVE_LOCATIONS:
        return locations_of(directive, arena);
    default:
        return of_inputs(directive->arguments, directive->argument_count, include_deprecated, arena);
    }
}

struct graphql_meta_value graphql_introspect(const struct graphql_field *field, const void *source, bool include_deprecated,
                                             struct arena *arena)
{
    ASSERT(field->binding != NULL && field->binding->resolver == GRAPHQL_FROM_META);
    enum meta meta = (enum meta)field->binding->meta;
    if (meta <= SCHEMA_DIRECTIVES)
        return of_schema(meta, source, arena);
    if (meta <= TYPE_ONE_OF)
        return of_type(meta, source, include_deprecated, arena);
    if (meta <= FIELD_DEPRECATION)
        return of_field(meta, source, include_deprecated, arena);
    if (meta <= INPUT_DEPRECATION)
        return of_input(meta, source, arena);
    if (meta <= VALUE_DEPRECATION)
        return of_value(meta, source);
    return of_directive(meta, source, include_deprecated, arena);
}

/* --- the types -------------------------------------------------------------------------------------------------------------------- */

enum introspection_type { OF_SCHEMA, OF_TYPE, OF_FIELD, OF_INPUT, OF_VALUE, OF_DIRECTIVE, TYPE_COUNT };

static const struct {
    const char *name, *description;
} types[] = {
    [OF_SCHEMA] = {"__Schema", "What can be asked for here."},
    [OF_TYPE] = {"__Type", "A type: which of the fields say something depends on `kind`."},
    [OF_FIELD] = {"__Field", "A field of an object or interface."},
    [OF_INPUT] = {"__InputValue", "An argument of a field or directive, or a field of an input object."},
    [OF_VALUE] = {"__EnumValue", "One of the values of an enum."},
    [OF_DIRECTIVE] = {"__Directive", "Something that changes how a document is executed or a schema is read."},
};

/* `type` as the schema's language writes it, with the names shortened to one sign: S, B: String, Boolean; T, F, I, V, D: __Type, __Field …;
 * K, L: __TypeKind, __DirectiveLocation. */
static const struct {
    enum introspection_type of;
    const char *name, *type;
    enum meta meta;
    bool filtered; /* has the argument includeDeprecated */
} fields[] = {
    {OF_SCHEMA, "description", "S", SCHEMA_DESCRIPTION, false},
    {OF_SCHEMA, "types", "[T!]!", SCHEMA_TYPES, false},
    {OF_SCHEMA, "queryType", "T!", SCHEMA_QUERY, false},
    {OF_SCHEMA, "mutationType", "T", SCHEMA_MUTATION, false},
    {OF_SCHEMA, "subscriptionType", "T", SCHEMA_SUBSCRIPTION, false},
    {OF_SCHEMA, "directives", "[D!]!", SCHEMA_DIRECTIVES, false},
    {OF_TYPE, "kind", "K!", TYPE_KIND, false},
    {OF_TYPE, "name", "S", TYPE_NAME, false},
    {OF_TYPE, "description", "S", TYPE_DESCRIPTION, false},
    {OF_TYPE, "specifiedByURL", "S", TYPE_SPECIFIED_BY, false},
    {OF_TYPE, "fields", "[F!]", TYPE_FIELDS, true},
    {OF_TYPE, "interfaces", "[T!]", TYPE_INTERFACES, false},
    {OF_TYPE, "possibleTypes", "[T!]", TYPE_POSSIBLE, false},
    {OF_TYPE, "enumValues", "[V!]", TYPE_VALUES, true},
    {OF_TYPE, "inputFields", "[I!]", TYPE_INPUTS, true},
    {OF_TYPE, "ofType", "T", TYPE_OF, false},
    {OF_TYPE, "isOneOf", "B", TYPE_ONE_OF, false},
    {OF_FIELD, "name", "S!", FIELD_NAME, false},
    {OF_FIELD, "description", "S", FIELD_DESCRIPTION, false},
    {OF_FIELD, "args", "[I!]!", FIELD_ARGUMENTS, true},
    {OF_FIELD, "type", "T!", FIELD_TYPE, false},
    {OF_FIELD, "isDeprecated", "B!", FIELD_IS_DEPRECATED, false},
    {OF_FIELD, "deprecationReason", "S", FIELD_DEPRECATION, false},
    {OF_INPUT, "name", "S!", INPUT_NAME, false},
    {OF_INPUT, "description", "S", INPUT_DESCRIPTION, false},
    {OF_INPUT, "type", "T!", INPUT_TYPE, false},
    {OF_INPUT, "defaultValue", "S", INPUT_DEFAULT, false},
    {OF_INPUT, "isDeprecated", "B!", INPUT_IS_DEPRECATED, false},
    {OF_INPUT, "deprecationReason", "S", INPUT_DEPRECATION, false},
    {OF_VALUE, "name", "S!", VALUE_NAME, false},
    {OF_VALUE, "description", "S", VALUE_DESCRIPTION, false},
    {OF_VALUE, "isDeprecated", "B!", VALUE_IS_DEPRECATED, false},
    {OF_VALUE, "deprecationReason", "S", VALUE_DEPRECATION, false},
    {OF_DIRECTIVE, "name", "S!", DIRECTIVE_NAME, false},
    {OF_DIRECTIVE, "description", "S", DIRECTIVE_DESCRIPTION, false},
    {OF_DIRECTIVE, "isRepeatable", "B!", DIRECTIVE_REPEATABLE, false},
    {OF_DIRECTIVE, "locations", "[L!]!", DIRECTIVE_LOCATIONS, false},
    {OF_DIRECTIVE, "args", "[I!]!", DIRECTIVE_ARGUMENTS, true},
};

/* Types that are being made, by their sign. */
struct making {
    struct graphql_schema *schema;
    struct graphql_type *types[TYPE_COUNT];
    struct graphql_type *kind, *location;
};

static const struct graphql_type *named_by(const struct making *making, char sign)
{
    switch (sign) {
    case 'S':
        return making->schema->string_type;
    case 'B':
        return making->schema->boolean_type;
    case 'T':
        return making->types[OF_TYPE];
    case 'F':
        return making->types[OF_FIELD];
    case 'I':
        return making->types[OF_INPUT];
    case 'V':
        return making->types[OF_VALUE];
    case 'D':
        return making->types[OF_DIRECTIVE];
    case 'K':
        return making->kind;
    default:
        ASSERT(sign == 'L');
        return making->location;
    }
}

static const struct graphql_type *type_written(const struct making *making, const char *written)
{
    bool is_list = *written == '[';
    const struct graphql_type *type = named_by(making, written[is_list]);
    for (const char *at = written + is_list + 1; *at != '\0'; at++)
        type = *at == '!' ? graphql_non_null(making->schema, type) : graphql_list_of(making->schema, type);
    return type;
}

static void add_enums(struct making *making)
{
    making->kind = graphql_add_type(making->schema, GRAPHQL_ENUM, "__TypeKind");
    making->kind->description = "What sort of type it is.";
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++)
        graphql_add_value(making->schema, making->kind, kind_names[i]);

    making->location = graphql_add_type(making->schema, GRAPHQL_ENUM, "__DirectiveLocation");
    making->location->description = "Where a directive may stand.";
    for (size_t i = 0; i < DOCUMENT_DIRECTIVE_LOCATION_COUNT; i++)
        graphql_add_value(making->schema, making->location, document_directive_location_names[i]);
}

static void add_field(const struct making *making, size_t row)
{
    struct graphql_schema *schema = making->schema;
    struct graphql_field *field = graphql_add_field(schema, making->types[fields[row].of], fields[row].name,
                                                    type_written(making, fields[row].type));
    struct graphql_binding *binding = graphql_binding_new(schema, GRAPHQL_FROM_META);
    binding->meta = (int)fields[row].meta;
    field->binding = binding;
    if (fields[row].filtered)
        graphql_add_argument(schema, field, "includeDeprecated", graphql_non_null(schema, schema->boolean_type))->default_value =
            graphql_literal_boolean(schema, false);
}

static struct graphql_field *meta_field(struct graphql_schema *schema, const char *name, const struct graphql_type *type,
                                        enum graphql_resolver resolver)
{
    struct graphql_field *field = ARENA_NEW(schema->arena, struct graphql_field);
    *field = (struct graphql_field){
        .name = name,
        .type = type,
        .cost = graphql_type_is_leaf(type) ? 0 : 1,
        .size_assumed = 1,
        .binding = graphql_binding_new(schema, resolver),
    };
    return field;
}

void graphql_add_introspection(struct graphql_schema *schema)
{
    struct making making = {.schema = schema};
    add_enums(&making);
    for (int i = 0; i < TYPE_COUNT; i++) {
        making.types[i] = graphql_add_type(schema, GRAPHQL_OBJECT, types[i].name);
        making.types[i]->description = types[i].description;
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        add_field(&making, i);

    const struct graphql_type *name = graphql_non_null(schema, schema->string_type);
    schema->typename_field = meta_field(schema, "__typename", name, GRAPHQL_FROM_TYPENAME);
    schema->schema_field =
        meta_field(schema, "__schema", graphql_non_null(schema, making.types[OF_SCHEMA]), GRAPHQL_FROM_SCHEMA);
    struct graphql_field *type_field = meta_field(schema, "__type", making.types[OF_TYPE], GRAPHQL_FROM_TYPE);
    graphql_add_argument(schema, type_field, "name", name);
    schema->type_field = type_field;
}
