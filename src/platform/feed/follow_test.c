/*
 * Two processes in one world: a feed service there, and who follows it here, without a network between them. The producer has no store: its event n is n.
 */
#define grpc_client_service service_there
#define grpc_client_has_seen note_seen
#include "platform/feed/follow.c"

#include "toys/world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SOON_US INT64_C(60000000)

/* The way from here to there. */
struct road {
    ProtobufCService base;
    ProtobufCService *to;
    bool blocked;
    unsigned asked;
};

struct fair {
    struct world *world;
    struct env *env;
    struct loop *loop;
    struct bus *there, *here;
    struct feed_service *service;
    struct follow *follow;
    struct bus_listener *listener;
    int64_t hole; /* the feed leaves out this one; 0 none */
    int64_t seen; /* by who listens here, without gaps */
    bool rests;   /* who listens reads nothing */
    unsigned touched, everything;
    bool stopped, settled;
    struct task settling;
};

static struct road road;
static int64_t seen_touch;

ProtobufCService *service_there(struct grpc_client *client, const char *address, const struct service_declaration *declaration)
{
    (void)client;
    (void)address;
    (void)declaration;
    return &road.base;
}

void note_seen(struct grpc_client *client, const char *address, int64_t number)
{
    (void)client;
    (void)address;
    seen_touch = number;
}

static void travel(ProtobufCService *service, unsigned method, const ProtobufCMessage *request, ProtobufCClosure closure, void *data)
{
    struct call *call = data;
    (void)service;
    road.asked++;
    if (!road.blocked) {
        road.to->invoke(road.to, method, request, closure, data);
        return;
    }
    call_refuse(call, RESULT_UNAVAILABLE, NULL);
    call_answer(call, NULL);
}

/* --- there ------------------------------------------------------------------------------------------------------- */

static int64_t read_there(void *data, int64_t after, int64_t limit, bool (*each)(void *data, const struct event *event), void *each_data)
{
    struct fair *fair = data;
    int64_t last = bus_last(fair->there, "mill"), number = after;
    while (number < last && number - after < limit) {
        number++;
        struct event event = {.number = number, .stream = "sack/1", .key = "1", .stream_version = number, .name = "mill.Milled", .schema_version = 1,
                              .actor = "", .request_id = "", .cause = "", .data = TEXT("flour")};
        if (number != fair->hole && !each(each_data, &event))
            break;
    }
    return number;
}

static bool read_past_there(void *data, const struct past *past, bool (*each)(void *data, const struct event *event), void *each_data)
{
    (void)data;
    (void)past;
    (void)each;
    (void)each_data;
    return false;
}

/* --- here -------------------------------------------------------------------------------------------------------- */

static void on_heard(void *data)
{
    (void)data;
}

static bool on_number(void *data, const struct event *event)
{
    struct fair *fair = data;
    assert_int_equal(event->number, fair->seen + 1);
    assert_string_equal(event->key, "1");
    fair->seen = event->number;
    return true;
}

static void on_touch(void *data, const char *resource, const char *key)
{
    struct fair *fair = data;
    assert_string_equal(resource, "sack");
    assert_string_equal(key, "1");
    fair->touched++;
}

static void on_everything(void *data)
{
    ((struct fair *)data)->everything++;
}

/* Time passes, and who listens reads what it can. */
static void live(struct fair *fair, int64_t time_us)
{
    for (int64_t passed_us = 0; passed_us < time_us; passed_us += 10000) {
        world_run_for(fair->world, 10000);
        if (!fair->rests && bus_read(fair->here, "mill", fair->seen, 1000, on_number, fair) >= 0)
            bus_handled(fair->listener, fair->seen);
    }
}

static bool sees(struct fair *fair, int64_t number)
{
    for (int64_t passed_us = 0; fair->seen < number && passed_us < SOON_US; passed_us += 10000)
        live(fair, 10000);
    return fair->seen == number;
}

/* --- both -------------------------------------------------------------------------------------------------------- */

static struct fair *fair_open(uint64_t seed, int64_t last)
{
    static const char *const producers[] = {"mill"}, *const own[] = {"jar"};
    struct fair *fair = calloc(1, sizeof *fair);
    assert_non_null(fair);
    fair->world = world_new(seed);
    fair->env = world_env(fair->world);
    fair->loop = world_loop_new(fair->world);
    fair->there = bus_embedded_new(fair->env);
    fair->here = bus_embedded_new(fair->env);
    bus_add_producer(fair->there, "mill", &(struct feed){.read = read_there, .read_past = read_past_there, .data = fair});
    bus_publish(fair->there, "mill", last);
    fair->service = feed_service_start(fair->env, fair->there, fair->loop);
    road = (struct road){.base = {.invoke = travel}, .to = feed_service_table(fair->service)};
    fair->listener = bus_listen(fair->here, "jar", "mill", on_heard, fair);
    fair->follow = follow_start(&(struct follow_options){.env = fair->env, .bus = fair->here, .loop = fair->loop, .address = "there", .producers = producers,
                                                         .producer_count = 1, .own = own, .own_count = 1, .touched = on_touch,
                                                         .everything_touched = on_everything, .data = fair});
    return fair;
}

static void on_stopped(void *data)
{
    ((struct fair *)data)->stopped = true;
}

static void stop_following(struct fair *fair)
{
    follow_stop(fair->follow, on_stopped, fair);
    assert_true(world_run_until(fair->world, &fair->stopped, SOON_US));
}

static void fair_close(struct fair *fair)
{
    if (!fair->stopped)
        stop_following(fair);
    bus_unlisten(fair->listener);
    follow_free(fair->follow);
    feed_service_drain(fair->service);
    world_run_for(fair->world, 1000000); /* what was posted runs */
    feed_service_stop(fair->service);
    bus_remove_producer(fair->there, "mill");
    bus_free(fair->there);
    bus_free(fair->here);
    world_free(fair->world);
    free(fair);
}

