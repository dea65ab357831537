/*
 * TLS, by OpenSSL over two memory BIOs: it never sees a socket, so reading, writing and time-outs stay those of http_connection.c.
 *
 *     HANDSHAKE --done--> ESTABLISHED --framing finished--> CLOSED (close_notify is in the output)
 *         |                    |
 *         +------error---------+--> FAILED (the alert is in the output)
 *
 * What leaves is gathered in pieces of one record, encrypted, and kept in `sealed` until the socket has taken it; while some of it is
 * left no more is asked of the framing, so a slow client holds 64 KB here at most. Libuv may hold a pointer into it meanwhile: what
 * OpenSSL has to say by itself (handshakes, alerts) waits in its BIO for the next output.
 *
 * The certificate is behind a mutex that is taken once a connection; a connection keeps the one it began with.
 */
#include "platform/http/http_tls.h"

#include "base/assert.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SEALED_BYTES 65536
#define RECORD_BYTES 16384

/* --- certificate and key --- */

struct http_tls {
    pthread_mutex_t lock; /* of the context alone */
    SSL_CTX *context;
    char *certificate_file, *key_file;
};

/* For TLS 1.2, what RFC 9113 does not forbid: with forward secrecy, authenticated. 1.3 has no others. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_length, const unsigned char *offered,
                           unsigned offered_length, void *data)
{
    (void)ssl, (void)data;
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char *found;
    if (SSL_select_next_proto(&found, chosen_length, ours, sizeof ours - 1, offered, offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 section 3.2: no_application_protocol */
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* Nobody is there to type one. */
static int refuse_passphrase(char *buffer, int size, int writing, void *data)
{
    (void)buffer, (void)size, (void)writing, (void)data;
    return -1;
}

static SSL_CTX *context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    ASSERT(context);
    ASSERT(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
    ASSERT(SSL_CTX_set_cipher_list(context, CIPHERS) == 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
    return context;
}

/* Why OpenSSL refused, in its own words: the last error is the one nearest to the cause. */
static const char *reason_of_refusal(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason ? reason : "it is not in PEM form";
}

static bool check_readable(const char *file, const char *what, char error[512])
{
    FILE *opened = fopen(file, "r");
    if (opened)
        fclose(opened);
    else
        snprintf(error, 512, "The TLS %s %.300s can't be read: %m.", what, file);
    return opened != NULL;
}

static bool load(SSL_CTX *context, const char *certificate_file, const char *key_file, char error[512])
{
    ERR_clear_error();
    if (!check_readable(certificate_file, "certificate", error) || !check_readable(key_file, "key", error))
        return false;
    if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1)
        snprintf(error, 512, "%.300s is no certificate in PEM form: %s.", certificate_file, reason_of_refusal());
    else if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1)
        snprintf(error, 512, "%.200s is no key in PEM form that belongs to the certificate %.200s: %s.", key_file, certificate_file,
                 reason_of_refusal());
    else
        return true;
    return false;
}

/* NULL with a sentence in `error`. */
static SSL_CTX *context_load(const char *certificate_file, const char *key_file, char error[512])
{
    SSL_CTX *context = context_new();
    if (load(context, certificate_file, key_file, error))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

struct http_tls *http_tls_new(const char *certificate_file, const char *key_file, char error[512])
{
    SSL_CTX *context = context_load(certificate_file, key_file, error);
    if (!context)
        return NULL;
    struct http_tls *tls = calloc(1, sizeof *tls);
    ASSERT(tls);
    tls->context = context;
    tls->certificate_file = strdup(certificate_file);
    tls->key_file = strdup(key_file);
    ASSERT(tls->certificate_file && tls->key_file && pthread_mutex_init(&tls->lock, NULL) == 0);
    return tls;
}

bool http_tls_reload(struct http_tls *tls, char error[512])
{
    SSL_CTX *context = context_load(tls->certificate_file, tls->key_file, error);
    if (!context)
        return false;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = context;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old); /* open connections count on it, too */
    return true;
}

void http_tls_free(struct http_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    free(tls->certificate_file);
    free(tls->key_file);
    free(tls);
}

/* --- a connection --- */

enum tls_state { HANDSHAKE, ESTABLISHED, CLOSED, FAILED };

struct tls {
    SSL *ssl;
    BIO *from_client, *to_client; /* the SSL's */
    enum tls_state state;
    uint64_t since_ms;
    bool spoke_http; /* the client, and not TLS */
    struct buffer sealed;
    size_t sealed_sent;
};

struct tls *tls_new(struct http_tls *shared, uint64_t now_ms)
{
    struct tls *tls = calloc(1, sizeof *tls);
    ASSERT(tls);
    pthread_mutex_lock(&shared->lock);
    tls->ssl = SSL_new(shared->context);
    pthread_mutex_unlock(&shared->lock);
    tls->from_client = BIO_new(BIO_s_mem());
    tls->to_client = BIO_new(BIO_s_mem());
    ASSERT(tls->ssl && tls->from_client && tls->to_client);
    SSL_set_bio(tls->ssl, tls->from_client, tls->to_client);
    SSL_set_accept_state(tls->ssl);
    tls->since_ms = now_ms;
    buffer_init(&tls->sealed, SEALED_BYTES + (1 << 20));
    return tls;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl);
    buffer_release(&tls->sealed);
    free(tls);
}

bool tls_is_established(const struct connection *connection)
{
    return connection->tls->state != HANDSHAKE;
}

