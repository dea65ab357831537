/*
 * souk topology: which services there are, where they run by the configuration, who calls whom, and who listens to whose events.
 *
 * All of it is declared: calls of sagas in `calls` of struct service, reactions and projections in its subscriptions. So what is printed holds,
 * whether or not a server runs.
 */
#include "cli/command.h"
#include "cli/config.h"
#include "cli/shop.h"

#include "base/arena.h"
#include "base/json_write.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES_MAX (1 << 20)

/* --- what is declared ------------------------------------------------------------------------------------------------ */

/* The name behind the last dot. */
static const char *short_name(const struct subscription *subscription)
{
    return strrchr(subscription->event->descriptor->name, '.') + 1;
}

static bool listens_to(const struct service *service, const struct service *producer)
{
    for (size_t i = 0; i < service->subscription_count; i++)
        if (strcmp(service->subscriptions[i].producer, producer->declaration->name) == 0)
            return true;
    return false;
}

static bool calls(const struct service *service, const struct service *callee)
{
    for (const char *const *name = service->calls; name && *name; name++)
        if (strcmp(*name, callee->declaration->name) == 0)
            return true;
    return false;
}

/* Calls `each` once for every kind of event that a service listens to, as more than one subscription may be to the same. */
static void each_event(const struct service *service, const struct service *producer, void (*each)(void *data, const char *event), void *data)
{
    for (size_t i = 0; i < service->subscription_count; i++) {
        const struct subscription *subscription = &service->subscriptions[i];
        bool is_first = strcmp(subscription->producer, producer->declaration->name) == 0;

        for (size_t j = 0; j < i && is_first; j++)
            is_first = service->subscriptions[j].event != subscription->event;
        if (is_first)
            each(data, short_name(subscription));
    }
}

/* A service named runs here, wherever others find it; `all` are those without an address. */
static bool runs_here(const struct config *config, const char *service)
{
    if (strcmp(config->services, "all") == 0)
        return !config_address_of(config, service);
    return services_have(config->services, service);
}

/* --- as text --------------------------------------------------------------------------------------------------------- */

static void print_event(void *data, const char *event)
{
    int *count = data;

    printf("%s%s", (*count)++ ? ", " : " (", event);
}

static void print_calls(const struct service *service)
{
    int count = 0;

    for (size_t i = 0; i < SERVICE_COUNT; i++)
        if (calls(service, every_service[i]))
            printf("%s%s", count++ ? ", " : "    calls       ", every_service[i]->declaration->name);
    if (count)
        putchar('\n');
}

static void print_listening(const struct service *service)
{
    const char *label = "    listens to  ";

    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        int count = 0;

        if (!listens_to(service, every_service[i]))
            continue;
        printf("%s%s", label, every_service[i]->declaration->name);
        each_event(service, every_service[i], print_event, &count);
        printf(")\n");
        label = "                ";
    }
}

static void print_text(const struct config *config)
{
    char store[CONFIG_SHOWN_BYTES], bus[CONFIG_SHOWN_BYTES];

    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        const struct service *service = every_service[i];

        const char *name = service->declaration->name, *address = config_address_of(config, name);

        printf("%-12s %s\n", name, runs_here(config, name) ? "in this process" : address ? address : "nowhere that this process knows");
        print_calls(service);
        print_listening(service);
    }
    printf("\nlistens on %s, stores in %s, events travel by %s\n", config->listen, config_shown(store, config->store),
           config_shown(bus, config->bus));
}

/* --- as JSON --------------------------------------------------------------------------------------------------------- */

static void write_event(void *data, const char *event)
{
    json_write_string(data, event);
}

static void write_member(struct json_writer *json, const char *name, const char *value)
{
    json_write_key(json, name);
    json_write_string(json, value);
}

static void write_listening(struct json_writer *json, const struct service *service)
{
    json_write_key(json, "listensTo");
    json_write_array_open(json);
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        if (!listens_to(service, every_service[i]))
            continue;
        json_write_object_open(json);
        write_member(json, "service", every_service[i]->declaration->name);
        json_write_key(json, "events");
        json_write_array_open(json);
        each_event(service, every_service[i], write_event, json);
        json_write_array_close(json);
        json_write_object_close(json);
    }
    json_write_array_close(json);
}

static void write_service(struct json_writer *json, const struct service *service, const struct config *config)
{
    const char *name = service->declaration->name;

    json_write_object_open(json);
    write_member(json, "name", name);
    json_write_key(json, "inThisProcess");
    json_write_bool(json, runs_here(config, name));
    if (!runs_here(config, name) && config_address_of(config, name))
        write_member(json, "address", config_address_of(config, name));
    json_write_key(json, "calls");
    json_write_array_open(json);
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        if (calls(service, every_service[i]))
            json_write_string(json, every_service[i]->declaration->name);
    json_write_array_close(json);
    write_listening(json, service);
    json_write_object_close(json);
}

static void print_json(const struct config *config)
{
    struct buffer out;
    struct json_writer json;
    char shown[CONFIG_SHOWN_BYTES];

    buffer_init(&out, OUTPUT_BYTES_MAX);
    json_write_init(&json, &out);
    json_write_object_open(&json);
    write_member(&json, "listen", config->listen);
    write_member(&json, "store", config_shown(shown, config->store));
    write_member(&json, "bus", config_shown(shown, config->bus));
    json_write_key(&json, "services");
    json_write_array_open(&json);
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        write_service(&json, every_service[i], config);
    json_write_array_close(&json);
    json_write_object_close(&json);
    printf("%.*s\n", (int)out.length, out.at);
    buffer_release(&out);
}

/* --- the command ----------------------------------------------------------------------------------------------------- */

int command_topology(int count, char **arguments)
{
    const char *file = option_value_take(&count, arguments, "config");
    const char *services = option_value_take(&count, arguments, "services");
    bool as_json = option_take(&count, arguments, "json");
    struct arena *arena = arena_new(1 << 20);
    struct config config;
    int code = EXIT_DONE;

    if (option_left(count, arguments) || count) {
        fprintf(stderr, "usage: souk topology [--config FILE] [--services a,b] [--json]\n");
        code = EXIT_USAGE;
    } else if (!command_config_read(&config, arena, file))
        code = EXIT_CONFIGURATION;
    else {
        if (services)
            config.services = services;
        if (as_json)
            print_json(&config);
        else
            print_text(&config);
    }
    arena_free(arena);
    return code;
}
