/*
 * The second layer as two nodes see it that share a Redis. tests/with-redis starts one and names it in SOUK_TEST_REDIS; without it only what needs none
 * is tested.
 */
#include "platform/cache/shared_cache.c"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* --- two nodes on one loop ---------------------------------------------------------------------------------------------- */

struct node {
    struct redis *redis;
    struct shared_cache *cache;
};
static struct loop *loop;
static struct node nodes[2];
static bool (*wanted)(void);
static struct timer ticking;

static void on_tick(struct timer *timer)
{
    if (wanted())
        machine_loop_stop(loop);
    else
        timer_start(loop, timer, 1000);
}

/* For as long as it takes; tools/run-tests ends what takes for ever. */
static void run_until(bool (*condition)(void))
{
    wanted = condition;
    ticking.run = on_tick;
    timer_start(loop, &ticking, 0);
    machine_loop_run(loop);
}

static bool both_are_ready(void)
{
    return redis_is_ready(nodes[0].redis) && redis_is_ready(nodes[1].redis);
}
static bool none_is_ready(void)
{
    return !redis_is_ready(nodes[0].redis) && !redis_is_ready(nodes[1].redis);
}
static bool both_are_settled(void)
{
    for (size_t i = 0; i < 2; i++)
        if (atomic_load(&nodes[i].cache->settled) < noted(nodes[i].cache))
            return false;
    return both_are_ready();
}

static void control(const char *words)
{
    char command[512];
    snprintf(command, sizeof command, "%s %s >/dev/null", getenv("SOUK_TEST_REDIS_CONTROL"), words);
    assert_int_equal(system(command), 0);
}

static int begin(void **state)
{
    struct redis_address address;
    char error[512], name[40];
    (void)state;
    if (getenv("SOUK_TEST_REDIS") == NULL)
        return 0;
    assert_true(redis_address_read(&address, getenv("SOUK_TEST_REDIS"), error));
    address.wait_us = INT64_C(30000000); /* this is not about how fast it is */
    snprintf(name, sizeof name, "{souk}:test:%d", (int)getpid());
    loop = machine_loop_new(env_machine());
    for (size_t i = 0; i < 2; i++) {
        nodes[i].redis = redis_new(env_machine(), &address, &loop, 1);
        nodes[i].cache = shared_cache_new(nodes[i].redis, env_machine(), name);
        redis_start(nodes[i].redis);
    }
    run_until(both_are_settled);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (loop == NULL)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        redis_close(nodes[i].redis, loop);
        shared_cache_free(nodes[i].cache);
        redis_free(nodes[i].redis);
    }
    machine_loop_free(loop);
    loop = NULL;
    return 0;
}

#define NEEDS_REDIS()                            \
    do {                                         \
        (void)state;                             \
        if (getenv("SOUK_TEST_REDIS") == NULL)   \
            skip();                              \
    } while (0)

/* --- looking and filling ------------------------------------------------------------------------------------------------ */

static const struct text tags[] = {TEXT("product/1"), TEXT("product")};
static bool looked;
static bool was_found;
static int64_t age_us;

static struct cache_answer answer_of(const char *body)
{
    const struct http_header headers[] = {{TEXT("ETag"), TEXT("\"e\"")}, {TEXT("X-Zero"), {"a\0b", 3}}};
    struct http_shared *shared = http_shared_prepare(headers, 2, text_of(body));
    return (struct cache_answer){.shared = shared, .etag = TEXT("\"e\""), .seconds = 60};
}

static void on_done(struct shared_lookup *lookup, const struct shared_found *found)
{
    (void)lookup;
    looked = true;
    was_found = found != NULL;
    if (found == NULL)
        return;
    struct cache_answer expected = answer_of("body");
    assert_true(text_equal(http_shared_text(found->answer.shared), http_shared_text(expected.shared)));
    assert_true(text_is(found->answer.etag, "\"e\""));
    assert_int_equal(found->answer.seconds, 60);
    assert_int_equal(found->tag_count, 2);
    assert_true(text_equal(found->tags[0], tags[0]));
    age_us = env_monotonic_us(env_machine()) - found->made_us;
    http_shared_drop(expected.shared);
    http_shared_drop(found->answer.shared);
}

static bool has_looked(void)
{
    return looked;
}

static bool finds(size_t node, struct shared_lookup *lookup)
{
    *lookup = (struct shared_lookup){.done = on_done, .loop = loop, .key = TEXT("/v1/x?\r\n*")};
    looked = was_found = false;
    if (!shared_cache_look(nodes[node].cache, lookup))
        return false;
    run_until(has_looked);
    return was_found;
}

/* Commands of one connection keep their order, so whoever has looked after filling has filled. */
static void fill(size_t node, struct shared_lookup *lookup)
{
    struct shared_lookup after;
    struct cache_answer answer = answer_of("body");
    shared_cache_fill(lookup, &answer, tags, 2);
    http_shared_drop(answer.shared);
    finds(node, &after);
}

static void one_keeps_what_the_other_made(void **state)
{
    struct shared_lookup lookup, other;
    NEEDS_REDIS();
    assert_false(finds(0, &lookup));
    assert_false(finds(1, &other));
    fill(0, &lookup);
    assert_true(finds(1, &other));
    assert_true(age_us >= 0 && age_us < INT64_C(60000000));
    assert_true(finds(0, &lookup));
    assert_int_equal(shared_cache_counts(nodes[1].cache).hits, 1);
}

