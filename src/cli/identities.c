#include "cli/identities.h"

#include "base/log.h"

static bool load(struct tls_identity **identity, const struct tls_identity_options *options, char error[512])
{
    if (*options->certificate_file == '\0')
        return true;
    *identity = tls_identity_new(options, error);
    return *identity != NULL;
}

bool identities_load(struct identities *identities, const struct config *config, char error[512])
{
    struct tls_identity_options website = {
        .role = TLS_WEBSITE,
        .certificate_file = config->tls_certificate,
        .key_file = config->tls_key,
    };
    struct tls_identity_options peer = {
        .role = TLS_PEER_CLIENT,
        .certificate_file = config->grpc_certificate,
        .key_file = config->grpc_key,
        .authority_file = config->grpc_authority,
    };

    *identities = (struct identities){0};
    bool fine = load(&identities->website, &website, error) && load(&identities->peer_client, &peer, error);
    peer.role = TLS_PEER_SERVER;
    peer.callers = config->grpc_callers;
    fine = fine && load(&identities->peer_server, &peer, error);
    if (!fine)
        identities_free(identities);
    return fine;
}

void identities_free(struct identities *identities)
{
    tls_identity_free(identities->website);
    tls_identity_free(identities->peer_server);
    tls_identity_free(identities->peer_client);
    *identities = (struct identities){0};
}

static bool reload(struct tls_identity *identity, const char *whose)
{
    char error[512];

    if (!identity)
        return false;
    if (tls_identity_reload(identity, error)) {
        LOG_INFO("the certificate was read again", log_text("for", whose));
        return true;
    }
    LOG_ERROR("the new certificate can't be used; the old one stays", log_text("for", whose), log_text("reason", error));
    return false;
}

bool identities_reload(const struct identities *identities)
{
    reload(identities->website, "clients");
    return reload(identities->peer_client, "calls of other processes") && reload(identities->peer_server, "calls from other processes");
}

bool identities_are_any(const struct identities *identities)
{
    return identities->website || identities->peer_server;
}
