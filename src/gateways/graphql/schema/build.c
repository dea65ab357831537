/*
 * Making a schema. While it is made, the arrays of a type grow; graphql_schema_finish() sorts the types by name, so that SDL
 * and introspection are the same every time, and makes the tables to find things by.
 */
#include "gateways/graphql/schema/build.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/graphql/schema/schema_internal.h"

#include <stdlib.h>

/* Members of a type beyond which a table is quicker than looking at each. */
#define MEMBERS_WITHOUT_TABLE 8

/* What is made is written to; only who reads a schema sees it as constant. */
#define MUTABLE(type, pointer) ((type *)(uintptr_t)(pointer))

/* --- types ---------------------------------------------------------------------------------------------------------------- */

struct graphql_type *graphql_add_type(struct graphql_schema *schema, enum graphql_type_kind kind, const char *name)
{
    ASSERT(lookup_find(&schema->types_by_name, text_of(name)) == NULL);
    struct graphql_type *type = ARENA_NEW(schema->arena, struct graphql_type);
    *type = (struct graphql_type){.kind = kind, .name = name, .index = schema->type_count};
    const struct graphql_type **types = MUTABLE(const struct graphql_type *, schema->types);
    ARENA_ROOM(schema->arena, types, schema->type_count);
    types[schema->type_count++] = type;
    schema->types = types;
    lookup_put(&schema->types_by_name, text_of(name), type->index);
    return type;
}

static const struct graphql_type *wrap(struct graphql_schema *schema, enum graphql_type_kind kind,
                                       const struct graphql_type *of, struct graphql_type **known)
{
    if (*known == NULL) {
        *known = ARENA_NEW(schema->arena, struct graphql_type);
        **known = (struct graphql_type){.kind = kind, .of = of};
    }
    return *known;
}

const struct graphql_type *graphql_list_of(struct graphql_schema *schema, const struct graphql_type *type)
{
    return wrap(schema, GRAPHQL_LIST, type, &MUTABLE(struct graphql_type, type)->list_of);
}

const struct graphql_type *graphql_non_null(struct graphql_schema *schema, const struct graphql_type *type)
{
    ASSERT(type->kind != GRAPHQL_NON_NULL);
    return wrap(schema, GRAPHQL_NON_NULL, type, &MUTABLE(struct graphql_type, type)->non_null_of);
}

/* --- members ---------------------------------------------------------------------------------------------------------------- */

static struct graphql_input *add_input(struct graphql_schema *schema, const struct graphql_input **inputs, size_t *count,
                                       const char *name, const struct graphql_type *type)
{
    ASSERT(graphql_type_is_input(type));
    struct graphql_input *made = MUTABLE(struct graphql_input, *inputs);
    ARENA_ROOM(schema->arena, made, *count);
    *inputs = made;
    made[*count] = (struct graphql_input){.name = name, .type = type};
    return &made[(*count)++];
}

struct graphql_field *graphql_add_field(struct graphql_schema *schema, struct graphql_type *type, const char *name,
                                        const struct graphql_type *of)
{
    struct graphql_field *fields = MUTABLE(struct graphql_field, type->fields);
    ARENA_ROOM(schema->arena, fields, type->field_count);
    type->fields = fields;
    fields[type->field_count] = (struct graphql_field){
        .name = name,
        .type = of,
        .cost = graphql_type_is_leaf(of) ? 0 : 1,
        .size_assumed = 1,
    };
    return &fields[type->field_count++];
}

struct graphql_input *graphql_add_argument(struct graphql_schema *schema, struct graphql_field *field, const char *name,
                                           const struct graphql_type *type)
{
    return add_input(schema, &field->arguments, &field->argument_count, name, type);
}

struct graphql_input *graphql_add_input(struct graphql_schema *schema, struct graphql_type *type, const char *name,
                                        const struct graphql_type *of)
{
    return add_input(schema, &type->inputs, &type->input_count, name, of);
}

struct graphql_enum_value *graphql_add_value(struct graphql_schema *schema, struct graphql_type *type, const char *name)
{
    struct graphql_enum_value *values = MUTABLE(struct graphql_enum_value, type->values);
    ARENA_ROOM(schema->arena, values, type->value_count);
    type->values = values;
    values[type->value_count] = (struct graphql_enum_value){.name = name};
    return &values[type->value_count++];
}

