/*
 * Starting and stopping services in one process.
 */
#include "cli/shop.h"

#include "base/assert.h"
#include "base/log.h"
#include "platform/feed/feed_service.h"
#include "platform/feed/follow.h"
#include "platform/rpc/grpc_client.h"
#include "platform/operations/operations.h"
#include "souk/operations/v1/operations.souk.h"
#include "services/cart/cart.h"
#include "services/catalog/catalog.h"
#include "services/checkout/checkout.h"
#include "services/inventory/inventory.h"
#include "services/order/order.h"
#include "services/payment/payment.h"
#include "services/pricing/pricing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct service *const every_service[SERVICE_COUNT] = {
    &catalog_service, &pricing_service, &inventory_service, &cart_service,
    &order_service,   &payment_service, &checkout_service,
};

/* Another process of this shop. */
struct neighbour {
    struct shop *shop;
    const char *address;
    struct follow *follow;
    const char *producers[SERVICE_COUNT]; /* services there that somebody here listens to */
    size_t producer_count;
};

struct shop {
    struct shop_options options;
    struct directory *directory;
    struct bus *bus;
    struct nats_bus *nats; /* NULL: events travel from process to process */
    struct feed_service *feed;
    struct grpc_client *client;
    struct neighbour neighbours[SERVICE_COUNT];
    size_t neighbour_count;
    struct dependency *dependencies[SERVICE_COUNT]; /* as in every_service; NULL: it runs here, or nowhere */
    size_t followed; /* that have not stopped yet */
    const char *own[SERVICE_COUNT];
    struct loop *drain_loop;
    struct readers *readers;
    struct operations *operations;
    pthread_mutex_t hosts_lock; /* of their count, when they stop */
    struct host *hosts[SERVICE_COUNT];
    size_t host_count;
    struct leading {
        struct shop *shop;
        size_t host;
    } leading[SERVICE_COUNT];
    struct draining {
        struct shop *shop;
        struct task task;
    } draining[SERVICE_COUNT];
    size_t drained_count;
    void (*drained)(void *data);
    void *drained_data;
};

const struct service *service_named(struct text name)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        if (text_is(name, every_service[i]->declaration->name))
            return every_service[i];
    return NULL;
}

/* The caches here know before the answer leaves, and those elsewhere hear of it at once. */
static void touched(void *data, const char *resource, const char *key)
{
    struct shop *shop = data;

    if (shop->options.touched)
        shop->options.touched(shop->options.touched_data, resource, key);
    feed_service_touched(shop->feed, resource, key);
}

static void anything_touched(void *data)
{
    struct shop *shop = data;

    if (shop->options.everything_touched)
        shop->options.everything_touched(shop->options.touched_data);
    feed_service_everything_touched(shop->feed);
}

static const char *address_of(const struct shop *shop, const char *service)
{
    return shop->options.address_of ? shop->options.address_of(shop->options.touched_data, service) : NULL;
}

/* Of a service that is not known here, nobody has subscribed to anything. */
static bool event_is_known(const char *producer, const char *name)
{
    const struct service *service = service_named(text_of(producer));

    return !service || service_knows_event(service, name);
}

static bool start_one(struct shop *shop, const struct service *service, const struct shop_options *options,
                      char error[512])
{
    struct host_options host = {
        .env = options->env,
        .store_url = options->store_url,
        .directory = shop->directory,
        .bus = shop->bus,
        .loop = options->loop,
        .readers = shop->readers,
        .writer_wait_ms = options->writer_wait_ms,
        .event_is_known = event_is_known,
        .touched = touched,
        .everything_touched = anything_touched,
        .touched_data = shop,
    };
    struct host *started = host_start(service, &host, error);

    if (started) {
        shop->own[shop->host_count] = service->declaration->name;
        shop->leading[shop->host_count] = (struct leading){.shop = shop, .host = shop->host_count};
        shop->hosts[shop->host_count++] = started;
        operations_add(shop->operations, started);
    }
    return started;
}

/* The next name of a list separated by commas; {NULL, 0} at its end. */
static struct text next_name(struct text *list)
{
    const char *comma = list->length ? memchr(list->at, ',', list->length) : NULL;
    size_t length = comma ? (size_t)(comma - list->at) : list->length;
    struct text name = text_trim((struct text){list->at, length});

    if (!list->length)
        return (struct text){NULL, 0};
    list->at += length + (comma ? 1 : 0);
    list->length -= length + (comma ? 1 : 0);
    return name;
}

bool services_have(const char *services, const char *name)
{
    struct text list = text_of(services);

    if (strcmp(services, "all") == 0)
        return true;
    for (struct text one = next_name(&list); one.at; one = next_name(&list))
        if (text_is(one, name))
            return true;
    return false;
}

static bool start_named(struct shop *shop, const struct shop_options *options, char error[512])
{
    struct text list = text_of(options->services);

    for (struct text name = next_name(&list); name.at; name = next_name(&list)) {
        const struct service *service = service_named(name);

        if (!service) {
            snprintf(error, 512, "There is no service called `%.*s`.", (int)name.length, name.at);
            return false;
        }
        if (!start_one(shop, service, options, error))
            return false;
    }
    return true;
}