static void nothing_old_is_found(void **state)
{
    struct shared_lookup lookup;
    NEEDS_REDIS();
    finds(0, &lookup);
    fill(0, &lookup);
    assert_true(finds(1, &lookup));
    shared_cache_purge(nodes[1].cache, TEXT("product/1"));
    assert_false(finds(1, &lookup)); /* whether Redis knows already or not */
    run_until(both_are_settled);
    assert_false(finds(0, &lookup)); /* who has not heard of it either */
    finds(0, &lookup);
    fill(0, &lookup);
    shared_cache_purge(nodes[0].cache, TEXT("product/2"));
    run_until(both_are_settled);
    assert_true(finds(1, &lookup)); /* another's purge is none of its business */
    shared_cache_purge_all(nodes[0].cache);
    run_until(both_are_settled);
    assert_false(finds(1, &lookup));
}

/* However slow Redis is: a purge that it does not know yet makes what it finds worthless here. */
static void what_it_has_not_heard_of_is_not_believed(void **state)
{
    struct shared_lookup lookup;
    NEEDS_REDIS();
    finds(0, &lookup);
    fill(0, &lookup);
    assert_true(finds(1, &lookup));
    pthread_mutex_lock(&nodes[1].cache->lock); /* heard, and never sent */
    atomic_store(&nodes[1].cache->purged_at[slot_of(tags[0])], ++nodes[1].cache->noted);
    pthread_mutex_unlock(&nodes[1].cache->lock);
    assert_false(finds(1, &lookup));
    assert_int_equal(shared_cache_counts(nodes[1].cache).refused, 1);
    assert_true(finds(0, &lookup));
}

static void what_was_read_before_a_change_does_not_fill(void **state)
{
    struct shared_lookup reader, lookup;
    NEEDS_REDIS();
    assert_false(finds(0, &reader));
    shared_cache_purge(nodes[1].cache, TEXT("product/1")); /* the reader's own node has not heard of it */
    run_until(both_are_settled);
    fill(0, &reader);
    assert_false(finds(0, &lookup));
    assert_false(finds(1, &lookup));

    assert_false(finds(0, &reader));
    shared_cache_purge_all(nodes[1].cache);
    run_until(both_are_settled);
    fill(0, &reader);
    assert_false(finds(1, &lookup));

    assert_false(finds(0, &reader));
    control("cli flushall");
    fill(0, &reader);
    assert_false(finds(1, &lookup));
}

static void it_goes_and_comes_back(void **state)
{
    struct shared_lookup lookup;
    NEEDS_REDIS();
    finds(0, &lookup);
    fill(0, &lookup);
    assert_true(finds(1, &lookup));
    control("stop");
    run_until(none_is_ready);
    assert_false(finds(1, &lookup));
    assert_true(shared_cache_counts(nodes[1].cache).unasked > 0);
    shared_cache_purge(nodes[1].cache, TEXT("product/1"));
    control("start");
    run_until(both_are_settled); /* also what could not be sent */
    assert_false(finds(0, &lookup));
    fill(0, &lookup);
    assert_true(finds(1, &lookup));
}

static void scripts_that_were_flushed_come_back(void **state)
{
    struct shared_lookup lookup;
    NEEDS_REDIS();
    control("cli script flush");
    assert_false(finds(0, &lookup));
    assert_int_equal(redis_counts(nodes[0].redis).errors, 1);
    assert_false(finds(0, &lookup));
    fill(0, &lookup);
    assert_true(finds(0, &lookup));
}

/* --- bytes -------------------------------------------------------------------------------------------------------------- */

static void reads_only_what_is_whole(void **state)
{
    struct read_answer read;
    struct buffer bytes;
    struct cache_answer answer = answer_of("body");
    (void)state;
    buffer_init(&bytes, ANSWER_BYTES_MAX);
    write_answer(&bytes, TEXT("key"), &answer, tags, 2);
    assert_true(read_answer(buffer_text(&bytes), &read));
    assert_true(text_is(read.key, "key") && text_is(read.body, "body") && read.header_count == 2 && read.tag_count == 2);
    for (size_t length = 0; length < bytes.length; length++) {
        char *part = malloc(length + 1); /* of its own, so that reading past it is seen */
        memcpy(part, bytes.at, length);
        part = realloc(part, length > 0 ? length : 1);
        assert_false(read_answer((struct text){part, length}, &read));
        free(part);
    }
    for (size_t at = 0; at < bytes.length; at++) { /* nor does it stumble over anything */
        char kept = bytes.at[at];
        bytes.at[at] = (char)0xff;
        read_answer(buffer_text(&bytes), &read);
        bytes.at[at] = kept;
    }
    buffer_add_char(&bytes, 'x');
    assert_false(read_answer(buffer_text(&bytes), &read));
    buffer_release(&bytes);
    http_shared_drop(answer.shared);
}

int main(void)
{
    const struct CMUnitTest tests_of_all[] = {
        cmocka_unit_test(reads_only_what_is_whole),
        cmocka_unit_test_setup_teardown(one_keeps_what_the_other_made, begin, end),
        cmocka_unit_test_setup_teardown(nothing_old_is_found, begin, end),
        cmocka_unit_test_setup_teardown(what_it_has_not_heard_of_is_not_believed, begin, end),
        cmocka_unit_test_setup_teardown(what_was_read_before_a_change_does_not_fill, begin, end),
        cmocka_unit_test_setup_teardown(it_goes_and_comes_back, begin, end),
        cmocka_unit_test_setup_teardown(scripts_that_were_flushed_come_back, begin, end),
    };
    return cmocka_run_group_tests(tests_of_all, NULL, NULL);
}
