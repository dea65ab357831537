/*
 * From tokens to a document, by recursive descent: executable documents, and what they share with type systems.
 *
 * The descent is as deep as the document nests, so every rule that can meet itself again counts the depth (enter(), leave()).
 */
#include "base/limits.h"
#include "gateways/graphql/language/parser_internal.h"

const struct graphql_limits graphql_limits_public = {
    .bytes = LIMIT_GRAPHQL_BYTES,
    .tokens = LIMIT_GRAPHQL_TOKENS,
    .depth = LIMIT_GRAPHQL_DEPTH,
    .aliases = LIMIT_GRAPHQL_ALIASES,
    .directives = LIMIT_GRAPHQL_DIRECTIVES,
};

const struct graphql_limits graphql_limits_trusted = {
    .bytes = LIMIT_GRAPHQL_TRUSTED_BYTES,
    .tokens = LIMIT_GRAPHQL_TRUSTED_BYTES,
    .depth = LIMIT_GRAPHQL_TRUSTED_DEPTH,
    .aliases = LIMIT_GRAPHQL_TRUSTED_BYTES,
    .directives = LIMIT_GRAPHQL_TRUSTED_BYTES,
};

/* --- tokens -------------------------------------------------------------------------------------------------------------- */

bool at_keyword(const struct parser *parser, struct text keyword)
{
    return at_kind(parser, TOKEN_NAME) && text_equal(token(parser)->text, keyword);
}

bool skip(struct parser *parser, enum token_kind kind)
{
    if (!at_kind(parser, kind))
        return false;
    advance(parser);
    return true;
}

bool skip_keyword(struct parser *parser, struct text keyword)
{
    if (!at_keyword(parser, keyword))
        return false;
    advance(parser);
    return true;
}

void refuse_token(struct parser *parser, const char *expected)
{
    if (!parser->lexer.failed)
        lexer_fail(&parser->lexer, RESULT_GRAPHQL_SYNTAX, token(parser)->at, "Expected %s, found %s.", expected,
                   lexer_describe(&parser->lexer));
}

void expect(struct parser *parser, enum token_kind kind)
{
    if (!skip(parser, kind))
        refuse_token(parser, token_words[kind]);
}

void expect_keyword(struct parser *parser, struct text keyword)
{
    if (!skip_keyword(parser, keyword))
        refuse_token(parser, arena_printf(parser->arena, "\"%.*s\"", (int)keyword.length, keyword.at));
}

/* --- bounds -------------------------------------------------------------------------------------------------------------- */

static void count_against(struct parser *parser, size_t *count, size_t maximum, const char *what)
{
    if (++*count > maximum)
        lexer_fail(&parser->lexer, RESULT_GRAPHQL_LIMIT, token(parser)->at, "The document has more than %zu %s.", maximum, what);
}

bool enter(struct parser *parser)
{
    if (parser->depth >= parser->limits->depth) {
        lexer_fail(&parser->lexer, RESULT_GRAPHQL_LIMIT, token(parser)->at, "The document nests deeper than %zu.",
                   parser->limits->depth);
        return false;
    }
    parser->depth++;
    return true;
}

void leave(struct parser *parser)
{
    parser->depth--;
}

/* --- names, values, types, directives ------------------------------------------------------------------------------------ */

struct text parse_name(struct parser *parser)
{
    struct text name = token(parser)->text;
    expect(parser, TOKEN_NAME);
    return name;
}

static bool parse_value(struct parser *parser, bool constant, struct document_value *value);

static void parse_list_value(struct parser *parser, bool constant, struct document_value *list)
{
    list->kind = DOCUMENT_LIST;
    list->items = NULL;
    advance(parser);
    struct document_value **tail = &list->items;
    while (!at_kind(parser, TOKEN_BRACKET_CLOSE)) {
        struct document_value *item = ARENA_NEW(parser->arena, struct document_value);
        if (!parse_value(parser, constant, item))
            return;
        APPEND(tail, item);
        list->count++;
    }
    advance(parser);
}

static bool parse_argument(struct parser *parser, bool constant, struct document_argument *argument)
{
    argument->name = parse_name(parser);
    expect(parser, TOKEN_COLON);
    return parse_value(parser, constant, &argument->value);
}

static void parse_object_value(struct parser *parser, bool constant, struct document_value *object)
{
    object->kind = DOCUMENT_OBJECT;
    object->fields = NULL;
    advance(parser);
    struct document_argument **tail = &object->fields;
    while (!at_kind(parser, TOKEN_BRACE_CLOSE)) {
        struct document_argument *field = ARENA_NEW(parser->arena, struct document_argument);
        if (!parse_argument(parser, constant, field))
            return;
        APPEND(tail, field);
        object->count++;
    }
    advance(parser);
}