uint64_t tls_since_ms(const struct connection *connection)
{
    return connection->tls->since_ms;
}

/* What OpenSSL has written for the client. */
static void take_sealed(struct tls *tls)
{
    for (int waiting; (waiting = BIO_pending(tls->to_client)) > 0;) {
        char *room = buffer_reserve(&tls->sealed, (size_t)waiting);
        ASSERT(room && BIO_read(tls->to_client, room, waiting) == waiting);
        buffer_grew(&tls->sealed, (size_t)waiting);
    }
}

static void fail(struct connection *connection)
{
    connection->tls->state = FAILED;
    connection->tls->spoke_http = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST;
    http_count(&connection->server->refused, 1);
    ERR_clear_error();
}

/* Somebody who speaks to the wrong port should hear it in a language they know. */
static void explain(struct tls *tls)
{
    if (tls->spoke_http)
        buffer_add_string(&tls->sealed, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
                                        "This port speaks TLS: use https instead of http.\n");
    tls->spoke_http = false;
}

static void establish(struct connection *connection)
{
    const unsigned char *protocol;
    unsigned length;
    connection->tls->state = ESTABLISHED;
    SSL_get0_alpn_selected(connection->tls->ssl, &protocol, &length);
    if (length == 2 && memcmp(protocol, "h2", 2) == 0)
        http2_begin(connection);
    connection->framing_is_known = true;
}

static void shake_hands(struct connection *connection)
{
    struct tls *tls = connection->tls;
    int result = SSL_do_handshake(tls->ssl);
    if (result == 1)
        establish(connection);
    else if (SSL_get_error(tls->ssl, result) != SSL_ERROR_WANT_READ)
        fail(connection);
}

/* Whole records that have come go to the framing. True at the client's close_notify. */
static bool read_records(struct connection *connection)
{
    struct tls *tls = connection->tls;
    char *plain = connection->server->plain;
    int count;
    while ((count = SSL_read(tls->ssl, plain, RECORD_BYTES)) > 0)
        connection_receive(connection, plain, (size_t)count);
    int problem = SSL_get_error(tls->ssl, count);
    if (problem != SSL_ERROR_WANT_READ && problem != SSL_ERROR_ZERO_RETURN)
        fail(connection);
    return problem == SSL_ERROR_ZERO_RETURN;
}

bool tls_receive(struct connection *connection, const char *bytes, size_t length)
{
    struct tls *tls = connection->tls;
    if (tls->state == CLOSED || tls->state == FAILED)
        return false;
    ERR_clear_error();
    ASSERT(BIO_write(tls->from_client, bytes, (int)length) == (int)length);
    if (tls->state == HANDSHAKE)
        shake_hands(connection);
    return tls->state == ESTABLISHED && read_records(connection);
}

/* --- sending --- */

/* The framing's next bytes, up to one record, in the server's buffer. */
static size_t gather(struct connection *connection)
{
    uv_buf_t pieces[8];
    size_t total, gathered = 0;
    unsigned count = connection->framing->output(connection, pieces, 8, &total);
    for (unsigned i = 0; i < count && gathered < RECORD_BYTES; i++) {
        size_t here = pieces[i].len < RECORD_BYTES - gathered ? pieces[i].len : RECORD_BYTES - gathered;
        memcpy(connection->server->plain + gathered, pieces[i].base, here);
        gathered += here;
    }
    if (gathered > 0)
        connection->framing->sent(connection, gathered);
    return gathered;
}

static void seal(struct connection *connection)
{
    struct tls *tls = connection->tls;
    size_t gathered;
    ERR_clear_error();
    while (tls->sealed.length < SEALED_BYTES && !connection->framing->is_broken(connection) && (gathered = gather(connection)) > 0) {
        if (SSL_write(tls->ssl, connection->server->plain, (int)gathered) <= 0) {
            fail(connection);
            return;
        }
        take_sealed(tls);
    }
    if (connection->framing->is_finished(connection) && tls->sealed.length < SEALED_BYTES) {
        SSL_shutdown(tls->ssl);
        take_sealed(tls);
        tls->state = CLOSED;
    }
}

unsigned tls_output(struct connection *connection, uv_buf_t *piece, size_t *total)
{
    struct tls *tls = connection->tls;
    if (tls->sealed_sent == tls->sealed.length) {
        tls->sealed_sent = 0;
        buffer_release(&tls->sealed); /* an idle connection holds no buffer */
        take_sealed(tls);
        if (tls->state == ESTABLISHED)
            seal(connection);
        else
            explain(tls);
    }
    *total = tls->sealed.length - tls->sealed_sent;
    if (*total == 0)
        return 0;
    *piece = (uv_buf_t){.base = tls->sealed.at + tls->sealed_sent, .len = *total};
    return 1;
}

void tls_sent(struct connection *connection, size_t bytes)
{
    connection->tls->sealed_sent += bytes;
}

bool tls_is_finished(const struct connection *connection)
{
    const struct tls *tls = connection->tls;
    return (tls->state == CLOSED || tls->state == FAILED) && !tls->spoke_http && tls->sealed_sent == tls->sealed.length &&
           BIO_pending(tls->to_client) == 0;
}

bool tls_wants_bytes(const struct connection *connection)
{
    const struct tls *tls = connection->tls;
    return tls->state == HANDSHAKE || (tls->state == ESTABLISHED && BIO_pending(tls->to_client) < SEALED_BYTES &&
                                       connection->framing->wants_bytes(connection));
}
