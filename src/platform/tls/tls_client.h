/*
 * The client's side of TLS to another process of the shop, between a socket and whatever speaks on it. It sees no socket:
 *
 *     socket -> tls_client_feed() -> tls_client_read() -> bytes of the session
 *     socket <- tls_client_take() <- tls_client_write() <- bytes of the session
 *
 * Of one thread.
 */
#ifndef SOUK_PLATFORM_TLS_CLIENT_H
#define SOUK_PLATFORM_TLS_CLIENT_H

#include "base/text.h"
#include "platform/tls/tls_identity.h"

struct tls_client;
/* To the process at "host:port", whose certificate must be for that host. tls_client_take() then has the first bytes to send. */
struct tls_client *tls_client_new(struct tls_identity *identity, const char *address);
void tls_client_free(struct tls_client *client); /* NULL is fine */

/* Bytes came from the socket. */
void tls_client_feed(struct tls_client *client, const void *bytes, size_t count);
/* What they hold, as much as there is room for; 0: no more for now, or ever. */
size_t tls_client_read(struct tls_client *client, void *room, size_t size);
/* Both sides believe each other, as far as this one knows: it may be written. */
bool tls_client_is_open(const struct tls_client *client);
void tls_client_write(struct tls_client *client, const void *bytes, size_t count);
/* What is to go to the socket, now; after each of the above. */
void tls_client_take(struct tls_client *client, struct buffer *out);
/* A sentence when it can't go on; NULL while it can. */
const char *tls_client_fault(const struct tls_client *client);

#endif
