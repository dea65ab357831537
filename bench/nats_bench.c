/*
 * How fast events travel by JetStream: from a service's own event table to the stream (relay), and from the stream to a process that was
 * away (catch-up). `tests/with-nats build/release/bench/nats_bench FOLDER [EVENTS]`; bench/run makes rows of it.
 *
 * The store is SQLite as a shop's is, and events are as long as an order's. What consumers then do with them is theirs.
 */
#include "base/assert.h"
#include "base/log.h"
#include "platform/bus/nats.h"
#include "souk/platform/v1/feed.pb-c.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS 100000
#define BATCH 1000
#define DATA_BYTES 300
#define PATIENCE_US INT64_C(60000000)

struct bench {
    struct env *env;
    struct bus *bus;
    struct connection *reader;
    struct bus_listener *listener;
    atomic_int_fast64_t come;
};

static struct store *fill(struct bench *bench, const char *url, int64_t count)
{
    char error[512], data[DATA_BYTES];
    struct event_log_head head = {0};
    struct store *store = store_open(bench->env, url, "bench", error);
    struct connection *writer = store ? connection_open(store, CONNECTION_WRITER, error) : NULL;

    if (!writer || !event_log_migrate(writer, NULL, 0, error)) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    memset(data, 'x', sizeof data);
    for (int64_t done = 0; done < count; done += BATCH) {
        struct tx *tx = tx_begin(writer);
        struct arena *arena = arena_new(16 << 20);
        tx->arena = arena;
        for (int64_t i = 0; i < BATCH; i++) {
            char stream[64];
            snprintf(stream, sizeof stream, "order/%lld", (long long)(done + i));
            struct event event = {.stream = stream, .name = "souk.order.v1.OrderPlaced", .schema_version = 1, .at_us = env_now_us(bench->env),
                                  .actor = "system:checkout", .request_id = "01m82s0drnseqvzx5pgxvcvz5n", .cause = "call", .data = {data, sizeof data}};
            event_log_append(tx, &head, &event);
        }
        ASSERT(tx_commit(tx));
        arena_free(arena);
    }
    connection_close(writer);
    return store;
}

static int64_t feed_read(void *data, int64_t after, int64_t limit, bool (*each)(void *data, const struct event *event), void *each_data)
{
    struct bench *bench = data;
    struct tx *tx = tx_begin(bench->reader);
    struct arena *arena = arena_new(16 << 20);
    tx->arena = arena;
    int64_t last = event_log_read(tx, NULL, after, 0, limit, each, each_data);
    tx_rollback(tx);
    arena_free(arena);
    return last;
}

static bool feed_read_past(void *data, const struct past *past, bool (*each)(void *data, const struct event *event), void *each_data)
{
    (void)data, (void)past, (void)each, (void)each_data;
    return false;
}

static void on_page(void *data, struct arena *arena, const struct Platform__ReadEventsAnswer *page)
{
    struct bench *bench = data;
    atomic_fetch_add(&bench->come, (int64_t)page->n_events);
    bus_handled(bench->listener, page->last);
    arena_free(arena);
}

static void on_more(void *data)
{
    (void)data;
}

static void *loop_main(void *loop)
{
    machine_loop_run(loop);
    return NULL;
}

struct stopping {
    struct task task;
    struct nats_bus *nats;
    struct loop *loop;
};

static void on_stop(struct task *task)
{
    struct stopping *stopping = (struct stopping *)task;
    nats_bus_drain(stopping->nats);
    machine_loop_stop(stopping->loop);
}

/* Seconds from when NATS is there until `count` events have gone out, or come in. */
static double measure(struct bench *bench, const struct nats_address *address, bool in, int64_t count)
{
    pthread_t thread;
    struct loop *loop = machine_loop_new(bench->env);
    struct nats_bus *nats = nats_bus_new(bench->env, bench->bus, loop, address);
    if (in)
        nats_bus_pull(nats, "bench", "bench-bench", on_page, bench);
    else
        nats_bus_relay(nats, "bench");
    nats_bus_start(nats);
    ASSERT(pthread_create(&thread, NULL, loop_main, loop) == 0);
    int64_t began_us = env_monotonic_us(bench->env);
    while (!nats_bus_counts(nats).ready && env_monotonic_us(bench->env) - began_us < PATIENCE_US)
        usleep(100);
    began_us = env_monotonic_us(bench->env);
    if (!in)
        bus_publish(bench->bus, "bench", count);
    while ((in ? (uint64_t)atomic_load(&bench->come) : nats_bus_counts(nats).relayed) < (uint64_t)count &&
           env_monotonic_us(bench->env) - began_us < PATIENCE_US)
        usleep(1000);
    double seconds = (double)(env_monotonic_us(bench->env) - began_us) / 1e6;
    struct nats_counts counts = nats_bus_counts(nats);
    if (counts.repeated > 0)
        printf("%llu published twice\n", (unsigned long long)counts.repeated);
    struct stopping stopping = {.task = {.run = on_stop}, .nats = nats, .loop = loop};
    loop_post(loop, &stopping.task);
    pthread_join(thread, NULL);
    nats_bus_stop(nats);
    machine_loop_free(loop);
    return seconds;
}

int main(int argument_count, char **arguments)
{
    char url[512], error[512];
    struct nats_address address;
    struct bench bench = {.env = env_machine()};
    int64_t count = argument_count > 2 ? atoll(arguments[2]) / BATCH * BATCH : EVENTS;

    if (argument_count < 2 || count <= 0 || getenv("SOUK_TEST_NATS") == NULL || !nats_address_read(&address, getenv("SOUK_TEST_NATS"), error)) {
        fprintf(stderr, "usage: tests/with-nats nats_bench FOLDER [EVENTS]\n");
        return 2;
    }
    log_setup(LOG_LEVEL_ERROR, false);
    snprintf(url, sizeof url, "sqlite:%s", arguments[1]);
    struct store *store = fill(&bench, url, count);
    bench.reader = connection_open(store, CONNECTION_READER, error);
    ASSERT(bench.reader != NULL);
    bench.bus = bus_embedded_new(bench.env);
    const struct feed feed = {.read = feed_read, .read_past = feed_read_past, .data = &bench};
    bus_add_producer(bench.bus, "bench", &feed);
    bench.listener = bus_listen(bench.bus, "listener", "bench", on_more, NULL);

    printf("relay %.0f\n", (double)count / measure(&bench, &address, false, count));
    printf("catch-up %.0f\n", (double)count / measure(&bench, &address, true, count));

    bus_unlisten(bench.listener);
    bus_remove_producer(bench.bus, "bench");
    bus_free(bench.bus);
    connection_close(bench.reader);
    store_close(store);
    return 0;
}
