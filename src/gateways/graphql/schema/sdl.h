/*
 * SDL: a schema as people read it and tools take it. Each definition is written as graphql-js's printSchema() would write it, to the
 * octet; they stand in the order of their names. What every GraphQL schema has is left out.
 */
#ifndef SOUK_GRAPHQL_SDL_H
#define SOUK_GRAPHQL_SDL_H

#include "gateways/graphql/schema/schema.h"

void graphql_schema_print(const struct graphql_schema *schema, struct buffer *out);

#endif
