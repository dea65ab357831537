/*
 * Text: slices that borrow, and buffers that grow up to a named maximum.
 */
#ifndef SOUK_BASE_TEXT_H
#define SOUK_BASE_TEXT_H

#include "base/assert.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A borrowed run of bytes, not terminated. */
struct text {
    const char *at;
    size_t length;
};

#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})
static inline struct text text_of(const char *string)
{
    return (struct text){string, string ? strlen(string) : 0};
}
static inline bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}
bool text_equal_ignoring_case(struct text a, struct text b); /* ASCII letters only */
/* Here, so that the length of a literal is known where it is compared: mostly the lengths differ, and nothing is called. */
static inline bool text_is(struct text text, const char *string)
{
    return text_equal(text, text_of(string));
}
bool text_starts_with(struct text text, const char *prefix);
/* Without leading and trailing blanks (space, tab, CR, LF). */
struct text text_trim(struct text text);
/* A whole decimal number that fits, without blanks or plus sign; false otherwise. */
bool text_to_int64(struct text text, int64_t *number);
/* The other way, unterminated; returns its length. */
#define TEXT_INT64_BYTES 20 /* of -9223372036854775808 */
size_t text_write_int64(char *at, int64_t number);
/* Well-formed UTF-8 by RFC 3629 (no surrogates, no overlong forms), without NUL. */
bool text_is_utf8(struct text text);
/* Take the first code point off the front of the text. False, with both untouched, at the end and where the text
 * is not well-formed UTF-8. */
bool text_utf8_next(struct text *text, uint32_t *code_point);
/* Code points in well-formed UTF-8. */
size_t text_utf8_length(struct text text);
/* For tables in memory, whoever chooses their keys: SipHash under a key that text_hash_seed() sets, once, before there are any. Programs that must
 * do the same every time (the simulator) leave it at 0. Not stored, and not for other processes. */
void text_hash_seed(const uint64_t key[2]);
uint64_t text_hash(struct text text);
/* Whether two texts are the same, said in 64 bits: the same in every process, and fast on long ones. For entity tags, not for tables: texts that
 * collide are easily found. */
uint64_t text_checksum(struct text text);
/* SipHash-2-4: for tables whose keys strangers choose. Who does not know the key can't find texts that collide. */
uint64_t text_hash_keyed(struct text text, const uint64_t key[2]);

/* A growing run of bytes. Init with a maximum, write, look at `overflowed` once at the end. */
struct buffer {
    char *at; /* owned; NULL while empty; not terminated */
    size_t length;
    size_t capacity;
    size_t maximum;
    bool overflowed; /* something did not fit: what was refused is missing as a whole */
};

void buffer_init(struct buffer *buffer, size_t maximum);
void buffer_release(struct buffer *buffer);
void buffer_empty(struct buffer *buffer); /* keeps the memory */
void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void buffer_add_text(struct buffer *buffer, struct text text);
void buffer_add_string(struct buffer *buffer, const char *string);
void buffer_add_int64(struct buffer *buffer, int64_t number);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for `length` bytes at the end, to be filled by the caller and added with buffer_grew(); NULL when
 * the maximum forbids it. Here, as what a page is written with byte by byte: mostly there is room. */
char *buffer_reserve_more(struct buffer *buffer, size_t length);
static inline char *buffer_reserve(struct buffer *buffer, size_t length)
{
    bool has_room = buffer->at != NULL && length <= buffer->capacity - buffer->length;
    return has_room ? buffer->at + buffer->length : buffer_reserve_more(buffer, length);
}
static inline void buffer_grew(struct buffer *buffer, size_t length)
{
    ASSERT(length <= buffer->capacity - buffer->length);
    buffer->length += length;
}
static inline void buffer_add_char(struct buffer *buffer, char character)
{
    if (buffer->length < buffer->capacity)
        buffer->at[buffer->length++] = character;
    else
        buffer_add(buffer, &character, 1);
}
/* Forget the first `length` bytes. */
void buffer_consume(struct buffer *buffer, size_t length);
static inline struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){buffer->at ? buffer->at : "", buffer->length};
}

#endif
