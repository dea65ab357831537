/*
 * NKeys: how NATS writes keys of Ed25519, in base32 with a prefix that says whose and a checksum.
 */
#ifndef SOUK_PLATFORM_BUS_NATS_NKEY_H
#define SOUK_PLATFORM_BUS_NATS_NKEY_H

#include "base/text.h"

#define NKEY_SEED_LENGTH 58
#define NKEY_PUBLIC_LENGTH 56

/* The public key ("UD…") of a user's seed ("SU…"). False when it is no such seed. */
bool nkey_public_of(struct text seed, char public_key[NKEY_PUBLIC_LENGTH + 1]);

#endif