static void parse_name_value(struct parser *parser, struct document_value *value)
{
    struct text name = token(parser)->text;
    value->kind = DOCUMENT_ENUM;
    if (text_equal(name, TEXT("true")) || text_equal(name, TEXT("false"))) {
        value->kind = DOCUMENT_BOOLEAN;
        value->boolean = name.length == 4;
    } else {
        if (text_equal(name, TEXT("null")))
            value->kind = DOCUMENT_NULL;
        value->text = name;
    }
    advance(parser);
}

static void parse_literal(struct parser *parser, enum document_value_kind kind, struct document_value *value)
{
    value->kind = kind;
    value->text = token(parser)->text;
    advance(parser);
}

static void parse_variable_value(struct parser *parser, bool constant, struct document_value *value)
{
    advance(parser);
    if (constant && at_kind(parser, TOKEN_NAME)) {
        lexer_fail(&parser->lexer, RESULT_GRAPHQL_SYNTAX, value->at, "A variable can't stand in a constant value.");
        return;
    }
    value->kind = DOCUMENT_VARIABLE;
    value->text = parse_name(parser);
}

/* False when there is none, or something is wrong in it. */
static bool parse_value(struct parser *parser, bool constant, struct document_value *value)
{
    value->at = token(parser)->at;
    switch (token(parser)->kind) {
    case TOKEN_BRACKET_OPEN:
    case TOKEN_BRACE_OPEN:
        if (!enter(parser))
            break;
        if (at_kind(parser, TOKEN_BRACKET_OPEN))
            parse_list_value(parser, constant, value);
        else
            parse_object_value(parser, constant, value);
        leave(parser);
        break;
    case TOKEN_INT:
        parse_literal(parser, DOCUMENT_INT, value);
        break;
    case TOKEN_FLOAT:
        parse_literal(parser, DOCUMENT_FLOAT, value);
        break;
    case TOKEN_STRING:
    case TOKEN_BLOCK_STRING:
        parse_literal(parser, DOCUMENT_STRING, value);
        break;
    case TOKEN_NAME:
        parse_name_value(parser, value);
        break;
    case TOKEN_DOLLAR:
        parse_variable_value(parser, constant, value);
        break;
    default:
        refuse_token(parser, "a value");
    }
    return !parser->lexer.failed;
}

struct document_value *parse_default_value(struct parser *parser)
{
    if (!skip(parser, TOKEN_EQUALS))
        return NULL;
    struct document_value *value = ARENA_NEW(parser->arena, struct document_value);
    parse_value(parser, true, value);
    return value;
}

struct document_value *parse_description(struct parser *parser)
{
    if (!at_kind(parser, TOKEN_STRING) && !at_kind(parser, TOKEN_BLOCK_STRING))
        return NULL;
    struct document_value *description = ARENA_NEW(parser->arena, struct document_value);
    description->at = token(parser)->at;
    parse_literal(parser, DOCUMENT_STRING, description);
    return description;
}

static struct document_argument *parse_arguments(struct parser *parser, bool constant)
{
    struct document_argument *arguments = NULL, **tail = &arguments;
    if (!skip(parser, TOKEN_PAREN_OPEN))
        return NULL;
    do {
        struct document_argument *argument = ARENA_NEW(parser->arena, struct document_argument);
        if (!parse_argument(parser, constant, argument))
            return NULL;
        APPEND(tail, argument);
    } while (!skip(parser, TOKEN_PAREN_CLOSE));
    return arguments;
}

struct document_type *parse_type(struct parser *parser)
{
    struct document_type *type = ARENA_NEW(parser->arena, struct document_type);
    type->at = token(parser)->at;
    if (at_kind(parser, TOKEN_BRACKET_OPEN)) {
        if (!enter(parser))
            return type;
        advance(parser);
        type->kind = DOCUMENT_TYPE_LIST;
        type->of = parse_type(parser);
        expect(parser, TOKEN_BRACKET_CLOSE);
        leave(parser);
    } else {
        type->kind = DOCUMENT_TYPE_NAMED;
        type->name = token(parser)->text;
        if (!skip(parser, TOKEN_NAME))
            refuse_token(parser, "a type");
    }
    type->is_required = skip(parser, TOKEN_BANG);
    return type;
}

