/*
 * What is wrong with a document, in the words and places of the specification's "Errors": a message, and where in the text.
 */
#ifndef SOUK_GRAPHQL_ERROR_H
#define SOUK_GRAPHQL_ERROR_H

#include "platform/rpc/result.h"

#include <stddef.h>
#include <stdint.h>

/* Both count from 1; a column is a code point. */
struct graphql_location {
    uint32_t line;
    uint32_t column;
};

/* Everything lives in the arena of who asked. */
struct graphql_error {
    enum result code; /* GRAPHQL_SYNTAX, GRAPHQL_INVALID, GRAPHQL_LIMIT */
    const char *rule; /* that a document breaks, as named in validate/; NULL for others */
    const char *message;
    const struct graphql_location *locations;
    size_t location_count;
    struct graphql_error *next; /* in the order they were found */
};

#endif
