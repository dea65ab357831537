/*
 * Who a process is, in TLS, and whom it believes: certificate, key and, between the processes of a shop, the authority that signs all of theirs.
 *
 *     website       shows its certificate to whoever comes, asks for none; TLS 1.2 and later, HTTP/2 or HTTP/1.1 by ALPN
 *     peer server   demands a certificate of the authority that bears one of the names of its callers; TLS 1.3, HTTP/2 only
 *     peer client   demands one of the authority for the name it has called, and shows its own
 *
 * One identity serves all loops. Its files can be read again at any time: connections from then on use what they say, open ones stay as
 * they are.
 */
#ifndef SOUK_PLATFORM_TLS_IDENTITY_H
#define SOUK_PLATFORM_TLS_IDENTITY_H

#include <openssl/ssl.h>
#include <stdbool.h>

enum tls_role { TLS_WEBSITE, TLS_PEER_SERVER, TLS_PEER_CLIENT };

struct tls_identity_options {
    enum tls_role role;
    const char *certificate_file, *key_file; /* PEM, the certificate's with its chain */
    const char *authority_file;              /* a peer's: the certificates that sign those of the others */
    const char *callers; /* a peer server's: who may call, names in certificates ("souk-checkout, souk-gateway"); "*": all that are signed */
};

struct tls_identity;
/* Copies the options. NULL with a sentence in `error` when the files can't be read or don't belong together. */
struct tls_identity *tls_identity_new(const struct tls_identity_options *options, char error[512]);
/* Read the files again. False with a sentence when that fails; what was read before stays. Any thread. */
bool tls_identity_reload(struct tls_identity *identity, char error[512]);
/* When all that use it have ended. NULL is fine. */
void tls_identity_free(struct tls_identity *identity);

bool tls_identity_is_for_peers(const struct tls_identity *identity);

/* For one connection. Any thread. */
SSL *tls_identity_ssl(struct tls_identity *identity);

/* Why a connection's TLS has failed, as a sentence about the other side: from the errors that OpenSSL has noted on this thread, which are
 * forgotten. */
void tls_explain(const SSL *ssl, char why[256]);

#endif
