/*
 * How we come to a server: the client library's options from an address and its files, and what to say and do when it does not work.
 *
 * Files are read at each attempt, so that who mends or renews one need not restart anything. What is said names the setting that an operator would
 * change, and never what is secret in it.
 */
#include "platform/bus/nats_internal.h"
#include "platform/bus/nats_nkey.h"

#include <openssl/crypto.h>
#include <stdio.h>

#define RECONNECT_MS 500
#define RECONNECT_JITTER_MS 250
#define PING_MS 5000
#define CREDENTIALS_BYTES 16384

static bool is_set(const char *string)
{
    return string != NULL && *string != '\0';
}

/* --- who we are -------------------------------------------------------------------------------------------------- */

/* The line of a file that is the seed of an nkey; empty when there is none. */
static struct text seed_line(struct text file)
{
    const char *at = file.length > 1 ? memmem(file.at, file.length, "SU", 2) : NULL;
    struct text line = {at, at != NULL ? strcspn(at, " \t\r\n") : 0};
    return line.length == NKEY_SEED_LENGTH && (at == file.at || at[-1] == '\n') ? line : (struct text){0};
}

static natsStatus use_credentials_text(natsOptions *options, const char *path, struct text file, char why[NATS_WHY_BYTES])
{
    char public_key[NKEY_PUBLIC_LENGTH + 1];
    if (memmem(file.at, file.length, "NATS USER JWT", 13) != NULL)
        return natsOptions_SetUserCredentialsFromFiles(options, path, NULL);
    if (nkey_public_of(seed_line(file), public_key))
        return natsOptions_SetNKeyFromSeed(options, public_key, path);
    snprintf(why, NATS_WHY_BYTES, "SOUK_BUS_CREDENTIALS: %.200s is neither a .creds file nor the seed of a user's nkey (SU…)", path);
    return NATS_INVALID_ARG;
}

static natsStatus use_credentials(natsOptions *options, const char *path, char why[NATS_WHY_BYTES])
{
    char content[CREDENTIALS_BYTES];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        snprintf(why, NATS_WHY_BYTES, "SOUK_BUS_CREDENTIALS: %.200s can't be read: %m", path);
        return NATS_INVALID_ARG;
    }
    size_t length = fread(content, 1, sizeof content - 1, file);
    fclose(file);
    content[length] = '\0';
    natsStatus status = use_credentials_text(options, path, (struct text){content, length}, why);
    OPENSSL_cleanse(content, sizeof content);
    return status;
}

static natsStatus say_who(const struct nats_address *address, natsOptions *options, char why[NATS_WHY_BYTES])
{
    if (is_set(address->credentials))
        return use_credentials(options, address->credentials, why);
    if (*address->token != '\0')
        return natsOptions_SetToken(options, address->token);
    return *address->user != '\0' ? natsOptions_SetUserInfo(options, address->user, address->password) : NATS_OK;
}

/* --- TLS --------------------------------------------------------------------------------------------------------- */

/* Servers that want TLS get it with `nats://`, too; with `tls://` nothing is said to those that have none. */
static natsStatus use_tls(const struct nats_address *address, natsOptions *options, char why[NATS_WHY_BYTES])
{
    natsStatus status = address->secure ? natsOptions_SetSecure(options, true) : NATS_OK;
    if (status == NATS_OK && is_set(address->authorities)) {
        status = natsOptions_LoadCATrustedCertificates(options, address->authorities);
        if (status != NATS_OK)
            snprintf(why, NATS_WHY_BYTES, "SOUK_BUS_CA: %.200s can't be read as a file of certificates (PEM)", address->authorities);
    }
    if (status == NATS_OK && is_set(address->certificate)) {
        status = natsOptions_LoadCertificatesChain(options, address->certificate, address->key);
        if (status != NATS_OK)
            snprintf(why, NATS_WHY_BYTES, "SOUK_BUS_CERT and SOUK_BUS_KEY: %.100s and %.100s can't be read as a certificate and its key (PEM)",
                     address->certificate, address->key);
    }
    return status;
}

/* --- options ----------------------------------------------------------------------------------------------------- */

static natsStatus name_servers(const struct nats_address *address, natsOptions *options)
{
    const char *servers[NATS_SERVERS_MAX];
    for (size_t i = 0; i < address->server_count; i++)
        servers[i] = address->servers[i];
    return natsOptions_SetServers(options, servers, (int)address->server_count);
}

