/*
 * JSON that clients send, by jansson: no deeper than we want, no name twice in one object, and given back with the arena.
 */
#ifndef SOUK_GATEWAYS_JSON_READ_H
#define SOUK_GATEWAYS_JSON_READ_H

#include "platform/rpc/call.h"

#include <jansson.h>

/* A whole text. NULL with call->problem. Lives as long as call->arena. */
json_t *json_read(struct call *call, struct text text);
/* Let the arena own it: json_decref() when that ends. */
json_t *json_keep(struct arena *arena, json_t *json);

#endif