static bool start_all(struct shop *shop, const struct shop_options *options, char error[512])
{
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        if (!address_of(shop, every_service[i]->declaration->name) && !start_one(shop, every_service[i], options, error))
            return false;
    return true;
}

/* --- services elsewhere --- */

static struct neighbour *neighbour_at(struct shop *shop, const char *address)
{
    struct neighbour *neighbour;

    for (size_t i = 0; i < shop->neighbour_count; i++)
        if (strcmp(shop->neighbours[i].address, address) == 0)
            return &shop->neighbours[i];
    neighbour = &shop->neighbours[shop->neighbour_count++];
    *neighbour = (struct neighbour){.shop = shop, .address = address};
    return neighbour;
}

/* Whether a service of this process listens to the producer's events. */
static bool is_listened_to(const struct shop *shop, const char *producer)
{
    for (size_t i = 0; i < shop->host_count; i++) {
        const struct service *service = host_service(shop->hosts[i]);

        for (size_t j = 0; j < service->subscription_count; j++)
            if (strcmp(service->subscriptions[j].producer, producer) == 0)
                return true;
    }
    return false;
}

static void neighbour_touched(void *data, const char *resource, const char *key)
{
    struct neighbour *neighbour = data;
    const struct shop_options *options = &neighbour->shop->options;

    if (options->touched)
        options->touched(options->touched_data, resource, key);
}

static void everything_touched(void *data)
{
    struct neighbour *neighbour = data;
    const struct shop_options *options = &neighbour->shop->options;

    if (options->everything_touched)
        options->everything_touched(options->touched_data);
}

/* Whether this process leads that service, of several that run it. NATS's worker asks until its end, which is after that of the hosts. */
static bool leads(void *data)
{
    const struct leading *leading = data;
    struct shop *shop = leading->shop;
    bool leads;

    pthread_mutex_lock(&shop->hosts_lock);
    leads = leading->host < shop->host_count && host_leads(shop->hosts[leading->host]);
    pthread_mutex_unlock(&shop->hosts_lock);
    return leads;
}

static void follow_neighbour(struct neighbour *neighbour)
{
    struct shop *shop = neighbour->shop;
    struct follow_options follow = {
        .env = shop->options.env,
        .bus = shop->bus,
        .loop = shop->options.loop,
        .client = shop->client,
        .address = neighbour->address,
        .producers = neighbour->producers,
        .producer_count = neighbour->producer_count,
        .own = shop->own,
        .own_count = shop->host_count,
        .nats = shop->nats,
        .reads = leads,
        .reads_data = &shop->leading[0], /* one has to read for all: whoever leads the first */
        .touched = neighbour_touched,
        .everything_touched = everything_touched,
        .data = neighbour,
    };

    neighbour->follow = follow_start(&follow);
}

/* Services that run elsewhere are in the directory like those that run here. */
static void find_neighbours(struct shop *shop)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        const struct service_declaration *declaration = every_service[i]->declaration;
        const char *address = address_of(shop, declaration->name);
        struct neighbour *neighbour;
        ProtobufCService *table;

        if (!address || directory_find(shop->directory, declaration->name))
            continue;
        table = grpc_client_service(shop->client, address, declaration);
        shop->dependencies[i] = grpc_client_guard(table);
        directory_add(shop->directory, declaration->name, table);
        operations_add_elsewhere(shop->operations, declaration->name, grpc_client_service(shop->client, address, &operations_declaration));
        neighbour = neighbour_at(shop, address);
        if (is_listened_to(shop, declaration->name))
            neighbour->producers[neighbour->producer_count++] = declaration->name;
        LOG_INFO("elsewhere", log_text("service", declaration->name), log_text("address", address));
    }
    for (size_t i = 0; i < shop->neighbour_count; i++)
        follow_neighbour(&shop->neighbours[i]);
}

static struct host *take_last_host(struct shop *shop)
{
    struct host *host;

    pthread_mutex_lock(&shop->hosts_lock);
    host = shop->hosts[--shop->host_count];
    pthread_mutex_unlock(&shop->hosts_lock);
    return host;
}

/* What others may listen to goes out by it, and what is listened to here comes in. */
static void start_nats(struct shop *shop)
{
    for (size_t i = 0; i < shop->host_count; i++)
        nats_bus_relay_while(shop->nats, shop->own[i], leads, &shop->leading[i]);
    nats_bus_start(shop->nats);
}

struct shop *shop_start(const struct shop_options *options, char error[512])
{
    struct shop *shop = calloc(1, sizeof *shop);
    bool all = strcmp(options->services, "all") == 0;

