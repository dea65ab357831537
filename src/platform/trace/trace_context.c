#include "platform/trace/trace_context.h"

#include <string.h>

#define TRACE_ID_AT 3
#define SPAN_ID_AT 36
#define FLAGS_AT 53

static int64_t sampled_millionths;

void trace_sample(int64_t millionths)
{
    sampled_millionths = millionths;
}

/* --- traceparent --------------------------------------------------------------------------------------------------- */

static bool is_hex(const char *at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f')))
            return false;
    return true;
}

static bool is_zero(const char *at, size_t length)
{
    return strspn(at, "0") >= length;
}

/* Versions after 00 may be longer, and begin the same; ff is none. */
bool trace_parent_is_valid(struct text text)
{
    if (text.at == NULL || text.length < TRACE_PARENT_LENGTH || !is_hex(text.at, 2) || text_starts_with(text, "ff"))
        return false;
    if (text.length > TRACE_PARENT_LENGTH && (text_starts_with(text, "00") || text.at[TRACE_PARENT_LENGTH] != '-'))
        return false;
    return text.at[TRACE_ID_AT - 1] == '-' && text.at[SPAN_ID_AT - 1] == '-' && text.at[FLAGS_AT - 1] == '-' &&
           is_hex(text.at + TRACE_ID_AT, TRACE_ID_LENGTH) && !is_zero(text.at + TRACE_ID_AT, TRACE_ID_LENGTH) &&
           is_hex(text.at + SPAN_ID_AT, SPAN_ID_LENGTH) && !is_zero(text.at + SPAN_ID_AT, SPAN_ID_LENGTH) && is_hex(text.at + FLAGS_AT, 2);
}

static void write_hex(char *out, const uint8_t *bytes, size_t count)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = hex[bytes[i] >> 4];
        out[2 * i + 1] = hex[bytes[i] & 15];
    }
}

/* Of the flags only the first is known, and only known ones are passed on. */
static bool flags_say_sampled(const char *flags)
{
    unsigned low = (unsigned)(flags[1] <= '9' ? flags[1] - '0' : flags[1] - 'a' + 10);
    return low & 1;
}

/* By the trace's own randomness, so that whoever decides decides the same. */
static bool is_to_be_sampled(const uint8_t trace_id[16])
{
    uint64_t number;
    memcpy(&number, trace_id + 8, sizeof number);
    return (int64_t)(number % 1000000) < sampled_millionths;
}

void trace_parent_begin(struct env *env, struct text parent, char own[TRACE_PARENT_BYTES])
{
    uint8_t random[24];
    env_random(env, random, sizeof random);
    random[0] |= 1; /* neither id may be zero */
    random[16] |= 1;
    memcpy(own, "00-00000000000000000000000000000000-0000000000000000-00", TRACE_PARENT_BYTES);
    bool sampled;
    if (trace_parent_is_valid(parent)) {
        memcpy(own + TRACE_ID_AT, parent.at + TRACE_ID_AT, TRACE_ID_LENGTH);
        sampled = flags_say_sampled(parent.at + FLAGS_AT);
    } else {
        write_hex(own + TRACE_ID_AT, random, 16);
        sampled = is_to_be_sampled(random);
    }
    write_hex(own + SPAN_ID_AT, random + 16, 8);
    own[TRACE_PARENT_LENGTH - 1] = sampled ? '1' : '0';
}

const char *trace_parent_child(struct arena *arena, struct env *env, const char *parent)
{
    if (*parent == '\0')
        return "";
    char *own = arena_alloc(arena, TRACE_PARENT_BYTES);
    trace_parent_begin(env, text_of(parent), own);
    return own;
}

/* --- tracestate ---------------------------------------------------------------------------------------------------- */

#define STATE_LENGTH_MAX 512
#define STATE_MEMBERS_MAX 32
#define STATE_PART_MAX 256

static bool is_state_key(struct text key)
{
    for (size_t i = 0; i < key.length; i++) {
        char at = key.at[i];
        bool is_letter = (at >= 'a' && at <= 'z') || (at >= '0' && at <= '9');
        if (!is_letter && (i == 0 || at == '\0' || strchr("_-*/@", at) == NULL))
            return false;
    }
    return key.length > 0 && key.length <= STATE_PART_MAX;
}

static bool is_state_value(struct text value)
{
    for (size_t i = 0; i < value.length; i++)
        if (value.at[i] < ' ' || value.at[i] > '~' || value.at[i] == '=')
            return false;
    return value.length > 0 && value.length <= STATE_PART_MAX && value.at[value.length - 1] != ' ';
}

static bool is_state_member(struct text member)
{
    const char *equals = memchr(member.at, '=', member.length);
    if (equals == NULL)
        return member.length == 0; /* an empty one is allowed */
    size_t key = (size_t)(equals - member.at);
    return is_state_key((struct text){member.at, key}) && is_state_value((struct text){equals + 1, member.length - key - 1});
}

bool trace_state_is_valid(struct text text)
{
    size_t members = 0;
    if (text.at == NULL || text.length == 0 || text.length > STATE_LENGTH_MAX)
        return false;
    while (true) {
        const char *comma = memchr(text.at, ',', text.length);
        size_t length = comma != NULL ? (size_t)(comma - text.at) : text.length;
        if (++members > STATE_MEMBERS_MAX || !is_state_member(text_trim((struct text){text.at, length})))
            return false;
        if (comma == NULL)
            return true;
        text.at += length + 1;
        text.length -= length + 1;
    }
}

/* --- causes -------------------------------------------------------------------------------------------------------- */

const char *trace_add_to_cause(struct arena *arena, const char *cause, const char *parent)
{
    if (*parent == '\0')
        return cause;
    size_t length = strlen(cause);
    char *both = arena_alloc(arena, length + 1 + TRACE_PARENT_BYTES);
    memcpy(both, cause, length);
    both[length] = ' ';
    memcpy(both + length + 1, parent, TRACE_PARENT_BYTES);
    return both;
}

const char *trace_of_cause(const char *cause)
{
    size_t length = strlen(cause);
    if (length <= TRACE_PARENT_LENGTH || cause[length - TRACE_PARENT_BYTES] != ' ')
        return "";
    const char *parent = cause + length - TRACE_PARENT_LENGTH;
    return trace_parent_is_valid(text_of(parent)) ? parent : "";
}
