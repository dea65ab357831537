/*
 * Input coercion: from what a client wrote to values that surely fit their types (specification, "CoerceVariableValues",
 * "CoerceArgumentValues").
 *
 * Values are jansson's, in the form that GraphQL gives them: enums by the names of their values, input objects by the names of their
 * fields with defaults filled in. What was not given is not there; what was given as null is null.
 */
#ifndef SOUK_GRAPHQL_COERCE_H
#define SOUK_GRAPHQL_COERCE_H

#include "gateways/graphql/schema/schema.h"

#include <jansson.h>

/* The variables of an operation from what the client sent (NULL: nothing), in the arena. NULL, with why not in `error`. */
const json_t *coerce_variables(const struct graphql_schema *schema, const struct document *document,
                               const struct document_operation *operation, const json_t *given, struct arena *arena,
                               struct graphql_error *error);

/* The arguments of a field or directive, by their names, in the arena. NULL, with a sentence in `message` about what is wrong, which only a
 * variable can bring about in a validated document. */
const json_t *coerce_arguments(const struct graphql_input *inputs, size_t input_count, const struct document_argument *given,
                               const json_t *variables, struct arena *arena, const char **message);

#endif
