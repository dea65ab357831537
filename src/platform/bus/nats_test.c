/*
 * Events by JetStream, beside the server of tests/with-nats; without one, these tests are skipped. One process is both ends here: it relays a
 * producer and pulls it. The producer has no store: event n says "n of AGE" where AGE is what a restored store would say otherwise.
 */
#include "platform/bus/nats.h"

#include "base/assert.h"
#include "base/log.h"
#include "souk/platform/v1/feed.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#define EVENTS_MAX 40000
#define WAIT_MS_MAX 15000

struct world {
    struct env *env;
    struct loop *loop;
    pthread_t loop_thread;
    struct bus *bus;
    struct bus_listener *eater;
    struct nats_address address;
    struct nats_bus *nats;
    struct task stop;
    atomic_bool stopped;
    _Atomic(const char *) age;
    pthread_mutex_t lock; /* of what has come */
    unsigned times[EVENTS_MAX + 1];
    unsigned of_another_age;
    bool eats; /* what comes is handled at once */
};

static const char *server(void)
{
    return getenv("SOUK_TEST_NATS");
}

static void control(const char *word)
{
    char command[512];
    snprintf(command, sizeof command, "%s %s", getenv("SOUK_TEST_NATS_CONTROL"), word);
    ASSERT(system(command) == 0);
}

/* --- the producer ------------------------------------------------------------------------------------------------ */

static int64_t feed_read(void *data, int64_t after, int64_t limit, bool (*each)(void *data, const struct event *event), void *each_data)
{
    struct world *world = data;
    int64_t last = bus_last(world->bus, "mill"), number = after;
    while (number < last && number - after < limit) {
        char text[64], stream[64];
        number++;
        snprintf(text, sizeof text, "%lld of %s", (long long)number, atomic_load(&world->age));
        snprintf(stream, sizeof stream, "sack/%lld", (long long)number);
        struct event event = {.number = number, .stream = stream, .key = stream + 5, .stream_version = 1, .name = "mill.Milled", .schema_version = 1,
                              .at_us = number, .actor = "staff:admin", .request_id = "r", .cause = "call", .data = {text, strlen(text)}};
        if (!each(each_data, &event))
            break;
    }
    return number;
}

static bool feed_read_past(void *data, const struct past *past, bool (*each)(void *data, const struct event *event), void *each_data)
{
    (void)data;
    (void)past;
    (void)each;
    (void)each_data;
    return false;
}

static void on_more(void *data)
{
    (void)data;
}

/* --- what comes -------------------------------------------------------------------------------------------------- */

static void on_page(void *data, struct arena *arena, const struct Platform__ReadEventsAnswer *page)
{
    struct world *world = data;
    pthread_mutex_lock(&world->lock);
    for (size_t i = 0; i < page->n_events; i++) {
        const Platform__FeedEvent *event = page->events[i];
        ASSERT(event->number == page->events[0]->number + (int64_t)i && event->number <= EVENTS_MAX);
        world->times[event->number]++;
        if (memmem(event->data.data, event->data.len, world->age, strlen(world->age)) == NULL)
            world->of_another_age++;
    }
    bool eats = world->eats;
    pthread_mutex_unlock(&world->lock);
    if (eats)
        bus_handled(world->eater, page->last);
    arena_free(arena);
}

/* How many of first … last have come. */
static int64_t count_come(struct world *world, int64_t first, int64_t last)
{
    int64_t count = 0;
    pthread_mutex_lock(&world->lock);
    for (int64_t number = first; number <= last; number++)
        count += world->times[number] > 0;
    pthread_mutex_unlock(&world->lock);
    return count;
}

static bool all_come(struct world *world, int64_t first, int64_t last)
{
    for (int waited = 0; waited < WAIT_MS_MAX; waited += 10) {
        if (count_come(world, first, last) == last - first + 1)
            return true;
        usleep(10000);
    }
    print_message("%lld of %lld … %lld came\n", (long long)count_come(world, first, last), (long long)first, (long long)last);
    return false;
}

