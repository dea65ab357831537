/*
 * The schema of our contracts: README.md says what becomes of what.
 *
 * There is one for each set of scopes, as a caller sees only what they may do. One takes about a millisecond to make, so whoever needs it makes
 * it at the first request with those scopes, and keeps it.
 */
#ifndef SOUK_GRAPHQL_DERIVE_H
#define SOUK_GRAPHQL_DERIVE_H

#include "gateways/graphql/schema/schema.h"
#include "platform/rpc/reflect.h"

/* Of operations without a scope, and those whose scope is in `scopes` (enum scope, or-ed). 0: the shop's, at /graphql. */
struct graphql_schema *graphql_schema_derive(const struct service_declaration *const *services, size_t service_count,
                                             unsigned scopes);

/* For a type that implements Node: the field of the request of type->message->get that takes its id. */
struct field graphql_node_key(const struct graphql_type *type);

#endif
