/*
 * Validation: whether what came from outside keeps the limits that its .proto declares.
 *
 * Every gateway checks with this before a handler sees a request: lengths in code points, ranges, counts, patterns, formats, required
 * fields. What needs state (is there such a product?) is the handlers' business. All violations are collected, up to
 * LIMIT_VIOLATIONS, each with a pointer (RFC 6901) to its place.
 */
#ifndef SOUK_PLATFORM_VALIDATE_H
#define SOUK_PLATFORM_VALIDATE_H

#include "platform/rpc/call.h"
#include "platform/rpc/reflect.h"

#include <google/protobuf/field_mask.pb-c.h>

/* A place in a request: a chain on the stack, written out only when something is wrong there. NULL is the whole body. */
struct pointer {
    const struct pointer *up;
    struct text name; /* of a member; at NULL: an item of a list */
    size_t index;
    bool query; /* a query parameter: "?name" */
};
const char *pointer_text(const struct pointer *pointer, struct arena *arena);

/* Where violations go. */
struct validation {
    struct call *call; /* NULL: only count */
    size_t count;
};
/* The detail is a format. */
void violation_add(struct validation *validation, const struct pointer *at, const char *code, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));

/* One value that is there, be it 0 or empty: limits, pattern, format. */
void validate_value(struct validation *validation, struct field field, const void *value, const struct pointer *at);
/* The number of values of a list or map. */
void validate_item_count(struct validation *validation, struct field field, size_t count, const struct pointer *at);
/* A whole message whose encoding does not tell 0 from absent (protobuf): what is 0 or empty counts as absent. */
void validate_message(struct validation *validation, const struct message_declaration *declaration,
                      const ProtobufCMessage *message, const struct pointer *at);

/* One field of such a message. */
void validate_field(struct validation *validation, struct field field, const ProtobufCMessage *message, const struct pointer *up);
/* A message that says how a resource is to be (AIP-134): only the fields that the mask names, all for "*", and those that are set where
 * there is no mask. A mask may name nothing else. */
void validate_update(struct validation *validation, const struct message_declaration *declaration, const ProtobufCMessage *message,
                     const Google__Protobuf__FieldMask *mask, const struct pointer *at);

#endif
