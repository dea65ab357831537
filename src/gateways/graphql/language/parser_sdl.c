/*
 * The parser's other half: type systems (SDL), by the chapter "Type System" of the specification.
 */
#include "gateways/graphql/language/parser_internal.h"

/* --- parts of definitions ------------------------------------------------------------------------------------------------ */

static struct document_input_definition *parse_input_definition(struct parser *parser)
{
    struct document_input_definition *input = ARENA_NEW(parser->arena, struct document_input_definition);
    input->at = token(parser)->at;
    input->description = parse_description(parser);
    input->name = parse_name(parser);
    expect(parser, TOKEN_COLON);
    input->type = parse_type(parser);
    input->default_value = parse_default_value(parser);
    input->directives = parse_directives(parser, true);
    return input;
}

/* Arguments in ( ) or input fields in { }: one or more, or none without the brackets. */
static struct document_input_definition *parse_inputs(struct parser *parser, enum token_kind open, enum token_kind close)
{
    struct document_input_definition *inputs = NULL, **tail = &inputs;
    if (!skip(parser, open))
        return NULL;
    do {
        struct document_input_definition *input = parse_input_definition(parser);
        APPEND(tail, input);
    } while (!parser->lexer.failed && !skip(parser, close));
    return inputs;
}

static struct document_field_definition *parse_field_definition(struct parser *parser)
{
    struct document_field_definition *field = ARENA_NEW(parser->arena, struct document_field_definition);
    field->at = token(parser)->at;
    field->description = parse_description(parser);
    field->name = parse_name(parser);
    field->arguments = parse_inputs(parser, TOKEN_PAREN_OPEN, TOKEN_PAREN_CLOSE);
    expect(parser, TOKEN_COLON);
    field->type = parse_type(parser);
    field->directives = parse_directives(parser, true);
    return field;
}

static struct document_field_definition *parse_fields(struct parser *parser)
{
    struct document_field_definition *fields = NULL, **tail = &fields;
    if (!skip(parser, TOKEN_BRACE_OPEN))
        return NULL;
    do {
        struct document_field_definition *field = parse_field_definition(parser);
        APPEND(tail, field);
    } while (!parser->lexer.failed && !skip(parser, TOKEN_BRACE_CLOSE));
    return fields;
}

/* Names with a separator between them, and maybe before the first. */
static struct document_name *parse_names(struct parser *parser, enum token_kind separator)
{
    struct document_name *names = NULL, **tail = &names;
    skip(parser, separator);
    do {
        struct document_name *name = ARENA_NEW(parser->arena, struct document_name);
        name->name = parse_name(parser);
        APPEND(tail, name);
    } while (skip(parser, separator));
    return names;
}

static struct document_name *parse_interfaces(struct parser *parser)
{
    return skip_keyword(parser, TEXT("implements")) ? parse_names(parser, TOKEN_AMPERSAND) : NULL;
}

static struct document_enum_value_definition *parse_enum_value(struct parser *parser)
{
    struct document_enum_value_definition *value = ARENA_NEW(parser->arena, struct document_enum_value_definition);
    value->at = token(parser)->at;
    value->description = parse_description(parser);
    if (at_keyword(parser, TEXT("true")) || at_keyword(parser, TEXT("false")) || at_keyword(parser, TEXT("null")))
        refuse_token(parser, "the name of an enum value");
    value->name = parse_name(parser);
    value->directives = parse_directives(parser, true);
    return value;
}

static struct document_enum_value_definition *parse_enum_values(struct parser *parser)
{
    struct document_enum_value_definition *values = NULL, **tail = &values;
    if (!skip(parser, TOKEN_BRACE_OPEN))
        return NULL;
    do {
        struct document_enum_value_definition *value = parse_enum_value(parser);
        APPEND(tail, value);
    } while (!parser->lexer.failed && !skip(parser, TOKEN_BRACE_CLOSE));
    return values;
}

static void parse_root(struct parser *parser, struct document_definition *schema)
{
    static const struct text kinds[] = {TEXT("query"), TEXT("mutation"), TEXT("subscription")};
    for (enum document_operation_kind kind = DOCUMENT_QUERY; kind <= DOCUMENT_SUBSCRIPTION; kind++) {
        if (!skip_keyword(parser, kinds[kind]))
            continue;
        expect(parser, TOKEN_COLON);
        if (schema->roots[kind].length > 0)
            lexer_fail(&parser->lexer, RESULT_GRAPHQL_SYNTAX, token(parser)->at, "There is only one %s type in a schema.",
                       kinds[kind].at);
        schema->roots[kind] = parse_name(parser);
        return;
    }
    refuse_token(parser, "\"query\", \"mutation\" or \"subscription\"");
}

static void parse_roots(struct parser *parser, struct document_definition *schema)
{
    if (schema->is_extension && !at_kind(parser, TOKEN_BRACE_OPEN))
        return;
    expect(parser, TOKEN_BRACE_OPEN);
    do {
        parse_root(parser, schema);
    } while (!parser->lexer.failed && !skip(parser, TOKEN_BRACE_CLOSE));
}

