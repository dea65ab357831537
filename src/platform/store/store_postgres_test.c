/*
 * The PostgreSQL back, beside the server of tests/with-postgres; without one, these tests are skipped.
 */
#include "platform/store/store.h"

#include "base/assert_test.h"
#include "base/log.h"
#include "platform/store/world_test.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct test_world *world;
    struct arena *arena;
    char url[160];
    struct store *store;
    struct connection *writer, *reader;
};

static struct fixture *fixture;

static const char *server(void)
{
    return getenv("SOUK_TEST_POSTGRES");
}

static struct tx *begin(void)
{
    struct tx *tx = tx_begin(fixture->writer);
    tx->arena = fixture->arena;
    tx->may_write = true;
    return tx;
}

static struct tx *begin_reading(void)
{
    struct tx *tx = tx_begin(fixture->reader);
    tx->arena = fixture->arena;
    return tx;
}

static int setup(void **state)
{
    (void)state;
    static int count;
    char error[512] = "";
    fixture = calloc(1, sizeof *fixture);
    fixture->world = test_world_new();
    fixture->arena = arena_new(4 << 20);
    if (!server())
        return 0;
    snprintf(fixture->url, sizeof fixture->url, "%s/t%d_%d", server(), (int)getpid(), ++count);
    fixture->store = store_open(&fixture->world->env, fixture->url, "toy", error);
    assert_non_null(fixture->store);
    fixture->writer = connection_open(fixture->store, CONNECTION_WRITER, error);
    if (!fixture->writer)
        fail_msg("%s", error);
    fixture->reader = connection_open(fixture->store, CONNECTION_READER, error);
    assert_non_null(fixture->reader);
    struct tx *tx = begin();
    sql_script(tx, "CREATE TABLE shelf (sku TEXT PRIMARY KEY, count BIGINT, label BYTEA); CREATE INDEX shelf_by_count ON shelf (count);"
                   " CREATE TABLE numbered (number INTEGER PRIMARY KEY, word TEXT NOT NULL);"
                   " CREATE TABLE by_key (word TEXT PRIMARY KEY) WITHOUT ROWID; CREATE TABLE last (number INTEGER PRIMARY KEY)");
    assert_true(tx_commit(tx));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (fixture->writer)
        connection_close(fixture->writer);
    if (fixture->reader)
        connection_close(fixture->reader);
    if (fixture->store)
        store_close(fixture->store);
    arena_free(fixture->arena);
    test_world_free(fixture->world);
    free(fixture);
    return 0;
}

static void put(struct tx *tx, const char *sku, int64_t count)
{
    SQL_DO(tx, "INSERT INTO shelf (sku, count) VALUES (?1, ?2)", sql_string(sku), sql_int(count));
}

static int64_t rows_on_shelf(struct tx *tx)
{
    return SQL_INT(tx, -1, "SELECT COUNT(*) FROM shelf");
}

#define NEEDS_SERVER() \
    do {               \
        (void)state;   \
        if (!server()) \
            skip();    \
    } while (0)

/* --- values --- */

static void values_come_back_as_they_went(void **state)
{
    NEEDS_SERVER();
    static const char bytes[] = {0, 1, '\'', '\\', (char)255, 0};
    struct tx *tx = begin();
    SQL_DO(tx, "INSERT INTO shelf (sku, count, label) VALUES (?1, ?2, ?3)", sql_string("a?1'b\"ü"), sql_int(INT64_MIN),
           sql_bytes(bytes, sizeof bytes));
    SQL_DO(tx, "INSERT INTO shelf (sku, count, label) VALUES (?1, ?2, ?3)", sql_string(""), sql_null(), sql_bytes(NULL, 0));
    assert_true(tx_commit(tx));

    tx = begin_reading();
    struct sql_rows rows = SQL_SELECT(tx, "SELECT sku, count, label, 'is it ?1' FROM shelf ORDER BY sku");
    assert_true(sql_next(&rows));
    assert_string_equal(sql_get_string(&rows, 0), "");
    assert_true(sql_is_null(&rows, 1));
    assert_int_equal(sql_get_int(&rows, 1), 0);
    assert_false(sql_is_null(&rows, 2));
    assert_int_equal(sql_get_bytes(&rows, 2).length, 0);
    assert_true(sql_next(&rows));
    assert_string_equal(sql_get_string(&rows, 0), "a?1'b\"ü");
    assert_true(sql_get_int(&rows, 1) == INT64_MIN);
    assert_memory_equal(sql_get_bytes(&rows, 2).at, bytes, sizeof bytes);
    assert_int_equal(sql_get_bytes(&rows, 2).length, sizeof bytes);
    assert_string_equal(sql_get_string(&rows, 3), "is it ?1");
    assert_false(sql_next(&rows));
    tx_rollback(tx);
}

