/*
 * From bytes to tokens, one at a time: the lexical grammar of the GraphQL specification (September 2025, section 2.1).
 *
 * The first thing that is wrong is kept, and from then on every token is TOKEN_END: whoever reads tokens needs no checks of his own, as
 * long as all of his loops end there.
 */
#ifndef SOUK_GRAPHQL_LEXER_H
#define SOUK_GRAPHQL_LEXER_H

#include "base/arena.h"
#include "gateways/graphql/language/document.h"

#define TOKEN_TABLE(ROW)                    \
    ROW(END, "the end of the document")     \
    ROW(BANG, "\"!\"")                      \
    ROW(DOLLAR, "\"$\"")                    \
    ROW(AMPERSAND, "\"&\"")                 \
    ROW(PAREN_OPEN, "\"(\"")                \
    ROW(PAREN_CLOSE, "\")\"")               \
    ROW(SPREAD, "\"...\"")                  \
    ROW(COLON, "\":\"")                     \
    ROW(EQUALS, "\"=\"")                    \
    ROW(AT, "\"@\"")                        \
    ROW(BRACKET_OPEN, "\"[\"")              \
    ROW(BRACKET_CLOSE, "\"]\"")             \
    ROW(BRACE_OPEN, "\"{\"")                \
    ROW(PIPE, "\"|\"")                      \
    ROW(BRACE_CLOSE, "\"}\"")               \
    ROW(NAME, "a name")                     \
    ROW(INT, "an integer")                  \
    ROW(FLOAT, "a number with a fraction")  \
    ROW(STRING, "a string")                 \
    ROW(BLOCK_STRING, "a block string")

enum token_kind {
#define TOKEN_ENUM(name, words) TOKEN_##name,
    TOKEN_TABLE(TOKEN_ENUM)
#undef TOKEN_ENUM
        TOKEN_KIND_COUNT
};

struct token {
    enum token_kind kind;
    uint32_t at;
    struct text text; /* NAME, INT, FLOAT: as written; STRING, BLOCK_STRING: what it means, in the arena */
};

struct lexer {
    struct token token; /* the present one */
    const char *at;     /* behind it */
    const char *end;
    size_t token_count;
    size_t tokens_max;
    bool failed;
    const struct document *document;
    struct arena *arena;
    struct graphql_error *error;
};

/* Begin with the first token of the document's source. It must be well-formed UTF-8, or that is the error. */
void lexer_init(struct lexer *lexer, struct arena *arena, const struct document *document, size_t tokens_max,
                struct graphql_error *error);
void lexer_next(struct lexer *lexer);

/* Keep an error, unless there is one, and end. */
void lexer_fail(struct lexer *lexer, enum result code, uint32_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What stands there, for messages: `"query"`, `a string`. */
const char *lexer_describe(const struct lexer *lexer);
extern const char *const token_words[TOKEN_KIND_COUNT];

#endif
