#include "platform/store/world_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct migration two[] = {
    {1, "shelf", "CREATE TABLE shelf (sku TEXT PRIMARY KEY);", true},
    {2, "count", "ALTER TABLE shelf ADD COLUMN count BIGINT; CREATE INDEX shelf_count ON shelf (count);", true},
};
static const struct migration with_breaking[] = {
    {1, "shelf", "CREATE TABLE shelf (sku TEXT PRIMARY KEY);", true},
    {2, "count", "ALTER TABLE shelf ADD COLUMN count BIGINT; CREATE INDEX shelf_count ON shelf (count);", true},
    {3, "shelves", "-- breaking: shelves are many\nALTER TABLE shelf RENAME TO shelves;", false},
};
static const struct migration changed[] = {
    {1, "shelf", "CREATE TABLE shelf (sku TEXT PRIMARY KEY, aisle TEXT);", true},
};
static const struct migration broken[] = {
    {1, "shelf", "CREATE TABLE shelf (sku TEXT PRIMARY KEY);", true},
    {2, "count", "CREATE TABLE aisle (number BIGINT); ALTER TABLE shelves ADD COLUMN count BIGINT;", true},
};

static struct test_store *test;

static int setup(void **state)
{
    (void)state;
    test = test_store_new("toy", two, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_store_free(test);
    return 0;
}

static bool has_table(const char *name)
{
    struct tx *tx = test_store_begin(test);
    int64_t found = SQL_INT(tx, 0, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", sql_string(name));
    tx_rollback(tx);
    return found == 1;
}

static void each_runs_once_in_order(void **state)
{
    (void)state;
    char error[512] = "";
    assert_true(has_table("shelf"));
    assert_true(has_table("souk_event"));
    assert_true(event_log_migrate(test->writer, two, 2, error));
    assert_true(event_log_migrate(test->writer, two, 2, error));
    struct tx *tx = test_store_begin(test);
    tx->may_write = true;
    SQL_DO(tx, "INSERT INTO shelf (sku, count) VALUES ('a', 1)");
    assert_int_equal(SQL_INT(tx, 0, "SELECT COUNT(*) FROM souk_migration WHERE owner = 'service'"), 2);
    assert_int_equal(SQL_INT(tx, 0, "SELECT at_us FROM souk_migration WHERE owner = 'service' AND number = 2"),
                     test->world->now_us);
    tx_rollback(tx);
}

static void an_older_version_goes_on_beside_what_is_additive(void **state)
{
    (void)state;
    char error[512] = "";
    assert_true(event_log_migrate(test->writer, two, 2, error));
    assert_true(event_log_migrate(test->writer, two, 1, error));
    struct tx *tx = test_store_begin(test);
    tx->may_write = true;
    SQL_DO(tx, "INSERT INTO shelf (sku) VALUES ('a')"); /* as the older does */
    assert_int_equal(SQL_INT(tx, -1, "SELECT COALESCE(count, 7) FROM shelf WHERE sku = 'a'"), 7); /* as the newer reads it */
    assert_int_equal(SQL_INT(tx, -1, "SELECT additive FROM souk_migration WHERE owner = 'service' AND number = 2"), 1);
    tx_rollback(tx);
}

static void what_a_newer_version_broke_is_refused(void **state)
{
    (void)state;
    char error[512] = "";
    assert_true(event_log_migrate(test->writer, with_breaking, 3, error));
    assert_false(event_log_migrate(test->writer, with_breaking, 2, error));
    assert_non_null(strstr(error, "newer souk"));
    assert_non_null(strstr(error, "0003_shelves"));
    assert_false(event_log_migrate(test->writer, with_breaking, 1, error));
    assert_non_null(strstr(error, "0003_shelves"));
    assert_true(event_log_migrate(test->writer, with_breaking, 3, error));
}

static void a_changed_migration_is_refused(void **state)
{
    (void)state;
    char error[512] = "";
    assert_false(event_log_migrate(test->writer, changed, 1, error));
    assert_non_null(strstr(error, "0001_shelf has been changed"));
}

static void a_migration_that_fails_changes_nothing(void **state)
{
    (void)state;
    char error[512] = "";
    assert_false(event_log_migrate(test->writer, broken, 2, error));
    assert_non_null(strstr(error, "0002_count fails: no such table: shelves"));
    assert_false(has_table("aisle"));
    assert_true(event_log_migrate(test->writer, two, 2, error));
}

static void a_store_is_current_when_all_have_run(void **state)
{
    (void)state;
    char error[512] = "";
    struct tx *tx = test_store_begin(test);
    assert_true(event_log_is_current(tx, two, 1, error));
    assert_false(event_log_is_current(tx, two, 2, error));
    assert_non_null(strstr(error, "older souk"));
    assert_false(event_log_is_current(tx, two, 0, error));
    assert_non_null(strstr(error, "newer souk"));
    tx_rollback(tx);
}

static void a_reset_empties_what_is_computed(void **state)
{
    (void)state;
    char error[512] = "";
    struct tx *tx = test_store_begin(test);
    test_store_append(test, tx, "product/a", "Created", TEXT("x"));
    tx->may_write = true;
    SQL_DO(tx, "INSERT INTO shelf (sku) VALUES ('a')");
    SQL_DO(tx, "INSERT INTO souk_timer (kind, key, due_us) VALUES ('expire', 'a', 1)");
    tx->may_write = false;
    assert_true(event_log_reset(tx, two, 2, error));
    assert_int_equal(SQL_INT(tx, -1, "SELECT COUNT(*) + COUNT(count) FROM shelf"), 0);
    assert_int_equal(SQL_INT(tx, -1, "SELECT COUNT(*) FROM souk_timer"), 0);
    assert_int_equal(SQL_INT(tx, -1, "SELECT COUNT(*) FROM souk_event"), 1);
    assert_true(event_log_is_current(tx, two, 2, error));
    assert_true(tx_commit(tx));

    tx = test_store_begin(test);
    assert_false(event_log_reset(tx, broken, 2, error));
    assert_non_null(strstr(error, "no such table: shelves"));
    assert_false(tx_commit(tx));
    assert_true(has_table("shelf"));
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(each_runs_once_in_order),
        TEST_OF(an_older_version_goes_on_beside_what_is_additive),
        TEST_OF(what_a_newer_version_broke_is_refused),
        TEST_OF(a_changed_migration_is_refused),
        TEST_OF(a_migration_that_fails_changes_nothing),
        TEST_OF(a_store_is_current_when_all_have_run),
        TEST_OF(a_reset_empties_what_is_computed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
