#include "gateways/watch.h"

#include "base/limits.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
/* cmocka needs what is above it. */
#include <cmocka.h>

/* --- one thread: a loop whose tasks run when the test says so ---------------------------------------------------------------- */

static struct task *posted[16];
static size_t posted_count;
static void test_post(struct loop *loop, struct task *task)
{
    (void)loop;
    assert_true(posted_count < 16);
    posted[posted_count++] = task;
}
static const struct env_operations test_operations = {.loop_post = test_post};
static struct env test_env = {.operations = &test_operations};
static struct loop test_loop = {.env = &test_env};

static void run_posted(void)
{
    size_t count = posted_count;
    posted_count = 0;
    for (size_t i = 0; i < count; i++)
        posted[i]->run(posted[i]);
}

static void note(void *data)
{
    ++*(int *)data;
}

static void tells_who_watches(void **state)
{
    (void)state;
    struct watches *watches = watches_new();
    int one = 0, all = 0, other = 0;
    struct watch *of_one = watch_start(watches, &test_loop, "product", "p1", note, &one);
    struct watch *of_all = watch_start(watches, &test_loop, "product", NULL, note, &all);
    struct watch *of_other = watch_start(watches, &test_loop, "order", "p1", note, &other);

    watches_touched(watches, "product", "p1");
    assert_int_equal(one, 0); /* not on the thread that touches */
    run_posted();
    assert_int_equal(one, 1);
    assert_int_equal(all, 1);
    watches_touched(watches, "product", "p2");
    watches_touched(watches, "product", "p2");
    watches_touched(watches, "product", "p1");
    run_posted();
    assert_int_equal(one, 2);
    assert_int_equal(all, 2); /* three changes, told once */
    assert_int_equal(other, 0);

    watch_stop(of_one);
    watch_stop(of_all);
    watch_stop(of_other);
    watches_touched(watches, "product", "p1");
    assert_int_equal(posted_count, 0);
    watches_free(watches);
}

static void is_silent_once_stopped(void **state)
{
    (void)state;
    struct watches *watches = watches_new();
    int told = 0;
    struct watch *watch = watch_start(watches, &test_loop, "product", "p1", note, &told);
    watches_touched(watches, "product", "p1");
    watch_stop(watch); /* its task is on its way */
    run_posted();
    assert_int_equal(told, 0);
    watches_free(watches);
}

struct once {
    struct watch *watch;
    int told;
};
static void note_and_stop(void *data)
{
    struct once *once = data;
    once->told++;
    watch_stop(once->watch);
}

static void may_stop_when_told(void **state)
{
    (void)state;
    struct watches *watches = watches_new();
    struct once once = {.told = 0};
    once.watch = watch_start(watches, &test_loop, "product", "p1", note_and_stop, &once);
    watches_touched(watches, "product", "p1");
    run_posted();
    watches_touched(watches, "product", "p1");
    run_posted();
    assert_int_equal(once.told, 1);
    watches_free(watches);
}

static void tells_everybody_of_the_end(void **state)
{
    (void)state;
    struct watches *watches = watches_new();
    int before = 0, after = 0;
    struct watch *first = watch_start(watches, &test_loop, "product", "p1", note, &before);
    assert_false(watches_are_ending(watches));
    watches_end(watches);
    assert_true(watches_are_ending(watches));
    struct watch *second = watch_start(watches, &test_loop, "order", NULL, note, &after);
    run_posted();
    assert_int_equal(before, 1);
    assert_int_equal(after, 1); /* who comes late is told, too */
    watch_stop(first);
    watch_stop(second);
    watches_free(watches);
}

static void has_a_maximum(void **state)
{
    (void)state;
    static struct watch *all[LIMIT_WATCHES];
    struct watches *watches = watches_new();
    int told = 0;
    for (size_t i = 0; i < LIMIT_WATCHES; i++)
        assert_non_null(all[i] = watch_start(watches, &test_loop, "product", "p1", note, &told));
    assert_null(watch_start(watches, &test_loop, "product", "p1", note, &told));
    for (size_t i = 0; i < LIMIT_WATCHES; i++)
        watch_stop(all[i]);
    watches_free(watches);
}

/* --- threads: what the last change was is always seen -------------------------------------------------------------------------- */

#define CHANGES 2000

struct reader {
    struct watches *watches;
    struct watch *watch;
    struct loop *loop;
    atomic_int *value;
    struct task start;
};

static void on_changed(void *data)
{
    struct reader *reader = data;
    if (atomic_load(reader->value) < CHANGES)
        return;
    watch_stop(reader->watch);
    machine_loop_stop(reader->loop);
}

static void start_reading(struct task *task)
{
    struct reader *reader = (struct reader *)((char *)task - offsetof(struct reader, start));
    reader->watch = watch_start(reader->watches, reader->loop, "product", "p1", on_changed, reader);
    on_changed(reader);
}

static void *run_loop(void *loop)
{
    machine_loop_run(loop);
    return NULL;
}

static void no_change_is_missed(void **state)
{
    (void)state;
    struct watches *watches = watches_new();
    atomic_int value = 0;
    struct reader readers[2];
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        readers[i] = (struct reader){.watches = watches, .loop = machine_loop_new(env_machine()), .value = &value, .start.run = start_reading};
        loop_post(readers[i].loop, &readers[i].start);
        pthread_create(&threads[i], NULL, run_loop, readers[i].loop);
    }
    for (int i = 0; i < CHANGES; i++) {
        atomic_fetch_add(&value, 1);
        watches_touched(watches, "product", "p1");
    }
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL); /* or the test hangs */
        machine_loop_free(readers[i].loop);
    }
    watches_free(watches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_who_watches),  cmocka_unit_test(is_silent_once_stopped),
        cmocka_unit_test(may_stop_when_told), cmocka_unit_test(tells_everybody_of_the_end),
        cmocka_unit_test(has_a_maximum),      cmocka_unit_test(no_change_is_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
