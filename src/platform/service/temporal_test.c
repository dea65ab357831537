#include "platform/service/temporal.h"

#include "platform/service/toy_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct test_store *test;
static struct connection *reader;

/* Seconds 1 to 4: a 5, b 7, a 2 more, one dozen more in b. */
static int setup(void **state)
{
    (void)state;
    static const struct {
        const char *stream;
        unsigned version;
        int64_t count;
    } events[] = {{"jar/a", 2, 5}, {"jar/b", 2, 7}, {"jar/a", 2, 2}, {"jar/b", 1, 1}};
    char error[512];
    test = test_store_new("jar", jar_migrations, 2);
    struct tx *tx = test_store_begin(test);
    for (int i = 0; i < 4; i++) {
        test->world->now_us = (i + 1) * 1000000;
        toy_emit(test, tx, &toy_jar, events[i].stream, events[i].version, events[i].count, 0);
    }
    assert_true(tx_commit(tx));
    reader = connection_open(test->store, CONNECTION_READER, error);
    assert_non_null(reader);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    connection_close(reader);
    test_store_free(test);
    return 0;
}

/* What a query handler might do. */
static int64_t count_of(struct tx *tx, const char *key)
{
    return SQL_INT(tx, -1, "SELECT count FROM jar WHERE key = ?1", sql_string(key));
}

static void the_past_is_asked_with_the_same_query(void **state)
{
    (void)state;
    static const struct {
        const char *stream;
        int64_t until_us, a, b;
    } rows[] = {
        {"jar/a", 999999, -1, -1},   {"jar/a", 1000000, 5, -1}, {"jar/a", 2999999, 5, -1},
        {"jar/a", 3000000, 7, -1},   {"jar/b", 4000000, -1, 19}, {"jar/*", 2000000, 5, 7},
        {"jar/*", 9000000, 7, 19},   {"jar/c", 9000000, -1, -1},
    };
    struct tx *live = tx_begin(reader);
    live->arena = test->arena;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct temporal temporal = temporal_open(&toy_jar, live, &rows[i].stream, 1, rows[i].until_us, test->arena);
        assert_int_equal(temporal.result, RESULT_OK);
        assert_int_equal(count_of(temporal.tx, "a"), rows[i].a);
        assert_int_equal(count_of(temporal.tx, "b"), rows[i].b);
        assert_ptr_equal(temporal.tx->arena, test->arena);
        assert_false(temporal.tx->may_write);
        temporal_close(&temporal);
        assert_null(temporal.tx);
    }
    assert_int_equal(count_of(live, "a"), 7);
    tx_rollback(live);
}

static void several_streams_are_replayed_together(void **state)
{
    (void)state;
    struct tx *live = tx_begin(reader);
    live->arena = test->arena;
    struct temporal temporal =
        temporal_open(&toy_jar, live, (const char *const[]){"jar/b", "jar/a"}, 2, 3000000, test->arena);
    assert_int_equal(count_of(temporal.tx, "a"), 7);
    assert_int_equal(count_of(temporal.tx, "b"), 7);
    temporal_close(&temporal);
    tx_rollback(live);
}

static void a_store_that_fails_has_no_past(void **state)
{
    (void)state;
    struct tx *live = tx_begin(reader);
    live->arena = test->arena;
    live->failed = true;
    struct temporal temporal = temporal_open(&toy_jar, live, (const char *const[]){"jar/*"}, 1, 3000000, test->arena);
    assert_int_equal(temporal.result, RESULT_STORAGE_UNAVAILABLE);
    assert_null(temporal.tx);
    temporal_close(&temporal);
    tx_rollback(live);
}

static void a_long_replay_takes_little_memory(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    for (int i = 0; i < 2000; i++)
        toy_emit(test, tx, &toy_jar, "jar/c", 2, 1, 0);
    assert_true(tx_commit(tx));
    struct arena *arena = arena_new(1 << 20);
    struct tx *live = tx_begin(reader);
    live->arena = arena;
    struct temporal temporal = temporal_open(&toy_jar, live, (const char *const[]){"jar/c"}, 1, 9000000, arena);
    assert_int_equal(count_of(temporal.tx, "c"), 2000);
    assert_true(arena_used(arena) < 64 << 10);
    temporal_close(&temporal);
    tx_rollback(live);
    arena_free(arena);
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(the_past_is_asked_with_the_same_query),
        TEST_OF(several_streams_are_replayed_together),
        TEST_OF(a_store_that_fails_has_no_past),
        TEST_OF(a_long_replay_takes_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
