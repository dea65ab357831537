/*
 * Events by JetStream, beside the server of tests/with-nats; without one, these tests are skipped. One process is both ends here: it relays a
 * producer and pulls it. The producer has no store: event n says "n of AGE" where AGE is what a restored store would say otherwise.
 */
#include "platform/bus/nats.h"

#include "base/assert.h"
#include "base/log.h"
#include "platform/rpc/message.h"
#include "souk/platform/v1/feed.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>

#define EVENTS_MAX 40000
#define WAIT_MS_MAX 30000
/* More than a server carries, unless it is told to. */
#define HEAVY_BYTES (2 << 20)
#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

struct world {
    struct env *env;
    struct loop *loop;
    pthread_t loop_thread;
    struct bus *bus;
    struct bus_listener *eater;
    struct nats_address address;
    struct nats_bus *nats;
    struct nats_pull *pull;
    atomic_bool reads; /* of several processes it is this one */
    int64_t heavy;     /* that event is */
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
                              .at_us = number, .actor = "staff:admin", .request_id = "r", .cause = "call " TRACE, .data = {text, strlen(text)}};
        char *heavy = number == world->heavy ? calloc(1, HEAVY_BYTES) : NULL;
        if (heavy != NULL)
            event.data = (struct text){heavy, HEAVY_BYTES};
        bool goes_on = each(each_data, &event);
        free(heavy);
        if (!goes_on)
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

static bool reads(void *data)
{
    struct world *world = data;
    return atomic_load(&world->reads);
}

static void nats_begin(struct world *world)
{
    world->nats = nats_bus_new(world->env, world->bus, world->loop, &world->address);
    nats_bus_relay(world->nats, "mill");
    world->pull = nats_bus_pull(world->nats, "mill", "jar-mill", on_page, world);
    nats_pull_while(world->pull, reads, world);
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
    world->reads = true;
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

static bool carries(struct world *world, bool wanted)
{
    for (int waited = 0; waited < WAIT_MS_MAX; waited += 10) {
        if (nats_pull_carries(world->pull) == wanted)
            return true;
        usleep(10000);
    }
    return false;
}

static bool is_relayed(struct world *world)
{
    for (int waited = 0; waited < WAIT_MS_MAX; waited += 10) {
        if (nats_bus_counts(world->nats).unrelayed == 0)
            return true;
        usleep(10000);
    }
    return false;
}

/* --- somebody else who may publish there ------------------------------------------------------------------------- */

struct stranger {
    natsConnection *connection;
    char subject[64];
};

static struct stranger stranger_open(const struct world *world)
{
    struct stranger stranger = {0};
    char servers[512], *comma;
    snprintf(servers, sizeof servers, "%s", server());
    if ((comma = strchr(servers, ',')) != NULL)
        *comma = '\0';
    snprintf(stranger.subject, sizeof stranger.subject, "%s.mill", world->address.shop);
    ASSERT(natsConnection_ConnectTo(&stranger.connection, servers) == NATS_OK);
    return stranger;
}

static void stranger_publish(struct stranger *stranger, const char *data, size_t length, const char *id)
{
    natsMsg *message = NULL;
    ASSERT(natsMsg_Create(&message, stranger->subject, NULL, data, (int)length) == NATS_OK);
    ASSERT(id == NULL || natsMsgHeader_Set(message, "Nats-Msg-Id", id) == NATS_OK);
    ASSERT(natsConnection_PublishMsg(stranger->connection, message) == NATS_OK);
    ASSERT(natsConnection_FlushTimeout(stranger->connection, WAIT_MS_MAX) == NATS_OK);
    natsMsg_Destroy(message);
}

static void stranger_publish_event(struct stranger *stranger, int64_t number, const char *id)
{
    struct arena *arena = arena_new(1 << 16);
    Platform__FeedEvent event = PLATFORM__FEED_EVENT__INIT;
    event.number = number;
    event.stream = "sack/1";
    event.name = "mill.Milled";
    event.data.data = (uint8_t[]){"stranger"};
    event.data.len = 8;
    struct text packed = message_pack(arena, &event.base);
    stranger_publish(stranger, packed.at, packed.length, id);
    arena_free(arena);
}

static void stranger_close(struct stranger *stranger)
{
    natsConnection_Destroy(stranger->connection);
}

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

/* A killed server may have written how far its consumers are, and not yet what they were given. */
static void a_consumer_ahead_of_its_stream_is_made_anew(void **state)
{
    NEEDS_SERVER;
    if (strchr(server(), ',') != NULL)
        skip(); /* the others would bring back what one has lost */
    struct world *world = open_world(server());
    assert_true(becomes_ready(world, true));
    bus_publish(world->bus, "mill", 1000);
    assert_true(all_come(world, 1, 1000));
    control("lose");
    forget_come(world);
    bus_publish(world->bus, "mill", 1500);
    control("start");
    assert_true(all_come(world, 1001, 1500));
    bus_publish(world->bus, "mill", 1510);
    assert_true(all_come(world, 1501, 1510));
    assert_int_equal(nats_bus_counts(world->nats).gaps, 0);
    close_world(world);
}

static void one_process_reads_for_all(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    assert_true(becomes_ready(world, true));
    assert_true(carries(world, true));
    world->reads = false;
    assert_true(carries(world, false));
    bus_publish(world->bus, "mill", 100);
    assert_true(is_relayed(world));
    assert_int_equal(count_come(world, 1, 100), 0);
    world->reads = true;
    assert_true(all_come(world, 1, 100));
    assert_true(carries(world, true));
    close_world(world);
}

/* --- what others publish, or can't ------------------------------------------------------------------------------- */

static void messages_that_are_no_events_are_passed_over(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    struct stranger stranger = stranger_open(world);
    assert_true(becomes_ready(world, true));
    bus_publish(world->bus, "mill", 10);
    assert_true(all_come(world, 1, 10));
    stranger_publish(&stranger, "", 0, NULL);
    stranger_publish(&stranger, "\xff\xff\xff no event", 12, "mill:9001"); /* an id that JetStream does not know: it would pass over ours */
    stranger_publish_event(&stranger, 11, "bakery:11"); /* on the wrong subject */
    stranger_publish_event(&stranger, 11, "mill:9002");
    stranger_publish_event(&stranger, 11, NULL);
    stranger_publish_event(&stranger, 0, "mill:0");
    stranger_publish_event(&stranger, -1, "mill:-1");
    bus_publish(world->bus, "mill", 20);
    assert_true(all_come(world, 1, 20));
    assert_int_equal(nats_bus_counts(world->nats).refused, 7);
    assert_int_equal(nats_bus_counts(world->nats).gaps, 0);
    assert_int_equal(world->of_another_age, 0);
    stranger_close(&stranger);
    close_world(world);
}

static void events_may_come_in_any_order(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    struct stranger stranger = stranger_open(world);
    static const int64_t numbers[] = {2, 1, 3, 7, 3, 4, 6, 5, 8};
    world->eats = false; /* which takes what comes for all up to there */
    assert_true(becomes_ready(world, true));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char id[32];
        snprintf(id, sizeof id, "mill:%lld", (long long)numbers[i]);
        stranger_publish_event(&stranger, numbers[i], id);
    }
    assert_true(all_come(world, 1, 8));
    assert_int_equal(nats_bus_counts(world->nats).refused, 0);
    assert_int_equal(nats_bus_counts(world->nats).gaps, 1); /* before 7 */
    stranger_close(&stranger);
    close_world(world);
}

