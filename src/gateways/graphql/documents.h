/*
 * Documents that we know: parsed and validated once, and used by every request that sends the same text to the same schema.
 *
 * Beside them are the texts of automatic persisted queries, by their hash. All of it together takes at most so many bytes; past it what
 * nobody asked for lately goes. Any thread.
 */
#ifndef SOUK_GRAPHQL_DOCUMENTS_H
#define SOUK_GRAPHQL_DOCUMENTS_H

#include "gateways/graphql/language/parser.h"
#include "gateways/graphql/schema/schema.h"

struct documents;
struct documents *documents_new(size_t bytes_max);
void documents_free(struct documents *documents);

/* The document of this text, valid for the schema; it lives as long as `arena`. NULL, with what is wrong in `errors`. */
const struct document *documents_take(struct documents *documents, const struct graphql_schema *schema, struct text text,
                                      const struct graphql_limits *limits, struct arena *arena, const struct graphql_error **errors);

/* A text by its hash, in the arena; {NULL, 0} when it is not known (any more). */
struct text documents_recall(struct documents *documents, struct text hash, struct arena *arena);
void documents_remember(struct documents *documents, struct text hash, struct text text);

/* SHA-256, in hexadecimal digits. */
#define DOCUMENT_HASH_LENGTH 64
void document_hash(struct text text, char out[DOCUMENT_HASH_LENGTH + 1]);

#endif
