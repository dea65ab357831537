/*
 * From text to document, by the grammar of the GraphQL specification of September 2025: executable documents, and SDL.
 *
 * Text comes from anybody, so everything is bounded: bytes and tokens (so that memory is: at most 60 bytes for each byte of
 * text, and LIMIT_CALL_ARENA is never reached), nesting (so that the stack is), aliases and directives.
 */
#ifndef SOUK_GRAPHQL_PARSER_H
#define SOUK_GRAPHQL_PARSER_H

#include "base/arena.h"
#include "gateways/graphql/language/document.h"
#include "gateways/graphql/language/error.h"

struct graphql_limits {
    size_t bytes;
    size_t tokens;
    size_t depth; /* of selection sets, values and types in each other */
    size_t aliases;
    size_t directives;
};

/* For documents from the wire: LIMIT_GRAPHQL_…. */
extern const struct graphql_limits graphql_limits_public;
/* For documents that the operator wrote (trusted documents) and for SDL: bounded by their bytes and their nesting only. */
extern const struct graphql_limits graphql_limits_trusted;

/* Parse `text` into the arena, which must have room for the limits given. True with the document; false with the one error, a syntax
 * error or a limit. The text is copied; the limits are borrowed for as long as the document lives, as validation holds to them too. */
bool graphql_parse(struct arena *arena, struct text text, const struct graphql_limits *limits, struct document **document,
                   struct graphql_error *error);

/* Parse one value by itself, as in a default of a schema; it may hold no variables. */
bool graphql_parse_value(struct arena *arena, struct text text, struct document_value **value, struct graphql_error *error);

#endif
