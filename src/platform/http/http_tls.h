/*
 * TLS between a connection's socket and its framing; for http_connection.c alone.
 *
 *     socket -> tls_receive() -> connection_receive() -> framing
 *     socket <- tls_output()  <------------------------- framing
 */
#ifndef SOUK_PLATFORM_HTTP_TLS_H
#define SOUK_PLATFORM_HTTP_TLS_H

#include "platform/http/http_internal.h"

struct tls *tls_new(struct tls_identity *identity, uint64_t now_ms);
void tls_free(struct tls *tls); /* NULL is fine */

/* Encrypted bytes came: go on with the handshake, hand what they hold to the framing. True when the client says that it will send no
 * more. */
bool tls_receive(struct connection *connection, const char *bytes, size_t length);
/* The next bytes to send, in one piece, as a framing's output; and what of them is sent. */
unsigned tls_output(struct connection *connection, uv_buf_t *piece, size_t *total);
void tls_sent(struct connection *connection, size_t bytes);
/* The handshake is done, or has failed: what is asked next is for the framing, or for tls_is_finished(). */
bool tls_is_established(const struct connection *connection);
uint64_t tls_since_ms(const struct connection *connection);
/* Not of a client that makes TLS answer, and takes no answers. */
bool tls_wants_bytes(const struct connection *connection);
/* The framing is, and both sides can know it; or TLS has failed, and the reason is sent. */
bool tls_is_finished(const struct connection *connection);

#endif
