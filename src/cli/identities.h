/*
 * The certificates that the settings name: the website's, and those between the processes of a shop.
 */
#ifndef SOUK_CLI_IDENTITIES_H
#define SOUK_CLI_IDENTITIES_H

#include "cli/config.h"
#include "platform/tls/tls_identity.h"

/* Each NULL where nothing is configured. */
struct identities {
    struct tls_identity *website, *peer_server, *peer_client;
};

/* False with a sentence, and all NULL, when a file can't be used. */
bool identities_load(struct identities *identities, const struct config *config, char error[512]);
void identities_free(struct identities *identities);
/* Read every file again, and say in the log what came of it. Whether something is new for the other processes. */
bool identities_reload(const struct identities *identities);
bool identities_are_any(const struct identities *identities);

#endif
