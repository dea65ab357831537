/*
 * Writing JSON: text is copied in runs up to the next character that needs escaping, eight bytes at a time, each looked at on its way.
 *
 * Most texts of a page are shorter than thirty bytes: calling memcpy() for them costs more than the copying.
 *
 * `needs_comma` is all the state there is: opening a value clears it, finishing one sets it. Nesting is the caller's.
 */
#include "base/json_write.h"

#include "base/assert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void json_write_init(struct json_writer *json, struct buffer *out)
{
    *json = (struct json_writer){.out = out};
}

static void comma(struct json_writer *json)
{
    if (json->needs_comma)
        buffer_add_char(json->out, ',');
    json->needs_comma = true;
}

static void open_with(struct json_writer *json, char bracket)
{
    comma(json);
    buffer_add_char(json->out, bracket);
    json->needs_comma = false;
}

static void close_with(struct json_writer *json, char bracket)
{
    buffer_add_char(json->out, bracket);
    json->needs_comma = true;
}

void json_write_object_open(struct json_writer *json)
{
    open_with(json, '{');
}

void json_write_object_close(struct json_writer *json)
{
    close_with(json, '}');
}

void json_write_array_open(struct json_writer *json)
{
    open_with(json, '[');
}

void json_write_array_close(struct json_writer *json)
{
    close_with(json, ']');
}

/* --- text -------------------------------------------------------------------------------------------------------- */

/* RFC 8259 section 7: the letter after the backslash, 'u' for \u00XX, 0 where the character stands for itself. */
static const char escapes[256] = {
    ['"'] = '"',   ['\\'] = '\\', ['\b'] = 'b',  ['\f'] = 'f',  ['\n'] = 'n',  ['\r'] = 'r',  ['\t'] = 't',
    [0x00] = 'u', [0x01] = 'u',  [0x02] = 'u',  [0x03] = 'u',  [0x04] = 'u',  [0x05] = 'u',  [0x06] = 'u',
    [0x07] = 'u', [0x0B] = 'u',  [0x0E] = 'u',  [0x0F] = 'u',  [0x10] = 'u',  [0x11] = 'u',  [0x12] = 'u',
    [0x13] = 'u', [0x14] = 'u',  [0x15] = 'u',  [0x16] = 'u',  [0x17] = 'u',  [0x18] = 'u',  [0x19] = 'u',
    [0x1A] = 'u', [0x1B] = 'u',  [0x1C] = 'u',  [0x1D] = 'u',  [0x1E] = 'u',  [0x1F] = 'u',
};

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

static uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH_BYTE(1)) & ~word & EACH_BYTE(0x80);
}

/* Eight bytes with nothing to escape. Borrows between bytes may hide a later hit behind an earlier one, never the only one. */
static inline bool eight_are_plain(uint64_t word)
{
    uint64_t controls = (word - EACH_BYTE(0x20)) & ~word & EACH_BYTE(0x80);
    return (controls | zero_bytes(word ^ EACH_BYTE('"')) | zero_bytes(word ^ EACH_BYTE('\\'))) == 0;
}

static inline bool copy_eight_if_plain(char *to, const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    memcpy(to, &word, sizeof word);
    return eight_are_plain(word);
}

/* Four to seven bytes: the first four and the last four, which may share some. */
static inline bool copy_four_to_seven_if_plain(char *to, const char *from, size_t length)
{
    uint32_t first, last;
    memcpy(&first, from, sizeof first);
    memcpy(&last, from + length - sizeof last, sizeof last);
    memcpy(to, &first, sizeof first);
    memcpy(to + length - sizeof last, &last, sizeof last);
    return eight_are_plain((uint64_t)last << 32 | first);
}

/* Copy up to the first character that needs escaping; how many bytes that were. All of `to` may be written, as long as the text. */
static inline size_t copy_plain_run(char *to, struct text text)
{
    size_t length = 0;
    while (text.length - length >= 8 && copy_eight_if_plain(to + length, text.at + length))
        length += 8;
    /* What is left of a longer text is taken together with what comes before it, once more. */
    size_t rest = text.length - length;
    if (rest < 8 && text.length >= 8 && copy_eight_if_plain(to + text.length - 8, text.at + text.length - 8))
        return text.length;
    if (rest >= 4 && rest < 8 && copy_four_to_seven_if_plain(to + length, text.at + length, rest))
        return text.length;
    for (; length < text.length && escapes[(unsigned char)text.at[length]] == 0; length++)
        to[length] = text.at[length];
    return length;
}