static void whole_numbers_of_every_type_are_read(void **state)
{
    NEEDS_SERVER();
    struct tx *tx = begin();
    put(tx, "a", INT64_C(9000000000000000000));
    put(tx, "b", INT64_C(-8999999999999990001));
    put(tx, "c", 30001);
    assert_int_equal(SQL_INT(tx, 0, "SELECT SUM(count) FROM shelf"), 40000);
    assert_int_equal(SQL_INT(tx, 0, "SELECT -SUM(count) FROM shelf"), -40000);
    assert_int_equal(SQL_INT(tx, 7, "SELECT SUM(count) - SUM(count) FROM shelf"), 0);
    assert_int_equal(SQL_INT(tx, 0, "SELECT COUNT(*) FROM shelf WHERE count > ?1", sql_int(0)), 2);
    assert_int_equal(SQL_INT(tx, 0, "SELECT -5"), -5);
    assert_int_equal(SQL_INT(tx, 0, "SELECT 1 = 1"), 1);
    assert_int_equal(SQL_INT(tx, 7, "SELECT MAX(count) FROM shelf WHERE sku = ?1", sql_string("z")), 7);
    tx_rollback(tx);
}

static void texts_are_ordered_by_their_bytes(void **state)
{
    NEEDS_SERVER();
    struct tx *tx = begin();
    put(tx, "a", 1);
    put(tx, "B", 2);
    put(tx, "é", 3);
    put(tx, "z", 4);
    assert_string_equal(SQL_STRING(tx, "SELECT string_agg(sku, '' ORDER BY sku) FROM shelf"), "Bazé");
    tx_rollback(tx);
}

static void numbers_are_given_out_in_order(void **state)
{
    NEEDS_SERVER();
    struct tx *tx = begin();
    SQL_DO(tx, "INSERT INTO numbered (word) VALUES (?1)", sql_string("first"));
    SQL_DO(tx, "INSERT INTO numbered (word) VALUES (?1)", sql_string("second"));
    assert_string_equal(SQL_STRING(tx, "SELECT word FROM numbered ORDER BY number DESC LIMIT ?1", sql_int(1)), "second");
    tx_rollback(tx);
}

/* --- transactions --- */

static void nothing_is_seen_before_the_commit(void **state)
{
    NEEDS_SERVER();
    struct tx *tx = begin();
    put(tx, "a", 1);
    struct tx *beside = begin_reading();
    assert_int_equal(rows_on_shelf(beside), 0);
    assert_true(tx_commit(tx));
    assert_int_equal(rows_on_shelf(beside), 0); /* the state of its first read */
    tx_rollback(beside);
    beside = begin_reading();
    assert_int_equal(rows_on_shelf(beside), 1);
    tx_rollback(beside);
}

static void a_savepoint_is_undone_alone(void **state)
{
    NEEDS_SERVER();
    struct tx *tx = begin();
    tx_savepoint(tx);
    put(tx, "kept", 1);
    tx_savepoint_keep(tx);
    tx_savepoint(tx);
    put(tx, "undone", 1);
    assert_int_equal(rows_on_shelf(tx), 2);
    tx_savepoint_undo(tx);
    assert_int_equal(rows_on_shelf(tx), 1);
    assert_true(tx_commit(tx));
    tx = begin();
    put(tx, "never", 1);
    tx_rollback(tx);
    tx = begin_reading();
    assert_string_equal(SQL_STRING(tx, "SELECT sku FROM shelf"), "kept");
    tx_rollback(tx);
}

static void thousands_of_writes_travel_together(void **state)
{
    NEEDS_SERVER();
    struct tx *tx = begin();
    for (int i = 0; i < 5000; i++)
        put(tx, arena_printf(fixture->arena, "sku-%05d", i), i);
    assert_int_equal(SQL_COUNT(tx, "UPDATE shelf SET count = count + 1 WHERE count < ?1", sql_int(100)), 100);
    assert_int_equal(SQL_INT(tx, 0, "SELECT SUM(count) FROM shelf"), 5000 * 4999 / 2 + 100);
    assert_true(tx_commit(tx));
}

