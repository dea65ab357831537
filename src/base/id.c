/*
 * Ids and slugs: what stands in URLs.
 *
 *     01jd9x3k7v  q2m8r4t6w0y1z3b5
 *     10 digits   16 digits
 *     time in ms  random
 *
 * Five bits a digit, most significant first, so that the text sorts as the time does.
 */
#include "base/id.h"

#include "base/assert.h"

#define TIME_DIGITS 10
#define TIME_MS_MAX ((INT64_C(1) << 48) - 1)

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

void id_format(int64_t time_us, const uint8_t random[ID_RANDOM_BYTES], char out[ID_LENGTH + 1])
{
    int64_t time_ms = time_us / 1000;
    ASSERT(time_us >= 0 && time_ms <= TIME_MS_MAX);
    for (int i = TIME_DIGITS - 1; i >= 0; i--) {
        out[i] = digits[time_ms & 31];
        time_ms >>= 5;
    }

    uint32_t bits = 0;
    int bit_count = 0;
    char *at = out + TIME_DIGITS;
    for (int i = 0; i < ID_RANDOM_BYTES; i++) {
        bits = bits << 8 | random[i];
        bit_count += 8;
        for (; bit_count >= 5; bit_count -= 5)
            *at++ = digits[bits >> (bit_count - 5) & 31];
    }
    *at = '\0';
}

bool id_is_valid(struct text id)
{
    /* 48 bits in ten digits leave the first one no more than 7. */
    if (id.length != ID_LENGTH || id.at[0] > '7')
        return false;
    for (size_t i = 0; i < ID_LENGTH; i++)
        if (id.at[i] == '\0' || strchr(digits, id.at[i]) == NULL)
            return false;
    return true;
}

int64_t id_time_ms(struct text id)
{
    ASSERT(id_is_valid(id));
    int64_t time_ms = 0;
    for (int i = 0; i < TIME_DIGITS; i++)
        time_ms = time_ms << 5 | (strchr(digits, id.at[i]) - digits);
    return time_ms;
}

/* --- slugs ------------------------------------------------------------------------------------------------------- */

#define SLUG_MAX 80

/* U+00C0 to U+017F, Latin-1 Supplement and Latin Extended-A, without accents. A blank is not a letter. */
static const char plain_latin[] =
    /* C0 */ "a a a a a a aec e e e e i i i i "
    /* D0 */ "d n o o o o o   o u u u u y thss"
    /* E0 */ "a a a a a a aec e e e e i i i i "
    /* F0 */ "d n o o o o o   o u u u u y thy "
    /* 100 */ "a a a a a a c c c c c c c c d d "
    /* 110 */ "d d e e e e e e e e e e g g g g "
    /* 120 */ "g g g g h h h h i i i i i i i i "
    /* 130 */ "i i ijijj j k k k l l l l l l l "
    /* 140 */ "l l l n n n n n n n n n o o o o "
    /* 150 */ "o o oeoer r r r r r s s s s s s "
    /* 160 */ "s s t t t t t t u u u u u u u u "
    /* 170 */ "u u u u w w y y y z z z z z z s ";

_Static_assert(sizeof plain_latin == 2 * (0x180 - 0xC0) + 1, "two bytes for every code point");

/* One or two letters in lower case, or "" for what is neither letter nor digit. */
static struct text slug_letters(uint32_t code_point, char ascii[1])
{
    if ((code_point >= 'a' && code_point <= 'z') || (code_point >= '0' && code_point <= '9') ||
        (code_point >= 'A' && code_point <= 'Z')) {
        ascii[0] = (char)(code_point >= 'A' && code_point <= 'Z' ? code_point | 0x20 : code_point);
        return (struct text){ascii, 1};
    }
    if (code_point >= 0xC0 && code_point <= 0x17F)
        return text_trim((struct text){plain_latin + (code_point - 0xC0) * 2, 2});
    switch (code_point) {
    case 0x218: case 0x219: return TEXT("s"); /* Romanian s and t with a comma below */
    case 0x21A: case 0x21B: return TEXT("t");
    case 0x1E9E: return TEXT("ss");
    default: return TEXT("");
    }
}

/* Accents that follow their letter, as macOS writes file names. */
static bool is_combining_mark(uint32_t code_point)
{
    return code_point >= 0x300 && code_point <= 0x36F;
}

void slug_from_title(struct text title, char out[81])
{
    size_t length = 0;
    bool dash = false;
    while (title.length > 0) {
        uint32_t code_point = ' ';
        if (!text_utf8_next(&title, &code_point)) {
            title.at++;
            title.length--;
        }
        if (is_combining_mark(code_point))
            continue;
        char ascii[1];
        struct text letters = slug_letters(code_point, ascii);
        if (letters.length == 0) {
            dash = length > 0;
            continue;
        }
        if (length + dash + letters.length > SLUG_MAX)
            break;
        if (dash)
            out[length++] = '-';
        dash = false;
        memcpy(out + length, letters.at, letters.length);
        length += letters.length;
    }
    out[length] = '\0';
}
