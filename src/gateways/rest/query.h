/*
 * The query of a request: names and values, decoded, in the order they came.
 */
#ifndef SOUK_REST_QUERY_H
#define SOUK_REST_QUERY_H

#include "base/arena.h"
#include "base/text.h"

struct query_parameter {
    const char *name;
    const char *value;
    bool taken; /* somebody knows it; what nobody knows is refused */
};
struct query {
    struct query_parameter *parameters;
    size_t count;
};

/* Read "a=1&b=2" into the arena. False when it is not well-formed or has more than LIMIT_QUERY_PARAMETERS. */
bool query_read(struct query *query, struct text text, struct arena *arena);
/* The value of a parameter that the gateway itself knows, and takes it; NULL when it is not there. Of several the first, and the
 * others stay untaken. */
const char *query_take(struct query *query, const char *name);
/* Write the query in its one normal form, sorted by name, but without the parameters named `without` (NULL: with all); begins with
 * `?` unless it is empty. */
void query_write(const struct query *query, const char *without, struct buffer *out);
/* Percent-encode everything but RFC 3986's unreserved characters. */
void percent_encode(struct text text, struct buffer *out);

#endif