static void queries_may_be_asked_within_the_rows_of_others(void **state)
{
    NEEDS_SERVER();
    struct tx *tx = begin();
    put(tx, "a", 1);
    put(tx, "b", 2);
    int64_t seen = 0;
    struct sql_rows rows = SQL_SELECT(tx, "SELECT sku FROM shelf ORDER BY sku");
    while (sql_next(&rows)) {
        const char *sku = sql_get_string(&rows, 0);
        seen = 10 * seen + SQL_INT(tx, 0, "SELECT count FROM shelf WHERE sku = ?1", sql_string(sku));
        SQL_DO(tx, "UPDATE shelf SET count = 0 WHERE sku = ?1", sql_string(sku));
    }
    assert_int_equal(seen, 12);
    assert_int_equal(SQL_INT(tx, -1, "SELECT SUM(count) FROM shelf"), 0);
    assert_true(tx_commit(tx));
}

static void what_was_asked_comes_with_what_is_read(void **state)
{
    NEEDS_SERVER();
    struct tx *tx = begin();
    put(tx, "a", 1);
    struct sql_rows asked = SQL_ASK(tx, "SELECT count FROM shelf WHERE sku = ?1", sql_string("a"));
    struct sql_rows unread = SQL_ASK(tx, "SELECT sku FROM shelf WHERE count = ?1", sql_int(1));
    put(tx, "b", 2);
    assert_int_equal(rows_on_shelf(tx), 2);
    assert_true(sql_next(&asked));
    assert_int_equal(sql_get_int(&asked, 0), 1);
    assert_false(sql_next(&asked));
    sql_stop(&unread);
    unread = SQL_ASK(tx, "SELECT sku FROM shelf WHERE count > ?1 ORDER BY sku", sql_int(0));
    sql_stop(&unread); /* while it is on its way */
    assert_int_equal(rows_on_shelf(tx), 2);
    assert_true(tx_commit(tx));
}

static void who_reads_need_not_wait_for_the_end(void **state)
{
    NEEDS_SERVER();
    for (int64_t i = 0; i < 300; i++) { /* more than fit the pipeline */
        struct tx *tx = begin_reading();
        if (i % 3 == 0)
            assert_int_equal(rows_on_shelf(tx), i);
        tx_rollback(tx);
        tx = begin();
        put(tx, arena_printf(fixture->arena, "%d", (int)i), 1);
        assert_true(tx_commit(tx));
    }
}

/* --- several writers --- */

static void no_log(void *data, struct text line)
{
    (void)data, (void)line;
}

/* In place of the fixture's writer: two that share. */
static struct connection *share_writing(void)
{
    char error[512] = "";
    struct connection *other = NULL;
    connection_close(fixture->writer);
    fixture->writer = NULL;
    for (int i = 0; i < 500 && !fixture->writer; i++, usleep(10000)) /* the server learns of the end a moment later */
        fixture->writer = connection_open(fixture->store, CONNECTION_SHARED_WRITER, error);
    other = connection_open(fixture->store, CONNECTION_SHARED_WRITER, error);
    assert_true(fixture->writer && other && connection_is_shared(fixture->writer));
    return other;
}

struct turns {
    struct connection *writer;
    pthread_t thread;
    int count;
};

enum { TURNS = 100 };

/* Read, think, write: lost updates, unless nobody writes in between. */
static void *take_turns(void *data)
{
    struct turns *turns = data;
    for (int i = 0; i < TURNS; i++) {
        struct tx *tx = tx_begin(turns->writer);
        tx->may_write = true;
        int64_t count = SQL_INT(tx, -1, "SELECT count FROM shelf WHERE sku = ?1", sql_string("a"));
        SQL_DO(tx, "UPDATE shelf SET count = ?1 WHERE sku = ?2", sql_int(count + 1), sql_string("a"));
        turns->count += tx_commit(tx);
    }
    return NULL;
}