static void forget_come(struct world *world)
{
    pthread_mutex_lock(&world->lock);
    memset(world->times, 0, sizeof world->times);
    pthread_mutex_unlock(&world->lock);
}

static bool becomes_ready(struct world *world, bool ready)
{
    for (int waited = 0; waited < WAIT_MS_MAX; waited += 10) {
        if (nats_bus_counts(world->nats).ready == ready)
            return true;
        usleep(10000);
    }
    return false;
}

/* --- the world --------------------------------------------------------------------------------------------------- */

static void *loop_main(void *loop)
{
    machine_loop_run(loop);
    return NULL;
}

static void nats_begin(struct world *world)
{
    world->nats = nats_bus_new(world->env, world->bus, world->loop, &world->address);
    nats_bus_relay(world->nats, "mill");
    nats_bus_pull(world->nats, "mill", "jar-mill", on_page, world);
    nats_bus_start(world->nats);
    ASSERT(pthread_create(&world->loop_thread, NULL, loop_main, world->loop) == 0);
}

static void on_stop(struct task *task)
{
    struct world *world = (struct world *)((char *)task - offsetof(struct world, stop));
    nats_bus_drain(world->nats);
    machine_loop_stop(world->loop);
}

static void nats_end(struct world *world)
{
    world->stop.run = on_stop;
    loop_post(world->loop, &world->stop);
    pthread_join(world->loop_thread, NULL);
    nats_bus_stop(world->nats);
}

static struct world *open_world(const char *url)
{
    static unsigned count;
    char shop_url[512], error[512];
    struct world *world = calloc(1, sizeof *world);
    ASSERT(world != NULL);
    snprintf(shop_url, sizeof shop_url, "%s/t%d_%u", url, (int)getpid(), ++count);
    ASSERT(nats_address_read(&world->address, shop_url, error));
    pthread_mutex_init(&world->lock, NULL);
    world->age = "one";
    world->eats = true;
    world->env = env_machine();
    world->loop = machine_loop_new(world->env);
    world->bus = bus_embedded_new(world->env);
    const struct feed feed = {.read = feed_read, .read_past = feed_read_past, .data = world};
    bus_add_producer(world->bus, "mill", &feed);
    world->eater = bus_listen(world->bus, "jar", "mill", on_more, world);
    nats_begin(world);
    return world;
}

static void close_world(struct world *world)
{
    nats_end(world);
    bus_unlisten(world->eater);
    bus_remove_producer(world->bus, "mill");
    bus_free(world->bus);
    machine_loop_free(world->loop);
    pthread_mutex_destroy(&world->lock);
    free(world);
}

#define NEEDS_SERVER    \
    do {                \
        (void)state;    \
        if (!server())  \
            skip();     \
    } while (0)

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void every_event_travels(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    assert_true(becomes_ready(world, true));
    for (int64_t number = 1; number <= 20000; number += 7)
        bus_publish(world->bus, "mill", number);
    bus_publish(world->bus, "mill", 20000);
    assert_true(all_come(world, 1, 20000));
    assert_int_equal(world->of_another_age, 0);
    close_world(world);
}

static void it_goes_on_where_the_stream_ends(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    assert_true(becomes_ready(world, true));
    bus_publish(world->bus, "mill", 3000);
    assert_true(all_come(world, 1, 3000));
    nats_end(world);
    forget_come(world);
    bus_publish(world->bus, "mill", 6000);
    nats_begin(world);
    assert_true(all_come(world, 3001, 6000));
    assert_int_equal(count_come(world, 1, 3000), 0);
    close_world(world);
}

static void an_empty_stream_begins_with_the_newest(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world("nats://127.0.0.1:1");
    bus_publish(world->bus, "mill", 30000);
    nats_end(world);
    struct nats_address address;
    char error[512], url[512];
    snprintf(url, sizeof url, "%s/%s", server(), world->address.shop);
    assert_true(nats_address_read(&address, url, error));
    world->address = address;
    nats_begin(world);
    assert_true(all_come(world, 29001, 30000));
    assert_int_equal(count_come(world, 1, 29000), 0);
    close_world(world);
}

