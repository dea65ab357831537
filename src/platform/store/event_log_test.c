#include "platform/store/event_log.h"

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

/* Events 1 to 6, a second apart: shirt, shoe, shirt, box (another kind), shoe, shirt. */
static struct tx *begin_with_six_events(void)
{
    static const char *streams[] = {"product/shirt", "product/shoe", "product/shirt", "box/shirt", "product/shoe", "product/shirt"};
    struct tx *tx = test_store_begin(test);
    for (int i = 0; i < 6; i++) {
        test->world->now_us = (i + 1) * 1000000;
        test_store_append(test, tx, streams[i], "Happened", TEXT("data"));
    }
    return tx;
}

/* --- writing --- */

static void appending_fills_in_the_rest(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    struct event first = test_store_append(test, tx, "product/shirt", "Created", TEXT("x"));
    struct event second = test_store_append(test, tx, "product/shoe", "Created", TEXT("x"));
    struct event third = test_store_append(test, tx, "product/shirt", "Renamed", TEXT("x"));
    assert_int_equal(first.number, 1);
    assert_int_equal(third.number, 3);
    assert_string_equal(third.key, "shirt");
    assert_int_equal(first.stream_version, 1);
    assert_int_equal(second.stream_version, 1);
    assert_int_equal(third.stream_version, 2);
    assert_int_equal(event_log_stream_version(tx, "product/shirt"), 2);
    assert_int_equal(event_log_stream_version(tx, "product/none"), 0);
    assert_memory_not_equal(first.hash, second.hash, EVENT_HASH_BYTES);
    assert_memory_equal(test->head.hash, third.hash, EVENT_HASH_BYTES);
    assert_false(tx->may_write);
    assert_true(tx_commit(tx));

    struct event_log_head head;
    tx = test_store_begin(test);
    event_log_head(tx, &head);
    assert_memory_equal(&head, &test->head, sizeof head);
    tx_rollback(tx);
}

static void an_empty_log_has_an_empty_head(void **state)
{
    (void)state;
    struct event_log_head head = {.number = 7};
    struct tx *tx = test_store_begin(test);
    event_log_head(tx, &head);
    assert_memory_equal(&head, &(struct event_log_head){0}, sizeof head);
    tx_rollback(tx);
}

static void an_undone_event_leaves_no_gap(void **state)
{
    (void)state;
    char error[512];
    struct tx *tx = test_store_begin(test);
    test_store_append(test, tx, "product/shirt", "Created", TEXT("x"));
    struct event_log_head before = test->head;
    tx_savepoint(tx);
    test_store_append(test, tx, "product/shirt", "Renamed", TEXT("x"));
    tx_savepoint_undo(tx);
    test->head = before;
    struct event event = test_store_append(test, tx, "product/shirt", "Renamed", TEXT("y"));
    assert_int_equal(event.number, 2);
    assert_int_equal(event.stream_version, 2);
    assert_int_equal(event_log_verify(tx, error), 0);
    assert_true(tx_commit(tx));
}

static void time_in_the_log_never_goes_back(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    test->world->now_us = 50;
    test_store_append(test, tx, "product/shirt", "Created", TEXT("x"));
    test->world->now_us = 40;
    assert_int_equal(test_store_append(test, tx, "product/shirt", "Renamed", TEXT("x")).at_us, 50);
    test->world->now_us = 60;
    assert_int_equal(test_store_append(test, tx, "product/shirt", "Renamed", TEXT("x")).at_us, 60);
    tx_rollback(tx);
}

/* --- writing together --- */

static int64_t stored(struct tx *tx)
{
    return SQL_INT(tx, -1, "SELECT COUNT(*) FROM souk_event");
}

static struct tx *begin_batch(struct event_log_batch *batch)
{
    struct tx *tx = test_store_begin(test);
    *batch = (struct event_log_batch){0};
    tx->log = batch;
    return tx;
}

static void append_several(struct tx *tx, const char *stream, int count)
{
    for (int i = 0; i < count; i++)
        test_store_append(test, tx, stream, "Happened", TEXT("data"));
}

static void assert_chain_has(int64_t count)
{
    char error[512];
    struct tx *tx = test_store_begin(test);
    assert_int_equal(stored(tx), count);
    assert_int_equal(event_log_verify(tx, error), 0);
    tx_rollback(tx);
}

