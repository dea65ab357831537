#include "platform/store/store.h"

#include "base/assert.h"
#include "base/assert_test.h"
#include "base/log.h"
#include "platform/store/faulty_vfs_test.h"
#include "platform/store/world_test.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

struct fixture {
    struct test_world *world;
    struct arena *arena;
    struct store *store;
    struct connection *writer;
};

static struct fixture *fixture;
static int lines_logged;

static void count_line(void *data, struct text line)
{
    (void)data, (void)line;
    lines_logged++;
}

/* A transaction that may write, with the fixture's arena. */
static struct tx *begin(void)
{
    struct tx *tx = tx_begin(fixture->writer);
    tx->arena = fixture->arena;
    tx->may_write = true;
    return tx;
}

static int setup(void **state)
{
    (void)state;
    char error[512] = "";
    fixture = calloc(1, sizeof *fixture);
    fixture->world = test_world_new();
    fixture->arena = arena_new(4 << 20);
    fixture->store = store_open(&fixture->world->env, fixture->world->url, "toy", error);
    assert_non_null(fixture->store);
    fixture->writer = connection_open(fixture->store, CONNECTION_WRITER, error);
    assert_non_null(fixture->writer);
    struct tx *tx = begin();
    sql_script(tx, "CREATE TABLE shelf (sku TEXT PRIMARY KEY, count BIGINT, label BYTEA)");
    assert_true(tx_commit(tx));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    connection_close(fixture->writer);
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

/* What a fresh transaction sees. */
static int64_t rows_committed(struct connection *connection)
{
    struct tx *tx = tx_begin(connection);
    int64_t count = rows_on_shelf(tx);
    tx_rollback(tx);
    return count;
}

/* --- stores and connections --- */

static void urls_that_name_no_store_are_refused(void **state)
{
    (void)state;
    char error[512] = "";
    assert_null(store_open(&fixture->world->env, "mysql://x", "toy", error));
    assert_non_null(strstr(error, "sqlite:./data"));
    assert_null(store_open(&fixture->world->env, "sqlite:", "toy", error));
    assert_null(store_open(&fixture->world->env, "sqlite:/proc/nowhere/at/all", "toy", error));
    assert_non_null(strstr(error, "can't be made"));
}

static void folders_are_made_for_the_owner_only(void **state)
{
    (void)state;
    char error[512] = "";
    char url[128];
    snprintf(url, sizeof url, "%s/deep/inside", fixture->world->url);
    struct store *store = store_open(&fixture->world->env, url, "toy", error);
    assert_non_null(store);
    store_close(store);
    struct stat status;
    assert_int_equal(stat(url + strlen("sqlite:"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
}

static void a_second_writer_is_refused(void **state)
{
    (void)state;
    char error[512] = "";
    assert_null(connection_open(fixture->store, CONNECTION_WRITER, error));
    assert_non_null(strstr(error, "Another souk writes"));

    connection_close(fixture->writer);
    fixture->writer = connection_open(fixture->store, CONNECTION_WRITER, error);
    assert_non_null(fixture->writer);
}

static void a_reader_needs_a_database(void **state)
{
    (void)state;
    char error[512] = "";
    struct store *store = store_open(&fixture->world->env, fixture->world->url, "absent", error);
    assert_non_null(store);
    assert_null(connection_open(store, CONNECTION_READER, error));
    assert_non_null(strstr(error, "There is no store of absent"));
    store_close(store);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    (void)state;
    char error[512] = "";
    char path[128];
    snprintf(path, sizeof path, "%s/broken.db", fixture->world->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("not a database ", file);
    fclose(file);
    struct store *store = store_open(&fixture->world->env, fixture->world->url, "broken", error);
    assert_null(connection_open(store, CONNECTION_WRITER, error));
    assert_non_null(strstr(error, "not a database"));
    store_close(store);
}

static void scratch_has_one_connection(void **state)
{
    (void)state;
    char error[512] = "";
    const char *urls[] = {"sqlite::memory:", "sqlite::temporary:"};
    for (int i = 0; i < 2; i++) {
        struct store *store = store_open(&fixture->world->env, urls[i], "toy", error);
        struct connection *only = connection_open(store, CONNECTION_WRITER, error);
        assert_non_null(only);
        assert_null(connection_open(store, CONNECTION_READER, error));
        struct tx *tx = tx_begin(only);
        tx->may_write = true;
        sql_script(tx, "CREATE TABLE shelf (sku TEXT, count BIGINT)");
        put(tx, "a", 1);
        assert_true(tx_commit(tx));
        assert_int_equal(rows_committed(only), 1);
        connection_close(only);
        store_close(store);
    }
}

static void scratch_beside_a_connection_is_made_once(void **state)
{
    (void)state;
    char error[512] = "";
    bool fresh = false;
    struct connection *scratch = connection_scratch(fixture->writer, &fresh, error);
    assert_non_null(scratch);
    assert_true(fresh);
    assert_ptr_equal(connection_scratch(fixture->writer, &fresh, error), scratch);
    assert_false(fresh);
    assert_ptr_equal(connection_env(scratch), &fixture->world->env);
}

/* --- statements --- */

static void values_come_back_as_they_were(void **state)
{
    (void)state;
    struct tx *tx = begin();
    SQL_DO(tx, "INSERT INTO shelf (sku, count, label) VALUES (?1, ?2, ?3)", sql_string("shirt"), sql_int(INT64_MIN),
           sql_bytes("a\0b", 3));
    SQL_DO(tx, "INSERT INTO shelf (sku, count, label) VALUES (?1, ?2, ?3)", sql_text((struct text){NULL, 0}), sql_null(),
           sql_bytes(NULL, 0));
    SQL_DO(tx, "INSERT INTO shelf (sku, count, label) VALUES (?1, ?2, ?3)", sql_string("z"), sql_string(NULL), sql_null());

    struct sql_rows rows = SQL_SELECT(tx, "SELECT sku, count, label FROM shelf ORDER BY sku");
    assert_true(sql_next(&rows));
    assert_false(sql_is_null(&rows, 0));
    assert_string_equal(sql_get_string(&rows, 0), "");
    assert_true(sql_is_null(&rows, 1));
    assert_int_equal(sql_get_int(&rows, 1), 0);
    assert_false(sql_is_null(&rows, 2));
    assert_int_equal(sql_get_bytes(&rows, 2).length, 0);
    assert_true(sql_next(&rows));
    assert_string_equal(sql_get_string(&rows, 0), "shirt");
    assert_true(text_is(sql_get_text(&rows, 0), "shirt"));
    assert_int_equal(sql_get_int(&rows, 1), INT64_MIN);
    assert_true(text_equal(sql_get_bytes(&rows, 2), (struct text){"a\0b", 3}));
    assert_true(sql_next(&rows));
    assert_true(sql_is_null(&rows, 2));
    assert_string_equal(sql_get_string(&rows, 2), "");
    assert_false(sql_next(&rows));
    assert_false(sql_next(&rows));
    tx_rollback(tx);
}

static void first_values_have_a_default(void **state)
{
    (void)state;
    struct tx *tx = begin();
    put(tx, "shirt", 5);
    assert_int_equal(SQL_INT(tx, 7, "SELECT count FROM shelf WHERE sku = ?1", sql_string("shirt")), 5);
    assert_int_equal(SQL_INT(tx, 7, "SELECT count FROM shelf WHERE sku = ?1", sql_string("sock")), 7);
    assert_string_equal(SQL_STRING(tx, "SELECT sku FROM shelf WHERE count = ?1", sql_int(5)), "shirt");
    assert_null(SQL_STRING(tx, "SELECT sku FROM shelf WHERE count = ?1", sql_int(6)));
    tx_rollback(tx);
}

static void changed_rows_are_counted_and_returned(void **state)
{
    (void)state;
    struct tx *tx = begin();
    put(tx, "a", 1);
    put(tx, "b", 2);
    assert_int_equal(SQL_COUNT(tx, "UPDATE shelf SET count = count + 1 WHERE count < ?1", sql_int(9)), 2);
    assert_int_equal(SQL_COUNT(tx, "UPDATE shelf SET count = count + 1 WHERE count > ?1", sql_int(9)), 0);
    struct sql_rows rows = SQL_SELECT(tx, "UPDATE shelf SET count = 0 WHERE sku = ?1 RETURNING sku", sql_string("b"));
    assert_true(sql_next(&rows));
    assert_string_equal(sql_get_string(&rows, 0), "b");
    assert_false(sql_next(&rows));
    assert_int_equal(SQL_INT(tx, -1, "SELECT SUM(count) FROM shelf"), 2);
    tx_rollback(tx);
}

static struct sql_rows select_all(struct tx *tx)
{
    return SQL_SELECT(tx, "SELECT sku FROM shelf ORDER BY sku");
}

static void a_query_may_run_within_itself(void **state)
{
    (void)state;
    struct tx *tx = begin();
    put(tx, "a", 1);
    put(tx, "b", 1);
    int pairs = 0;
    struct sql_rows outer = select_all(tx);
    while (sql_next(&outer)) {
        struct sql_rows inner = select_all(tx);
        while (sql_next(&inner))
            pairs++;
    }
    assert_int_equal(pairs, 4);
    struct sql_rows early = select_all(tx);
    assert_true(sql_next(&early));
    sql_stop(&early);
    sql_stop(&early);
    assert_true(tx_commit(tx));
}

static void the_values_of_a_query_are_copied(void **state)
{
    (void)state;
    struct tx *tx = begin();
    put(tx, "a", 1);
    put(tx, "b", 1);
    char sku[] = "a";
    struct sql_rows rows = SQL_SELECT(tx, "SELECT sku FROM shelf WHERE sku >= ?1 ORDER BY sku", sql_string(sku));
    sku[0] = 'z';
    assert_true(sql_next(&rows));
    assert_true(sql_next(&rows));
    sql_stop(&rows);
    tx_rollback(tx);
}

static void many_statements_fit_on_a_connection(void **state)
{
    (void)state;
    static char texts[500][40];
    struct tx *tx = begin();
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 500; i++) {
            snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
            assert_int_equal(sql_select_int(tx, -1, texts[i], NULL, 0), i);
        }
    tx_rollback(tx);
}

/* --- our own mistakes --- */

static void write_without_permission(void)
{
    struct tx *tx = begin();
    tx->may_write = false;
    put(tx, "a", 1);
}
static void write_on_a_reader(void)
{
    char error[512];
    struct tx *tx = tx_begin(connection_open(fixture->store, CONNECTION_READER, error));
    tx->may_write = true;
    put(tx, "a", 1);
}
static void write_a_returning_query_without_permission(void)
{
    struct tx *tx = begin();
    tx->may_write = false;
    SQL_SELECT(tx, "DELETE FROM shelf RETURNING sku");
}
static void name_a_table_wrongly(void)
{
    SQL_INT(begin(), 0, "SELECT 1 FROM shelves");
}
static void break_a_constraint(void)
{
    struct tx *tx = begin();
    put(tx, "a", 1);
    put(tx, "a", 1);
}
static void forget_a_value(void)
{
    SQL_INT(begin(), 0, "SELECT ?1 + ?2", sql_int(1));
}
static void give_a_value_too_many(void)
{
    SQL_INT(begin(), 0, "SELECT ?1", sql_int(1), sql_int(2));
}
static void run_two_statements(void)
{
    SQL_DO(begin(), "DELETE FROM shelf; DELETE FROM shelf");
}
static void do_a_query(void)
{
    SQL_DO(begin(), "SELECT 1");
}
static void change_a_text(void)
{
    struct tx *tx = begin();
    char sql[] = "SELECT 1";
    sql_select_int(tx, 0, sql, NULL, 0);
    sql[7] = '2';
    sql_select_int(tx, 0, sql, NULL, 0);
}
static void quote_a_text_as_a_name(void)
{
    SQL_INT(begin(), 0, "SELECT 1 FROM shelf WHERE sku = \"shirt\"");
}
static struct tx *with_an_open_query(void)
{
    struct tx *tx = begin();
    put(tx, "a", 1);
    tx_savepoint(tx);
    struct sql_rows rows = select_all(tx);
    sql_next(&rows);
    return tx;
}
static void commit_with_an_open_query(void)
{
    struct tx *tx = begin();
    put(tx, "a", 1);
    struct sql_rows rows = select_all(tx);
    sql_next(&rows);
    tx_commit(tx);
}
static void undo_with_an_open_query(void)
{
    tx_savepoint_undo(with_an_open_query());
}
static void keep_with_an_open_query(void)
{
    tx_savepoint_keep(with_an_open_query());
}
static void begin_twice(void)
{
    begin();
    begin();
}
static void nest_savepoints(void)
{
    struct tx *tx = begin();
    tx_savepoint(tx);
    tx_savepoint(tx);
}
static void commit_in_a_savepoint(void)
{
    struct tx *tx = begin();
    tx_savepoint(tx);
    tx_commit(tx);
}
static void read_a_column_that_is_not_there(void)
{
    struct tx *tx = begin();
    struct sql_rows rows = SQL_SELECT(tx, "SELECT 1");
    sql_next(&rows);
    sql_get_int(&rows, 1);
}
static void read_past_the_last_row(void)
{
    struct tx *tx = begin();
    struct sql_rows rows = SQL_SELECT(tx, "SELECT 1");
    while (sql_next(&rows))
        ;
    sql_get_int(&rows, 0);
}
static void close_a_store_in_use(void)
{
    store_close(fixture->store);
}

static void our_own_mistakes_are_assertions(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(write_without_permission));
    assert_true(ends_in_assertion(write_on_a_reader));
    assert_true(ends_in_assertion(write_a_returning_query_without_permission));
    assert_true(ends_in_assertion(name_a_table_wrongly));
    assert_true(ends_in_assertion(break_a_constraint));
    assert_true(ends_in_assertion(forget_a_value));
    assert_true(ends_in_assertion(give_a_value_too_many));
    assert_true(ends_in_assertion(run_two_statements));
    assert_true(ends_in_assertion(do_a_query));
    assert_true(ends_in_assertion(change_a_text));
    assert_true(ends_in_assertion(quote_a_text_as_a_name));
    assert_true(ends_in_assertion(commit_with_an_open_query));
    assert_true(ends_in_assertion(undo_with_an_open_query));
    assert_true(ends_in_assertion(keep_with_an_open_query));
    assert_true(ends_in_assertion(begin_twice));
    assert_true(ends_in_assertion(nest_savepoints));
    assert_true(ends_in_assertion(commit_in_a_savepoint));
    assert_true(ends_in_assertion(read_a_column_that_is_not_there));
    assert_true(ends_in_assertion(read_past_the_last_row));
    assert_true(ends_in_assertion(close_a_store_in_use));
}

static void scripts_say_why_they_fail(void **state)
{
    (void)state;
    char error[512] = "";
    struct tx *tx = begin();
    assert_true(sql_try_script(tx, "CREATE TABLE a (b BIGINT); CREATE TABLE c (d TEXT)", error));
    assert_false(sql_try_script(tx, "CREATE TABLE e (f BIGINT); CREATE TABLE a (b BIGINT)", error));
    assert_non_null(strstr(error, "a already exists"));
    assert_true(tx->failed);
    assert_false(tx_commit(tx));
}

/* --- transactions --- */

static void a_savepoint_is_undone_alone(void **state)
{
    (void)state;
    struct tx *tx = begin();
    put(tx, "before", 1);
    tx_savepoint(tx);
    put(tx, "undone", 1);
    tx_savepoint_undo(tx);
    tx_savepoint(tx);
    put(tx, "kept", 1);
    tx_savepoint_keep(tx);
    assert_true(tx_commit(tx));

    tx = begin();
    assert_int_equal(rows_on_shelf(tx), 2);
    assert_null(SQL_STRING(tx, "SELECT sku FROM shelf WHERE sku = 'undone'"));
    tx_rollback(tx);
}

static void rolled_back_is_gone(void **state)
{
    (void)state;
    struct tx *tx = begin();
    tx_savepoint(tx);
    put(tx, "a", 1);
    tx_rollback(tx);
    assert_int_equal(rows_committed(fixture->writer), 0);
}

static void a_reader_keeps_what_it_saw_first(void **state)
{
    (void)state;
    char error[512] = "";
    struct connection *reader = connection_open(fixture->store, CONNECTION_READER, error);
    assert_non_null(reader);
    struct tx *seen = tx_begin(reader);
    assert_int_equal(rows_on_shelf(seen), 0);
    struct tx *tx = begin();
    put(tx, "a", 1);
    assert_int_equal(rows_on_shelf(seen), 0);
    assert_true(tx_commit(tx));
    assert_int_equal(rows_on_shelf(seen), 0);
    assert_true(tx_commit(seen));
    assert_int_equal(rows_committed(reader), 1);
    connection_close(reader);
}

/* Reads until it has seen the last commit. Every commit moves one from a to b, in two statements. */
static void *read_while_written(void *data)
{
    char error[512];
    struct connection *reader = connection_open(fixture->store, CONNECTION_READER, error);
    bool *whole = data;
    int64_t a = 200;
    *whole = true;
    while (a > 0) {
        struct tx *tx = tx_begin(reader);
        a = SQL_INT(tx, -1, "SELECT count FROM shelf WHERE sku = 'a'");
        int64_t b = SQL_INT(tx, -1, "SELECT count FROM shelf WHERE sku = 'b'");
        *whole = *whole && a + b == 200;
        tx_rollback(tx);
    }
    connection_close(reader);
    return NULL;
}

static void readers_on_other_threads_see_whole_commits(void **state)
{
    (void)state;
    struct tx *tx = begin();
    put(tx, "a", 200);
    put(tx, "b", 0);
    assert_true(tx_commit(tx));
    pthread_t threads[2];
    bool whole[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_while_written, &whole[i]), 0);
    for (int i = 0; i < 200; i++) {
        tx = begin();
        SQL_DO(tx, "UPDATE shelf SET count = count - 1 WHERE sku = 'a'");
        SQL_DO(tx, "UPDATE shelf SET count = count + 1 WHERE sku = 'b'");
        assert_true(tx_commit(tx));
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_true(whole[i]);
    }
}

static off_t journal_bytes(void)
{
    char path[128];
    struct stat status;
    snprintf(path, sizeof path, "%s/toy.db-wal", fixture->world->folder);
    return stat(path, &status) == 0 ? status.st_size : 0;
}

static void write_pages(int count)
{
    static char page[4096];
    static int next;
    for (int i = 0; i < count; i += 50) {
        struct tx *tx = begin();
        for (int j = 0; j < 50; j++)
            SQL_DO(tx, "INSERT INTO shelf (sku, label) VALUES (?1, ?2)",
                   sql_string(arena_printf(tx->arena, "%d", next++)), sql_bytes(page, sizeof page));
        assert_true(tx_commit(tx));
    }
}

static void an_idle_writer_keeps_the_journal_small(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        write_pages(300);
        store_checkpoint(fixture->writer);
    }
    assert_true(journal_bytes() < 700 * 4120L);
}

static void a_busy_writer_keeps_the_journal_bounded(void **state)
{
    (void)state;
    write_pages(12000);
    assert_true(journal_bytes() > 4000 * 4096L);
    assert_true(journal_bytes() < 5000 * 4120L);
}

/* --- a store that breaks --- */

/* Move the fixture to the faulty VFS. */
static void go_faulty(void)
{
    char error[512];
    connection_close(fixture->writer);
    fixture->world->env.vfs = faulty_vfs();
    fixture->writer = connection_open(fixture->store, CONNECTION_WRITER, error);
    assert_non_null(fixture->writer);
}

static bool write_some(void)
{
    struct tx *tx = begin();
    for (int i = 0; i < 300; i++) {
        tx_savepoint(tx);
        SQL_DO(tx, "INSERT INTO shelf (sku, label) VALUES (?1, ?2)", sql_string(arena_printf(tx->arena, "%d", i)),
               sql_bytes((char[2000]){0}, 2000));
        tx_savepoint_keep(tx);
        rows_on_shelf(tx);
    }
    bool failed = tx->failed;
    bool committed = tx_commit(tx);
    assert_false(failed && committed);
    return committed;
}

/* Whichever write or sync fails: false, nothing of it is there, one line in the log, and the next transaction works. */
static void whichever_write_fails_nothing_happened(void **state)
{
    (void)state;
    go_faulty();
    int codes[] = {SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_IOERR_FSYNC};
    long failures = 0;
    for (int kind = 0; kind < 3; kind++) {
        bool committed = false;
        for (long n = 0; !committed; n += 7) {
            faulty_code = codes[kind];
            faulty_countdown = n;
            lines_logged = 0;
            log_capture(count_line, NULL);
            committed = write_some();
            log_capture(NULL, NULL);
            faulty_countdown = -1;
            if (committed)
                break;
            failures++;
            assert_int_equal(lines_logged, 1);
            assert_int_equal(rows_committed(fixture->writer), 0);
            arena_free(fixture->arena);
            fixture->arena = arena_new(4 << 20);
        }
        assert_int_equal(rows_committed(fixture->writer), 300);
        struct tx *tx = begin();
        SQL_DO(tx, "DELETE FROM shelf");
        assert_true(tx_commit(tx));
    }
    assert_true(failures > 30);
}

static void a_failed_transaction_does_nothing_more(void **state)
{
    (void)state;
    struct tx *tx = begin();
    put(tx, "a", 1);
    struct sql_rows rows = select_all(tx);
    assert_true(sql_next(&rows));
    tx->failed = true;
    assert_false(sql_next(&rows));
    assert_int_equal(SQL_COUNT(tx, "DELETE FROM shelf"), 0);
    assert_int_equal(SQL_INT(tx, 3, "SELECT COUNT(*) FROM shelf"), 3);
    assert_null(SQL_STRING(tx, "SELECT sku FROM shelf"));
    tx_savepoint(tx);
    tx_savepoint_undo(tx);
    assert_false(tx_commit(tx));
    assert_int_equal(rows_committed(fixture->writer), 0);
}

static void a_failed_checkpoint_loses_nothing(void **state)
{
    (void)state;
    go_faulty();
    write_pages(300);
    faulty_countdown = 3;
    lines_logged = 0;
    log_capture(count_line, NULL);
    store_checkpoint(fixture->writer);
    log_capture(NULL, NULL);
    faulty_countdown = -1;
    assert_int_equal(lines_logged, 1);
    assert_int_equal(rows_committed(fixture->writer), 300);
    write_pages(300);
    store_checkpoint(fixture->writer);
    assert_int_equal(rows_committed(fixture->writer), 600);
}

/* --- computed tables --- */

static const char *digest_now(struct tx *tx)
{
    char *digest = arena_alloc(tx->arena, 65);
    store_digest(tx, digest);
    assert_int_equal(strlen(digest), 64);
    return digest;
}

static void digests_tell_contents_apart_but_not_orders(void **state)
{
    (void)state;
    struct tx *tx = begin();
    const char *empty = digest_now(tx);
    put(tx, "a", 1);
    put(tx, "b", 2);
    const char *first = digest_now(tx);
    assert_string_not_equal(empty, first);
    SQL_DO(tx, "DELETE FROM shelf");
    assert_string_equal(digest_now(tx), empty);
    put(tx, "b", 2);
    put(tx, "a", 1);
    assert_string_equal(digest_now(tx), first);
    SQL_DO(tx, "UPDATE shelf SET count = 3 - count");
    assert_string_not_equal(digest_now(tx), first);
    SQL_DO(tx, "UPDATE shelf SET count = 3 - count");
    assert_string_equal(digest_now(tx), first);
    SQL_DO(tx, "UPDATE shelf SET label = ?1", sql_bytes("", 0));
    const char *bytes = digest_now(tx);
    SQL_DO(tx, "UPDATE shelf SET label = ?1", sql_string(""));
    assert_string_not_equal(bytes, first);
    assert_string_not_equal(digest_now(tx), bytes);
    sql_script(tx, "CREATE TABLE souk_event (number BIGINT)");
    const char *before = digest_now(tx);
    SQL_DO(tx, "INSERT INTO souk_event (number) VALUES (1)");
    assert_string_equal(digest_now(tx), before);
    tx_rollback(tx);
}

static void computed_tables_are_listed_and_dropped(void **state)
{
    (void)state;
    struct tx *tx = begin();
    put(tx, "a", 1);
    sql_script(tx, "CREATE TABLE souk_inbox (producer TEXT); CREATE TABLE souk_timer (kind TEXT); CREATE TABLE bin (b BIGINT);"
                   "CREATE INDEX bin_b ON bin (b)");
    struct table *tables;
    assert_int_equal(store_tables(tx, true, &tables), 3);
    assert_string_equal(tables[0].name, "bin");
    assert_string_equal(tables[1].name, "shelf");
    assert_int_equal(tables[1].row_count, 1);
    assert_string_equal(tables[2].name, "souk_timer");
    SQL_DO(tx, "INSERT INTO souk_timer (kind) VALUES ('expire')");
    SQL_DO(tx, "INSERT INTO souk_inbox (producer) VALUES ('catalog')");
    store_drop_tables(tx);
    assert_int_equal(store_tables(tx, true, &tables), 1);
    assert_string_equal(tables[0].name, "souk_timer");
    assert_int_equal(tables[0].row_count, 0);
    assert_int_equal(SQL_INT(tx, -1, "SELECT COUNT(*) FROM souk_inbox"), 1);
    tx_rollback(tx);
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(urls_that_name_no_store_are_refused),
        TEST_OF(folders_are_made_for_the_owner_only),
        TEST_OF(a_second_writer_is_refused),
        TEST_OF(a_reader_needs_a_database),
        TEST_OF(a_file_that_is_no_database_is_refused),
        TEST_OF(scratch_has_one_connection),
        TEST_OF(scratch_beside_a_connection_is_made_once),
        TEST_OF(values_come_back_as_they_were),
        TEST_OF(first_values_have_a_default),
        TEST_OF(changed_rows_are_counted_and_returned),
        TEST_OF(a_query_may_run_within_itself),
        TEST_OF(the_values_of_a_query_are_copied),
        TEST_OF(many_statements_fit_on_a_connection),
        TEST_OF(our_own_mistakes_are_assertions),
        TEST_OF(scripts_say_why_they_fail),
        TEST_OF(a_savepoint_is_undone_alone),
        TEST_OF(rolled_back_is_gone),
        TEST_OF(a_reader_keeps_what_it_saw_first),
        TEST_OF(readers_on_other_threads_see_whole_commits),
        TEST_OF(an_idle_writer_keeps_the_journal_small),
        TEST_OF(a_busy_writer_keeps_the_journal_bounded),
        TEST_OF(whichever_write_fails_nothing_happened),
        TEST_OF(a_failed_transaction_does_nothing_more),
        TEST_OF(a_failed_checkpoint_loses_nothing),
        TEST_OF(digests_tell_contents_apart_but_not_orders),
        TEST_OF(computed_tables_are_listed_and_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
