#include "base/assert_test.h"
#include "platform/store/world_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct test_store *test;
static const struct idempotency_key key = {.key = "first", .request = "body"};
static const struct idempotency_key other = {.key = "second", .request = "body"};
static const struct idempotency_key changed = {.key = "first", .request = "other body"};

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

static void an_answer_is_found_again(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    assert_false(idempotency_find(tx, &key).found);
    idempotency_store(tx, &key, TEXT("answer\0s"), TEXT(""), 1);
    assert_true(tx_commit(tx));

    tx = test_store_begin(test);
    struct idempotency_record record = idempotency_find(tx, &key);
    assert_true(record.found);
    assert_false(record.running);
    assert_true(record.same_request);
    assert_false(record.refused);
    assert_true(text_equal(record.answer, TEXT("answer\0s")));
    assert_int_equal(record.problem.length, 0);
    assert_false(idempotency_find(tx, &changed).same_request);
    assert_false(idempotency_find(tx, &other).found);
    tx_rollback(tx);
}

static void a_claim_becomes_an_answer(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    idempotency_claim(tx, &key, "saga", 0, 1);
    struct idempotency_record record = idempotency_find(tx, &key);
    assert_true(record.found);
    assert_true(record.running);
    assert_true(record.same_request);
    assert_false(idempotency_find(tx, &changed).same_request);
    idempotency_store(tx, &key, TEXT(""), TEXT("problem"), 2);
    record = idempotency_find(tx, &key);
    assert_false(record.running);
    assert_true(record.refused);
    assert_true(text_is(record.problem, "problem"));
    assert_true(tx_commit(tx));
}

/* Older versions stored the number that a result had in their table. Which one does not matter: the problem says it by name. */
static void what_an_older_version_refused_is_refused(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    idempotency_store(tx, &key, TEXT(""), TEXT("problem"), 1);
    tx->may_write = true;
    SQL_DO(tx, "UPDATE souk_idempotency SET result = 77");
    tx->may_write = false;
    struct idempotency_record record = idempotency_find(tx, &key);
    assert_true(record.refused);
    assert_true(text_is(record.problem, "problem"));
    tx_rollback(tx);
}

static void a_forgotten_claim_may_be_made_again(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    idempotency_claim(tx, &key, "saga", 0, 1);
    idempotency_forget(tx, &key);
    assert_false(idempotency_find(tx, &key).found);
    idempotency_claim(tx, &key, "saga", 0, 1);
    assert_true(idempotency_find(tx, &key).running);
    assert_true(tx_commit(tx));
}

static void claim_twice(void)
{
    struct tx *tx = test_store_begin(test);
    idempotency_claim(tx, &key, "saga", 0, 1);
    idempotency_claim(tx, &key, "saga", 0, 1); /* by the same, who was not told of the first */
    idempotency_claim(tx, &key, "another", 0, 1);
}

static void claiming_twice_is_our_mistake(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(claim_twice));
}

static void keys_that_were_looked_for_ahead_are_stored_together(void **state)
{
    (void)state;
    static struct idempotency_key keys[40];
    const struct idempotency_key *wanted[40];
    for (uint8_t i = 0; i < 40; i++) {
        keys[i] = (struct idempotency_key){.key = {i + 1}, .request = "body"};
        wanted[i] = &keys[i];
    }
    struct tx *tx = test_store_begin(test);
    idempotency_store(tx, &keys[17], TEXT("before"), TEXT(""), 1);
    assert_true(tx_commit(tx));

    struct event_log_batch batch = {0};
    tx = test_store_begin(test);
    tx->log = &batch;
    idempotency_look_ahead(tx, wanted, 40);
    assert_int_equal(batch.absent_count, 39);
    assert_true(text_equal(idempotency_find(tx, &keys[17]).answer, TEXT("before")));
    idempotency_claim(tx, &keys[3], "saga", 0, 2);
    assert_true(idempotency_find(tx, &keys[3]).running);
    for (int i = 20; i < 39; i++) {
        assert_false(idempotency_find(tx, &keys[i]).found);
        idempotency_store(tx, &keys[i], TEXT("answer"), TEXT(""), 2);
        assert_true(text_equal(idempotency_find(tx, &keys[i]).answer, TEXT("answer")));
        assert_false(idempotency_find(tx, &(struct idempotency_key){.key = {(uint8_t)(i + 1)}, .request = "other"}).same_request);
    }
    assert_int_equal(SQL_INT(tx, 0, "SELECT COUNT(*) FROM souk_idempotency"), 18);
    event_log_flush(tx);
    assert_int_equal(SQL_INT(tx, 0, "SELECT COUNT(*) FROM souk_idempotency"), 21);
    assert_true(text_equal(idempotency_find(tx, &keys[38]).answer, TEXT("answer")));
    assert_false(idempotency_find(tx, &keys[39]).found);
    assert_true(tx_commit(tx));
}

static void old_answers_are_forgotten_in_slices_and_claims_stay(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    idempotency_claim(tx, &other, "saga", 0, 0);
    for (int i = 0; i < IDEMPOTENCY_FORGET_MAX + 10; i++) {
        struct idempotency_key one = {0};
        memcpy(one.key, &i, sizeof i);
        idempotency_store(tx, &one, TEXT(""), TEXT(""), i);
    }
    assert_int_equal(idempotency_forget_older(tx, 0), 0);
    assert_int_equal(idempotency_forget_older(tx, IDEMPOTENCY_FORGET_MAX + 5), IDEMPOTENCY_FORGET_MAX);
    assert_int_equal(idempotency_forget_older(tx, IDEMPOTENCY_FORGET_MAX + 5), 5);
    assert_int_equal(idempotency_forget_older(tx, IDEMPOTENCY_FORGET_MAX + 5), 0);
    assert_true(idempotency_find(tx, &other).running);
    assert_true(tx_commit(tx));
}

static void at_the_start_claims_are_left_behind_and_answers_stay(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    idempotency_claim(tx, &key, "saga", 0, 1);
    idempotency_store(tx, &other, TEXT(""), TEXT(""), 1);
    idempotency_leave_claims(tx);
    struct idempotency_record record = idempotency_find(tx, &key);
    assert_true(record.found && record.left_behind && !record.running);
    assert_string_equal(record.worker, "saga");
    assert_false(idempotency_find(tx, &other).left_behind);
    idempotency_claim(tx, &key, "another", 0, 1);
    record = idempotency_find(tx, &key);
    assert_true(record.running && !record.left_behind);
    assert_string_equal(record.worker, "another");
    idempotency_leave_claims(tx);
    assert_int_equal(idempotency_forget_older(tx, 2), 2);
    assert_false(idempotency_find(tx, &key).found);
    assert_true(tx_commit(tx));
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(an_answer_is_found_again),
        TEST_OF(a_claim_becomes_an_answer),
        TEST_OF(what_an_older_version_refused_is_refused),
        TEST_OF(a_forgotten_claim_may_be_made_again),
        TEST_OF(claiming_twice_is_our_mistake),
        TEST_OF(keys_that_were_looked_for_ahead_are_stored_together),
        TEST_OF(old_answers_are_forgotten_in_slices_and_claims_stay),
        TEST_OF(at_the_start_claims_are_left_behind_and_answers_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
