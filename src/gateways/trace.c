#include "gateways/trace.h"

#define TRACE_PARENT_LENGTH 55 /* 00-<32 hex>-<16 hex>-<2 hex> */
#define TRACE_ID_AT 3
#define SPAN_ID_AT 36
#define TRACE_FLAGS_AT 53

static bool is_hex(const char *at, size_t length)
{
    bool all_zero = true;
    for (size_t i = 0; i < length; i++) {
        if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f')))
            return false;
        all_zero = all_zero && at[i] == '0';
    }
    return !all_zero;
}

/* W3C Trace Context: versions after 00 may be longer, and begin the same. */
static bool is_trace_parent(struct text text)
{
    if (text.length < TRACE_PARENT_LENGTH || text_starts_with(text, "ff") ||
        (text_starts_with(text, "00") && text.length != TRACE_PARENT_LENGTH))
        return false;
    return text.at[TRACE_ID_AT - 1] == '-' && text.at[SPAN_ID_AT - 1] == '-' && text.at[TRACE_FLAGS_AT - 1] == '-' &&
           is_hex(text.at + TRACE_ID_AT, 32) && is_hex(text.at + SPAN_ID_AT, 16);
}

static void write_hex(char *out, const uint8_t *bytes, size_t count)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = hex[bytes[i] >> 4];
        out[2 * i + 1] = hex[bytes[i] & 15];
    }
}

const char *trace_begin(const struct http_exchange *exchange)
{
    uint8_t random[24];
    env_random(exchange->loop->env, random, sizeof random);
    char *parent = arena_strdup(exchange->arena, "00-00000000000000000000000000000000-0000000000000000-00");
    struct text given = http_header(&exchange->request, "traceparent");
    if (given.at != NULL && is_trace_parent(given)) {
        memcpy(parent + TRACE_ID_AT, given.at + TRACE_ID_AT, 32);
        memcpy(parent + TRACE_FLAGS_AT, given.at + TRACE_FLAGS_AT, 2);
    } else {
        write_hex(parent + TRACE_ID_AT, random, 16);
    }
    write_hex(parent + SPAN_ID_AT, random + 16, 8);
    return parent;
}
