/*
 * Lists that go on: a list whose method declares `follow`, asked for as text/event-stream, is answered as server-sent events: what it has,
 * page by page, and then what is new, as soon as it is committed.
 *
 *     id: catalog:17             an item's `cursor`: who comes back with it (Last-Event-ID) goes on behind it
 *     data: {…}                  the item, as in the list
 *
 * While nothing happens a comment says so every LIMIT_HEARTBEAT_MS. Whoever reads more slowly than things happen gets them later, not
 * fewer: the next page is read when what was written before has left.
 */
#ifndef SOUK_REST_FOLLOW_H
#define SOUK_REST_FOLLOW_H

#include "gateways/rest/visit.h"

/* Whether the client asks for a stream, and there is one to be had. */
bool follow_is_wanted(const struct visit *visit);
/* The request is read: answer, for as long as both sides like. */
void follow_begin(struct visit *visit);

#endif