/* The library connects again by itself, for ever, to whichever server takes us. */
static natsStatus set_patience(natsOptions *options)
{
    natsStatus status = natsOptions_SetName(options, "souk");
    status = status != NATS_OK ? status : natsOptions_SetTimeout(options, NATS_WAIT_MS);
    status = status != NATS_OK ? status : natsOptions_SetMaxReconnect(options, -1);
    status = status != NATS_OK ? status : natsOptions_SetReconnectWait(options, RECONNECT_MS);
    status = status != NATS_OK ? status : natsOptions_SetReconnectJitter(options, RECONNECT_JITTER_MS, RECONNECT_JITTER_MS);
    return status != NATS_OK ? status : natsOptions_SetPingInterval(options, PING_MS);
}

natsStatus nats_options_new(const struct nats_address *address, natsOptions **options, char why[NATS_WHY_BYTES])
{
    natsStatus status = natsOptions_Create(options);
    status = status != NATS_OK ? status : name_servers(address, *options);
    status = status != NATS_OK ? status : set_patience(*options);
    status = status != NATS_OK ? status : say_who(address, *options, why);
    return status != NATS_OK ? status : use_tls(address, *options, why);
}

/* --- what went wrong --------------------------------------------------------------------------------------------- */

static void explain_refusal(const struct nats_address *address, char why[NATS_WHY_BYTES])
{
    if (is_set(address->credentials))
        snprintf(why, NATS_WHY_BYTES, "the server does not accept who we are: see to SOUK_BUS_CREDENTIALS (%.200s)", address->credentials);
    else if (*address->token != '\0')
        snprintf(why, NATS_WHY_BYTES, "the server does not accept our token: correct it in SOUK_BUS");
    else if (*address->user != '\0')
        snprintf(why, NATS_WHY_BYTES, "the server does not accept our name and password: correct them in SOUK_BUS");
    else
        snprintf(why, NATS_WHY_BYTES, "the server wants to know who we are: write nats://USER:PASSWORD@… in SOUK_BUS, or name a file in SOUK_BUS_CREDENTIALS");
}

/* What OpenSSL says of a certificate: "64:IP address mismatch:depth=0:cert=…", behind words of the library. */
static void explain_tls(char why[NATS_WHY_BYTES])
{
    const char *said = nats_GetLastError(NULL), *colon = said != NULL ? strstr(said, "error: ") : NULL;
    snprintf(why, NATS_WHY_BYTES, "we can't trust the server, by its certificate (%.150s): see to SOUK_BUS_CA, and which hosts the certificate is for",
             colon != NULL ? colon + strlen("error: ") : "none");
}

void nats_explain(const struct nats_address *address, natsStatus status, char why[NATS_WHY_BYTES])
{
    if (*why != '\0')
        return;
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
        explain_refusal(address, why);
        return;
    case NATS_SSL_ERROR:
        explain_tls(why);
        return;
    case NATS_SECURE_CONNECTION_WANTED:
        snprintf(why, NATS_WHY_BYTES, "the server has no TLS: turn it on there, or write nats:// in SOUK_BUS");
        return;
    case NATS_PROTOCOL_ERROR: /* as TLS 1.3 has it: who has no right certificate hears so after the handshake */
        snprintf(why, NATS_WHY_BYTES, "the server hangs up: it may want a certificate that it knows, see to SOUK_BUS_CERT and SOUK_BUS_KEY");
        return;
    case NATS_NO_SERVER:
    case NATS_IO_ERROR:
    case NATS_TIMEOUT:
    case NATS_ADDRESS_MISSING:
        snprintf(why, NATS_WHY_BYTES, "no server answers at the addresses in SOUK_BUS: is it running there, and may we reach it?");
        return;
    default:
        snprintf(why, NATS_WHY_BYTES, "connecting failed: %.200s", natsStatus_GetText(status));
    }
}

/* Only a person can mend it: there is no hurry. */
bool nats_is_refusal(natsStatus status)
{
    return status == NATS_CONNECTION_AUTH_FAILED || status == NATS_NOT_PERMITTED || status == NATS_SSL_ERROR || status == NATS_INVALID_ARG ||
           status == NATS_PROTOCOL_ERROR || status == NATS_SECURE_CONNECTION_WANTED;
}
