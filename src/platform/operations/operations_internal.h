/*
 * What the files of the operations share.
 */
#ifndef SOUK_PLATFORM_OPERATIONS_INTERNAL_H
#define SOUK_PLATFORM_OPERATIONS_INTERNAL_H

#include "base/limits.h"
#include "platform/operations/operations.h"

#include "google/protobuf/timestamp.pb-c.h"
#include "souk/operations/v1/operations.souk.h"

/* The answers of several hosts to one request for a list, made into the answer: in `arena`, where they live, too. */
ProtobufCMessage *events_merge(struct arena *arena, const ProtobufCMessage *request, ProtobufCMessage **answers, size_t count);
ProtobufCMessage *sagas_merge(struct arena *arena, const ProtobufCMessage *request, ProtobufCMessage **answers, size_t count);
ProtobufCMessage *dead_letters_merge(struct arena *arena, const ProtobufCMessage *request, ProtobufCMessage **answers, size_t count);

/* How many items the request asks for. */
static inline size_t limit_of(int32_t limit)
{
    return limit > 0 ? (size_t)limit : LIMIT_PAGE_DEFAULT;
}

Google__Protobuf__Timestamp *timestamp_new(struct arena *arena, int64_t us);
/* A packed souk.common.v1.Problem, as the message; NULL for none. */
Common__Problem *problem_message(struct arena *arena, struct text packed);

#endif
