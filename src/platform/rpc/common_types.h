/*
 * Times and amounts as messages: what services answer with again and again.
 */
#ifndef SOUK_PLATFORM_COMMON_TYPES_H
#define SOUK_PLATFORM_COMMON_TYPES_H

#include "base/arena.h"
#include "souk/common/v1/types.pb-c.h"

#include <google/protobuf/timestamp.pb-c.h>

/* Both live in the arena; the currency is shared, not copied. */
Common__Money *money_message(struct arena *arena, int64_t amount, const char *currency);
Google__Protobuf__Timestamp *timestamp_message(struct arena *arena, int64_t time_us);

/* Microseconds since 1970; 0 for none. */
int64_t timestamp_message_us(const Google__Protobuf__Timestamp *timestamp);

#endif
