/*
 * What the two halves of the parser share: parser.c reads what is executed, parser_sdl.c type systems.
 *
 * Functions are named by the rule of the grammar that they read. None checks whether something went wrong before: after the first error
 * every token is TOKEN_END (lexer.h), every list ends there, and the tree that comes out is thrown away.
 */
#ifndef SOUK_GRAPHQL_PARSER_INTERNAL_H
#define SOUK_GRAPHQL_PARSER_INTERNAL_H

#include "gateways/graphql/language/lexer.h"
#include "gateways/graphql/language/parser.h"

struct parser {
    struct lexer lexer;
    struct arena *arena;
    const struct graphql_limits *limits;
    size_t depth;
    size_t aliases;
    size_t directives;
};

/* A list is filled through the place where its next node goes: `*tail = node; tail = &node->next`. */
#define APPEND(tail, node) (*(tail) = (node), (tail) = &(node)->next)

static inline const struct token *token(const struct parser *parser)
{
    return &parser->lexer.token;
}
static inline bool at_kind(const struct parser *parser, enum token_kind kind)
{
    return parser->lexer.token.kind == kind;
}
/* Whether the present token is that name. */
bool at_keyword(const struct parser *parser, struct text keyword);
static inline void advance(struct parser *parser)
{
    lexer_next(&parser->lexer);
}
/* Step over a token if it is the present one. */
bool skip(struct parser *parser, enum token_kind kind);
bool skip_keyword(struct parser *parser, struct text keyword);
/* Step over a token that must be the present one. */
void expect(struct parser *parser, enum token_kind kind);
void expect_keyword(struct parser *parser, struct text keyword);
/* The present token can't stand here; `expected` in words. */
void refuse_token(struct parser *parser, const char *expected);

/* Around everything that can nest in itself. False, with an error, when it is too deep; then no leave(). */
bool enter(struct parser *parser);
void leave(struct parser *parser);

struct text parse_name(struct parser *parser);
/* A string, or NULL. */
struct document_value *parse_description(struct parser *parser);
struct document_type *parse_type(struct parser *parser);
struct document_directive *parse_directives(struct parser *parser, bool constant);
/* A default, with the = before it; or NULL. */
struct document_value *parse_default_value(struct parser *parser);

/* A definition or extension of a type system; `description` stood before it, or is NULL, and then it began at `at`. */
struct document_definition *parse_definition(struct parser *parser, struct document_value *description, uint32_t at);

#endif
