/*
 * Ids: opaque, sortable by time, unguessable.
 *
 * 48 bits of milliseconds and 80 random bits in 26 characters of Crockford's base 32, lower case (the layout of
 * ULID). The randomness comes from the caller, so that a simulated world can repeat itself.
 */
#ifndef SOUK_BASE_ID_H
#define SOUK_BASE_ID_H

#include "base/text.h"

#define ID_LENGTH 26
#define ID_RANDOM_BYTES 10

void id_format(int64_t time_us, const uint8_t random[ID_RANDOM_BYTES], char out[ID_LENGTH + 1]);
bool id_is_valid(struct text id);
/* When it was made, in milliseconds since 1970. Of a valid id only. */
int64_t id_time_ms(struct text id);

/* A word for URLs out of a title: ASCII letters and digits in lower case, everything else one dash; common Latin
 * letters lose their accents. At most 80 characters. Empty when nothing remains. */
void slug_from_title(struct text title, char out[81]);

#endif
