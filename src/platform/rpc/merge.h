/*
 * Merging: what PATCH and PUT do to a message, by field mask (AIP-134).
 */
#ifndef SOUK_PLATFORM_MERGE_H
#define SOUK_PLATFORM_MERGE_H

#include "base/arena.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

#include <google/protobuf/field_mask.pb-c.h>
#include <stdbool.h>

/* Take the top-level fields that the mask names (in snake_case), whole, from `from` into `into`, a message of the same type; "*" takes all,
 * no mask those that are set. Contents are shared, not copied. A name that the message does not have is left out: the gateways refuse it.
 * The caller puts back what is not the client's to say (id, version). */
void message_merge(ProtobufCMessage *into, const ProtobufCMessage *from, const Google__Protobuf__FieldMask *mask);

/* The same for what a client has sent (PATCH: RFC 7396, AIP-134), whose mask may name what is inside: "shipping_address.city", and of maps
 * "attributes.vendor", or "attributes.`custom.size`" where the key is no name. What is inside a message that was not there begins empty. Copies
 * whatever it changes inside, into call->arena. Refuses, with pointers into the resource, where something inside is not what its
 * contract asks for after all (half an address): gateways can't tell, as they see the change only. */
enum result message_patch(struct call *call, const struct message_declaration *declaration, ProtobufCMessage *into,
                          const ProtobufCMessage *from, const Google__Protobuf__FieldMask *mask);

/* Whether two messages of one type say the same. */
bool message_equal(struct arena *arena, const ProtobufCMessage *a, const ProtobufCMessage *b);

/* Whether the mask names this field, or something in it. */
bool mask_has(const Google__Protobuf__FieldMask *mask, const char *field);

#endif
