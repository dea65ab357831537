#include "base/id.h"
#include "platform/env/env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- clocks, randomness, ids ------------------------------------------------------------------------------------- */

static void clocks_never_go_back(void **state)
{
    (void)state;
    struct env *env = env_machine();
    int64_t now = env_now_us(env), monotonic = env_monotonic_us(env);
    assert_true(now / 1000000 - time(NULL) <= 1 && time(NULL) - now / 1000000 <= 1);
    for (int i = 0; i < 10000; i++) {
        int64_t next = env_now_us(env), next_monotonic = env_monotonic_us(env);
        assert_true(next >= now && next_monotonic >= monotonic);
        now = next;
        monotonic = next_monotonic;
    }
}

static void randomness_does_not_repeat(void **state)
{
    (void)state;
    static unsigned char drawn[200][16], large[5000], zeros[16];
    for (int i = 0; i < 200; i++) {
        env_random(env_machine(), drawn[i], sizeof drawn[i]);
        assert_memory_not_equal(drawn[i], zeros, sizeof zeros);
        for (int before = 0; before < i; before++)
            assert_memory_not_equal(drawn[i], drawn[before], sizeof drawn[i]);
    }
    env_random(env_machine(), large, sizeof large); /* more than the stock */
    assert_memory_not_equal(large, zeros, sizeof zeros);
    assert_memory_not_equal(large + sizeof large - 16, zeros, sizeof zeros);
}

static void *make_ids(void *ids)
{
    for (int i = 0; i < 1000; i++)
        env_new_id(env_machine(), ((char(*)[27])ids)[i]);
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void ids_of_all_threads_differ(void **state)
{
    (void)state;
    static char ids[4000][27];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, ids[i * 1000]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    qsort(ids, 4000, sizeof *ids, compare_ids);
    for (int i = 0; i < 4000; i++) {
        assert_true(id_is_valid(text_of(ids[i])));
        assert_true(i == 0 || strcmp(ids[i], ids[i - 1]) != 0);
    }
}

/* --- workers ----------------------------------------------------------------------------------------------------- */

struct work {
    atomic_int waiting, done, dozes;
};

static bool take_one(void *data)
{
    struct work *work = data;
    if (atomic_load(&work->waiting) == 0)
        return false;
    atomic_fetch_sub(&work->waiting, 1);
    atomic_fetch_add(&work->done, 1);
    return true;
}

struct poster {
    struct work *work;
    struct worker *worker;
};

static void *add_work(void *data)
{
    struct poster *poster = data;
    for (int i = 0; i < 5000; i++) {
        atomic_fetch_add(&poster->work->waiting, 1);
        worker_wake(poster->worker);
        if (i % 50 == 0)
            sched_yield(); /* now and then the worker falls asleep in between */
    }
    return NULL;
}

static bool wait_for(atomic_int *counter, int value)
{
    for (int tries = 0; tries < 5000; tries++) {
        if (atomic_load(counter) == value)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

static void no_wakeup_is_lost(void **state)
{
    (void)state;
    struct work work = {0};
    struct worker *worker = worker_start(env_machine(), "a name longer than fifteen", take_one, &work);
    struct poster poster = {&work, worker};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_work, &poster), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_true(wait_for(&work.done, 15000));

    /* One at a time, each after the worker went to sleep. */
    for (int i = 1; i <= 500; i++) {
        atomic_fetch_add(&work.waiting, 1);
        worker_wake(worker);
        while (atomic_load(&work.done) < 15000 + i)
            sched_yield();
    }
    worker_stop(worker);
}

static void stopping_finishes_the_work(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct work work = {.waiting = 100};
        struct worker *worker = worker_start(env_machine(), "worker", take_one, &work);
        atomic_fetch_add(&work.waiting, 10); /* no wakeup: the stop is one */
        worker_stop(worker);
        assert_int_equal(work.done, 110);
    }
}

/* Takes its time to find out that there is nothing to do. */
static bool take_one_or_doze(void *data)
{
    struct work *work = data;
    if (take_one(data))
        return true;
    atomic_fetch_add(&work->dozes, 1);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    return false;
}

static void work_that_came_before_the_stop_is_done(void **state)
{
    (void)state;
    struct work work = {0};
    struct worker *worker = worker_start(env_machine(), "worker", take_one_or_doze, &work);
    assert_true(wait_for(&work.dozes, 1)); /* it looked, and will answer that there is nothing */
    atomic_fetch_add(&work.waiting, 1);
    worker_stop(worker);
    assert_int_equal(work.done, 1);
}

static bool never(void *steps)
{
    atomic_fetch_add((atomic_int *)steps, 1);
    return false;
}

static void a_worker_without_work_sleeps(void **state)
{
    (void)state;
    atomic_int steps = 0;
    struct worker *worker = worker_start(env_machine(), "worker", never, &steps);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    assert_int_equal(steps, 1);
    worker_wake(worker);
    assert_true(wait_for(&steps, 2));
    worker_stop(worker);
    assert_int_equal(steps, 3);
}

/* What a loop's round hands to a sleeping worker comes to it at once. */
struct round {
    struct task task;
    struct timer end;
    struct loop *loop;
    struct worker *worker;
    atomic_int waiting, taken_first;
};

static bool take_all(void *data)
{
    struct round *round = data;
    int taken = atomic_exchange(&round->waiting, 0);
    int none = 0;
    if (taken > 0)
        atomic_compare_exchange_strong(&round->taken_first, &none, taken);
    return taken > 0;
}

static void on_round_over(struct timer *end)
{
    machine_loop_stop(((struct round *)((char *)end - offsetof(struct round, end)))->loop);
}

static void wake_three_times(struct task *task)
{
    struct round *round = (struct round *)task;
    for (int i = 0; i < 3; i++) {
        atomic_fetch_add(&round->waiting, 1);
        worker_wake(round->worker);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); /* time enough to take it, had it been woken */
    }
    timer_start(round->loop, &round->end, 50000);
}