static void no_more_is_asked_for_than_is_handled(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    world->eats = false;
    assert_true(becomes_ready(world, true));
    bus_publish(world->bus, "mill", 20000);
    assert_true(all_come(world, 1, 4096));
    usleep(300000);
    assert_true(count_come(world, 1, 20000) <= 4096 + 512);
    pthread_mutex_lock(&world->lock);
    world->eats = true;
    pthread_mutex_unlock(&world->lock);
    bus_handled(world->eater, 4096);
    assert_true(all_come(world, 1, 20000));
    close_world(world);
}

/* What it had acknowledged may be gone, and its consumer then passes over as many of the next: a gap, which followers fill from the feed. */
static void a_killed_server_is_used_again(void **state)
{
    NEEDS_SERVER;
    if (strchr(server(), ',') != NULL)
        skip(); /* see a_node_of_three_may_die */
    struct world *world = open_world(server());
    assert_true(becomes_ready(world, true));
    bus_publish(world->bus, "mill", 2000);
    assert_true(all_come(world, 1, 10));
    control("stop");
    bus_publish(world->bus, "mill", 4000);
    assert_true(becomes_ready(world, false));
    control("start");
    bus_publish(world->bus, "mill", 12000);
    assert_true(all_come(world, 6001, 12000));
    close_world(world);
}

/* NODES=3 tests/with-nats: each in turn, and so whoever leads. */
static void a_node_of_three_may_die(void **state)
{
    NEEDS_SERVER;
    if (strchr(server(), ',') == NULL)
        skip();
    struct world *world = open_world(server());
    assert_true(becomes_ready(world, true));
    for (int node = 1; node <= 3; node++) {
        char stop[32], start[32];
        int64_t before = (node - 1) * 10000;
        snprintf(stop, sizeof stop, "stop %d", node);
        snprintf(start, sizeof start, "start %d", node);
        bus_publish(world->bus, "mill", before + 2000);
        control(stop);
        bus_publish(world->bus, "mill", before + 10000);
        assert_true(all_come(world, before + 8001, before + 10000));
        control(start);
        usleep(1000000);
    }
    close_world(world);
}

static void a_lost_store_is_made_anew(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    assert_true(becomes_ready(world, true));
    bus_publish(world->bus, "mill", 1000);
    assert_true(all_come(world, 1, 1000));
    control("stop");
    control("wipe");
    bus_publish(world->bus, "mill", 2000);
    control("start");
    assert_true(all_come(world, 1001, 2000));
    close_world(world);
}

/* The store was put back: its number 500 is another event than the stream's. */
static void events_that_the_store_does_not_have_are_removed(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    assert_true(becomes_ready(world, true));
    world->eats = false;
    bus_publish(world->bus, "mill", 500);
    assert_true(all_come(world, 1, 500));
    nats_end(world);
    forget_come(world);
    world->age = "two";
    nats_begin(world);
    assert_true(all_come(world, 1, 500));
    assert_int_equal(world->of_another_age, 0);
    close_world(world);
}

static void who_can_not_be_reached_is_tried_again(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world("nats://127.0.0.1:1");
    bus_publish(world->bus, "mill", 10);
    usleep(1500000);
    assert_false(nats_bus_counts(world->nats).ready);
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_travels),
        cmocka_unit_test(it_goes_on_where_the_stream_ends),
        cmocka_unit_test(an_empty_stream_begins_with_the_newest),
        cmocka_unit_test(no_more_is_asked_for_than_is_handled),
        cmocka_unit_test(a_killed_server_is_used_again),
        cmocka_unit_test(a_node_of_three_may_die),
        cmocka_unit_test(a_lost_store_is_made_anew),
        cmocka_unit_test(events_that_the_store_does_not_have_are_removed),
        cmocka_unit_test(who_can_not_be_reached_is_tried_again),
    };
    log_setup(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
