/*
 * TLS by OpenSSL over two memory BIOs.
 *
 *     shaking hands --done--> open --close_notify, error--> faulty
 *           \-------------error-------------------------------^
 *
 * In TLS 1.3 the client has finished before the server has looked at its certificate: a refusal comes as an alert when it is open already.
 */
#include "platform/tls/tls_client.h"

#include "base/assert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_client {
    SSL *ssl;
    BIO *came, *leaves; /* the SSL's */
    bool open, faulty;
    char fault[256];
};

/* "[::1]:7001" is ::1's. */
static void host_of(const char *address, char host[256])
{
    const char *colon = strrchr(address, ':');
    size_t length = colon != NULL ? (size_t)(colon - address) : strlen(address);
    if (length >= 2 && *address == '[') {
        address++;
        length -= 2;
    }
    snprintf(host, 256, "%.*s", (int)length, address);
}

/* The server must be the one that was called. Only names are told in the clear (RFC 6066 section 3). */
static void expect(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host) == 1)
        return;
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ASSERT(X509_VERIFY_PARAM_set1_host(wanted, host, 0) == 1);
    ASSERT(SSL_set_tlsext_host_name(ssl, host) == 1);
}

static void fail(struct tls_client *client)
{
    client->faulty = true;
    client->open = false;
    tls_explain(client->ssl, client->fault);
}

static void shake_hands(struct tls_client *client)
{
    ERR_clear_error();
    int result = SSL_do_handshake(client->ssl);
    if (result != 1) {
        if (SSL_get_error(client->ssl, result) != SSL_ERROR_WANT_READ)
            fail(client);
        return;
    }
    const unsigned char *protocol;
    unsigned length;
    SSL_get0_alpn_selected(client->ssl, &protocol, &length);
    client->open = length == 2 && memcmp(protocol, "h2", 2) == 0;
    if (!client->open) {
        client->faulty = true;
        snprintf(client->fault, sizeof client->fault, "It does not speak HTTP/2: is that a SOUK_GRPC_LISTEN?");
    }
}

struct tls_client *tls_client_new(struct tls_identity *identity, const char *address)
{
    char host[256];
    struct tls_client *client = calloc(1, sizeof *client);
    ASSERT(client != NULL);
    client->ssl = tls_identity_ssl(identity);
    client->came = BIO_new(BIO_s_mem());
    client->leaves = BIO_new(BIO_s_mem());
    ASSERT(client->came != NULL && client->leaves != NULL);
    SSL_set_bio(client->ssl, client->came, client->leaves);
    host_of(address, host);
    expect(client->ssl, host);
    shake_hands(client);
    return client;
}

void tls_client_free(struct tls_client *client)
{
    if (client == NULL)
        return;
    SSL_free(client->ssl);
    free(client);
}

void tls_client_feed(struct tls_client *client, const void *bytes, size_t count)
{
    if (client->faulty)
        return;
    ASSERT(BIO_write(client->came, bytes, (int)count) == (int)count);
    if (!client->open)
        shake_hands(client);
}

size_t tls_client_read(struct tls_client *client, void *room, size_t size)
{
    if (!client->open)
        return 0;
    ERR_clear_error();
    int count = SSL_read(client->ssl, room, (int)size);
    if (count > 0)
        return (size_t)count;
    int problem = SSL_get_error(client->ssl, count);
    if (problem == SSL_ERROR_ZERO_RETURN) {
        client->faulty = true;
        snprintf(client->fault, sizeof client->fault, "The other side closed the connection.");
    } else if (problem != SSL_ERROR_WANT_READ)
        fail(client);
    return 0;
}

bool tls_client_is_open(const struct tls_client *client)
{
    return client->open && !client->faulty;
}

void tls_client_write(struct tls_client *client, const void *bytes, size_t count)
{
    if (!tls_client_is_open(client) || count == 0)
        return;
    ERR_clear_error();
    if (SSL_write(client->ssl, bytes, (int)count) != (int)count)
        fail(client);
}

void tls_client_take(struct tls_client *client, struct buffer *out)
{
    for (int waiting; (waiting = BIO_pending(client->leaves)) > 0;) {
        char *room = buffer_reserve(out, (size_t)waiting);
        ASSERT(room != NULL && BIO_read(client->leaves, room, waiting) == waiting);
        buffer_grew(out, (size_t)waiting);
    }
}

const char *tls_client_fault(const struct tls_client *client)
{
    return client->faulty ? client->fault : NULL;
}