static uint32_t parse_location(struct parser *parser)
{
    for (int location = 0; location < DOCUMENT_DIRECTIVE_LOCATION_COUNT; location++)
        if (skip_keyword(parser, text_of(document_directive_location_names[location])))
            return UINT32_C(1) << location;
    refuse_token(parser, "a place where directives can stand");
    return 0;
}

static void parse_directive_definition(struct parser *parser, struct document_definition *directive)
{
    expect(parser, TOKEN_AT);
    directive->name = parse_name(parser);
    directive->inputs = parse_inputs(parser, TOKEN_PAREN_OPEN, TOKEN_PAREN_CLOSE);
    directive->is_repeatable = skip_keyword(parser, TEXT("repeatable"));
    expect_keyword(parser, TEXT("on"));
    skip(parser, TOKEN_PIPE);
    do {
        directive->locations |= parse_location(parser);
    } while (skip(parser, TOKEN_PIPE));
}

/* --- definitions --------------------------------------------------------------------------------------------------------- */

static const struct text definition_keywords[] = {
    [DOCUMENT_DEFINE_SCHEMA] = TEXT("schema"), [DOCUMENT_DEFINE_SCALAR] = TEXT("scalar"),
    [DOCUMENT_DEFINE_OBJECT] = TEXT("type"),   [DOCUMENT_DEFINE_INTERFACE] = TEXT("interface"),
    [DOCUMENT_DEFINE_UNION] = TEXT("union"),   [DOCUMENT_DEFINE_ENUM] = TEXT("enum"),
    [DOCUMENT_DEFINE_INPUT] = TEXT("input"),   [DOCUMENT_DEFINE_DIRECTIVE] = TEXT("directive"),
};

static bool skip_definition_keyword(struct parser *parser, enum document_definition_kind *kind)
{
    for (*kind = DOCUMENT_DEFINE_SCHEMA; *kind <= DOCUMENT_DEFINE_DIRECTIVE; ++*kind)
        if (skip_keyword(parser, definition_keywords[*kind]))
            return true;
    return false;
}

static void parse_contents(struct parser *parser, struct document_definition *definition)
{
    if (definition->kind == DOCUMENT_DEFINE_DIRECTIVE) {
        parse_directive_definition(parser, definition);
        return;
    }
    if (definition->kind != DOCUMENT_DEFINE_SCHEMA)
        definition->name = parse_name(parser);
    if (definition->kind == DOCUMENT_DEFINE_OBJECT || definition->kind == DOCUMENT_DEFINE_INTERFACE)
        definition->interfaces = parse_interfaces(parser);
    definition->directives = parse_directives(parser, true);

    switch (definition->kind) {
    case DOCUMENT_DEFINE_SCHEMA:
        parse_roots(parser, definition);
        break;
    case DOCUMENT_DEFINE_OBJECT:
    case DOCUMENT_DEFINE_INTERFACE:
        definition->fields = parse_fields(parser);
        break;
    case DOCUMENT_DEFINE_UNION:
        if (skip(parser, TOKEN_EQUALS))
            definition->members = parse_names(parser, TOKEN_PIPE);
        break;
    case DOCUMENT_DEFINE_ENUM:
        definition->values = parse_enum_values(parser);
        break;
    case DOCUMENT_DEFINE_INPUT:
        definition->inputs = parse_inputs(parser, TOKEN_BRACE_OPEN, TOKEN_BRACE_CLOSE);
        break;
    case DOCUMENT_DEFINE_SCALAR:
    case DOCUMENT_DEFINE_DIRECTIVE:
        break;
    }
}

static bool adds_something(const struct document_definition *extension)
{
    bool has_roots = false;
    for (enum document_operation_kind kind = DOCUMENT_QUERY; kind <= DOCUMENT_SUBSCRIPTION; kind++)
        has_roots = has_roots || extension->roots[kind].length > 0;
    return extension->directives || extension->interfaces || extension->fields || extension->members || extension->values ||
           extension->inputs || has_roots;
}

struct document_definition *parse_definition(struct parser *parser, struct document_value *description, uint32_t at)
{
    struct document_definition *definition = ARENA_NEW(parser->arena, struct document_definition);
    definition->at = at;
    definition->description = description;
    definition->is_extension = !description && skip_keyword(parser, TEXT("extend"));
    if (!skip_definition_keyword(parser, &definition->kind) ||
        (definition->is_extension && definition->kind == DOCUMENT_DEFINE_DIRECTIVE)) {
        refuse_token(parser, definition->is_extension ? "what to extend" : "a definition");
        return definition;
    }
    parse_contents(parser, definition);
    if (definition->is_extension && !adds_something(definition))
        refuse_token(parser, "what the extension adds");
    return definition;
}
