/*
 * Several processes on one database, beside the server of tests/with-postgres; without one, these tests are skipped. The whole is tested with
 * real processes (tests/postgres/instances.mjs); here, what must hold in a turn, and what watches see.
 */
#include "platform/service/host_internal.h"

#include "base/log.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWN INT64_C(11)
#define OTHER INT64_C(12)
#define SOON 3000 /* times 10 ms */

/* One side: what a watch has told. */
struct side {
    struct store_watch *watch;
    atomic_bool holds_lead;
    atomic_uint others, gone, fresh, heard;
};

static const struct service_declaration declaration = {.name = "toy"};
static struct store *store;
static struct connection *writer, *other_writer;
static struct arena *arena;
static struct host *host;
static struct side sides[2];

static void no_log(void *data, struct text line)
{
    (void)data, (void)line;
}

static const char *server(void)
{
    return getenv("SOUK_TEST_POSTGRES");
}

#define NEEDS_SERVER() \
    do {               \
        (void)state;   \
        if (!server()) \
            skip();    \
    } while (0)

#define WAIT_FOR(condition)                                   \
    do {                                                      \
        for (int i_ = 0; i_ < SOON && !(condition); i_++)     \
            usleep(10000);                                    \
        assert_true(condition);                               \
    } while (0)

static struct tx *begin(struct connection *connection)
{
    struct tx *tx = tx_begin(connection);
    tx->arena = arena;
    tx->may_write = true;
    return tx;
}

static void tell(const char *sql)
{
    struct tx *tx = begin(other_writer);
    sql_script(tx, sql);
    assert_true(tx_commit(tx));
}

static int setup(void **state)
{
    static int count;
    char url[160], error[512] = "";
    (void)state;
    if (!server())
        return 0;
    log_capture(no_log, NULL);
    snprintf(url, sizeof url, "%s/i%d_%d", server(), (int)getpid(), ++count);
    arena = arena_new(4 << 20);
    store = store_open(env_machine(), url, "toy", error);
    writer = store ? connection_open_writer(store, 0, error) : NULL;
    other_writer = writer ? connection_open_writer(store, 0, error) : NULL;
    if (!other_writer || !event_log_migrate(writer, NULL, 0, error))
        fail_msg("%s", error);
    host = calloc(1, sizeof *host);
    host->env = env_machine();
    host->declaration = &declaration;
    host->store = store;
    host->connection = writer;
    host->streams = stream_versions_new();
    atomic_store(&host->instance, OWN);
    tell("INSERT INTO souk_instance (number, heir) VALUES (11, NULL), (12, NULL); UPDATE souk_leader SET epoch = 7");
    return 0;
}

static void stop(struct side *side)
{
    if (side->watch)
        store_watch_stop(side->watch);
    *side = (struct side){0};
}

static int teardown(void **state)
{
    (void)state;
    if (!server())
        return 0;
    for (size_t i = 0; i < 2; i++)
        stop(&sides[i]);
    stream_versions_free(host->streams);
    free(host);
    connection_close(writer);
    connection_close(other_writer);
    store_close(store);
    arena_free(arena);
    log_capture(NULL, NULL);
    return 0;
}

/* --- watches --- */

static void on_heard(void *data, const char *line)
{
    struct side *side = data;
    if (strcmp(line, "t product 01jd") == 0)
        atomic_fetch_add(&side->heard, 1);
}

static void on_tick(void *data, const struct store_tick *tick)
{
    struct side *side = data;
    atomic_store(&side->holds_lead, tick->connected && tick->holds_lead);
    atomic_store(&side->others, tick->others);
    atomic_store(&side->gone, tick->gone);
    atomic_fetch_add(&side->fresh, tick->fresh);
}

static struct side *start(size_t at, int64_t instance)
{
    struct store_watch_options options = {.instance = instance, .heard = on_heard, .ticked = on_tick, .data = &sides[at]};
    sides[at].watch = store_watch_start(store, &options);
    return &sides[at];
}

