/*
 * A shop: the services of this process, running, and the directory by which they are called.
 */
#ifndef SOUK_CLI_SHOP_H
#define SOUK_CLI_SHOP_H

#include "platform/bus/nats.h"
#include "platform/rpc/dependency.h"
#include "platform/service/service.h"

struct shop;

struct shop_options {
    struct env *env;
    struct loop *loop;       /* for timers, and for sagas that go on after a restart */
    const char *store_url;
    const struct nats_address *nats; /* events to and from other processes travel by it; NULL: from process to process */
    const char *services;    /* names, separated by commas, or "all" */
    struct tls_identity *identity; /* for calls to grpcs:// addresses, a peer client's; NULL: there are none */
    unsigned reader_count;   /* of all services together */
    int64_t writer_wait_ms;  /* for another process that still writes to a store */
    /* Where a service runs that is not named ("host:port", "grpcs://host:port"); NULL: nowhere, and one that is nowhere is part of "all". */
    const char *(*address_of)(void *data, const char *service);
    /* Of other processes: anything may have changed there. */
    void (*everything_touched)(void *data);
    /* As in struct host_options. */
    void (*touched)(void *data, const char *resource, const char *key);
    void *touched_data;       /* of these three */
};

/* Start every service named. NULL with a sentence in `error`; then the process is to end, and with it those that have started. */
struct shop *shop_start(const struct shop_options *options, char error[512]);
/* Stopping takes two steps, because what is under way needs the loops (service.h): shop_drain() when the gateways call no more, then, once
 * `drained` ran on `loop` and the loops have stopped, shop_stop(). */
void shop_drain(struct shop *shop, struct loop *loop, void (*drained)(void *data), void *data);
void shop_stop(struct shop *shop);

/* The bus between its services. */
struct bus *shop_bus(const struct shop *shop);
/* What carries events between processes; NULL without NATS. */
struct nats_bus *shop_nats(const struct shop *shop);
struct directory *shop_directory(const struct shop *shop);
/* Whether a service runs in this process. */
bool shop_runs(const struct shop *shop, const char *service);
/* Whether a service takes calls as far as we know: one that runs here always, one elsewhere while it can be reached. NULL: each of them. */
bool shop_reaches(const struct shop *shop, const char *service);
/* Whether every other process has been reached since the start, and knows that we listen: from then on we answer truthfully without them. */
bool shop_has_reached_all(const struct shop *shop);
/* How it goes with a service (an index into every_service) that runs in another process; NULL when it does not. */
struct dependency *shop_dependency(const struct shop *shop, size_t service);
/* What this process tells others of the shop (platform/feed). */
struct feed_service *shop_feed(const struct shop *shop);
/* On each loop, when the gateways call no more: end its connections to other processes. */
void shop_close_connections(struct shop *shop, struct loop *loop);
size_t shop_host_count(const struct shop *shop);
struct host *shop_host(const struct shop *shop, size_t index);

/* Every service there is, whether it runs here or not. */
#define SERVICE_COUNT 7
extern const struct service *const every_service[SERVICE_COUNT];

/* Whether a list of names, as in `services` above, has this one. */
bool services_have(const char *services, const char *name);

/* The service of that name, or NULL. */
const struct service *service_named(struct text name);

#endif
