/*
 * SDL: a schema as people read it and tools take it. What graphql-js's printSchema() would print of it, to the byte: types in the order of their names,
 * without what is built in.
 */
#ifndef SOUK_GRAPHQL_SDL_H
#define SOUK_GRAPHQL_SDL_H

#include "gateways/graphql/schema/schema.h"

void graphql_schema_print(const struct graphql_schema *schema, struct buffer *out);

#endif
