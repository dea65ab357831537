/*
 * Execution: from a validated document to its answer (specification, "Execution").
 *
 *     plan.c       which fields, of which objects: fragments put in, @skip and @include done, arguments coerced; and what it costs
 *     request.c    arguments to the message that an operation takes
 *     load.c       calls: of each field one for all its parents, level by level, mutations one after the other
 *     complete.c   messages to JSON, in the order of the document; errors with their paths, null where something is missing
 *
 * What a field is answered from is its binding (schema/binding.h). Loading comes first and completing afterwards, so that a list of 24
 * products with their prices is two calls, and so that the answer is written once from front to back.
 */
#ifndef SOUK_GRAPHQL_EXECUTE_H
#define SOUK_GRAPHQL_EXECUTE_H

#include "gateways/graphql/schema/schema.h"
#include "gateways/rest/links.h"
#include "gateways/rest/tags.h"
#include "platform/rpc/call.h"

#include <jansson.h>

struct execution;

struct execution_options {
    const struct graphql_schema *schema;
    const struct document *document; /* valid for this schema */
    const struct document_operation *operation;
    const json_t *variables; /* as sent; NULL: none */
    struct call *call;       /* who asks, until when; its arena is the execution's */
    const struct directory *directory;
    const struct resource_table *resources;
    bool notes_tags; /* tell what the answer was made of even if nobody may keep it */
};

/* Coerce the variables and plan. NULL, with why not in `error`: nothing can be executed. */
struct execution *execution_new(const struct execution_options *options, struct graphql_error *error);

/* What it may cost at most. */
int64_t execution_cost_requested(const struct execution *execution);

/* Whether it asks for the schema. */
bool execution_introspects(const struct execution *execution);

/* How long everybody may keep an answer at most, before anything is called; 0: not at all. */
int execution_cache_seconds_planned(const struct execution *execution);

/* Make the calls. `done(data)` comes on the call's loop when all have been answered, maybe before this returns; nothing of the execution is
 * touched afterwards. */
void execution_run(struct execution *execution, void (*done)(void *data), void *data);

/* Write the members "data" and, if there are any, "errors" into an open object. Once, after `done`. */
void execution_write(struct execution *execution, struct json_writer *json);

/* After writing: whether something failed. */
bool execution_has_errors(const struct execution *execution);
/* After writing: whether more of the schema was asked for than we tell at once; the answer is cut off then. */
bool execution_is_too_long(const struct execution *execution);
/* After writing: what it did cost. */
int64_t execution_cost_actual(const struct execution *execution);
/* After writing: how long everybody may keep the answer; 0: not at all. */
int execution_cache_seconds(const struct execution *execution);
/* After writing: what the answer was made of; whole where it may be kept, or options.notes_tags. */
const struct tags *execution_tags(const struct execution *execution);

#endif
