/*
 * Messages by descriptor: what the platform does with requests, answers and events whose type it learns at run time.
 */
#ifndef SOUK_PLATFORM_MESSAGE_H
#define SOUK_PLATFORM_MESSAGE_H

#include "base/arena.h"
#include "base/text.h"
#include "platform/rpc/call.h"

/* The bytes that one value of a field of this type takes in a message. */
size_t message_value_size(ProtobufCType type);

/* An initialised message in the arena. */
ProtobufCMessage *message_new(struct arena *arena, const ProtobufCMessageDescriptor *descriptor);
/* Its bytes, in the arena. */
struct text message_pack(struct arena *arena, const ProtobufCMessage *message);
/* The message of these bytes, in the arena; NULL when they are none. */
ProtobufCMessage *message_unpack(struct arena *arena, const ProtobufCMessageDescriptor *descriptor, struct text packed);

/* What is found at a path of field names ("id", "product.id", "variants.sku"), as text: every value of strings and whole numbers, through
 * repeated fields all of theirs. Calls back with strings in `arena`; unset and empty ones are left out. */
void message_each_text(const ProtobufCMessage *message, struct text path, struct arena *arena,
                       void (*each)(void *data, const char *value), void *data);

/* A problem as a message, packed, and back. Everything lives in the arena. */
struct text problem_pack(struct arena *arena, const struct problem *problem);
struct problem problem_unpack(struct arena *arena, struct text packed);
/* A copy of all of it in `arena`. */
struct problem problem_copy(struct arena *arena, const struct problem *problem);

#endif
