/*
 * Words: what a text is found by.
 *
 * A word is a run of letters and digits: ASCII in lower case, other letters as they are (UTF-8), so that a search for a word in
 * any script finds it written the same way.
 */
#include "services/catalog/catalog_internal.h"

#define WORD_BYTES_MAX 40

static bool is_word_byte(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte >= 0x80;
}

/* The largest length up to WORD_BYTES_MAX that does not cut a character. */
static size_t cut_length(const char *word, size_t length)
{
    if (length <= WORD_BYTES_MAX)
        return length;
    length = WORD_BYTES_MAX;
    while (length > 0 && ((unsigned char)word[length] & 0xC0) == 0x80)
        length--;
    return length;
}

void words_each(struct text text, void (*each)(void *data, struct text word), void *data)
{
    size_t i = 0;

    while (i < text.length) {
        char word[WORD_BYTES_MAX];
        size_t start, length;

        while (i < text.length && !is_word_byte((unsigned char)text.at[i]))
            i++;
        start = i;
        while (i < text.length && is_word_byte((unsigned char)text.at[i]))
            i++;
        length = cut_length(text.at + start, i - start);
        for (size_t c = 0; c < length; c++) {
            char byte = text.at[start + c];

            word[c] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
        }
        if (length)
            each(data, (struct text){word, length});
    }
}
