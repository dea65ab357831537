/*
 * Text: slices, numbers in text, UTF-8, and buffers.
 *
 * Buffers double, so that n bytes added one by one cost O(n). Running out of memory ends the process; running into
 * the maximum is a result of the caller's (`overflowed`).
 */
#include "base/text.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

/* --- slices ------------------------------------------------------------------------------------------------------ */

static unsigned char ascii_lower(char character)
{
    return (unsigned char)(character >= 'A' && character <= 'Z' ? character | 0x20 : character);
}

bool text_equal_ignoring_case(struct text a, struct text b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
            return false;
    return true;
}

bool text_starts_with(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length >= length && text_equal((struct text){text.at, length}, (struct text){prefix, length});
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

struct text text_trim(struct text text)
{
    while (text.length > 0 && is_blank(text.at[0])) {
        text.at++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.at[text.length - 1]))
        text.length--;
    return text;
}

bool text_to_int64(struct text text, int64_t *number)
{
    size_t i = 0;
    bool negative = text.length > 0 && text.at[0] == '-';
    i += negative;
    if (i == text.length)
        return false;

    int64_t value = 0; /* counted downwards, because there is one more number below zero than above */
    for (; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, text.at[i] - '0', &value))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return false;
    *number = value;
    return true;
}

size_t text_write_int64(char *at, int64_t number)
{
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    size_t length = 1 + (number < 0);
    for (uint64_t above = rest; above >= 10; above /= 10)
        length++;
    at[0] = '-'; /* unless a digit comes there */
    char *digit = at + length;
    do {
        *--digit = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    return length;
}

/* --- UTF-8 ------------------------------------------------------------------------------------------------------- */

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

bool text_utf8_next(struct text *text, uint32_t *code_point)
{
    /* By the first byte: how many bytes follow, and the smallest code point that needs so many. */
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    if (text->length == 0)
        return false;
    unsigned char first = (unsigned char)text->at[0];
    size_t following = first < 0x80 ? 0 : first < 0xC0 ? 4 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : first < 0xF8 ? 3 : 4;
    if (following == 4 || following >= text->length)
        return false;

    uint32_t point = following == 0 ? first : first & (0x3Fu >> following);
    for (size_t i = 1; i <= following; i++) {
        if (!is_continuation(text->at[i]))
            return false;
        point = point << 6 | ((unsigned char)text->at[i] & 0x3F);
    }
    bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (point < smallest[following] || is_surrogate || point > 0x10FFFF)
        return false;

    text->at += following + 1;
    text->length -= following + 1;
    *code_point = point;
    return true;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Eight bytes that are all ASCII and none of them NUL. */
static bool eight_are_plain(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t zeros = (word - EACH_BYTE(1)) & ~word;
    return ((word | zeros) & EACH_BYTE(0x80)) == 0;
}

bool text_is_utf8(struct text text)
{
    while (text.length > 0) {
        if (text.length >= 8 && eight_are_plain(text.at)) {
            text.at += 8;
            text.length -= 8;
            continue;
        }
        uint32_t code_point;
        if (!text_utf8_next(&text, &code_point) || code_point == 0)
            return false;
    }
    return true;
}

size_t text_utf8_length(struct text text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++)
        length += !is_continuation(text.at[i]);
    return length;
}

/* --- hashing ----------------------------------------------------------------------------------------------------- */

/* Multiply to 128 bits and fold: every bit of the input reaches every bit of the result. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15) /* 2^64 divided by the golden ratio; odd */

static uint64_t mix_word(uint64_t hash, uint64_t word)
{
    return mix(hash ^ word, GOLDEN) + GOLDEN;
}

static uint64_t word_at(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Four words at once, each in a lane of its own: a multiplication takes its time, and the next needs not wait for it. */
static uint64_t checksum_lanes(struct text *text, uint64_t hash)
{
    uint64_t lanes[4] = {hash, hash + 1, hash + 2, hash + 3};
    for (; text->length >= sizeof lanes; text->at += sizeof lanes, text->length -= sizeof lanes)
        for (size_t i = 0; i < 4; i++)
            lanes[i] = mix_word(lanes[i], word_at(text->at + i * sizeof lanes[0]));
    return mix_word(mix_word(lanes[0], lanes[1]), mix_word(lanes[2], lanes[3]));
}

uint64_t text_checksum(struct text text)
{
    uint64_t hash = checksum_lanes(&text, text.length * GOLDEN + 1), last = 0;
    for (; text.length >= sizeof last; text.at += sizeof last, text.length -= sizeof last)
        hash = mix_word(hash, word_at(text.at));
    if (text.length > 0) {
        memcpy(&last, text.at, text.length);
        hash = mix_word(hash, last);
    }
    return mix(hash, UINT64_C(0xD1B54A32D192ED03));
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF"; the constants spell "somepseudorandomlygeneratedbytes". */
uint64_t text_hash_keyed(struct text text, const uint64_t key[2])
{
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t word, last = (uint64_t)text.length << 56;
    for (; text.length >= sizeof word; text.at += sizeof word, text.length -= sizeof word) {
        memcpy(&word, text.at, sizeof word);
        sip_word(v, word);
    }
    for (size_t i = 0; i < text.length; i++)
        last |= (uint64_t)(unsigned char)text.at[i] << (8 * i);
    sip_word(v, last);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t process_key[2];

void text_hash_seed(const uint64_t key[2])
{
    process_key[0] = key[0];
    process_key[1] = key[1];
}

uint64_t text_hash(struct text text)
{
    return text_hash_keyed(text, process_key);
}

/* --- buffers ----------------------------------------------------------------------------------------------------- */

#define BUFFER_FIRST_BYTES 256

void buffer_init(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum};
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->at);
    buffer_init(buffer, buffer->maximum);
}

void buffer_empty(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->overflowed = false;
}

static void grow(struct buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : BUFFER_FIRST_BYTES;
    while (capacity < needed)
        capacity = capacity > buffer->maximum / 2 ? buffer->maximum : capacity * 2;
    capacity = capacity > buffer->maximum ? buffer->maximum : capacity;

    char *at = realloc(buffer->at, capacity);
    ASSERT(at != NULL);
    buffer->at = at;
    buffer->capacity = capacity;
}

char *buffer_reserve_more(struct buffer *buffer, size_t length)
{
    if (length > buffer->maximum - buffer->length) {
        buffer->overflowed = true;
        return NULL;
    }
    if (buffer->at == NULL || length > buffer->capacity - buffer->length)
        grow(buffer, buffer->length + (length > 0 ? length : 1));
    return buffer->at + buffer->length;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
    if (length == 0)
        return;
    char *room = buffer_reserve(buffer, length);
    if (room == NULL)
        return;
    memcpy(room, bytes, length);
    buffer->length += length;
}

void buffer_add_text(struct buffer *buffer, struct text text)
{
    buffer_add(buffer, text.at, text.length);
}

void buffer_add_string(struct buffer *buffer, const char *string)
{
    buffer_add(buffer, string, strlen(string));
}

void buffer_add_int64(struct buffer *buffer, int64_t number)
{
    char digits[TEXT_INT64_BYTES];
    buffer_add(buffer, digits, text_write_int64(digits, number));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    ASSERT(length >= 0);

    /* vsnprintf ends with a NUL, for which a buffer at its maximum has no room: print beside it, then add. */
    char small[512];
    size_t bytes = (size_t)length + 1;
    char *text = bytes <= sizeof small ? small : malloc(bytes);
    ASSERT(text != NULL);
    vsnprintf(text, bytes, format, again);
    va_end(again);
    buffer_add(buffer, text, bytes - 1);
    if (text != small)
        free(text);
}

void buffer_consume(struct buffer *buffer, size_t length)
{
    ASSERT(length <= buffer->length);
    buffer->length -= length;
    if (length > 0 && buffer->length > 0)
        memmove(buffer->at, buffer->at + length, buffer->length);
}
