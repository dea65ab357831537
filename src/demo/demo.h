/*
 * The demo shop: what `souk serve --demo` puts into an empty shop, and its pictures.
 *
 * Products, texts and pictures are ours. Tax rates and shipping are there to show how they work, not to be relied on.
 */
#ifndef SOUK_DEMO_H
#define SOUK_DEMO_H

#include "platform/http/http.h"
#include "platform/rpc/call.h"

/* Load it through the ordinary operations, one after the other, unless the shop has any product. `done` is called on `loop`, where this is
 * called, too: with NULL, or with a sentence about what went wrong. */
void demo_load(struct directory *directory, struct loop *loop, void (*done)(void *data, const char *error), void *data);

/* Answer a request for one of its pictures, /media/demo/NAME.svg. False for any other path, with nothing done. */
bool demo_media_respond(struct http_exchange *exchange);

#endif