static void add_related(struct graphql_schema *schema, const struct graphql_type *const **list, size_t *count,
                        const struct graphql_type *type)
{
    const struct graphql_type **made = MUTABLE(const struct graphql_type *, *list);
    ARENA_ROOM(schema->arena, made, *count);
    *list = made;
    made[(*count)++] = type;
}

void graphql_add_interface(struct graphql_schema *schema, struct graphql_type *type, const struct graphql_type *interface)
{
    add_related(schema, &type->interfaces, &type->interface_count, interface);
}

void graphql_add_member(struct graphql_schema *schema, struct graphql_type *type, const struct graphql_type *member)
{
    ASSERT(type->kind == GRAPHQL_UNION);
    add_related(schema, &type->possible, &type->possible_count, member);
}

struct graphql_directive *graphql_add_directive(struct graphql_schema *schema, const char *name, uint32_t locations)
{
    struct graphql_directive *directives = MUTABLE(struct graphql_directive, schema->directives);
    ARENA_ROOM(schema->arena, directives, schema->directive_count);
    schema->directives = directives;
    directives[schema->directive_count] = (struct graphql_directive){.name = name, .locations = locations};
    return &directives[schema->directive_count++];
}

struct graphql_input *graphql_add_directive_argument(struct graphql_schema *schema, struct graphql_directive *directive,
                                                     const char *name, const struct graphql_type *type)
{
    return add_input(schema, &directive->arguments, &directive->argument_count, name, type);
}

/* --- literals and bindings --------------------------------------------------------------------------------------------------- */

const struct document_value *graphql_literal_int(struct graphql_schema *schema, int number)
{
    struct document_value *value = ARENA_NEW(schema->arena, struct document_value);
    *value = (struct document_value){.kind = DOCUMENT_INT, .text = text_of(arena_printf(schema->arena, "%d", number))};
    return value;
}

const struct document_value *graphql_literal_boolean(struct graphql_schema *schema, bool boolean)
{
    struct document_value *value = ARENA_NEW(schema->arena, struct document_value);
    *value = (struct document_value){.kind = DOCUMENT_BOOLEAN, .boolean = boolean};
    return value;
}

const struct document_value *graphql_literal_string(struct graphql_schema *schema, const char *string)
{
    struct document_value *value = ARENA_NEW(schema->arena, struct document_value);
    *value = (struct document_value){.kind = DOCUMENT_STRING, .text = text_of(string)};
    return value;
}

struct graphql_binding *graphql_binding_new(struct graphql_schema *schema, enum graphql_resolver resolver)
{
    struct graphql_binding *binding = ARENA_NEW(schema->arena, struct graphql_binding);
    *binding = (struct graphql_binding){.resolver = resolver};
    return binding;
}

/* --- what every schema has ----------------------------------------------------------------------------------------------------- */

static const struct graphql_type *add_scalar(struct graphql_schema *schema, enum graphql_scalar scalar, const char *name,
                                             const char *description)
{
    struct graphql_type *type = graphql_add_type(schema, GRAPHQL_SCALAR, name);
    type->scalar = scalar;
    type->description = description;
    return type;
}

static void add_scalars(struct graphql_schema *schema)
{
    schema->int_type = add_scalar(schema, GRAPHQL_INT, "Int", "A whole number of 32 bits.");
    schema->float_type = add_scalar(schema, GRAPHQL_FLOAT, "Float", "A number, as IEEE 754 has them in 64 bits.");
    schema->string_type = add_scalar(schema, GRAPHQL_STRING, "String", "Text in UTF-8.");
    schema->boolean_type = add_scalar(schema, GRAPHQL_BOOLEAN, "Boolean", "`true` or `false`.");
    schema->id_type = add_scalar(schema, GRAPHQL_ID, "ID", "What something is known by: text that means nothing else.");
}

#define ON(location) (1u << DOCUMENT_ON_##location)
#define ON_SELECTIONS (ON(FIELD) | ON(FRAGMENT_SPREAD) | ON(INLINE_FRAGMENT))

static void add_condition(struct graphql_schema *schema, const char *name, const char *description, const char *when)
{
    struct graphql_directive *directive = graphql_add_directive(schema, name, ON_SELECTIONS);
    directive->description = description;
    graphql_add_directive_argument(schema, directive, "if", graphql_non_null(schema, schema->boolean_type))->description = when;
}

