#include "platform/cache/cache.h"

#include "base/assert.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

/* --- a loop that runs at once --------------------------------------------------------------------------------------------- */

static void post(struct loop *loop, struct task *task)
{
    (void)loop;
    task->run(task);
}
static const struct env_operations env_operations = {.loop_post = post};
static struct env env = {.operations = &env_operations};
static struct loop loop = {.env = &env};

/* --- short ways ------------------------------------------------------------------------------------------------------------ */

static struct cache *cache;

static int make(void **state)
{
    (void)state;
    cache = cache_new(16 << 20);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    cache_free(cache);
    return 0;
}

static struct cache_answer answer_of(const char *bytes)
{
    struct http_shared *shared = http_shared_new(text_of(bytes));
    return (struct cache_answer){.shared = shared, .etag = http_shared_text(shared), .seconds = 8};
}

static struct cache_flight *begin(const char *key)
{
    struct cache_flight *flight = NULL;
    struct cache_answer answer;
    struct cache_waiter waiter;
    assert_int_equal(cache_take(cache, text_of(key), 0, &answer, &waiter, &flight), CACHE_LEAD);
    return flight;
}

static void end(struct cache_flight *flight, const char *bytes, const char *tag)
{
    struct cache_answer answer = answer_of(bytes);
    struct text tags[] = {text_of(tag), TEXT("kind")};
    cache_fill(flight, &answer, tags, 2, 0);
}

static bool has_at(const char *key, const char *bytes, int64_t now_us)
{
    struct cache_answer answer;
    if (!cache_find(cache, text_of(key), now_us, &answer))
        return false;
    assert_true(text_is(http_shared_text(answer.shared), bytes));
    http_shared_drop(answer.shared);
    return true;
}

/* --- one at a time ----------------------------------------------------------------------------------------------------------- */

static void keeps_until_it_expires(void **state)
{
    (void)state;
    assert_false(has_at("/a", "A", 0));
    end(begin("/a"), "A", "x/1");
    assert_true(has_at("/a", "A", 7 * SECOND - 1));
    assert_false(has_at("/b", "A", 0));
    assert_false(has_at("/a", "A", 8 * SECOND));
}

static void drops_what_bears_a_tag(void **state)
{
    (void)state;
    end(begin("/a"), "A", "x/1");
    end(begin("/b"), "B", "x/2");
    cache_purge(cache, TEXT("x/1"));
    assert_false(has_at("/a", "A", 0));
    assert_true(has_at("/b", "B", 0));
    cache_purge(cache, TEXT("kind"));
    assert_false(has_at("/b", "B", 0));
    assert_int_equal(cache_counts(cache).purged, 2);
    assert_int_equal(cache_counts(cache).bytes, 0);
}

/* Purges look first whether anything bears the tag at all: that must not be forgotten when some of what bears it goes, or never came. */
static void knows_what_still_bears_a_tag(void **state)
{
    (void)state;
    end(begin("/a"), "A", "x/1");
    end(begin("/b"), "B", "x/1");
    struct cache_flight *refused = begin("/c");
    cache_purge(cache, TEXT("x/2"));
    end(refused, "C", "x/2");
    struct cache_answer answer;
    struct cache_waiter waiter;
    struct cache_flight *anew;
    assert_int_equal(cache_take(cache, TEXT("/a"), 7 * SECOND, &answer, &waiter, &anew), CACHE_LEAD);
    end(anew, "A again", "x/3"); /* it does not bear x/1 any more */
    cache_purge(cache, TEXT("x/1"));
    assert_false(has_at("/b", "B", 0));
    assert_true(has_at("/a", "A again", 0));
    cache_purge(cache, TEXT("x/3"));
    assert_false(has_at("/a", "A again", 0));
}

static void refuses_what_was_read_before_a_purge(void **state)
{
    (void)state;
    struct cache_flight *flight = begin("/a");
    cache_purge(cache, TEXT("x/1"));
    end(flight, "old", "x/1");
    assert_false(has_at("/a", "old", 0));
    assert_int_equal(cache_counts(cache).refused, 1);
    end(begin("/a"), "new", "x/1");
    assert_true(has_at("/a", "new", 0));
    /* another's purge harms nobody */
    flight = begin("/b");
    cache_purge(cache, TEXT("x/2"));
    end(flight, "B", "x/1");
    assert_true(has_at("/b", "B", 0));
}

static int resumed, resumed_empty;

static void on_resume(struct cache_waiter *waiter)
{
    resumed++;
    resumed_empty += waiter->answer.shared == NULL;
    http_shared_drop(waiter->answer.shared);
}

