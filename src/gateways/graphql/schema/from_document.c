/*
 * A schema from SDL: for tests of what works on schemas, and for tools. It takes what a type system may say, and says what it does not know; it
 * does not check everything that the specification asks of a type system.
 *
 * First every type by its name, then what they consist of, as types name each other in any order.
 */
#include "gateways/graphql/schema/schema_internal.h"

#include "base/assert.h"

struct reading {
    struct graphql_schema *schema;
    struct graphql_error *error; /* the first one */
    bool failed;
};

static const char *kept(struct reading *reading, struct text text)
{
    return arena_strndup(reading->schema->arena, text.at, text.length);
}

static void fail(struct reading *reading, const char *what, struct text name)
{
    if (reading->failed)
        return;
    reading->failed = true;
    *reading->error = (struct graphql_error){
        .code = RESULT_GRAPHQL_INVALID,
        .message = arena_printf(reading->schema->arena, "%s `%.*s`.", what, (int)name.length, name.at),
    };
}

static const char *description_of(struct reading *reading, const struct document_value *description)
{
    return description != NULL ? kept(reading, description->text) : NULL;
}

static const struct graphql_type *named(struct reading *reading, struct text name)
{
    const size_t *index = lookup_find(&reading->schema->types_by_name, name);
    if (index != NULL)
        return reading->schema->types[*index];
    fail(reading, "There is no type", name);
    return reading->schema->string_type;
}

static const struct graphql_type *type_of(struct reading *reading, const struct document_type *type)
{
    const struct graphql_type *found = type->kind == DOCUMENT_TYPE_LIST
                                           ? graphql_list_of(reading->schema, type_of(reading, type->of))
                                           : named(reading, type->name);
    return type->is_required ? graphql_non_null(reading->schema, found) : found;
}

/* --- directives of definitions ------------------------------------------------------------------------------------------------- */

static const struct document_directive *directive_of(const struct document_directive *directives, const char *name)
{
    while (directives != NULL && !text_is(directives->name, name))
        directives = directives->next;
    return directives;
}

/* The argument's text, if the directive is there; `otherwise` where it has no such argument. */
static const char *argument_of(struct reading *reading, const struct document_directive *directives, const char *name,
                               const char *argument_name, const char *otherwise)
{
    const struct document_directive *directive = directive_of(directives, name);
    if (directive == NULL)
        return NULL;
    for (const struct document_argument *argument = directive->arguments; argument != NULL; argument = argument->next)
        if (text_is(argument->name, argument_name) && argument->value.kind == DOCUMENT_STRING)
            return kept(reading, argument->value.text);
    return otherwise;
}

static const char *deprecation_of(struct reading *reading, const struct document_directive *directives)
{
    return argument_of(reading, directives, "deprecated", "reason", GRAPHQL_DEPRECATED);
}

/* --- members ----------------------------------------------------------------------------------------------------------------------- */

static void complete_input(struct reading *reading, struct graphql_input *input, const struct document_input_definition *from)
{
    input->description = description_of(reading, from->description);
    input->default_value = from->default_value;
    input->deprecation = deprecation_of(reading, from->directives);
}

/* The type of an argument or input field; one that can't be given is not. */
static const struct graphql_type *input_type_of(struct reading *reading, const struct document_input_definition *from)
{
    const struct graphql_type *type = type_of(reading, from->type);
    if (graphql_type_is_input(type))
        return type;
    fail(reading, "It has a type that can't be given:", from->name);
    return reading->schema->string_type;
}

static void read_fields(struct reading *reading, struct graphql_type *type, const struct document_definition *definition)
{
    for (const struct document_field_definition *from = definition->fields; from != NULL; from = from->next) {
        struct graphql_field *field =
            graphql_add_field(reading->schema, type, kept(reading, from->name), type_of(reading, from->type));
        field->description = description_of(reading, from->description);
        field->deprecation = deprecation_of(reading, from->directives);
        for (const struct document_input_definition *argument = from->arguments; argument != NULL; argument = argument->next)
            complete_input(reading,
                           graphql_add_argument(reading->schema, field, kept(reading, argument->name),
                                                input_type_of(reading, argument)),
                           argument);
    }
}

static void read_values(struct reading *reading, struct graphql_type *type, const struct document_definition *definition)
{
    for (const struct document_enum_value_definition *from = definition->values; from != NULL; from = from->next) {
        struct graphql_enum_value *value = graphql_add_value(reading->schema, type, kept(reading, from->name));
        value->description = description_of(reading, from->description);
        value->deprecation = deprecation_of(reading, from->directives);
        value->number = (int)type->value_count;
    }
}

