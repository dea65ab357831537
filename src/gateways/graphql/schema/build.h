/*
 * Making a schema: type by type, and then once and for all.
 *
 *     struct graphql_schema *schema = graphql_schema_new();
 *     struct graphql_type *product = graphql_add_type(schema, GRAPHQL_OBJECT, "Product");
 *     struct graphql_field *title = graphql_add_field(schema, product, "title", graphql_non_null(schema, schema->string_type));
 *     …
 *     graphql_schema_finish(schema, query, mutation, subscription);
 *
 * Strings are borrowed for as long as the schema lives; what is made for it goes to schema->arena. Pointers to fields, arguments and values are
 * good until the next one is added beside.
 */
#ifndef SOUK_GRAPHQL_BUILD_H
#define SOUK_GRAPHQL_BUILD_H

#include "gateways/graphql/schema/schema.h"

/* A schema with the built-in scalars, directives and the types of introspection. */
struct graphql_schema *graphql_schema_new(void);

/* A type of a name that is not there yet. */
struct graphql_type *graphql_add_type(struct graphql_schema *schema, enum graphql_type_kind kind, const char *name);
struct graphql_field *graphql_add_field(struct graphql_schema *schema, struct graphql_type *type, const char *name,
                                        const struct graphql_type *of);
struct graphql_input *graphql_add_argument(struct graphql_schema *schema, struct graphql_field *field, const char *name,
                                           const struct graphql_type *type);
struct graphql_input *graphql_add_input(struct graphql_schema *schema, struct graphql_type *type, const char *name,
                                        const struct graphql_type *of);
struct graphql_enum_value *graphql_add_value(struct graphql_schema *schema, struct graphql_type *type, const char *name);
/* An interface that an object or interface implements; or a member of a union. */
void graphql_add_interface(struct graphql_schema *schema, struct graphql_type *type, const struct graphql_type *interface);
void graphql_add_member(struct graphql_schema *schema, struct graphql_type *type, const struct graphql_type *member);
struct graphql_directive *graphql_add_directive(struct graphql_schema *schema, const char *name, uint32_t locations);
struct graphql_input *graphql_add_directive_argument(struct graphql_schema *schema, struct graphql_directive *directive,
                                                     const char *name, const struct graphql_type *type);

const struct graphql_type *graphql_list_of(struct graphql_schema *schema, const struct graphql_type *type);
const struct graphql_type *graphql_non_null(struct graphql_schema *schema, const struct graphql_type *type);

/* Sort, look up, and count costs. Nothing may be added afterwards. `mutation` and `subscription` may be NULL. */
void graphql_schema_finish(struct graphql_schema *schema, const struct graphql_type *query,
                           const struct graphql_type *mutation, const struct graphql_type *subscription);

/* The schema that a parsed document of definitions (SDL) describes, for tests and tools; the document must live as long. NULL, with why not
 * in `error` (in `arena`), when it describes none. */
struct graphql_schema *graphql_schema_from_document(const struct document *document, struct arena *arena,
                                                    struct graphql_error *error);

#endif