static void add_directives(struct graphql_schema *schema)
{
    const struct graphql_type *text = graphql_non_null(schema, schema->string_type);

    add_condition(schema, "include", "Answer the field or fragment only if the argument is true.", "Include it when true.");
    add_condition(schema, "skip", "Leave the field or fragment out if the argument is true.", "Skip it when true.");

    struct graphql_directive *deprecated = graphql_add_directive(
        schema, "deprecated", ON(FIELD_DEFINITION) | ON(ARGUMENT_DEFINITION) | ON(INPUT_FIELD_DEFINITION) | ON(ENUM_VALUE));
    deprecated->description = "It still works, but is not to be used any more.";
    struct graphql_input *reason = graphql_add_directive_argument(schema, deprecated, "reason", text);
    reason->description = "Why, and what to use instead; CommonMark.";
    reason->default_value = graphql_literal_string(schema, GRAPHQL_DEPRECATED);

    struct graphql_directive *specified_by = graphql_add_directive(schema, "specifiedBy", ON(SCALAR));
    specified_by->description = "Where it is specified what a scalar's values are.";
    graphql_add_directive_argument(schema, specified_by, "url", text)->description = "The address of that specification.";

    graphql_add_directive(schema, "oneOf", ON(INPUT_OBJECT))->description =
        "Exactly one field of the input object is given, and is not null.";
    ASSERT(schema->directive_count == GRAPHQL_BUILT_IN_DIRECTIVES);
}

/* A schema of our contracts takes about 400 KB with every scope; one from SDL is for tests and tools. */
#define SCHEMA_BYTES_MAX (64 << 20)

struct graphql_schema *graphql_schema_new(void)
{
    struct arena *arena = arena_new(SCHEMA_BYTES_MAX);
    struct graphql_schema *schema = ARENA_NEW(arena, struct graphql_schema);
    schema->arena = arena;
    lookup_init(&schema->types_by_name, arena);
    add_scalars(schema);
    add_directives(schema);
    graphql_add_introspection(schema);
    return schema;
}

/* --- finishing ------------------------------------------------------------------------------------------------------------------ */

static int by_name(const void *left, const void *right)
{
    return strcmp((*(const struct graphql_type *const *)left)->name, (*(const struct graphql_type *const *)right)->name);
}

static void sort_types(struct graphql_schema *schema)
{
    qsort(MUTABLE(void, schema->types), schema->type_count, sizeof(struct graphql_type *), by_name);
    for (size_t i = 0; i < schema->type_count; i++) {
        MUTABLE(struct graphql_type, schema->types[i])->index = i;
        *lookup_find(&schema->types_by_name, text_of(schema->types[i]->name)) = i;
    }
}

#define INDEX_MEMBERS(type, array, count)                                             \
    for (size_t i = 0; (count) > MEMBERS_WITHOUT_TABLE && i < (count); i++)           \
        lookup_put(&(type)->members, text_of((array)[i].name), i)

static void index_members(struct graphql_schema *schema, struct graphql_type *type)
{
    lookup_init(&type->members, schema->arena);
    INDEX_MEMBERS(type, type->fields, type->field_count);
    INDEX_MEMBERS(type, type->values, type->value_count);
    INDEX_MEMBERS(type, type->inputs, type->input_count);
}

/* An object is one of its own possible types, and of those of its interfaces. */
static void add_possible(struct graphql_schema *schema, const struct graphql_type *object)
{
    struct graphql_type *type = MUTABLE(struct graphql_type, object);
    add_related(schema, &type->possible, &type->possible_count, object);
    for (size_t i = 0; i < object->interface_count; i++) {
        struct graphql_type *interface = MUTABLE(struct graphql_type, object->interfaces[i]);
        add_related(schema, &interface->possible, &interface->possible_count, object);
    }
}

void graphql_schema_finish(struct graphql_schema *schema, const struct graphql_type *query, const struct graphql_type *mutation,
                           const struct graphql_type *subscription)
{
    schema->query = query;
    schema->mutation = mutation;
    schema->subscription = subscription;
    sort_types(schema);
    for (size_t i = 0; i < schema->type_count; i++) {
        struct graphql_type *type = MUTABLE(struct graphql_type, schema->types[i]);
        index_members(schema, type);
        if (type->kind == GRAPHQL_OBJECT)
            add_possible(schema, type);
    }
}