static void events_of_a_batch_are_stored_together(void **state)
{
    (void)state;
    struct event_log_batch batch;
    struct tx *tx = begin_batch(&batch);
    append_several(tx, "product/shirt", 15);
    assert_int_equal(stored(tx), 0);
    assert_int_equal(event_log_stream_version(tx, "product/shirt"), 15);
    append_several(tx, "product/shirt", 2); /* more than wait */
    assert_int_equal(stored(tx), 16);
    event_log_flush(tx);
    assert_int_equal(stored(tx), 17);
    assert_true(tx_commit(tx));
    assert_chain_has(17);
}

static bool count_event(void *data, const struct event *event)
{
    (void)event;
    ++*(int *)data;
    return true;
}

static void who_reads_the_log_reads_what_waited(void **state)
{
    (void)state;
    struct event_log_batch batch;
    struct tx *tx = begin_batch(&batch);
    int seen = 0;
    append_several(tx, "product/shirt", 3);
    assert_int_equal(event_log_read(tx, "product/shirt", 0, 0, 100, count_event, &seen), 3);
    assert_int_equal(seen, 3);
    append_several(tx, "product/shirt", 1);
    event_log_flush(tx);
    assert_true(tx_commit(tx));
    assert_chain_has(4);
}

/* Whatever waited when the savepoint began, and however much was stored within it. */
static void a_savepoint_takes_back_its_own_events_only(void **state)
{
    (void)state;
    const int within[] = {0, 1, 7, 8, 9, 16, 40};
    int64_t expected = 0;
    for (int before = 0; before <= 16; before++) {
        for (size_t i = 0; i < sizeof within / sizeof *within; i++) {
            struct event_log_batch batch;
            struct tx *tx = begin_batch(&batch);
            append_several(tx, "product/shirt", before);
            for (int keep = 0; keep < 2; keep++) {
                struct event_log_head head = test->head;
                event_log_savepoint(tx);
                tx_savepoint(tx);
                append_several(tx, "product/shoe", within[i]);
                assert_int_equal(event_log_stream_version(tx, "product/shirt") > 0, expected + before > 0);
                if (keep) {
                    tx_savepoint_keep(tx);
                    event_log_savepoint_keep(tx);
                } else {
                    tx_savepoint_undo(tx);
                    event_log_savepoint_undo(tx);
                    test->head = head;
                }
            }
            append_several(tx, "product/shirt", 1);
            event_log_flush(tx);
            assert_true(tx_commit(tx));
            expected += before + within[i] + 1;
        }
    }
    assert_chain_has(expected);
}

/* --- reading --- */

struct seen {
    char numbers[64]; /* "1 3 6 " */
    int stop_after;
    int count;
};

static bool note(void *data, const struct event *event)
{
    struct seen *seen = data;
    size_t length = strlen(seen->numbers);
    snprintf(seen->numbers + length, sizeof seen->numbers - length, "%lld ", (long long)event->number);
    return ++seen->count != seen->stop_after;
}

static const char *read_numbers(struct tx *tx, const char *stream, int64_t after, int64_t until_us, int64_t limit)
{
    static struct seen seen;
    seen = (struct seen){0};
    int64_t last = event_log_read(tx, stream, after, until_us, limit, note, &seen);
    int64_t expected = after;
    if (seen.count > 0)
        expected = strtoll(seen.numbers + strlen(seen.numbers) - 2, NULL, 10);
    assert_int_equal(last, expected);
    return seen.numbers;
}

