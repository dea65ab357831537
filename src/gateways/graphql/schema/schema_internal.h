/*
 * What the files that make schemas share.
 */
#ifndef SOUK_GRAPHQL_SCHEMA_INTERNAL_H
#define SOUK_GRAPHQL_SCHEMA_INTERNAL_H

#include "gateways/graphql/schema/binding.h"
#include "gateways/graphql/schema/build.h"

/* --- introspection.c --- */

/* The types of introspection and the meta fields. The schema has its scalars already. */
void graphql_add_introspection(struct graphql_schema *schema);

/* --- build.c --- */

/* Literals, for defaults. */
const struct document_value *graphql_literal_int(struct graphql_schema *schema, int number);
const struct document_value *graphql_literal_boolean(struct graphql_schema *schema, bool value);
const struct document_value *graphql_literal_string(struct graphql_schema *schema, const char *string);

/* A binding of that resolver, to be completed. */
struct graphql_binding *graphql_binding_new(struct graphql_schema *schema, enum graphql_resolver resolver);

#define GRAPHQL_BUILT_IN_DIRECTIVES 5 /* the first ones of each schema */
#define GRAPHQL_DEPRECATED "No longer supported" /* the reason where none is given */

#endif