struct document_directive *parse_directives(struct parser *parser, bool constant)
{
    struct document_directive *directives = NULL, **tail = &directives;
    while (at_kind(parser, TOKEN_AT)) {
        count_against(parser, &parser->directives, parser->limits->directives, "directives");
        struct document_directive *directive = ARENA_NEW(parser->arena, struct document_directive);
        directive->at = token(parser)->at;
        advance(parser);
        directive->name = parse_name(parser);
        directive->arguments = parse_arguments(parser, constant);
        APPEND(tail, directive);
    }
    return directives;
}

/* --- selections ---------------------------------------------------------------------------------------------------------- */

static struct document_selection *parse_selections(struct parser *parser, uint32_t *at);

static void parse_field(struct parser *parser, struct document_selection *field)
{
    field->kind = DOCUMENT_FIELD;
    field->key = field->name = parse_name(parser);
    if (skip(parser, TOKEN_COLON)) {
        count_against(parser, &parser->aliases, parser->limits->aliases, "aliases");
        field->name = parse_name(parser);
    }
    field->arguments = parse_arguments(parser, false);
    field->directives = parse_directives(parser, false);
    if (at_kind(parser, TOKEN_BRACE_OPEN))
        field->selections = parse_selections(parser, &field->selections_at);
}

/* What goes on behind "...": a spread, unless the name is "on" or missing. */
static void parse_spread(struct parser *parser, struct document_selection *selection)
{
    advance(parser);
    bool has_condition = skip_keyword(parser, TEXT("on"));
    if (!has_condition && at_kind(parser, TOKEN_NAME)) {
        selection->kind = DOCUMENT_SPREAD;
        selection->name = parse_name(parser);
        selection->directives = parse_directives(parser, false);
        return;
    }
    selection->kind = DOCUMENT_INLINE;
    if (has_condition)
        selection->name = parse_name(parser);
    selection->directives = parse_directives(parser, false);
    selection->selections = parse_selections(parser, &selection->selections_at);
}

static struct document_selection *parse_selections(struct parser *parser, uint32_t *at)
{
    struct document_selection *selections = NULL, **tail = &selections;
    if (!enter(parser))
        return NULL;
    *at = token(parser)->at;
    expect(parser, TOKEN_BRACE_OPEN);
    do {
        struct document_selection *selection = ARENA_NEW(parser->arena, struct document_selection);
        selection->at = token(parser)->at;
        if (at_kind(parser, TOKEN_SPREAD))
            parse_spread(parser, selection);
        else
            parse_field(parser, selection);
        APPEND(tail, selection);
    } while (!parser->lexer.failed && !skip(parser, TOKEN_BRACE_CLOSE));
    leave(parser);
    return selections;
}

/* --- operations and fragments -------------------------------------------------------------------------------------------- */

static struct document_variable *parse_variable(struct parser *parser)
{
    struct document_variable *variable = ARENA_NEW(parser->arena, struct document_variable);
    variable->at = token(parser)->at;
    variable->description = parse_description(parser);
    variable->variable_at = token(parser)->at;
    expect(parser, TOKEN_DOLLAR);
    variable->name = parse_name(parser);
    expect(parser, TOKEN_COLON);
    variable->type = parse_type(parser);
    variable->default_value = parse_default_value(parser);
    variable->directives = parse_directives(parser, true);
    return variable;
}

static void parse_variables(struct parser *parser, struct document_operation *operation)
{
    if (!skip(parser, TOKEN_PAREN_OPEN))
        return;
    struct document_variable **tail = &operation->variables;
    do {
        struct document_variable *variable = parse_variable(parser);
        APPEND(tail, variable);
        operation->variable_count++;
    } while (!parser->lexer.failed && !skip(parser, TOKEN_PAREN_CLOSE));
}

static struct document_operation *parse_operation(struct parser *parser, enum document_operation_kind kind,
                                                  struct document_value *description, uint32_t at)
{
    struct document_operation *operation = ARENA_NEW(parser->arena, struct document_operation);
    operation->kind = kind;
    operation->at = at;
    operation->description = description;
    if (!at_kind(parser, TOKEN_BRACE_OPEN)) {
        advance(parser);
        if (at_kind(parser, TOKEN_NAME))
            operation->name = parse_name(parser);
        parse_variables(parser, operation);
        operation->directives = parse_directives(parser, false);
    }
    operation->selections = parse_selections(parser, &operation->selections_at);
    return operation;
}

