/*
 * What the files that derive a schema from our contracts share.
 *
 *     derive.c              roots, Node, and what every derived schema has
 *     derive_names.c        what types and operations are called
 *     derive_describe.c     what people read about them
 *     derive_types.c        messages and enums as types: of answers, of requests
 *     derive_operations.c   queries, links and subscriptions
 *     derive_mutations.c    mutations, with their inputs and payloads
 */
#ifndef SOUK_GRAPHQL_DERIVE_INTERNAL_H
#define SOUK_GRAPHQL_DERIVE_INTERNAL_H

#include "gateways/graphql/schema/derive.h"
#include "gateways/graphql/schema/schema_internal.h"

struct derivation {
    struct graphql_schema *schema;
    struct arena *arena; /* the schema's */
    const struct service_declaration *const *services;
    size_t service_count;
    unsigned scopes;

    /* Names: derive_names.c's own. */
    struct lookup bearers;          /* how many messages and enums bear a short name */
    struct lookup operation_owners; /* by name: which operation has it */
    struct lookup operation_names;  /* by the method's full name: which of these it has */
    const char **names;
    size_t name_count;

    /* What all share. */
    const struct graphql_type *long_type, *date_time_type;
    struct graphql_type *query, *mutation, *subscription; /* NULL until something is in it; query always is */
    struct graphql_type *node, *page_info, *user_error;
};

/* --- derive.c --- */

/* Whether any caller sees the operation in GraphQL, and whether callers of this schema do. */
bool derive_is_shown(const struct method_declaration *method);
bool derive_is_allowed(const struct derivation *derivation, const char *scope);
/* Whether it only reads: a query, or a saga that is asked for by GET. */
bool derive_is_read(const struct method_declaration *method);
/* The field of the request that its address names: "{product}". Without descriptor when it names none or several. */
struct field derive_key(const struct method_declaration *method);
/* The roots that there are only when something is in them. */
struct graphql_type *derive_mutation(struct derivation *derivation);
struct graphql_type *derive_subscription(struct derivation *derivation);

/* --- derive_names.c --- */

void derive_names(struct derivation *derivation);
/* "Product"; "PricingProduct" where messages of two packages would be a Product. */
const char *derive_message_name(const struct derivation *derivation, const struct message_declaration *message);
const char *derive_enum_name(const struct derivation *derivation, const struct enum_declaration *enumeration);
/* "products" for ListProducts. */
const char *derive_operation_name(const struct derivation *derivation, const struct method_declaration *method);
/* "priceList" for "PriceList" and "price-list". */
const char *derive_lower(struct arena *arena, const char *name);
/* "PARTIALLY_FULFILLED". */
const char *derive_upper(struct arena *arena, const char *name);

/* --- derive_describe.c: all in the arena; NULL for nothing to say --- */

const char *derive_describe(const char *comment);
/* The comment and the scope that it takes. */
const char *derive_describe_operation(struct arena *arena, const struct method_declaration *method, const char *further);
/* The comment and the limits of what may be given. */
const char *derive_describe_input(struct arena *arena, struct field field);

/* --- derive_types.c --- */

enum derive_use { DERIVE_INPUT, DERIVE_PATCH };

/* The object type of a message, with its links. */
const struct graphql_type *derive_object(struct derivation *derivation, const struct message_declaration *message);
/* The input object of a message; of a PATCH: all may be left out, and null takes a value back. */
const struct graphql_type *derive_input_object(struct derivation *derivation, const struct message_declaration *message,
                                               enum derive_use use);
/* Add what a field of a message is to the type of its answers; nothing when it is not for this caller. */
void derive_add_field(struct derivation *derivation, struct graphql_type *type, struct field field);
/* The type of a field of a request, without the "!" that it may need. */
const struct graphql_type *derive_input_type(struct derivation *derivation, struct field field, enum derive_use use);
/* Complete an argument or input field that fills `field`. */
void derive_bind_input(struct derivation *derivation, struct graphql_input *input, struct field field,
                       enum graphql_resolver resolver);

/* --- derive_operations.c --- */

void derive_add_query(struct derivation *derivation, const struct method_declaration *method);
/* Add what a link leads to to the type of its message; nothing when it is an action, or not for this caller. */
void derive_add_link(struct derivation *derivation, struct graphql_type *type, const struct message_declaration *message,
                     const struct link_declaration *link);

/* --- derive_mutations.c --- */

void derive_add_mutation(struct derivation *derivation, const struct method_declaration *method);

#endif
