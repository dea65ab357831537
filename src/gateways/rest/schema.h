/*
 * JSON Schemas (2020-12) of messages, for the reference.
 *
 * What a message looks like depends on where it is: an answer shows what is output_only and always writes most members; a request leaves
 * those out and requires others; a PATCH requires nothing and takes null. Where all that makes no difference there is one schema, otherwise "Product",
 * "ProductInput" and "ProductPatch". Schemas that others refer to are collected, and written once at the end.
 */
#ifndef SOUK_REST_SCHEMA_H
#define SOUK_REST_SCHEMA_H

#include "base/json_write.h"
#include "gateways/rest/links.h"

enum schema_use { SCHEMA_ANSWER, SCHEMA_INPUT, SCHEMA_PATCH };

#define SCHEMAS_MAX 512

struct schemas {
    struct json_writer *json;
    struct arena *arena;
    const struct resource_table *resources;
    struct {
        const struct message_declaration *message;
        enum schema_use use;
        const char *name;
    } wanted[SCHEMAS_MAX];
    size_t wanted_count;
};

/* {"$ref": "#/components/schemas/Product"}, and note that it is wanted. */
void schema_write_ref(struct schemas *schemas, const struct message_declaration *message, enum schema_use use);
/* The schema of one field, with its description and limits. */
void schema_write_field(struct schemas *schemas, struct field field, enum schema_use use);
/* An object of some of a request's fields (bits by index). */
void schema_write_some(struct schemas *schemas, const struct message_declaration *message, uint64_t fields);
/* Members "Product": {…} for all that is wanted, and for all that those refer to. */
void schema_write_wanted(struct schemas *schemas);

#endif
