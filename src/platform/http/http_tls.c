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
 * Which certificate, and which of the client's, is the identity's to say (platform/tls). A peer that is refused is named in the log, once a second.
 */
#include "platform/http/http_tls.h"

#include "base/assert.h"
#include "base/log.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#define SEALED_BYTES 65536
#define RECORD_BYTES 16384
#define REFUSALS_TOLD_MS 1000

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

struct tls *tls_new(struct tls_identity *identity, uint64_t now_ms)
{
    struct tls *tls = calloc(1, sizeof *tls);
    ASSERT(tls);
    tls->ssl = tls_identity_ssl(identity);
    tls->from_client = BIO_new(BIO_s_mem());
    tls->to_client = BIO_new(BIO_s_mem());
    ASSERT(tls->ssl && tls->from_client && tls->to_client);
    SSL_set_bio(tls->ssl, tls->from_client, tls->to_client);
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

/* Of the shop's own processes one that is refused is a mistake of somebody's, who looks here; of the world's, every day's news. */
static void tell_refusal(struct connection *connection)
{
    struct http_server *server = connection->server;
    uint64_t now_ms = uv_now(server->uv);
    char why[256];
    if (!tls_identity_is_for_peers(server->tls) || (server->refusal_told_ms != 0 && now_ms - server->refusal_told_ms < REFUSALS_TOLD_MS))
        return;
    server->refusal_told_ms = now_ms;
    tls_explain(connection->tls->ssl, why);
    LOG_WARNING("a process was not let in", log_text("peer", connection->peer), log_text("why", why));
}

static void fail(struct connection *connection)
{
    bool was_shaking = connection->tls->state == HANDSHAKE;
    connection->tls->state = FAILED;
    connection->tls->spoke_http = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST;
    http_count(&connection->server->refused, 1);
    if (was_shaking)
        tell_refusal(connection);
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
