/*
 * Times and amounts as messages.
 */
#include "platform/rpc/common_types.h"

#define US_PER_SECOND 1000000

Common__Money *money_message(struct arena *arena, int64_t amount, const char *currency)
{
    Common__Money *money = ARENA_NEW(arena, Common__Money);

    common__money__init(money);
    money->amount = amount;
    money->currency = currency;
    return money;
}

/* A time before 1970 has its fraction counted forward from the second before, as the standard asks. */
Google__Protobuf__Timestamp *timestamp_message(struct arena *arena, int64_t time_us)
{
    Google__Protobuf__Timestamp *timestamp = ARENA_NEW(arena, Google__Protobuf__Timestamp);
    int64_t rest_us = time_us % US_PER_SECOND;

    if (rest_us < 0)
        rest_us += US_PER_SECOND;
    google__protobuf__timestamp__init(timestamp);
    timestamp->seconds = (time_us - rest_us) / US_PER_SECOND;
    timestamp->nanos = (int32_t)(rest_us * 1000);
    return timestamp;
}

int64_t timestamp_message_us(const Google__Protobuf__Timestamp *timestamp)
{
    return timestamp ? timestamp->seconds * US_PER_SECOND + timestamp->nanos / 1000 : 0;
}