static void writers_that_share_take_turns(void **state)
{
    NEEDS_SERVER();
    struct turns turns[2] = {{.writer = share_writing()}, {.writer = fixture->writer}};
    struct tx *tx = begin();
    put(tx, "a", 0);
    assert_true(tx_commit(tx));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&turns[i].thread, NULL, take_turns, &turns[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(turns[i].thread, NULL), 0);
    assert_int_equal(turns[0].count + turns[1].count, 2 * TURNS);
    tx = begin_reading();
    assert_int_equal(SQL_INT(tx, -1, "SELECT count FROM shelf"), 2 * TURNS);
    tx_rollback(tx);
    connection_close(turns[0].writer);
}

static void who_must_be_alone_waits_for_those_who_share(void **state)
{
    NEEDS_SERVER();
    char error[512] = "";
    struct connection *other = share_writing();
    assert_null(connection_open(fixture->store, CONNECTION_WRITER, error));
    assert_non_null(strstr(error, "Another souk writes"));
    connection_close(other);
}

static void a_session_that_is_ended_in_its_turn_gives_it_up(void **state)
{
    NEEDS_SERVER();
    struct connection *other = share_writing();
    log_capture(no_log, NULL);
    struct tx *tx = begin();
    put(tx, "lost", 1);
    int64_t process = SQL_INT(tx, 0, "SELECT pg_backend_pid()");
    struct tx *killer = begin_reading();
    assert_int_equal(SQL_INT(killer, 0, "SELECT pg_terminate_backend(CAST(?1 AS INTEGER))", sql_int(process)), 1);
    tx_rollback(killer);

    struct tx *next = tx_begin(other); /* it gets the turn, although nobody has given it back */
    next->arena = fixture->arena;
    next->may_write = true;
    put(next, "kept", 1);
    assert_int_equal(rows_on_shelf(next), 1);
    assert_true(tx_commit(next));
    assert_false(tx_commit(tx));
    assert_true(tx->may_pass);

    fixture->world->now_us += 1000000;
    tx = begin();
    assert_string_equal(SQL_STRING(tx, "SELECT sku FROM shelf"), "kept");
    assert_true(tx_commit(tx));
    connection_close(other);
    log_capture(NULL, NULL);
}

/* --- what goes wrong --- */

/* What is sent after the failure is not done, and that includes what would have been prepared. */
static void a_failed_transaction_leaves_the_next_one_its_statements(void **state)
{
    NEEDS_SERVER();
    log_capture(no_log, NULL);
    struct tx *tx = begin();
    SQL_DO(tx, "SET LOCAL statement_timeout = 1");
    SQL_DO(tx, "SELECT pg_sleep(10)");
    put(tx, "a", 1);
    tx_savepoint(tx);
    assert_int_equal(rows_on_shelf(tx), -1);
    assert_true(tx->failed);
    tx_savepoint_keep(tx);
    assert_false(tx_commit(tx));

    tx = begin();
    tx_savepoint(tx);
    put(tx, "a", 1);
    tx_savepoint_keep(tx);
    assert_int_equal(rows_on_shelf(tx), 1);
    assert_true(tx_commit(tx));
    log_capture(NULL, NULL);
}

static void write_twice(void)
{
    struct tx *tx = begin();
    put(tx, "a", 1);
    put(tx, "a", 1);
    tx_commit(tx);
}

static void ask_nonsense(void)
{
    SQL_INT(begin(), 0, "SELECT count FROM nowhere");
}

static void write_unasked(void)
{
    struct tx *tx = tx_begin(fixture->writer);
    SQL_DO(tx, "DELETE FROM shelf");
}

/* Each of these talks over the connection in a child process, so each has one of its own. */
static void a_broken_constraint_is_our_mistake(void **state)
{
    NEEDS_SERVER();
    assert_true(ends_in_assertion(write_twice));
}

static void a_table_that_is_not_there_is_our_mistake(void **state)
{
    NEEDS_SERVER();
    assert_true(ends_in_assertion(ask_nonsense));
}

static void writing_unasked_is_our_mistake(void **state)
{
    NEEDS_SERVER();
    assert_true(ends_in_assertion(write_unasked));
}

static void a_script_that_fails_says_why(void **state)
{
    NEEDS_SERVER();
    char error[512] = "";
    struct tx *tx = begin();
    assert_false(sql_try_script(tx, "CREATE TABLE other (id TEXT); CREATE TABLE shelf (id TEXT)", error));
    assert_non_null(strstr(error, "shelf"));
    tx_rollback(tx);
    tx = begin();
    assert_int_equal(SQL_INT(tx, -1, "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'other'"), 0);
    tx_rollback(tx);
}