static void events_are_read_by_stream_kind_and_time(void **state)
{
    (void)state;
    struct tx *tx = begin_with_six_events();
    assert_string_equal(read_numbers(tx, NULL, 0, 0, 100), "1 2 3 4 5 6 ");
    assert_string_equal(read_numbers(tx, NULL, 2, 0, 2), "3 4 ");
    assert_string_equal(read_numbers(tx, NULL, 6, 0, 2), "");
    assert_string_equal(read_numbers(tx, "product/shirt", 0, 0, 100), "1 3 6 ");
    assert_string_equal(read_numbers(tx, "product/shirt", 1, 0, 1), "3 ");
    assert_string_equal(read_numbers(tx, "product/*", 0, 0, 100), "1 2 3 5 6 ");
    assert_string_equal(read_numbers(tx, "product/*", 2, 0, 2), "3 5 ");
    assert_string_equal(read_numbers(tx, "box/*", 0, 0, 100), "4 ");
    assert_string_equal(read_numbers(tx, "prod/*", 0, 0, 100), "");
    assert_string_equal(read_numbers(tx, "product/shirt/*", 0, 0, 100), "");
    char *long_key = arena_alloc(test->arena, 1000);
    memset(long_key, 'x', 988);
    memcpy(long_key, "product/", 8);
    memcpy(long_key + 988, "/*", 3);
    assert_string_equal(read_numbers(tx, long_key, 0, 0, 100), "");
    assert_string_equal(read_numbers(tx, long_key + 8, 0, 0, 100), "");
    assert_string_equal(read_numbers(tx, "product", 0, 0, 100), "");
    assert_string_equal(read_numbers(tx, "*", 0, 0, 100), "");
    assert_string_equal(read_numbers(tx, "", 0, 0, 100), "");
    assert_string_equal(read_numbers(tx, NULL, 0, 3000000, 100), "1 2 3 ");
    assert_string_equal(read_numbers(tx, NULL, 0, 3999999, 100), "1 2 3 ");
    assert_string_equal(read_numbers(tx, NULL, 0, 999999, 100), "");
    assert_string_equal(read_numbers(tx, "product/shirt", 0, 5000000, 100), "1 3 ");
    assert_string_equal(read_numbers(tx, "product/*", 1, 5000000, 100), "2 3 5 ");
    struct seen seen = {.stop_after = 2};
    assert_int_equal(event_log_read(tx, NULL, 0, 0, 100, note, &seen), 2);
    tx_rollback(tx);
}

static bool copy_event(void *data, const struct event *event)
{
    struct event *copy = data;
    *copy = *event;
    copy->stream = arena_strdup(test->arena, event->stream);
    copy->key = arena_strdup(test->arena, event->key);
    copy->name = arena_strdup(test->arena, event->name);
    copy->actor = arena_strdup(test->arena, event->actor);
    copy->request_id = arena_strdup(test->arena, event->request_id);
    copy->cause = arena_strdup(test->arena, event->cause);
    copy->data.at = arena_strndup(test->arena, event->data.at, event->data.length);
    return true;
}

static void an_event_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct tx *tx = test_store_begin(test);
    struct event written = test_store_append(test, tx, "product/shirt/m", "souk.Created", TEXT("a\0b"));
    struct event read = {0};
    event_log_read(tx, NULL, 0, 0, 1, copy_event, &read);
    assert_int_equal(read.number, written.number);
    assert_string_equal(read.stream, "product/shirt/m");
    assert_string_equal(read.key, "shirt/m");
    assert_int_equal(read.stream_version, 1);
    assert_string_equal(read.name, "souk.Created");
    assert_int_equal(read.schema_version, 1);
    assert_int_equal(read.at_us, test->world->now_us);
    assert_string_equal(read.actor, "staff:admin");
    assert_string_equal(read.request_id, "request-1");
    assert_string_equal(read.cause, "call");
    assert_true(text_equal(read.data, TEXT("a\0b")));
    assert_memory_equal(read.hash, written.hash, EVENT_HASH_BYTES);
    tx_rollback(tx);
}

static const char *read_streams(struct tx *tx, const char *one, const char *two, int64_t until_us)
{
    static struct seen seen;
    seen = (struct seen){0};
    assert_true(event_log_read_streams(tx, (const char *const[]){one, two}, 2, until_us, note, &seen));
    return seen.numbers;
}

static void several_streams_are_merged(void **state)
{
    (void)state;
    struct tx *tx = begin_with_six_events();
    assert_string_equal(read_streams(tx, "product/shoe", "box/shirt", 0), "2 4 5 ");
    assert_string_equal(read_streams(tx, "box/*", "product/shirt", 0), "1 3 4 6 ");
    assert_string_equal(read_streams(tx, "product/*", "product/shirt", 0), "1 2 3 5 6 ");
    assert_string_equal(read_streams(tx, "product/*", "box/shirt", 4000000), "1 2 3 4 ");
    assert_string_equal(read_streams(tx, "product/none", "none/*", 0), "");
    struct seen seen = {.stop_after = 1};
    assert_true(event_log_read_streams(tx, (const char *const[]){"product/*"}, 1, 0, note, &seen));
    assert_string_equal(seen.numbers, "1 ");
    tx_rollback(tx);
}

/* --- verifying --- */