static void a_loop_wakes_workers_at_the_end_of_its_round(void **state)
{
    (void)state;
    struct round round = {.task.run = wake_three_times, .loop = machine_loop_new(env_machine()), .end.run = on_round_over};
    round.worker = worker_start(env_machine(), "worker", take_all, &round);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* it takes its first step and sleeps */
    loop_post(round.loop, &round.task);
    machine_loop_run(round.loop);
    worker_stop(round.worker);
    machine_loop_free(round.loop);
    assert_int_equal(atomic_load(&round.taken_first), 3);
}

/* --- tasks ------------------------------------------------------------------------------------------------------- */

#define POSTERS 3
#define POSTS 5000

struct numbered_task {
    struct task task;
    struct posts *posts;
    int poster, number;
};

struct posts {
    struct loop *loop;
    int next[POSTERS + 1]; /* by poster: the number that must come next */
    int total;
    struct numbered_task tasks[POSTERS + 1][POSTS];
};

static void run_numbered(struct task *task)
{
    struct numbered_task *numbered = (struct numbered_task *)task;
    struct posts *posts = numbered->posts;
    assert_int_equal(numbered->number, posts->next[numbered->poster]);
    posts->next[numbered->poster]++;
    /* The loop is a poster too: each of its tasks posts the one after the next. */
    if (numbered->poster == POSTERS && numbered->number + 2 < POSTS)
        loop_post(posts->loop, &posts->tasks[POSTERS][numbered->number + 2].task);
    if (++posts->total == (POSTERS + 1) * POSTS)
        machine_loop_stop(posts->loop);
}

static void *post_all(void *first)
{
    struct numbered_task *tasks = first;
    for (int i = 0; i < POSTS; i++)
        loop_post(tasks[i].posts->loop, &tasks[i].task);
    return NULL;
}

static void tasks_of_one_poster_keep_their_order(void **state)
{
    (void)state;
    struct posts *posts = calloc(1, sizeof *posts);
    posts->loop = machine_loop_new(env_machine());
    for (int poster = 0; poster <= POSTERS; poster++)
        for (int i = 0; i < POSTS; i++)
            posts->tasks[poster][i] = (struct numbered_task){{.run = run_numbered}, posts, poster, i};
    loop_post(posts->loop, &posts->tasks[POSTERS][0].task); /* before the loop runs */
    loop_post(posts->loop, &posts->tasks[POSTERS][1].task);
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, posts->tasks[i]), 0);
    machine_loop_run(posts->loop);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(posts->total, (POSTERS + 1) * POSTS);
    machine_loop_free(posts->loop);
    free(posts);
}

