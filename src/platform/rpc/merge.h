/*
 * Merging: what PATCH and PUT do to a message, by field mask (AIP-134).
 */
#ifndef SOUK_PLATFORM_MERGE_H
#define SOUK_PLATFORM_MERGE_H

#include "base/arena.h"

#include <google/protobuf/field_mask.pb-c.h>
#include <stdbool.h>

/* Take the top-level fields that the mask names (in snake_case) from `from` into `into`, a message of the same type; "*" takes all,
 * no mask those that are set. Contents are shared, not copied. A name that the message does not have is left out: the gateways refuse it.
 * The caller puts back what is not the client's to say (id, version). */
void message_merge(ProtobufCMessage *into, const ProtobufCMessage *from, const Google__Protobuf__FieldMask *mask);

/* Whether two messages of one type say the same. */
bool message_equal(struct arena *arena, const ProtobufCMessage *a, const ProtobufCMessage *b);

/* Whether the mask names this field. */
bool mask_has(const Google__Protobuf__FieldMask *mask, const char *field);

#endif