/* Returns where it ends. */
static inline char *copy_short(char *to, struct text text)
{
    size_t length = 0;
    for (; text.length - length >= 8; length += 8)
        memcpy(to + length, text.at + length, 8);
    if (length > 0 && length < text.length)
        memcpy(to + text.length - 8, text.at + text.length - 8, 8);
    else
        for (; length < text.length; length++)
            to[length] = text.at[length];
    return to + text.length;
}

static void add_escaped(struct buffer *out, unsigned char character)
{
    static const char hex[] = "0123456789abcdef";
    if (escapes[character] == 'u')
        buffer_add(out, (const char[]){'\\', 'u', '0', '0', hex[character >> 4], hex[character & 15]}, 6);
    else
        buffer_add(out, (const char[]){'\\', escapes[character]}, 2);
}

/* What is left of a text of which the first `run` bytes are written, and the next one needs escaping. */
static __attribute__((noinline)) void add_rest_escaped(struct buffer *out, struct text text, size_t run)
{
    while (run < text.length) {
        add_escaped(out, (unsigned char)text.at[run]);
        text.at += run + 1;
        text.length -= run + 1;
        char *room = buffer_reserve(out, text.length);
        if (room == NULL)
            return;
        run = copy_plain_run(room, text);
        buffer_grew(out, run);
    }
    buffer_add_char(out, '"');
}

/* `before` goes before it: a comma, a key, or nothing. */
static inline void add_quoted(struct buffer *out, struct text before, struct text text)
{
    char *room = buffer_reserve(out, before.length + text.length + 2), *at = room;
    if (room == NULL)
        return;
    at = copy_short(at, before);
    *at++ = '"';
    size_t run = copy_plain_run(at, text);
    at += run;
    if (run == text.length)
        *at++ = '"';
    buffer_grew(out, (size_t)(at - room));
    if (run < text.length)
        add_rest_escaped(out, text, run);
}

static inline struct text comma_before(const struct json_writer *json)
{
    return json->needs_comma ? TEXT(",") : TEXT("");
}

void json_write_key(struct json_writer *json, const char *name)
{
    size_t length = strlen(name);
    char *room = buffer_reserve(json->out, length + 4), *at = room;
    if (room != NULL) {
        if (json->needs_comma)
            *at++ = ',';
        *at++ = '"';
        memcpy(at, name, length);
        at += length;
        *at++ = '"';
        *at++ = ':';
        buffer_grew(json->out, (size_t)(at - room));
    }
    json->needs_comma = false;
}

void json_write_key_text(struct json_writer *json, struct text name)
{
    add_quoted(json->out, comma_before(json), name);
    buffer_add_char(json->out, ':');
    json->needs_comma = false;
}

void json_write_text(struct json_writer *json, struct text text)
{
    add_quoted(json->out, comma_before(json), text);
    json->needs_comma = true;
}

void json_write_string(struct json_writer *json, const char *string)
{
    json_write_text(json, text_of(string));
}

/* --- prepared keys ----------------------------------------------------------------------------------------------- */

static inline struct text key_here(const struct json_writer *json, struct text key)
{
    size_t comma = json->needs_comma ? 0 : 1;
    return (struct text){key.at + comma, key.length - comma};
}

void json_write_prepared_key(struct json_writer *json, struct text key)
{
    key = key_here(json, key);
    char *room = buffer_reserve(json->out, key.length);
    if (room != NULL)
        buffer_grew(json->out, (size_t)(copy_short(room, key) - room));
    json->needs_comma = false;
}

void json_write_prepared_string(struct json_writer *json, struct text key, const char *string)
{
    add_quoted(json->out, key_here(json, key), text_of(string));
    json->needs_comma = true;
}

void json_write_prepared_int(struct json_writer *json, struct text key, int64_t number)
{
    json_write_prepared_key(json, key);
    buffer_add_int64(json->out, number);
    json->needs_comma = true;
}

/* --- everything else --------------------------------------------------------------------------------------------- */

void json_write_int(struct json_writer *json, int64_t number)
{
    comma(json);
    buffer_add_int64(json->out, number);
}

void json_write_double(struct json_writer *json, double number)
{
    ASSERT(isfinite(number));
    comma(json);
    /* 15 digits always survive the way to a double and back, 17 always suffice. */
    char digits[32];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    buffer_add_string(json->out, digits);
}

void json_write_bool(struct json_writer *json, bool value)
{
    json_write_raw(json, value ? TEXT("true") : TEXT("false"));
}

void json_write_null(struct json_writer *json)
{
    json_write_raw(json, TEXT("null"));
}

void json_write_raw(struct json_writer *json, struct text json_value)
{
    comma(json);
    buffer_add_text(json->out, json_value);
}
