/*
 * Lists that go on: a list whose method declares `follow`, asked for as text/event-stream, is answered as server-sent events: what it has,
 * page by page, and then what is new (gateways/follow.h).
 *
 *     id: catalog:17             an item's `cursor`: who comes back with it (Last-Event-ID) goes on behind it
 *     data: {…}                  the item, as in the list
 *
 * While nothing happens a comment says so every LIMIT_HEARTBEAT_MS.
 */
#ifndef SOUK_REST_EVENT_STREAM_H
#define SOUK_REST_EVENT_STREAM_H

#include "gateways/rest/visit.h"

/* Whether the client asks for a stream, and there is one to be had. */
bool event_stream_is_wanted(const struct visit *visit);
/* The request is read: answer, for as long as both sides like. */
void event_stream_begin(struct visit *visit);

#endif
