/*
 * SHA-256 over a record: fields of a fixed order, each with its length, so that no two records share their bytes.
 *
 *     struct digest digest;
 *     digest_init(&digest);
 *     digest_add_int64(&digest, number);
 *     digest_add_text(&digest, stream);
 *     digest_end(&digest, hash);
 */
#ifndef SOUK_PLATFORM_DIGEST_H
#define SOUK_PLATFORM_DIGEST_H

#include "base/text.h"

#define DIGEST_BYTES 32

struct digest {
    void *context; /* OpenSSL's */
};

void digest_init(struct digest *digest);
void digest_add(struct digest *digest, const void *bytes, size_t length); /* as they are: for what has a fixed length */
void digest_add_int64(struct digest *digest, int64_t number);
void digest_add_text(struct digest *digest, struct text text); /* its length first */
/* The hash; the digest starts anew. */
void digest_next(struct digest *digest, uint8_t hash[DIGEST_BYTES]);
/* The hash; the digest is released. */
void digest_end(struct digest *digest, uint8_t hash[DIGEST_BYTES]);

/* 64 hexadecimal characters and a NUL. */
void digest_format(const uint8_t hash[DIGEST_BYTES], char out[2 * DIGEST_BYTES + 1]);

#endif