static void what_is_too_large_is_left_to_the_feed(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    world->heavy = 10;
    assert_true(becomes_ready(world, true));
    bus_publish(world->bus, "mill", 20);
    assert_true(all_come(world, 1, 9));
    assert_true(all_come(world, 11, 20));
    assert_true(is_relayed(world));
    assert_int_equal(count_come(world, 10, 10), 0);
    assert_int_equal(nats_bus_counts(world->nats).too_large, 1);
    assert_int_equal(nats_bus_counts(world->nats).gaps, 1);
    close_world(world);
}

/* For tools that know NATS, and not what is in our events. */
static void a_message_says_its_trace(void **state)
{
    NEEDS_SERVER;
    struct world *world = open_world(server());
    struct stranger stranger = stranger_open(world);
    natsSubscription *subscription = NULL;
    natsMsg *message = NULL;
    const char *said;
    assert_true(becomes_ready(world, true));
    assert_int_equal(natsConnection_SubscribeSync(&subscription, stranger.connection, stranger.subject), NATS_OK);
    assert_int_equal(natsConnection_FlushTimeout(stranger.connection, WAIT_MS_MAX), NATS_OK);
    bus_publish(world->bus, "mill", 1);
    assert_int_equal(natsSubscription_NextMsg(&message, subscription, WAIT_MS_MAX), NATS_OK);
    assert_int_equal(natsMsgHeader_Get(message, "traceparent", &said), NATS_OK);
    assert_string_equal(said, TRACE);
    assert_int_equal(natsMsgHeader_Get(message, "Nats-Msg-Id", &said), NATS_OK);
    assert_string_equal(said, "mill:1");
    natsMsg_Destroy(message);
    natsSubscription_Destroy(subscription);
    stranger_close(&stranger);
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
        cmocka_unit_test(a_consumer_ahead_of_its_stream_is_made_anew),
        cmocka_unit_test(one_process_reads_for_all),
        cmocka_unit_test(messages_that_are_no_events_are_passed_over),
        cmocka_unit_test(events_may_come_in_any_order),
        cmocka_unit_test(what_is_too_large_is_left_to_the_feed),
        cmocka_unit_test(a_message_says_its_trace),
        cmocka_unit_test(who_can_not_be_reached_is_tried_again),
    };
    log_setup(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
