#include "platform/store/digest.h"

#include "base/assert.h"

#include <openssl/evp.h>
#include <pthread.h>

/* Fetched once: OpenSSL 3 looks an algorithm up by name for every EVP_sha256(), which costs more than hashing an event. It lives as
 * long as the program. */
static EVP_MD *sha256;

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    ASSERT(sha256);
}

static void start(struct digest *digest)
{
    ASSERT(EVP_DigestInit_ex2(digest->context, sha256, NULL) == 1);
}

void digest_init(struct digest *digest)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fetch);
    digest->context = EVP_MD_CTX_new();
    ASSERT(digest->context);
    start(digest);
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
    ASSERT(EVP_DigestUpdate(digest->context, bytes, length) == 1);
}

void digest_add_int64(struct digest *digest, int64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    digest_add(digest, bytes, sizeof bytes);
}

void digest_add_text(struct digest *digest, struct text text)
{
    digest_add_int64(digest, (int64_t)text.length);
    digest_add(digest, text.at, text.length);
}

static void finish(struct digest *digest, uint8_t hash[DIGEST_BYTES])
{
    unsigned length = 0;
    ASSERT(EVP_DigestFinal_ex(digest->context, hash, &length) == 1);
    ASSERT(length == DIGEST_BYTES);
}

void digest_next(struct digest *digest, uint8_t hash[DIGEST_BYTES])
{
    finish(digest, hash);
    start(digest);
}

void digest_end(struct digest *digest, uint8_t hash[DIGEST_BYTES])
{
    finish(digest, hash);
    EVP_MD_CTX_free(digest->context);
    digest->context = NULL;
}

void digest_format(const uint8_t hash[DIGEST_BYTES], char out[2 * DIGEST_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[2 * DIGEST_BYTES] = '\0';
}