static void a_second_writer_is_refused(void **state)
{
    NEEDS_SERVER();
    char error[512] = "";
    assert_null(connection_open(fixture->store, CONNECTION_WRITER, error));
    assert_non_null(strstr(error, "Another souk writes"));
    connection_close(fixture->writer);
    for (int i = 0; i < 100 && !(fixture->writer = connection_open(fixture->store, CONNECTION_WRITER, error)); i++)
        usleep(10000); /* the server learns of the end a moment later */
    assert_non_null(fixture->writer);
}


static void a_server_that_comes_back_is_used_again(void **state)
{
    NEEDS_SERVER();
    log_capture(no_log, NULL);
    struct tx *tx = begin();
    put(tx, "before", 1);
    assert_true(tx_commit(tx));

    tx = begin();
    put(tx, "lost", 1);
    char command[512];
    snprintf(command, sizeof command, "%s restart", getenv("SOUK_TEST_POSTGRES_CONTROL"));
    assert_int_equal(system(command), 0);
    rows_on_shelf(tx);
    assert_true(tx->failed);
    assert_false(tx_commit(tx));

    for (int i = 0; i < 100; i++) { /* a second of the test's clock between attempts */
        fixture->world->now_us += 1000001;
        tx = begin();
        if (!tx->failed)
            break;
        tx_rollback(tx);
        usleep(50000);
    }
    assert_false(tx->failed);
    assert_string_equal(SQL_STRING(tx, "SELECT sku FROM shelf"), "before");
    put(tx, "after", 1);
    assert_true(tx_commit(tx));
    log_capture(NULL, NULL);
}

static void urls_that_lead_nowhere_are_explained(void **state)
{
    (void)state;
    char error[512] = "";
    struct env *env = &fixture->world->env;
    assert_null(store_open(env, "postgres://u@h/Shop", "toy", error));
    assert_non_null(strstr(error, "lower case"));
    assert_null(store_open(env, "postgres://u@h:1:2:3/shop?x=y", "toy", error));
    assert_non_null(strstr(error, "postgres://USER"));

    struct store *store = store_open(env, "postgres://u:secret@127.0.0.1:1/shop", "toy", error);
    assert_non_null(store);
    assert_null(connection_open(store, CONNECTION_WRITER, error));
    assert_non_null(strstr(error, "postgres://127.0.0.1:1/shop_toy can't be reached"));
    assert_null(strstr(error, "secret"));
    store_close(store);
}

static void a_reader_needs_a_database(void **state)
{
    NEEDS_SERVER();
    char error[512] = "";
    struct store *store = store_open(&fixture->world->env, fixture->url, "absent", error);
    assert_null(connection_open(store, CONNECTION_READER, error));
    assert_non_null(strstr(error, "does not exist"));
    store_close(store);
}

/* --- tables --- */

static void fill_and_digest(struct store *store, struct connection *writer, char digest[65])
{
    (void)store;
    struct tx *tx = tx_begin(writer);
    tx->arena = fixture->arena;
    tx->may_write = true;
    sql_script(tx, "CREATE TABLE computed (id TEXT PRIMARY KEY, count BIGINT, label BYTEA)");
    SQL_DO(tx, "INSERT INTO computed (id, count, label) VALUES (?1, ?2, ?3)", sql_string("1"), sql_int(1), sql_bytes("1", 1));
    SQL_DO(tx, "INSERT INTO computed (id, count, label) VALUES (?1, ?2, ?3)", sql_string("2"), sql_null(), sql_null());
    struct table *tables;
    size_t count = store_tables(tx, true, &tables);
    for (size_t i = 0; i < count; i++)
        if (strcmp(tables[i].name, "computed") == 0)
            memcpy(digest, tables[i].digest, 65);
    assert_true(tx_commit(tx));
}

static void a_table_has_the_digest_that_it_has_in_sqlite(void **state)
{
    NEEDS_SERVER();
    char error[512] = "", ours[65] = "", theirs[65] = "-";
    struct store *sqlite = store_open(&fixture->world->env, fixture->world->url, "toy", error);
    struct connection *writer = connection_open(sqlite, CONNECTION_WRITER, error);
    fill_and_digest(sqlite, writer, ours);
    fill_and_digest(fixture->store, fixture->writer, theirs);
    assert_string_equal(ours, theirs);
    connection_close(writer);
    store_close(sqlite);
}

/* --- two versions --- */