static struct document_fragment *parse_fragment(struct parser *parser, struct document_value *description, uint32_t at)
{
    struct document_fragment *fragment = ARENA_NEW(parser->arena, struct document_fragment);
    fragment->at = at;
    fragment->description = description;
    advance(parser);
    if (at_keyword(parser, TEXT("on")))
        refuse_token(parser, "the name of a fragment");
    fragment->name = parse_name(parser);
    expect_keyword(parser, TEXT("on"));
    fragment->type_condition = parse_name(parser);
    fragment->directives = parse_directives(parser, false);
    fragment->selections = parse_selections(parser, &fragment->selections_at);
    return fragment;
}

/* --- documents ----------------------------------------------------------------------------------------------------------- */

/* The three lists of a document, each as far as it has been read. */
struct tails {
    struct document_operation **operations;
    struct document_fragment **fragments;
    struct document_definition **definitions;
};

static bool at_operation(const struct parser *parser, enum document_operation_kind *kind)
{
    static const struct text keywords[] = {TEXT("query"), TEXT("mutation"), TEXT("subscription")};
    for (*kind = DOCUMENT_QUERY; *kind <= DOCUMENT_SUBSCRIPTION; ++*kind)
        if (at_keyword(parser, keywords[*kind]))
            return true;
    *kind = DOCUMENT_QUERY;
    return at_kind(parser, TOKEN_BRACE_OPEN);
}

static void parse_document_definition(struct parser *parser, struct document *document, struct tails *tails)
{
    uint32_t at = token(parser)->at;
    struct document_value *description = parse_description(parser);
    if (description && at_kind(parser, TOKEN_BRACE_OPEN)) {
        lexer_fail(&parser->lexer, RESULT_GRAPHQL_SYNTAX, at, "An operation without a keyword can't have a description.");
        return;
    }

    enum document_operation_kind kind;
    if (at_operation(parser, &kind)) {
        struct document_operation *operation = parse_operation(parser, kind, description, at);
        APPEND(tails->operations, operation);
        document->operation_count++;
    } else if (at_keyword(parser, TEXT("fragment"))) {
        struct document_fragment *fragment = parse_fragment(parser, description, at);
        fragment->index = document->fragment_count++;
        APPEND(tails->fragments, fragment);
    } else {
        struct document_definition *definition = parse_definition(parser, description, at);
        APPEND(tails->definitions, definition);
    }
}

static struct document *document_new(struct arena *arena, struct text source, const struct graphql_limits *limits)
{
    struct document *document = ARENA_NEW(arena, struct document);
    document->arena = arena;
    document->limits = limits;
    document->source = (struct text){arena_strndup(arena, source.at, source.length), source.length};
    return document;
}

/* Refuse what is too long before anything is copied. */
static bool is_too_long(struct arena *arena, struct text text, size_t bytes_max, struct graphql_error *error)
{
    if (text.length <= bytes_max)
        return false;
    *error = (struct graphql_error){
        .code = RESULT_GRAPHQL_LIMIT,
        .message = arena_printf(arena, "The document has %zu bytes, more than %zu.", text.length, bytes_max),
    };
    return true;
}

bool graphql_parse(struct arena *arena, struct text text, const struct graphql_limits *limits, struct document **document,
                   struct graphql_error *error)
{
    if (is_too_long(arena, text, limits->bytes, error))
        return false;
    struct document *parsed = document_new(arena, text, limits);
    struct parser parser = {.arena = arena, .limits = limits};
    struct tails tails = {&parsed->operations, &parsed->fragments, &parsed->definitions};
    lexer_init(&parser.lexer, arena, parsed, limits->tokens, error);
    do {
        parse_document_definition(&parser, parsed, &tails);
    } while (!at_kind(&parser, TOKEN_END));
    parsed->token_count = (uint32_t)parser.lexer.token_count;
    *document = parser.lexer.failed ? NULL : parsed;
    return !parser.lexer.failed;
}

bool graphql_parse_value(struct arena *arena, struct text text, struct document_value **value, struct graphql_error *error)
{
    const struct graphql_limits *limits = &graphql_limits_trusted;
    if (is_too_long(arena, text, limits->bytes, error))
        return false;
    struct parser parser = {.arena = arena, .limits = limits};
    lexer_init(&parser.lexer, arena, document_new(arena, text, limits), limits->tokens, error);
    struct document_value *parsed = ARENA_NEW(arena, struct document_value);
    parse_value(&parser, true, parsed);
    expect(&parser, TOKEN_END);
    *value = parser.lexer.failed ? NULL : parsed;
    return !parser.lexer.failed;
}