static const char *newest(struct tx *tx, const char *stream, const char *const *names, size_t count, int64_t until_us)
{
    static struct seen seen;
    seen = (struct seen){0};
    event_log_read_newest(tx, stream, names, count, until_us, note, &seen);
    return seen.numbers;
}

static void the_newest_of_some_kinds_is_found(void **state)
{
    (void)state;
    struct tx *tx = begin_with_six_events();
    test->world->now_us = 7000000;
    test_store_append(test, tx, "product/shirt", "Renamed", TEXT("data"));
    static const char *const happened[] = {"Other", "Happened"}, *const renamed[] = {"Renamed"};
    assert_string_equal(newest(tx, "product/shirt", happened, 2, 9000000), "6 ");
    assert_string_equal(newest(tx, "product/shirt", happened, 2, 5999999), "3 ");
    assert_string_equal(newest(tx, "product/shirt", happened, 2, 999999), "");
    assert_string_equal(newest(tx, "product/shirt", happened, 1, 9000000), "");
    assert_string_equal(newest(tx, "product/shirt", renamed, 1, 7000000), "7 ");
    assert_string_equal(newest(tx, "product/none", renamed, 1, 7000000), "");
    tx_rollback(tx);
}

static void an_untouched_log_is_right(void **state)
{
    (void)state;
    char error[512];
    struct tx *tx = test_store_begin(test);
    assert_int_equal(event_log_verify(tx, error), 0);
    tx_rollback(tx);
    tx = begin_with_six_events();
    assert_int_equal(event_log_verify(tx, error), 0);
    tx_rollback(tx);
}

static void tampering_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *tampering;
        int64_t bad;
        const char *word;
    } rows[] = {
        {"UPDATE souk_event SET data = x'00' WHERE number = 3", 3, "has been changed"},
        {"UPDATE souk_event SET actor = 'staff:other' WHERE number = 3", 3, "has been changed"},
        {"UPDATE souk_event SET at_us = at_us + 1 WHERE number = 6", 6, "has been changed"},
        {"UPDATE souk_event SET stream = 'product/hat' WHERE number = 3", 3, "has been changed"},
        {"UPDATE souk_event SET hash = x'00' WHERE number = 2", 2, "has been changed"},
        {"DELETE FROM souk_event WHERE number = 1", 2, "missing"},
        {"DELETE FROM souk_event WHERE number = 4", 5, "missing"},
        {"DELETE FROM souk_event WHERE number = 4; UPDATE souk_event SET number = number - 1 WHERE number > 4", 4, "has been changed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[512] = "";
        test->head = (struct event_log_head){0};
        struct tx *tx = begin_with_six_events();
        tx->may_write = true;
        sql_script(tx, rows[i].tampering);
        assert_int_equal(event_log_verify(tx, error), rows[i].bad);
        assert_non_null(strstr(error, rows[i].word));
        tx_rollback(tx);
    }
}

/* A chain whose hashes are right and whose versions are not, as a writer with a bug would make it. */
static void wrong_versions_are_found(void **state)
{
    (void)state;
    char error[512] = "";
    struct tx *tx = test_store_begin(test);
    tx->may_write = true;
    test_store_append(test, tx, "product/shirt", "Created", TEXT("x"));
    SQL_DO(tx, "UPDATE souk_event SET stream_version = 5 WHERE number = 1");
    assert_int_equal(test_store_append(test, tx, "product/shirt", "Renamed", TEXT("x")).stream_version, 6);
    SQL_DO(tx, "UPDATE souk_event SET stream_version = 1 WHERE number = 1");
    assert_int_equal(event_log_verify(tx, error), 2);
    assert_non_null(strstr(error, "version 6 of stream product/shirt"));
    tx_rollback(tx);
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(appending_fills_in_the_rest),
        TEST_OF(an_empty_log_has_an_empty_head),
        TEST_OF(an_undone_event_leaves_no_gap),
        TEST_OF(time_in_the_log_never_goes_back),
        TEST_OF(events_of_a_batch_are_stored_together),
        TEST_OF(who_reads_the_log_reads_what_waited),
        TEST_OF(a_savepoint_takes_back_its_own_events_only),
        TEST_OF(events_are_read_by_stream_kind_and_time),
        TEST_OF(an_event_is_read_as_it_was_written),
        TEST_OF(several_streams_are_merged),
        TEST_OF(the_newest_of_some_kinds_is_found),
        TEST_OF(an_untouched_log_is_right),
        TEST_OF(tampering_is_found),
        TEST_OF(wrong_versions_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
