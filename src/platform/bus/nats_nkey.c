/*
 *     seed       S and U in 2 bytes   32 bytes   checksum in 2      58 letters
 *     public     U in 1 byte          32 bytes   checksum in 2      56 letters
 *
 * The client library signs with a seed, but wants to be told the public key, which an operator's file doesn't have.
 */
#include "platform/bus/nats_nkey.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define KEY_BYTES 32
#define SEED_BYTES (2 + KEY_BYTES + 2)
#define PUBLIC_BYTES (1 + KEY_BYTES + 2)
/* 5 bits of each letter: "SU" is a seed (18) of a user (20), whose public key begins with "U". */
#define PREFIX_SEED (18 << 3)
#define PREFIX_USER (20 << 3)

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static bool base32_decode(uint8_t *bytes, size_t size, struct text text)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        const char *letter = text.at[i] != '\0' ? strchr(letters, text.at[i]) : NULL;
        if (letter == NULL)
            return false;
        bits = bits << 5 | (uint32_t)(letter - letters);
        held += 5;
        if (held >= 8 && length == size)
            return false;
        if (held >= 8)
            bytes[length++] = (uint8_t)(bits >> (held -= 8));
    }
    return length == size;
}

static void base32_encode(char *text, const uint8_t *bytes, size_t size)
{
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 5;)
            *text++ = letters[bits >> (held -= 5) & 31];
    }
    if (held > 0)
        *text++ = letters[bits << (5 - held) & 31];
    *text = '\0';
}

/* CRC-16/XMODEM. */
static uint16_t checksum(const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum ^= (uint32_t)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            sum = (sum & 0x8000 ? sum << 1 ^ 0x1021 : sum << 1) & 0xffff;
    }
    return (uint16_t)sum;
}

static bool derive(const uint8_t private_key[KEY_BYTES], uint8_t public_key[KEY_BYTES])
{
    size_t length = KEY_BYTES;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, KEY_BYTES);
    bool derived = key != NULL && EVP_PKEY_get_raw_public_key(key, public_key, &length) == 1;
    EVP_PKEY_free(key);
    return derived;
}

bool nkey_public_of(struct text text, char public_key[NKEY_PUBLIC_LENGTH + 1])
{
    uint8_t seed[SEED_BYTES], key[PUBLIC_BYTES] = {PREFIX_USER};
    if (text.length != NKEY_SEED_LENGTH || !base32_decode(seed, sizeof seed, text))
        return false;
    uint16_t sum = checksum(seed, SEED_BYTES - 2);
    bool right = seed[0] == (PREFIX_SEED | PREFIX_USER >> 5) && seed[1] == (uint8_t)(PREFIX_USER << 3) &&
                 seed[SEED_BYTES - 2] == (sum & 0xff) && seed[SEED_BYTES - 1] == sum >> 8 && derive(seed + 2, key + 1);
    OPENSSL_cleanse(seed, sizeof seed);
    if (!right)
        return false;
    sum = checksum(key, PUBLIC_BYTES - 2);
    key[PUBLIC_BYTES - 2] = (uint8_t)(sum & 0xff);
    key[PUBLIC_BYTES - 1] = (uint8_t)(sum >> 8);
    base32_encode(public_key, key, sizeof key);
    return true;
}
