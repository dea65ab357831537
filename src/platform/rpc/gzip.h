/*
 * gzip (RFC 1952), for messages that travel compressed.
 */
#ifndef SOUK_PLATFORM_GZIP_H
#define SOUK_PLATFORM_GZIP_H

#include "base/arena.h"
#include "base/text.h"

/* The bytes, compressed, in the arena. */
struct text gzip_pack(struct arena *arena, struct text plain);

enum gzip_result { GZIP_FINE, GZIP_BROKEN, GZIP_TOO_LARGE };
/* The bytes again, in the arena: at most `maximum` of them, so that a bomb costs no more than that. One member, and nothing behind it. */
enum gzip_result gzip_unpack(struct arena *arena, struct text packed, size_t maximum, struct text *plain);

#endif
