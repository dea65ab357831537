/*
 * Whether a document may be executed against a schema: every rule of the chapter "Validation" of the GraphQL specification
 * (September 2025).
 *
 * A document comes from anybody, so what validation costs is bounded: each rule takes time in proportion to the document, but for the
 * merging of fields of the same name, whose steps are counted (LIMIT_GRAPHQL_MERGE_STEPS), and no rule recurses deeper than
 * the parser let the document nest, or than its fragments nest in each other, which is bounded too (LIMIT_GRAPHQL_DEPTH).
 */
#ifndef SOUK_GRAPHQL_VALIDATE_H
#define SOUK_GRAPHQL_VALIDATE_H

#include "gateways/graphql/language/document.h"
#include "gateways/graphql/schema/schema.h"

struct graphql_validation {
    const struct graphql_error *errors; /* NULL when the document is valid; else at most `errors_max` */
    size_t error_count;
};

/* Validate a document; what its names mean in the schema is written into it (`resolved`). Errors live in the arena; the document may live in
 * another. No more than `errors_max` are looked for. */
struct graphql_validation graphql_validate(const struct graphql_schema *schema, struct document *document, size_t errors_max,
                                           struct arena *arena);

#endif