    ASSERT(shop);
    shop->options = *options;
    pthread_mutex_init(&shop->hosts_lock, NULL);
    shop->directory = directory_new();
    shop->operations = operations_new();
    directory_add(shop->directory, "operations", operations_service(shop->operations));
    shop->bus = bus_embedded_new(options->env);
    shop->readers = readers_start(options->env, options->reader_count);
    shop->client = grpc_client_new(options->env);
    grpc_client_use_identity(shop->client, options->identity);
    shop->feed = feed_service_start(options->env, shop->bus, options->loop);
    directory_add(shop->directory, feed_declaration.name, feed_service_table(shop->feed));
    if (all ? start_all(shop, options, error) : start_named(shop, options, error)) {
        if (options->nats)
            shop->nats = nats_bus_new(options->env, shop->bus, options->loop, options->nats);
        find_neighbours(shop);
        if (shop->nats)
            start_nats(shop);
        return shop;
    }
    /* Those that have started can only be stopped by way of the loop, which does not run yet: they end with the process. */
    return NULL;
}

static void host_drained(struct task *task)
{
    struct draining *draining = (struct draining *)(void *)((char *)task - offsetof(struct draining, task));
    struct shop *shop = draining->shop;

    if (++shop->drained_count == shop->host_count)
        shop->drained(shop->drained_data);
}

static void drain_hosts(struct shop *shop)
{
    if (shop->host_count == 0) /* a gateway to services elsewhere */
        shop->drained(shop->drained_data);
    for (size_t i = 0; i < shop->host_count; i++) {
        shop->draining[i] = (struct draining){.shop = shop, .task = {.run = host_drained}};
        host_drain(shop->hosts[i], shop->drain_loop, &shop->draining[i].task);
    }
}

static void follow_stopped(void *data)
{
    struct shop *shop = data;

    if (--shop->followed == 0)
        drain_hosts(shop);
}

void shop_drain(struct shop *shop, struct loop *loop, void (*drained)(void *data), void *data)
{
    ASSERT(loop == shop->options.loop);
    shop->drained = drained;
    shop->drained_data = data;
    shop->drain_loop = loop;
    shop->followed = shop->neighbour_count + 1;
    feed_service_drain(shop->feed);
    if (shop->nats)
        nats_bus_drain(shop->nats);
    for (size_t i = 0; i < shop->neighbour_count; i++)
        follow_stop(shop->neighbours[i].follow, follow_stopped, shop);
    follow_stopped(shop);
}

void shop_close_connections(struct shop *shop, struct loop *loop)
{
    grpc_client_close(shop->client, loop);
}

void shop_stop(struct shop *shop)
{
    readers_stop(shop->readers);
    while (shop->host_count)
        host_stop(take_last_host(shop));
    feed_service_stop(shop->feed); /* until then writers tell it what they touch */
    readers_free(shop->readers);
    if (shop->nats)
        nats_bus_stop(shop->nats);
    for (size_t i = 0; i < shop->neighbour_count; i++)
        follow_free(shop->neighbours[i].follow);
    grpc_client_free(shop->client);
    bus_free(shop->bus);
    directory_free(shop->directory);
    operations_free(shop->operations);
    pthread_mutex_destroy(&shop->hosts_lock);
    free(shop);
}

bool shop_runs(const struct shop *shop, const char *service)
{
    for (size_t i = 0; i < shop->host_count; i++)
        if (strcmp(shop->own[i], service) == 0)
            return true;
    return false;
}

/* Whether the process at the address answers, and knows that we listen. */
static bool hears(const struct shop *shop, const char *address)
{
    for (size_t i = 0; i < shop->neighbour_count; i++)
        if (strcmp(shop->neighbours[i].address, address) == 0 && !follow_is_heard(shop->neighbours[i].follow))
            return false;
    return grpc_client_reaches(shop->client, address);
}

bool shop_reaches(const struct shop *shop, const char *service)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        const char *name = every_service[i]->declaration->name, *address = address_of(shop, name);

        if (!shop_runs(shop, name) && address && (!service || strcmp(service, name) == 0) && !hears(shop, address))
            return false;
    }
    return true;
}

bool shop_has_reached_all(const struct shop *shop)
{
    for (size_t i = 0; i < shop->neighbour_count; i++)
        if (!follow_is_heard(shop->neighbours[i].follow) || !grpc_client_has_reached(shop->client, shop->neighbours[i].address))
            return false;
    return true;
}

struct dependency *shop_dependency(const struct shop *shop, size_t service)
{
    ASSERT(service < SERVICE_COUNT);
    return shop->dependencies[service];
}

struct feed_service *shop_feed(const struct shop *shop)
{
    return shop->feed;
}

struct nats_bus *shop_nats(const struct shop *shop)
{
    return shop->nats;
}

struct bus *shop_bus(const struct shop *shop)
{
    return shop->bus;
}

struct directory *shop_directory(const struct shop *shop)
{
    return shop->directory;
}

size_t shop_host_count(const struct shop *shop)
{
    return shop->host_count;
}

struct host *shop_host(const struct shop *shop, size_t index)
{
    ASSERT(index < shop->host_count);
    return shop->hosts[index];
}