static void read_members(struct reading *reading, struct graphql_type *type, const struct document_definition *definition)
{
    type->description = description_of(reading, definition->description);
    type->specified_by_url = argument_of(reading, definition->directives, "specifiedBy", "url", NULL);
    type->is_one_of = directive_of(definition->directives, "oneOf") != NULL;
    for (const struct document_name *name = definition->interfaces; name != NULL; name = name->next)
        graphql_add_interface(reading->schema, type, named(reading, name->name));
    for (const struct document_name *name = definition->members; name != NULL; name = name->next)
        graphql_add_member(reading->schema, type, named(reading, name->name));
    for (const struct document_input_definition *from = definition->inputs; from != NULL; from = from->next)
        complete_input(
            reading,
            graphql_add_input(reading->schema, type, kept(reading, from->name), input_type_of(reading, from)), from);
    read_fields(reading, type, definition);
    read_values(reading, type, definition);
}

static void read_directive(struct reading *reading, const struct document_definition *definition)
{
    if (graphql_schema_directive(reading->schema, definition->name) != NULL)
        return; /* what is built in may be written out */
    struct graphql_directive *directive =
        graphql_add_directive(reading->schema, kept(reading, definition->name), definition->locations);
    directive->description = description_of(reading, definition->description);
    directive->is_repeatable = definition->is_repeatable;
    for (const struct document_input_definition *from = definition->inputs; from != NULL; from = from->next)
        complete_input(reading,
                       graphql_add_directive_argument(reading->schema, directive, kept(reading, from->name),
                                                      input_type_of(reading, from)),
                       from);
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------------- */

static bool is_type(const struct document_definition *definition)
{
    return definition->kind != DOCUMENT_DEFINE_SCHEMA && definition->kind != DOCUMENT_DEFINE_DIRECTIVE;
}

static void add_types(struct reading *reading, const struct document *document)
{
    static const enum graphql_type_kind kinds[] = {
        [DOCUMENT_DEFINE_SCALAR] = GRAPHQL_SCALAR,       [DOCUMENT_DEFINE_OBJECT] = GRAPHQL_OBJECT,
        [DOCUMENT_DEFINE_INTERFACE] = GRAPHQL_INTERFACE, [DOCUMENT_DEFINE_UNION] = GRAPHQL_UNION,
        [DOCUMENT_DEFINE_ENUM] = GRAPHQL_ENUM,           [DOCUMENT_DEFINE_INPUT] = GRAPHQL_INPUT_OBJECT,
    };
    for (const struct document_definition *each = document->definitions; each != NULL; each = each->next) {
        if (each->is_extension)
            fail(reading, "An extension can't be read:", each->name);
        else if (is_type(each) && lookup_find(&reading->schema->types_by_name, each->name) != NULL)
            fail(reading, "There are two types", each->name);
        else if (is_type(each))
            graphql_add_type(reading->schema, kinds[each->kind], kept(reading, each->name));
    }
}

static void complete_types(struct reading *reading, const struct document *document)
{
    for (const struct document_definition *each = document->definitions; each != NULL; each = each->next) {
        if (is_type(each))
            read_members(reading, (struct graphql_type *)(uintptr_t)named(reading, each->name), each);
        else if (each->kind == DOCUMENT_DEFINE_DIRECTIVE)
            read_directive(reading, each);
        else
            reading->schema->description = description_of(reading, each->description);
    }
}

static const struct graphql_type *root_of(struct reading *reading, const struct document *document,
                                          enum document_operation_kind kind)
{
    static const char *const names[] = {"Query", "Mutation", "Subscription"};
    const struct document_definition *schema = document->definitions;
    while (schema != NULL && schema->kind != DOCUMENT_DEFINE_SCHEMA)
        schema = schema->next;
    if (schema != NULL)
        return schema->roots[kind].length > 0 ? named(reading, schema->roots[kind]) : NULL;
    const size_t *index = lookup_find(&reading->schema->types_by_name, text_of(names[kind]));
    return index != NULL ? reading->schema->types[*index] : NULL;
}

struct graphql_schema *graphql_schema_from_document(const struct document *document, struct arena *arena,
                                                    struct graphql_error *error)
{
    struct reading reading = {.schema = graphql_schema_new(), .error = error};
    add_types(&reading, document);
    if (!reading.failed)
        complete_types(&reading, document);
    const struct graphql_type *query = root_of(&reading, document, DOCUMENT_QUERY);
    if (query == NULL)
        fail(&reading, "There is no type", TEXT("Query"));
    if (!reading.failed) {
        graphql_schema_finish(reading.schema, query, root_of(&reading, document, DOCUMENT_MUTATION),
                              root_of(&reading, document, DOCUMENT_SUBSCRIPTION));
        return reading.schema;
    }
    error->message = arena_strdup(arena, error->message);
    graphql_schema_free(reading.schema);
    return NULL;
}