static void on_settled_there(struct task *task)
{
    struct fair *fair = (struct fair *)((char *)task - offsetof(struct fair, settling));
    fair->settled = true;
}

static void wait_there(struct fair *fair, int64_t number)
{
    fair->settling.run = on_settled_there;
    bus_when_settled(fair->there, "mill", number, fair->loop, &fair->settling, SOON_US);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static void events_come_one_after_the_other(void **state)
{
    (void)state;
    struct fair *fair = fair_open(1, 0);
    live(fair, 100000);
    assert_true(follow_is_heard(fair->follow));
    for (int64_t number = 1; number <= 50; number++) {
        bus_publish(fair->there, "mill", number);
        live(fair, number % 3 * 10000);
    }
    assert_true(sees(fair, 50));
    fair_close(fair);
}

static void who_is_far_behind_gets_all_of_it(void **state)
{
    (void)state;
    int64_t last = (PAGES_MAX + 3) * LIMIT_FEED_EVENTS + 1; /* more than is kept here */
    struct fair *fair = fair_open(2, last);
    fair->rests = true;
    live(fair, 1000000);
    bus_publish(fair->there, "mill", last + 10);
    live(fair, 1000000);
    fair->rests = false;
    assert_true(sees(fair, last + 10));
    fair_close(fair);
}

static void a_page_with_a_hole_is_not_taken(void **state)
{
    (void)state;
    struct fair *fair = fair_open(3, 0);
    live(fair, 100000);
    fair->hole = 3;
    bus_publish(fair->there, "mill", 5);
    live(fair, 2000000);
    assert_int_equal(fair->seen, 0);
    fair->hole = 0;
    assert_true(sees(fair, 5));
    fair_close(fair);
}

static void who_can_not_be_reached_is_asked_again(void **state)
{
    (void)state;
    struct fair *fair = fair_open(4, 0);
    live(fair, 100000);
    road.blocked = true;
    bus_publish(fair->there, "mill", 1); /* the question on its way is answered */
    assert_true(sees(fair, 1));
    bus_publish(fair->there, "mill", 7);
    road.asked = 0;
    live(fair, 2000000);
    assert_int_equal(fair->seen, 1);
    assert_in_range(road.asked, 5, 30); /* every 200 ms, and not all the time */
    road.blocked = false;
    assert_true(sees(fair, 7));
    fair_close(fair);
}

/* --- settled ----------------------------------------------------------------------------------------------------- */

static void who_waits_there_waits_for_the_services_here(void **state)
{
    (void)state;
    struct fair *fair = fair_open(5, 0);
    live(fair, 100000);
    fair->rests = true;
    bus_publish(fair->there, "mill", 3);
    wait_there(fair, 3);
    live(fair, 200000);
    assert_false(fair->settled);
    fair->rests = false;
    live(fair, 200000);
    assert_true(fair->settled);
    fair_close(fair);
}

static void nobody_waits_for_a_process_that_has_gone(void **state)
{
    (void)state;
    struct fair *fair = fair_open(6, 0);
    live(fair, 100000);
    fair->rests = true;
    bus_publish(fair->there, "mill", 3);
    live(fair, 100000);
    wait_there(fair, 3);
    stop_following(fair);
    assert_false(fair->settled);
    live(fair, 3000000);
    assert_true(fair->settled);
    fair_close(fair);
}

/* --- touches ----------------------------------------------------------------------------------------------------- */

static void what_changes_there_is_forgotten_here(void **state)
{
    (void)state;
    struct fair *fair = fair_open(7, 0);
    live(fair, 100000);
    assert_int_equal(fair->everything, 1); /* what was before is not known */
    for (int i = 0; i < 2500; i++) /* more than one answer has */
        feed_service_touched(fair->service, "sack", "1");
    live(fair, 200000);
    assert_int_equal(fair->touched, 2500);
    assert_int_equal(fair->everything, 1);
    assert_int_equal(seen_touch, feed_service_last_touch(fair->service));
    fair_close(fair);
}

static void who_missed_changes_forgets_everything(void **state)
{
    (void)state;
    struct fair *fair = fair_open(8, 0);
    live(fair, 100000);
    for (int i = 0; i < 20000; i++) /* more than are kept */
        feed_service_touched(fair->service, "sack", "1");
    live(fair, 200000);
    assert_int_equal(fair->everything, 2);
    feed_service_everything_touched(fair->service);
    live(fair, 200000);
    assert_int_equal(fair->everything, 3);
    assert_int_equal(seen_touch, feed_service_last_touch(fair->service));
    fair_close(fair);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

static void who_drains_lets_nobody_wait(void **state)
{
    (void)state;
    struct fair *fair = fair_open(9, 0);
    live(fair, 100000);
    road.asked = 0;
    feed_service_drain(fair->service);
    live(fair, 2000000);
    assert_in_range(road.asked, 5, 30); /* each is told so, and asks again after a moment */
    fair_close(fair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_one_after_the_other),
        cmocka_unit_test(who_is_far_behind_gets_all_of_it),
        cmocka_unit_test(a_page_with_a_hole_is_not_taken),
        cmocka_unit_test(who_can_not_be_reached_is_asked_again),
        cmocka_unit_test(who_waits_there_waits_for_the_services_here),
        cmocka_unit_test(nobody_waits_for_a_process_that_has_gone),
        cmocka_unit_test(what_changes_there_is_forgotten_here),
        cmocka_unit_test(who_missed_changes_forgets_everything),
        cmocka_unit_test(who_drains_lets_nobody_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
