/*
 * The REST gateway: from HTTP exchanges to typed calls and back to JSON, by the declarations alone.
 *
 *     exchange ─ cache ─ route ─ authenticate ─ query, path, body → message ─ call ─ message → JSON, links, embedded ─ answer
 *
 * One gateway serves all loops: after rest_new() everything but the cache and the counters is constant. It needs no sockets: whoever has
 * an http_exchange can hand it over. What the outside may rely on is served at /docs and /openapi.json.
 */
#ifndef SOUK_REST_H
#define SOUK_REST_H

#include "base/json_write.h"
#include "gateways/watch.h"
#include "guard/budget.h"
#include "platform/http/http.h"
#include "platform/cache/shared_cache.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

struct rest;

struct rest_options {
    /* Every service there is; those that the directory does not have get no routes. All must outlive the gateway. */
    const struct service_declaration *const *services;
    size_t service_count;
    const struct directory *directory;
    const char *admin_token; /* NULL: nobody is the administrator */
    const char *version;     /* of the program, for the reference */
    size_t cache_bytes;      /* for answers that everyone gets; 0: none */
    struct shared_cache *shared_cache; /* behind ours, for several processes; NULL: none */
    struct budget *budget;   /* what each client may ask; NULL: as much as they like */
    struct watches *watches; /* for streams; NULL: none are to be had */
    /* Write one member per dependency, a boolean, into an open object; false when not ready. NULL: always ready. Any thread. */
    bool (*ready)(void *data, struct json_writer *checks);
    /* Add what others count, in Prometheus's text format. NULL: nothing. Any thread. */
    void (*metrics)(void *data, struct buffer *out);
    void *data;
};

struct rest *rest_new(const struct rest_options *options);
/* When no exchange is open any more. */
void rest_free(struct rest *rest);

/* Answer, now or later, on the exchange's loop. `rest` is a struct rest. */
void rest_handle(void *rest, struct http_exchange *exchange);
/* The same with its two companions, for http_server_start(). */
struct http_handler rest_handler(struct rest *rest);

/* A resource has changed: answers made of it are old. From any thread; as `touched` of struct host_options. */
void rest_touched(void *rest, const char *resource, const char *key);
/* Any may have: nobody knows which. */
void rest_everything_touched(struct rest *rest);

#endif
