/*
 * Starting and stopping services in one process.
 */
#include "cli/shop.h"

#include "base/assert.h"
#include "base/log.h"
#include "platform/operations/operations.h"
#include "services/cart/cart.h"
#include "services/catalog/catalog.h"
#include "services/checkout/checkout.h"
#include "services/inventory/inventory.h"
#include "services/order/order.h"
#include "services/payment/payment.h"
#include "services/pricing/pricing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct service *const every_service[SERVICE_COUNT] = {
    &catalog_service, &pricing_service, &inventory_service, &cart_service,
    &order_service,   &payment_service, &checkout_service,
};

struct shop {
    struct directory *directory;
    struct bus *bus;
    struct readers *readers;
    struct operations *operations;
    struct host *hosts[SERVICE_COUNT];
    size_t host_count;
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
        .touched = options->touched,
        .touched_data = options->touched_data,
    };
    struct host *started = host_start(service, &host, error);

    if (started) {
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
        if (!start_one(shop, every_service[i], options, error))
            return false;
    return true;
}

struct shop *shop_start(const struct shop_options *options, char error[512])
{
    struct shop *shop = calloc(1, sizeof *shop);
    bool all = strcmp(options->services, "all") == 0;

    ASSERT(shop);
    shop->directory = directory_new();
    shop->operations = operations_new();
    directory_add(shop->directory, "operations", operations_service(shop->operations));
    shop->bus = bus_embedded_new(options->env);
    shop->readers = readers_start(options->env, options->reader_count);
    if (all ? start_all(shop, options, error) : start_named(shop, options, error))
        return shop;
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

void shop_drain(struct shop *shop, struct loop *loop, void (*drained)(void *data), void *data)
{
    ASSERT(shop->host_count);
    shop->drained = drained;
    shop->drained_data = data;
    for (size_t i = 0; i < shop->host_count; i++) {
        shop->draining[i] = (struct draining){.shop = shop, .task = {.run = host_drained}};
        host_drain(shop->hosts[i], loop, &shop->draining[i].task);
    }
}

void shop_stop(struct shop *shop)
{
    readers_stop(shop->readers);
    while (shop->host_count)
        host_stop(shop->hosts[--shop->host_count]);
    readers_free(shop->readers);
    bus_free(shop->bus);
    directory_free(shop->directory);
    operations_free(shop->operations);
    free(shop);
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
