#include "base/assert_test.h"
#include "platform/store/world_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct test_store *test;

static int setup(void **state)
{
    (void)state;
    test = test_store_new("toy", NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_store_free(test);
    return 0;
}

static void each_producer_has_its_position(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    assert_int_equal(inbox_position(tx, "catalog"), 0);
    inbox_move(tx, "catalog", 7);
    inbox_move(tx, "pricing", 3);
    inbox_move(tx, "catalog", 8);
    inbox_move(tx, "catalog", 8);
    assert_true(tx_commit(tx));

    tx = test_store_begin(test);
    assert_int_equal(inbox_position(tx, "catalog"), 8);
    assert_int_equal(inbox_position(tx, "pricing"), 3);
    assert_false(tx->may_write);
    tx_rollback(tx);
}

static void move_back(void)
{
    struct tx *tx = test_store_begin(test);
    inbox_move(tx, "catalog", 7);
    inbox_move(tx, "catalog", 6);
}

static void going_back_is_our_mistake(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(move_back));
}

/* What others' events and clients' requests left behind can't be computed again: a rebuild that empties it would lose it. */
static void records_are_no_computed_tables(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    struct table *tables;
    assert_int_equal(store_tables(tx, false, &tables), 2);
    assert_string_equal(tables[0].name, "souk_saga");
    assert_string_equal(tables[1].name, "souk_timer");
    tx_rollback(tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_producer_has_its_position, setup, teardown),
        cmocka_unit_test_setup_teardown(going_back_is_our_mistake, setup, teardown),
        cmocka_unit_test_setup_teardown(records_are_no_computed_tables, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
