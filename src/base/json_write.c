/*
 * Writing JSON: text is copied in runs up to the next character that needs escaping, looked for eight bytes at a time.
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
static bool eight_are_plain(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t controls = (word - EACH_BYTE(0x20)) & ~word & EACH_BYTE(0x80);
    return (controls | zero_bytes(word ^ EACH_BYTE('"')) | zero_bytes(word ^ EACH_BYTE('\\'))) == 0;
}

static size_t plain_run(struct text text)
{
    size_t length = 0;
    while (text.length - length >= 8 && eight_are_plain(text.at + length))
        length += 8;
    /* What is left of a longer text is looked at together with what comes before it, once more. */
    if (text.length >= 8 && text.length - length < 8 && eight_are_plain(text.at + text.length - 8))
        return text.length;
    while (length < text.length && escapes[(unsigned char)text.at[length]] == 0)
        length++;
    return length;
}

static void add_escaped(struct buffer *out, unsigned char character)
{
    static const char hex[] = "0123456789abcdef";
    if (escapes[character] == 'u')
        buffer_add(out, (const char[]){'\\', 'u', '0', '0', hex[character >> 4], hex[character & 15]}, 6);
    else
        buffer_add(out, (const char[]){'\\', escapes[character]}, 2);
}

/* `before` goes before it, unless it is 0. */
static void add_quoted_plain(struct buffer *out, char before, struct text text)
{
    char *room = buffer_reserve(out, text.length + 3), *at = room;
    if (room == NULL)
        return;
    if (before != 0)
        *at++ = before;
    *at++ = '"';
    if (text.length > 0) /* it may have no address */
        memcpy(at, text.at, text.length);
    at += text.length;
    *at++ = '"';
    buffer_grew(out, (size_t)(at - room));
}

static void add_quoted(struct buffer *out, char before, struct text text)
{
    size_t run = plain_run(text);
    if (run == text.length) {
        add_quoted_plain(out, before, text);
        return;
    }
    if (before != 0)
        buffer_add_char(out, before);
    buffer_add_char(out, '"');
    for (;; run = plain_run(text)) {
        buffer_add(out, text.at, run);
        if (run == text.length)
            break;
        add_escaped(out, (unsigned char)text.at[run]);
        text.at += run + 1;
        text.length -= run + 1;
    }
    buffer_add_char(out, '"');
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
    add_quoted(json->out, json->needs_comma ? ',' : 0, name);
    buffer_add_char(json->out, ':');
    json->needs_comma = false;
}

void json_write_text(struct json_writer *json, struct text text)
{
    add_quoted(json->out, json->needs_comma ? ',' : 0, text);
    json->needs_comma = true;
}

void json_write_string(struct json_writer *json, const char *string)
{
    json_write_text(json, text_of(string));
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
