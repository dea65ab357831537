/*
 * What the files of the client share.
 *
 *     grpc_client.c       tables, targets, retries: what becomes of a call
 *     grpc_connection.c   one connection: HTTP/2 on a socket
 *     grpc_caller.c       a call's headers, and its answer
 */
#ifndef SOUK_PLATFORM_GRPC_CLIENT_INTERNAL_H
#define SOUK_PLATFORM_GRPC_CLIENT_INTERNAL_H

#include "platform/env/delivery.h"
#include "platform/rpc/dependency.h"
#include "platform/rpc/grpc_client.h"
#include "platform/rpc/grpc_status.h"
#include "platform/trace/span.h"

#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdatomic.h>

struct grpc_line;
struct grpc_connection;

/* A call on its way; in the call's arena. */
struct grpc_request {
    struct call *call;
    const struct method_declaration *method;
    const char *path;
    const char *trace_parent; /* as the other side hears it */
    struct span span;         /* of all its tries; not begun where nobody notes it */
    struct text frame; /* the message, as it is sent */
    struct grpc_line *line;
    struct dependency *dependency;
    bool guarded;
    bool entered; /* and has not left yet */
    bool begun;   /* the other side may have heard of it */
    enum breaker_admission admission;
    int64_t began_us, deadline_us; /* monotonic; the latter is no later than the call's */
    struct timer deadline;
    struct delivery refusal;
    unsigned attempts;

    /* While it waits for a connection: in the line's list. While it is under way: in the connection's. */
    struct grpc_request *next, *before;
    struct grpc_connection *connection; /* NULL: it waits, or is answered */
    int32_t stream;
    size_t sent;

    /* What came back so far. */
    int http_status;
    bool has_status;
    struct grpc_status status;
    int64_t touched; /* what had changed there when it was given; 0: nothing that matters */
    struct buffer body; /* freed when it is answered */
};

/* --- grpc_connection.c --- */

/* Told by a connection, on its loop. */
struct grpc_connection_events {
    void (*opened)(void *data);
    void (*answered)(void *data, struct grpc_request *request);          /* all of it has come */
    void (*lost)(void *data, struct grpc_request *request, bool undone); /* it has not; `undone`: the other side did not begin it */
    void (*going)(void *data);                                           /* takes no new requests */
    void (*closed)(void *data, const char *why); /* after each of its requests was lost; free it */
};
/* To "host:port"; `identity` NULL: in the clear. */
struct grpc_connection *grpc_connection_open(struct loop *loop, const char *address, struct tls_identity *identity,
                                             const struct grpc_connection_events *events, void *data);
/* Its requests are lost, and `closed` is told. */
void grpc_connection_end(struct grpc_connection *connection, const char *why);
/* Nothing is told any more; no request may be left. Frees it. */
void grpc_connection_free(struct grpc_connection *connection);
/* Send it. False when the connection can't take any more. */
bool grpc_connection_send(struct grpc_connection *connection, struct grpc_request *request);
/* Forget a request: nobody waits for it. */
void grpc_connection_cancel(struct grpc_connection *connection, struct grpc_request *request);
bool grpc_connection_is_idle(const struct grpc_connection *connection);

/* --- grpc_caller.c --- */

#define GRPC_REQUEST_HEADERS_MAX 15
/* The headers of a request, in its call's arena. */
size_t grpc_request_headers(const struct grpc_request *request, const char *authority, bool secure, nghttp2_nv headers[GRPC_REQUEST_HEADERS_MAX]);
/* One header or trailer of the answer. */
void grpc_request_take_header(struct grpc_request *request, struct text name, struct text value);
/* All has come: the answer, or NULL with the problem in the call. */
ProtobufCMessage *grpc_request_answer(struct grpc_request *request);

#endif