/* A task that posts itself for ever, and what must get a turn all the same. */
struct busy {
    struct task task;
    struct timer timer;
    struct loop *loop;
    int rounds;
    bool timer_ran, last_ran;
    struct task last;
};

static void post_again(struct task *task)
{
    struct busy *busy = (struct busy *)task;
    busy->rounds++;
    if (!busy->timer_ran)
        loop_post(busy->loop, task);
}

static void note_last(struct task *task)
{
    struct busy *busy = (struct busy *)((char *)task - offsetof(struct busy, last));
    busy->last_ran = true;
}

static void stop_busy(struct timer *timer)
{
    struct busy *busy = (struct busy *)((char *)timer - offsetof(struct busy, timer));
    busy->timer_ran = true;
    loop_post(busy->loop, &busy->last);
    machine_loop_stop(busy->loop);
}

static void tasks_that_post_tasks_starve_no_timer(void **state)
{
    (void)state;
    struct busy busy = {
        .task = {.run = post_again},
        .timer = {.run = stop_busy},
        .last = {.run = note_last},
        .loop = machine_loop_new(env_machine()),
    };
    loop_post(busy.loop, &busy.task);
    timer_start(busy.loop, &busy.timer, 5000);
    machine_loop_run(busy.loop);
    assert_true(busy.timer_ran);
    assert_true(busy.last_ran); /* posted before the stop: still runs */
    assert_true(busy.rounds > 1);
    machine_loop_free(busy.loop);
}

/* What was posted before the start runs before what is posted by the loop, and what was posted before the stop still runs. */
struct early_and_late {
    struct task early, from_timer, late;
    struct timer timer;
    struct loop *loop;
    char order[4];
    size_t count;
};

static struct early_and_late *early_and_late;

static void note_early(struct task *task)
{
    (void)task;
    early_and_late->order[early_and_late->count++] = 'e';
}

static void note_from_timer(struct task *task)
{
    (void)task;
    early_and_late->order[early_and_late->count++] = 't';
}

static void note_late(struct task *task)
{
    (void)task;
    early_and_late->order[early_and_late->count++] = 'l';
}

static void *post_late_and_stop(void *unused)
{
    loop_post(early_and_late->loop, &early_and_late->late);
    machine_loop_stop(early_and_late->loop);
    return unused;
}

static void post_and_wait_for_the_other(struct timer *timer)
{
    (void)timer;
    loop_post(early_and_late->loop, &early_and_late->from_timer);
    /* The loop sees task and stop at once, because it stands still meanwhile. */
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_late_and_stop, NULL), 0);
    pthread_join(thread, NULL);
}

static void start_and_stop_lose_no_task(void **state)
{
    (void)state;
    struct early_and_late all = {
        .early = {.run = note_early},
        .from_timer = {.run = note_from_timer},
        .late = {.run = note_late},
        .timer = {.run = post_and_wait_for_the_other},
        .loop = machine_loop_new(env_machine()),
    };
    early_and_late = &all;
    loop_post(all.loop, &all.early);
    timer_start(all.loop, &all.timer, 0);
    machine_loop_run(all.loop);
    assert_int_equal(all.count, 3);
    assert_memory_equal(all.order, "etl", 3);
    machine_loop_free(all.loop);
}

static void *stop_from_elsewhere(void *loop)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    machine_loop_stop(loop);
    return NULL;
}

static void any_thread_stops_a_loop(void **state)
{
    (void)state;
    struct loop *loop = machine_loop_new(env_machine());
    for (int round = 0; round < 2; round++) { /* and it can run again */
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, stop_from_elsewhere, loop), 0);
        machine_loop_run(loop);
        pthread_join(thread, NULL);
    }
    machine_loop_stop(loop); /* stopped before it runs: returns at once */
    machine_loop_run(loop);
    assert_non_null(machine_loop_uv(loop));
    machine_loop_free(loop);
    machine_loop_free(NULL);
}

/* --- timers ------------------------------------------------------------------------------------------------------ */

static char fired[16];
static size_t fired_count;
static struct loop *timer_loop;
static int repeats_left;

struct letter_timer {
    struct timer timer;
    char letter;
    int64_t due_us;
};

