/*
 * Moving from SQLite to SQLite, and beside the server of tests/with-postgres, there and back.
 */
#include "platform/store/store_move.h"

#include "platform/store/world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENTS 12000 /* more than a batch and more than a lot */

static const struct migration shelves[] = {
    {1, "shelf", "CREATE TABLE shelf (number INTEGER PRIMARY KEY, sku TEXT NOT NULL, label BYTEA, count BIGINT);"
                 " INSERT INTO shelf (sku) VALUES ('made by a migration');", true},
};

static struct test_store *test;
static char target_url[160];

static int setup(void **state)
{
    (void)state;
    static int count;
    test = test_store_new("toy", shelves, 1);
    struct tx *tx = test_store_begin(test);
    tx->may_write = true;
    SQL_DO(tx, "UPDATE shelf SET label = ?1, count = -1", sql_bytes("\0\xff", 2));
    SQL_DO(tx, "INSERT INTO shelf (number, sku, label) VALUES (41, '', ?1)", sql_bytes("", 0));
    SQL_DO(tx, "INSERT INTO souk_inbox (producer, number) VALUES ('bakery', 7)");
    for (int i = 0; i < EVENTS; i++) {
        char stream[32];
        snprintf(stream, sizeof stream, "product/%d", i % 300);
        test_store_append(test, tx, stream, "Created", TEXT("x"));
    }
    assert_true(tx_commit(tx));
    const char *server = getenv("SOUK_TEST_POSTGRES");
    if (server)
        snprintf(target_url, sizeof target_url, "%s/move%d_%d", server, (int)getpid(), ++count);
    else
        snprintf(target_url, sizeof target_url, "%s/there", test->world->url);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_store_free(test);
    return 0;
}

struct opened {
    struct store *store;
    struct connection *writer;
};

static struct opened open_target(const char *url)
{
    char error[512] = "";
    struct opened opened = {.store = store_open(&test->world->env, url, "toy", error)};
    opened.writer = opened.store ? connection_open(opened.store, CONNECTION_WRITER, error) : NULL;
    if (!opened.writer)
        fail_msg("%s", error);
    return opened;
}

static void close_target(struct opened *opened)
{
    connection_close(opened->writer);
    store_close(opened->store);
}

static struct tx *begin(struct connection *connection)
{
    struct tx *tx = tx_begin(connection);
    tx->arena = test->arena;
    return tx;
}

static bool move(struct connection *from, struct connection *to, struct move_summary *summary)
{
    char error[512] = "";
    struct move_progress progress = {0};
    struct tx *source = begin(from);
    bool done = move_copy(source, to, shelves, 1, &progress, error);
    assert_int_equal(progress.rows, progress.total);
    struct tx *target = begin(to);
    done = done && move_compare(source, target, summary, error);
    tx_rollback(target);
    tx_rollback(source);
    if (!done)
        print_message("%s\n", error);
    return done;
}

static void everything_is_there_and_back_again(void **state)
{
    (void)state;
    char error[512] = "", back_url[160];
    struct move_summary there, back;
    struct opened target = open_target(target_url);
    assert_true(move_begin(target.writer, error));
    assert_true(move(test->writer, target.writer, &there));
    assert_int_equal(there.events, EVENTS);
    assert_true(move_finish(target.writer, error));

    snprintf(back_url, sizeof back_url, "%s/back", test->world->url);
    struct opened home = open_target(back_url);
    assert_true(move_begin(home.writer, error));
    assert_true(move(target.writer, home.writer, &back));
    assert_string_equal(there.digest, back.digest);
    assert_true(move_finish(home.writer, error));
    close_target(&home);
    close_target(&target);
}

static void numbers_go_on_behind_those_that_are_there(void **state)
{
    (void)state;
    char error[512] = "";
    struct move_summary summary;
    struct opened target = open_target(target_url);
    assert_true(move_begin(target.writer, error));
    assert_true(move(test->writer, target.writer, &summary));
    assert_true(move_finish(target.writer, error));
    struct tx *tx = begin(target.writer);
    tx->may_write = true;
    assert_int_equal(SQL_INT(tx, 0, "INSERT INTO shelf (sku) VALUES ('next') RETURNING number"), 42);
    tx_rollback(tx);
    close_target(&target);
}

static void until_it_has_ended_it_is_no_store(void **state)
{
    (void)state;
    char error[512] = "";
    struct move_summary summary;
    struct opened target = open_target(target_url);
    struct tx *tx = begin(target.writer);
    assert_true(move_is_empty(tx));
    assert_false(move_is_unfinished(tx));
    tx_rollback(tx);

    assert_true(move_begin(target.writer, error));
    assert_false(event_log_migrate(target.writer, shelves, 1, error));
    assert_non_null(strstr(error, "interrupted"));
    assert_true(move(test->writer, target.writer, &summary));
    tx = begin(target.writer);
    assert_true(move_is_unfinished(tx));
    assert_false(move_is_empty(tx));
    assert_false(event_log_is_current(tx, shelves, 1, error));
    assert_non_null(strstr(error, "interrupted"));
    tx_rollback(tx);

    assert_true(move_begin(target.writer, error)); /* anew */
    assert_true(move(test->writer, target.writer, &summary));
    assert_true(move_finish(target.writer, error));
    assert_true(event_log_migrate(target.writer, shelves, 1, error));
    close_target(&target);
}

static void what_differs_is_found(void **state)
{
    (void)state;
    char error[512] = "";
    struct move_summary summary;
    struct opened target = open_target(target_url);
    assert_true(move_begin(target.writer, error));
    assert_true(move(test->writer, target.writer, &summary));
    struct tx *tx = begin(target.writer);
    tx->may_write = true;
    SQL_DO(tx, "UPDATE souk_inbox SET number = 8");
    struct tx *source = begin(test->writer);
    assert_false(move_compare(source, tx, &summary, error));
    assert_non_null(strstr(error, "souk_inbox"));
    tx_rollback(source);
    tx_rollback(tx);
    close_target(&target);
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(everything_is_there_and_back_again),
        TEST_OF(numbers_go_on_behind_those_that_are_there),
        TEST_OF(until_it_has_ended_it_is_no_store),
        TEST_OF(what_differs_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
