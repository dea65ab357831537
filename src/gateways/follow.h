/*
 * Following a list: what it has, page by page, and then what is new, as soon as it is committed. For the gateways that stream: REST as
 * server-sent events (rest/event_stream.c), gRPC as messages (grpc/watch_list.c).
 *
 *     follow_begin() ── begin() ── item() ── item() ── … ── end()
 *               └───── refuse()
 *
 * Whoever reads more slowly than things happen gets them later, not fewer: the next page is read when what was written before has
 * left. While nothing happens, `idle` is called every LIMIT_HEARTBEAT_MS.
 */
#ifndef SOUK_GATEWAYS_FOLLOW_H
#define SOUK_GATEWAYS_FOLLOW_H

#include "platform/http/http.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

struct watches;

/* What a gateway does. All but `refuse` and `end` may write to the stream; neither of those two is followed by any other. */
struct follow_writer {
    /* The first page is there: begin the stream. */
    void (*begin)(void *data);
    /* The items of a page, one by one, and then once `written`. What they need can be in `arena`, which ends thereafter. */
    void (*item)(void *data, struct arena *arena, const ProtobufCMessage *item, const char *cursor);
    void (*written)(void *data);
    /* Nothing has happened for a while. */
    void (*idle)(void *data);
    /* The first page was refused, or too many follow: answer with this; nothing has begun. */
    void (*refuse)(void *data, const struct problem *problem);
    /* The client has gone, or not (`stopping`): the server stops, or `until_us` has come. End the stream. */
    void (*end)(void *data, bool stopping);
};

struct follow_options {
    struct watches *watches;
    struct http_exchange *exchange;
    struct call *call;                       /* who asks; each page is asked for by a child of it */
    ProtobufCService *service;
    const struct method_declaration *method; /* of the list, which has `follow` */
    ProtobufCMessage *request;               /* lives as long as the exchange; its `cursor` is ours from now on */
    int64_t until_us;                        /* monotonic: when it ends by itself; INT64_MAX, or 0: never */
    struct text after;                       /* where the client was; empty: what the request says */
    const struct follow_writer *writer;
    void *data;
};

/* The exchange's on_gone, on_drained and handler_data are the follow's from now on. */
void follow_begin(const struct follow_options *options);

#endif