static void note_letter(struct timer *timer)
{
    struct letter_timer *letter = (struct letter_timer *)timer;
    assert_true(env_monotonic_us(env_machine()) >= letter->due_us); /* never early */
    fired[fired_count++] = letter->letter;
    if (letter->letter == 'z')
        machine_loop_stop(timer_loop);
}

static void start_letter(struct letter_timer *letter, int64_t after_us)
{
    letter->due_us = env_monotonic_us(env_machine()) + after_us;
    timer_start(timer_loop, &letter->timer, after_us);
}

static void timers_run_in_the_order_they_are_due(void **state)
{
    (void)state;
    timer_loop = machine_loop_new(env_machine());
    fired_count = 0;
    struct letter_timer a = {{.run = note_letter}, 'a', 0}, b = a, c = a, d = a, z = a;
    b.letter = 'b';
    c.letter = 'c';
    d.letter = 'd';
    z.letter = 'z';
    start_letter(&z, 20500);
    start_letter(&b, 4700);
    start_letter(&a, 0);
    start_letter(&c, 1000);
    start_letter(&d, 2000);
    start_letter(&c, 9900); /* moved */
    timer_stop(timer_loop, &d.timer);
    timer_stop(timer_loop, &d.timer); /* twice is fine */
    machine_loop_run(timer_loop);
    assert_int_equal(fired_count, 4);
    assert_memory_equal(fired, "abcz", 4);
    assert_null(a.timer.inside);
    assert_null(d.timer.inside);
    start_letter(&d, 1000000); /* still running when the loop goes */
    machine_loop_free(timer_loop);
}

/* A loop that never sleeps sees every tick of the clock. */
static struct task restless;

static void stay_awake(struct task *task)
{
    if (repeats_left > 0)
        loop_post(timer_loop, task);
}

static void start_next(struct timer *timer)
{
    struct letter_timer *letter = (struct letter_timer *)timer;
    assert_true(env_monotonic_us(env_machine()) >= letter->due_us);
    if (--repeats_left == 0)
        machine_loop_stop(timer_loop);
    else
        start_letter(letter, 100 + repeats_left * 37);
}

static void no_timer_is_early_on_a_busy_loop(void **state)
{
    (void)state;
    timer_loop = machine_loop_new(env_machine());
    repeats_left = 30;
    struct letter_timer timer = {.timer = {.run = start_next}};
    restless.run = stay_awake;
    loop_post(timer_loop, &restless);
    start_letter(&timer, 100);
    machine_loop_run(timer_loop);
    machine_loop_free(timer_loop);
}

static int repeats;

static void repeat(struct timer *timer)
{
    if (++repeats == 200) {
        machine_loop_stop(timer_loop);
        free(timer); /* a timer that ran may go */
    } else {
        timer_start(timer_loop, timer, repeats % 10 == 0 ? 300 : 0);
    }
}

static void a_timer_may_start_itself_again(void **state)
{
    (void)state;
    timer_loop = machine_loop_new(env_machine());
    repeats = 0;
    struct timer *timer = calloc(1, sizeof *timer);
    timer->run = repeat;
    timer_start(timer_loop, timer, -5);
    machine_loop_run(timer_loop);
    assert_int_equal(repeats, 200);
    machine_loop_free(timer_loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_never_go_back),
        cmocka_unit_test(randomness_does_not_repeat),
        cmocka_unit_test(ids_of_all_threads_differ),
        cmocka_unit_test(no_wakeup_is_lost),
        cmocka_unit_test(stopping_finishes_the_work),
        cmocka_unit_test(work_that_came_before_the_stop_is_done),
        cmocka_unit_test(a_worker_without_work_sleeps),
        cmocka_unit_test(a_loop_wakes_workers_at_the_end_of_its_round),
        cmocka_unit_test(tasks_of_one_poster_keep_their_order),
        cmocka_unit_test(tasks_that_post_tasks_starve_no_timer),
        cmocka_unit_test(start_and_stop_lose_no_task),
        cmocka_unit_test(any_thread_stops_a_loop),
        cmocka_unit_test(timers_run_in_the_order_they_are_due),
        cmocka_unit_test(no_timer_is_early_on_a_busy_loop),
        cmocka_unit_test(a_timer_may_start_itself_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