static void lets_others_wait(void **state)
{
    (void)state;
    struct cache_flight *flight = begin("/a"), *none = NULL;
    struct cache_answer answer;
    struct cache_waiter waiters[2] = {{.loop = &loop, .resume = on_resume}, {.loop = &loop, .resume = on_resume}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(cache_take(cache, TEXT("/a"), 0, &answer, &waiters[i], &none), CACHE_WAIT);
    resumed = resumed_empty = 0;
    end(flight, "A", "x/1");
    assert_int_equal(resumed, 2);
    assert_int_equal(resumed_empty, 0);

    flight = begin("/b");
    assert_int_equal(cache_take(cache, TEXT("/b"), 0, &answer, &waiters[0], &none), CACHE_WAIT);
    cache_purge(cache, TEXT("x/1"));
    end(flight, "B", "x/1");
    assert_int_equal(resumed_empty, 1);

    flight = begin("/b");
    assert_int_equal(cache_take(cache, TEXT("/b"), 0, &answer, &waiters[0], &none), CACHE_WAIT);
    cache_give_up(flight);
    assert_int_equal(resumed_empty, 2);
}

static void makes_anew_ahead_of_time(void **state)
{
    (void)state;
    end(begin("/a"), "A", "x/1");
    assert_false(has_at("/a", "A", 7 * SECOND)); /* one is let through … */
    struct cache_flight *flight = NULL;
    struct cache_answer answer;
    struct cache_waiter waiter = {.loop = &loop, .resume = on_resume};
    assert_int_equal(cache_take(cache, TEXT("/a"), 7 * SECOND, &answer, &waiter, &flight), CACHE_LEAD);
    assert_true(has_at("/a", "A", 7 * SECOND)); /* … and the others get the old one */
    cache_give_up(flight);
    assert_false(has_at("/a", "A", 7 * SECOND));
}

static void makes_room(void **state)
{
    (void)state;
    enum { SIZE = 10000, COUNT = 5000 };
    char *bytes = malloc(SIZE + 1), key[32];
    memset(bytes, 'x', SIZE);
    bytes[SIZE] = '\0';
    for (int i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "/%d", i);
        end(begin(key), bytes, key);
        assert_true(i < 10 || has_at("/0", bytes, 0)); /* what is used stays */
        has_at("/0", bytes, 0);
    }
    struct cache_counts counts = cache_counts(cache);
    assert_true(counts.bytes <= 16 << 20);
    assert_true(counts.entries > 1000);
    assert_int_equal(counts.entries + counts.evicted, COUNT);
    free(bytes);

    bytes = calloc(1, 1 << 20);
    memset(bytes, 'x', (1 << 20) - 1);
    end(begin("/large"), bytes, "x/1");
    assert_false(has_at("/large", bytes, 0));
    free(bytes);
}

/* --- many at once ------------------------------------------------------------------------------------------------------------- */

/* A value that grows, a reader that fills the cache with it, and a purge after each growth: what the cache has after a purge is never
 * older than the value was then. */
static atomic_int value;
static atomic_bool over;

static void *fill_again_and_again(void *unused)
{
    (void)unused;
    while (!atomic_load(&over)) {
        struct cache_flight *flight;
        struct cache_answer answer;
        struct cache_waiter waiter = {.loop = &loop, .resume = on_resume};
        char bytes[16];
        if (cache_take(cache, TEXT("/value"), 0, &answer, &waiter, &flight) == CACHE_FOUND) {
            http_shared_drop(answer.shared);
            continue;
        }
        snprintf(bytes, sizeof bytes, "%d", atomic_load(&value));
        end(flight, bytes, "x/1");
    }
    return NULL;
}

static void never_shows_the_past(void **state)
{
    (void)state;
    pthread_t filler;
    atomic_store(&over, false);
    assert_int_equal(pthread_create(&filler, NULL, fill_again_and_again, NULL), 0);
    for (int i = 1; i <= 20000; i++) {
        atomic_store(&value, i);
        cache_purge(cache, TEXT("x/1"));
        struct cache_answer answer;
        if (cache_find(cache, TEXT("/value"), 0, &answer)) {
            int64_t shown;
            assert_true(text_to_int64(http_shared_text(answer.shared), &shown));
            assert_true(shown >= i);
            http_shared_drop(answer.shared);
        }
    }
    atomic_store(&over, true);
    pthread_join(filler, NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_until_it_expires),
        TEST(drops_what_bears_a_tag),
        TEST(knows_what_still_bears_a_tag),
        TEST(refuses_what_was_read_before_a_purge),
        TEST(lets_others_wait),
        TEST(makes_anew_ahead_of_time),
        TEST(makes_room),
        TEST(never_shows_the_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
