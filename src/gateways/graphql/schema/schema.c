/*
 * Looking things up in a schema, and the relations between types of the specification's chapter "Type System".
 */
#include "gateways/graphql/schema/schema.h"

#include "base/assert.h"

void graphql_schema_free(struct graphql_schema *schema)
{
    if (schema != NULL)
        arena_free(schema->arena);
}

/* --- by name ------------------------------------------------------------------------------------------------------------- */

/* Tables are there for those with many members; others are searched from front to back. */
#define FIND(array, member_count, lookup, wanted)                                                    \
    do {                                                                                             \
        if ((lookup).count > 0) {                                                                    \
            const size_t *found = lookup_find(&(lookup), wanted);                                    \
            return found != NULL ? &(array)[*found] : NULL;                                          \
        }                                                                                            \
        for (size_t i = 0; i < (member_count); i++)                                                  \
            if (text_is(wanted, (array)[i].name))                                                    \
                return &(array)[i];                                                                  \
        return NULL;                                                                                 \
    } while (0)
static const struct lookup no_lookup;

const struct graphql_type *graphql_schema_type(const struct graphql_schema *schema, struct text name)
{
    const size_t *index = lookup_find(&schema->types_by_name, name);
    return index != NULL ? schema->types[*index] : NULL;
}

const struct graphql_directive *graphql_schema_directive(const struct graphql_schema *schema, struct text name)
{
    FIND(schema->directives, schema->directive_count, no_lookup, name);
}

const struct graphql_type *graphql_schema_root(const struct graphql_schema *schema, enum document_operation_kind kind)
{
    switch (kind) {
    case DOCUMENT_QUERY:
        return schema->query;
    case DOCUMENT_MUTATION:
        return schema->mutation;
    case DOCUMENT_SUBSCRIPTION:
        return schema->subscription;
    }
    return NULL;
}

static const struct graphql_field *member_field(const struct graphql_type *type, struct text name)
{
    FIND(type->fields, type->field_count, type->members, name);
}

const struct graphql_field *graphql_type_field(const struct graphql_schema *schema, const struct graphql_type *type,
                                               struct text name)
{
    if (!text_starts_with(name, "__"))
        return member_field(type, name);
    if (text_is(name, schema->typename_field->name))
        return schema->typename_field;
    if (type == schema->query && text_is(name, schema->schema_field->name))
        return schema->schema_field;
    if (type == schema->query && text_is(name, schema->type_field->name))
        return schema->type_field;
    return NULL;
}

const struct graphql_input *graphql_type_input(const struct graphql_type *type, struct text name)
{
    FIND(type->inputs, type->input_count, type->members, name);
}

const struct graphql_enum_value *graphql_type_value(const struct graphql_type *type, struct text name)
{
    FIND(type->values, type->value_count, type->members, name);
}

const struct graphql_enum_value *graphql_type_value_numbered(const struct graphql_type *type, int number)
{
    for (size_t i = 0; i < type->value_count; i++)
        if (type->values[i].number == number)
            return &type->values[i];
    return NULL;
}

const struct graphql_input *graphql_field_argument(const struct graphql_field *field, struct text name)
{
    FIND(field->arguments, field->argument_count, no_lookup, name);
}

const struct graphql_input *graphql_directive_argument(const struct graphql_directive *directive, struct text name)
{
    FIND(directive->arguments, directive->argument_count, no_lookup, name);
}

/* --- types as documents write them ---------------------------------------------------------------------------------------- */

static const struct graphql_type *wrapper(enum graphql_type_kind kind, const struct graphql_type *of, struct arena *arena)
{
    const struct graphql_type *known = kind == GRAPHQL_LIST ? of->list_of : of->non_null_of;
    if (known != NULL)
        return known;
    struct graphql_type *made = ARENA_NEW(arena, struct graphql_type);
    *made = (struct graphql_type){.kind = kind, .of = of};
    return made;
}

const struct graphql_type *graphql_schema_resolve(const struct graphql_schema *schema, const struct document_type *type,
                                                  struct arena *arena)
{
    const struct graphql_type *found;
    if (type->kind == DOCUMENT_TYPE_LIST) {
        const struct graphql_type *of = graphql_schema_resolve(schema, type->of, arena);
        found = of != NULL ? wrapper(GRAPHQL_LIST, of, arena) : NULL;
    } else {
        found = graphql_schema_type(schema, type->name);
    }
    return found != NULL && type->is_required ? wrapper(GRAPHQL_NON_NULL, found, arena) : found;
}

const char *graphql_type_text(const struct graphql_type *type, struct arena *arena)
{
    switch (type->kind) {
    case GRAPHQL_LIST:
        return arena_printf(arena, "[%s]", graphql_type_text(type->of, arena));
    case GRAPHQL_NON_NULL:
        return arena_printf(arena, "%s!", graphql_type_text(type->of, arena));
    default:
        return type->name;
    }
}

/* --- about types ----------------------------------------------------------------------------------------------------------- */

bool graphql_type_is_leaf(const struct graphql_type *type)
{
    type = graphql_type_named(type);
    return type->kind == GRAPHQL_SCALAR || type->kind == GRAPHQL_ENUM;
}

bool graphql_type_is_composite(const struct graphql_type *type)
{
    type = graphql_type_named(type);
    return type->kind == GRAPHQL_OBJECT || type->kind == GRAPHQL_INTERFACE || type->kind == GRAPHQL_UNION;
}

bool graphql_type_is_input(const struct graphql_type *type)
{
    return graphql_type_is_leaf(type) || graphql_type_named(type)->kind == GRAPHQL_INPUT_OBJECT;
}

bool graphql_type_may_be(const struct graphql_type *type, const struct graphql_type *object)
{
    for (size_t i = 0; i < type->possible_count; i++)
        if (type->possible[i] == object)
            return true;
    return false;
}

bool graphql_types_overlap(const struct graphql_type *a, const struct graphql_type *b)
{
    for (size_t i = 0; i < a->possible_count; i++)
        if (graphql_type_may_be(b, a->possible[i]))
            return true;
    return false;
}

bool graphql_types_equal(const struct graphql_type *a, const struct graphql_type *b)
{
    while (a != b && a->kind == b->kind && (a->kind == GRAPHQL_LIST || a->kind == GRAPHQL_NON_NULL)) {
        a = a->of;
        b = b->of;
    }
    return a == b;
}

static bool implements(const struct graphql_type *type, const struct graphql_type *interface)
{
    for (size_t i = 0; i < type->interface_count; i++)
        if (type->interfaces[i] == interface)
            return true;
    return false;
}

bool graphql_type_is_sub_type(const struct graphql_type *sub, const struct graphql_type *super)
{
    if (sub == super)
        return true;
    if (super->kind == GRAPHQL_NON_NULL)
        return sub->kind == GRAPHQL_NON_NULL && graphql_type_is_sub_type(sub->of, super->of);
    if (sub->kind == GRAPHQL_NON_NULL)
        return graphql_type_is_sub_type(sub->of, super);
    if (super->kind == GRAPHQL_LIST)
        return sub->kind == GRAPHQL_LIST && graphql_type_is_sub_type(sub->of, super->of);
    if (super->kind == GRAPHQL_INTERFACE)
        return implements(sub, super);
    return super->kind == GRAPHQL_UNION && graphql_type_may_be(super, sub);
}