static void one_of_two_leads_and_both_hear(void **state)
{
    NEEDS_SERVER();
    struct side *first = start(0, OWN);
    assert_true(atomic_load(&first->holds_lead)); /* when it has started */
    struct side *second = start(1, OTHER);
    assert_false(atomic_load(&second->holds_lead));
    assert_int_equal(atomic_load(&second->others), 1);
    WAIT_FOR(store_watch_others(first->watch) == 1);

    store_watch_say(second->watch, "t %s %s", "product", "01jd");
    WAIT_FOR(atomic_load(&first->heard) == 1);
    assert_int_equal(atomic_load(&second->heard), 0);
    assert_true(store_watch_is_sure(first->watch));

    stop(first);
    WAIT_FOR(atomic_load(&second->holds_lead));
    WAIT_FOR(atomic_load(&second->gone) == 1); /* 11 has said no goodbye */
}

static void a_session_that_is_ended_begins_anew(void **state)
{
    NEEDS_SERVER();
    struct side *first = start(0, OWN);
    assert_int_equal(atomic_load(&first->fresh), 1);
    tell("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 11 AND objsubid = 2 AND database ="
         " (SELECT oid FROM pg_database WHERE datname = current_database())");
    WAIT_FOR(atomic_load(&first->fresh) == 2);
    WAIT_FOR(atomic_load(&first->holds_lead));
}

/* --- turns --- */

static bool take_turn(void)
{
    struct tx *tx = begin(writer);
    struct turn turn = turn_ask(host, tx);
    bool leads = turn_take(host, &turn);
    assert_true(tx_commit(tx));
    return leads;
}

static void append(struct connection *connection, struct event_log_head *head, const char *stream)
{
    struct event event = {.stream = stream, .name = "toy.Happened", .schema_version = 1, .at_us = 1, .actor = "", .request_id = "", .cause = ""};
    struct tx *tx = begin(connection);
    if (head != &host->head)
        event_log_head(tx, head);
    event_log_append(tx, head, &event);
    assert_true(tx_commit(tx));
}

static void what_another_wrote_is_known_in_the_next_turn(void **state)
{
    NEEDS_SERVER();
    struct event_log_head others = {0};
    take_turn();
    append(writer, &host->head, "toy/1");
    take_turn();
    assert_int_equal(host->head.number, 1);
    assert_int_equal(stream_versions_find(host->streams, "toy/1"), 1); /* nobody else wrote: it is remembered */
    append(other_writer, &others, "toy/1");
    take_turn();
    assert_int_equal(host->head.number, 2);
    assert_int_equal(stream_versions_find(host->streams, "toy/1"), 0);
    append(writer, &host->head, "toy/1");
    char error[512] = "";
    struct tx *tx = begin(other_writer);
    assert_int_equal(event_log_verify(tx, error), 0);
    tx_rollback(tx);
}

static void a_leader_that_was_replaced_does_nothing_as_one(void **state)
{
    NEEDS_SERVER();
    assert_false(take_turn()); /* it never said that it leads */
    atomic_store(&host->epoch, 7);
    assert_true(take_turn());
    tell("UPDATE souk_leader SET epoch = 8");
    assert_false(take_turn());
    assert_int_equal(atomic_load(&host->epoch), 0); /* and knows it */
}

static void one_that_was_taken_for_gone_begins_another_life(void **state)
{
    NEEDS_SERVER();
    host->watch = start(0, OWN)->watch;
    atomic_store(&host->epoch, 7);
    tell("UPDATE souk_instance SET heir = 12 WHERE number = 11");
    (void)take_turn();
    int64_t now = atomic_load(&host->instance);
    assert_true(now != OWN && now > 0);
    (void)take_turn();
    assert_int_equal(atomic_load(&host->instance), now);
    host->watch = NULL;
}

static void a_commit_that_nobody_answered_is_found_by_its_last_event(void **state)
{
    NEEDS_SERVER();
    take_turn();
    append(writer, &host->head, "toy/1");
    struct event_log_head ended = host->head;
    struct tx *tx = begin(other_writer);
    assert_true(event_log_has(tx, &ended));
    ended.hash[0] ^= 1; /* another's event of the same number */
    assert_false(event_log_has(tx, &ended));
    tx_rollback(tx);
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(one_of_two_leads_and_both_hear),
        TEST_OF(a_session_that_is_ended_begins_anew),
        TEST_OF(what_another_wrote_is_known_in_the_next_turn),
        TEST_OF(a_leader_that_was_replaced_does_nothing_as_one),
        TEST_OF(one_that_was_taken_for_gone_begins_another_life),
        TEST_OF(a_commit_that_nobody_answered_is_found_by_its_last_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