static const struct migration jars[] = {
    {1, "jar", "CREATE TABLE jar (sku TEXT PRIMARY KEY)", true},
    {2, "label", "ALTER TABLE jar ADD COLUMN label TEXT", true},
    {3, "jars", "-- breaking: renamed\nALTER TABLE jar RENAME TO jars", false},
};

static void a_newer_version_adds_beside_an_older_one_and_breaks_nothing(void **state)
{
    (void)state;
    char error[512] = "";
    NEEDS_SERVER();
    connection_close(fixture->writer);
    fixture->writer = connection_open(fixture->store, CONNECTION_SHARED_WRITER, error);
    assert_true(event_log_migrate(fixture->writer, jars, 1, error));
    struct connection *newer = connection_open(fixture->store, CONNECTION_SHARED_WRITER, error);
    assert_true(event_log_migrate(newer, jars, 2, error));
    assert_true(event_log_migrate(fixture->writer, jars, 1, error));
    struct tx *tx = begin();
    SQL_DO(tx, "INSERT INTO jar (sku) VALUES ('a')");
    assert_true(tx_commit(tx));

    assert_false(event_log_migrate(newer, jars, 3, error));
    assert_non_null(strstr(error, "0003_jars"));
    assert_non_null(strstr(error, "Stop every instance of the older version"));
    connection_close(fixture->writer);
    assert_true(event_log_migrate(newer, jars, 3, error));
    fixture->writer = connection_open(fixture->store, CONNECTION_SHARED_WRITER, error);
    assert_false(event_log_migrate(fixture->writer, jars, 2, error));
    assert_non_null(strstr(error, "newer souk"));
    connection_close(newer);
}

struct starting {
    struct store *store;
    bool started;
    char error[512];
};

static void *start(void *data)
{
    struct starting *starting = data;
    struct connection *writer = connection_open(starting->store, CONNECTION_SHARED_WRITER, starting->error);
    starting->started = writer && event_log_migrate(writer, jars, 3, starting->error);
    if (writer)
        connection_close(writer);
    return NULL;
}

static void those_who_start_at_once_follow_each_other(void **state)
{
    (void)state;
    enum { STARTING = 4 };
    pthread_t threads[STARTING];
    struct starting starting[STARTING] = {0};
    NEEDS_SERVER();
    connection_close(fixture->writer);
    fixture->writer = NULL;
    for (int i = 0; i < STARTING; i++) {
        starting[i].store = fixture->store;
        assert_int_equal(pthread_create(&threads[i], NULL, start, &starting[i]), 0);
    }
    for (int i = 0; i < STARTING; i++) {
        pthread_join(threads[i], NULL);
        if (!starting[i].started)
            fail_msg("%s", starting[i].error);
    }
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(values_come_back_as_they_went),
        TEST_OF(whole_numbers_of_every_type_are_read),
        TEST_OF(texts_are_ordered_by_their_bytes),
        TEST_OF(numbers_are_given_out_in_order),
        TEST_OF(nothing_is_seen_before_the_commit),
        TEST_OF(a_savepoint_is_undone_alone),
        TEST_OF(thousands_of_writes_travel_together),
        TEST_OF(queries_may_be_asked_within_the_rows_of_others),
        TEST_OF(what_was_asked_comes_with_what_is_read),
        TEST_OF(who_reads_need_not_wait_for_the_end),
        TEST_OF(writers_that_share_take_turns),
        TEST_OF(who_must_be_alone_waits_for_those_who_share),
        TEST_OF(a_session_that_is_ended_in_its_turn_gives_it_up),
        TEST_OF(a_failed_transaction_leaves_the_next_one_its_statements),
        TEST_OF(a_broken_constraint_is_our_mistake),
        TEST_OF(a_table_that_is_not_there_is_our_mistake),
        TEST_OF(writing_unasked_is_our_mistake),
        TEST_OF(a_script_that_fails_says_why),
        TEST_OF(a_second_writer_is_refused),
        TEST_OF(a_server_that_comes_back_is_used_again),
        TEST_OF(urls_that_lead_nowhere_are_explained),
        TEST_OF(a_reader_needs_a_database),
        TEST_OF(a_newer_version_adds_beside_an_older_one_and_breaks_nothing),
        TEST_OF(those_who_start_at_once_follow_each_other),
        TEST_OF(a_table_has_the_digest_that_it_has_in_sqlite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
