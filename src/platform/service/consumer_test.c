/*
 * A service that listens to another: catching up, settling, crashes between the two commits, reactions that refuse.
 */
#include "toys/stall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void end(struct stall *stall)
{
    stall_close(stall);
    stall_free(stall);
}

static void a_listener_hears_of_every_event_once(void **state)
{
    (void)state;
    struct stall *stall = stall_open(1, true);
    for (int i = 0; i < 10; i++)
        put_coins(stall, "blue", 10 * (i + 2), NULL); /* 20 … 110 */
    world_run_for(stall->world, 1000000);
    Tally__GetTallyResponse seen = tally_now(stall);
    assert_int_equal(seen.seen, 10);
    assert_int_equal(seen.coins, 650);
    assert_int_equal(seen.big, 2);
    assert_int_equal(host_counts(stall->tally).behind, 0);
    end(stall);
}

static void what_was_missed_is_made_up_for(void **state)
{
    (void)state;
    struct stall *stall = stall_open(2, false); /* nobody listens */
    for (int i = 0; i < 5; i++)
        put_coins(stall, "blue", 100, NULL);
    stall = stall_reopen(stall, true);
    world_run_for(stall->world, 1000000);
    assert_int_equal(tally_now(stall).coins, 500);
    assert_int_equal(tally_now(stall).big, 5);
    stall = stall_reopen(stall, true); /* nothing comes twice */
    put_coins(stall, "blue", 1, NULL);
    world_run_for(stall->world, 1000000);
    assert_int_equal(tally_now(stall).coins, 501);
    assert_int_equal(tally_now(stall).seen, 6);
    end(stall);
}

/* What becomes of a word is the test's to say. */
struct weather {
    unsigned times;
    bool reaches;
};

static unsigned carry(void *data)
{
    return ((struct weather *)data)->times;
}

static bool reach(void *data)
{
    return ((struct weather *)data)->reaches;
}

static void a_lost_word_is_made_up_for_by_the_next_and_a_repeated_one_does_no_harm(void **state)
{
    (void)state;
    struct stall *stall = stall_open(8, true);
    struct weather weather = {.times = 0, .reaches = true};
    bus_embedded_weather(stall->bus, &(struct bus_weather){carry, reach, &weather});
    put_coins(stall, "blue", 20, NULL);
    put_coins(stall, "blue", 30, NULL);
    world_run_for(stall->world, 1000000);
    assert_int_equal(tally_now(stall).seen, 0);
    assert_int_equal(host_counts(stall->tally).behind, 2);
    weather.times = 3;
    put_coins(stall, "blue", 40, NULL);
    world_run_for(stall->world, 1000000);
    assert_int_equal(tally_now(stall).seen, 3);
    assert_int_equal(tally_now(stall).coins, 90);

    weather.times = 0;
    put_coins(stall, "blue", 10, NULL);
    world_run_for(stall->world, 1000000);
    bus_embedded_tell_again(stall->bus);
    world_run_for(stall->world, 1000000);
    assert_int_equal(tally_now(stall).coins, 100);
    end(stall);
}

static void a_feed_that_is_out_of_reach_is_tried_again(void **state)
{
    (void)state;
    struct stall *stall = stall_open(9, true);
    struct weather weather = {.times = 1, .reaches = false};
    bus_embedded_weather(stall->bus, &(struct bus_weather){carry, reach, &weather});
    put_coins(stall, "blue", 20, NULL);
    world_run_for(stall->world, 5000000);
    assert_int_equal(tally_now(stall).seen, 0);
    weather.reaches = true;
    world_run_for(stall->world, 2000000); /* and nothing else happens */
    assert_int_equal(tally_now(stall).seen, 1);
    end(stall);
}

static void more_than_one_batch_is_made_up_for(void **state)
{
    (void)state;
    enum { CALLS = 3000 };
    struct stall *stall = stall_open(3, false);
    Till__PutCoinsRequest request = TILL__PUT_COINS_REQUEST__INIT;
    request.jar = "blue";
    request.coins = 1;
    struct asked *asked[CALLS];
    for (int i = 0; i < CALLS; i++) {
        asked[i] = ask(stall);
        asked_send(asked[i], &till__till__put_coins__method, &request.base);
    }
    for (int i = 0; i < CALLS; i++) {
        assert_true(world_run_until(stall->world, &asked[i]->answered, 10000000));
        asked_free(asked[i]);
    }
    stall = stall_reopen(stall, true);
    assert_int_equal(host_counts(stall->tally).behind, CALLS);
    world_run_for(stall->world, 1000000);
    assert_int_equal(tally_now(stall).seen, CALLS);
    assert_int_equal(host_counts(stall->tally).behind, 0);
    end(stall);
}

static void a_settled_answer_is_seen_by_the_listener(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct stall *stall = stall_open(seed, true);
        Till__PutCoinsRequest request = TILL__PUT_COINS_REQUEST__INIT;
        request.jar = "blue";
        request.coins = 200;
        for (int i = 1; i < 5; i++) {
            struct asked *asked = ask(stall);
            assert_int_equal(asked_wait(asked, &till__till__put_coins_settled__method, &request.base), RESULT_OK);
            asked_free(asked);
            assert_int_equal(tally_now(stall).coins, 200 * i);
            assert_int_equal(tally_now(stall).big, i);
        }
        end(stall);
    }
}

static void on_more(void *data)
{
    (void)data;
}

/* One that never catches up holds an answer for a second, not for ever. */
static void settling_has_an_end(void **state)
{
    (void)state;
    struct stall *stall = stall_open(5, true);
    struct bus_listener *lazy = bus_listen(stall->bus, "lazy", "till", on_more, NULL);
    Till__PutCoinsRequest request = TILL__PUT_COINS_REQUEST__INIT;
    request.jar = "blue";
    request.coins = 1;
    struct asked *asked = ask(stall);
    asked_send(asked, &till__till__put_coins_settled__method, &request.base);
    world_run_for(stall->world, 900000);
    assert_false(asked->answered);
    world_run_for(stall->world, 200000);
    assert_true(asked->answered);
    assert_int_equal(asked->call->problem.result, RESULT_OK);
    asked_free(asked);

    asked = ask(stall);
    asked_send(asked, &till__till__put_coins_settled__method, &request.base);
    world_run_for(stall->world, 500000);
    bus_handled(lazy, 2);
    world_run_for(stall->world, 1000);
    assert_true(asked->answered);
    asked_free(asked);
    bus_unlisten(lazy);
    end(stall);
}

static void a_refused_reaction_is_passed_over(void **state)
{
    (void)state;
    struct stall *stall = stall_open(4, true);
    put_coins(stall, "blue", 13, NULL);
    put_coins(stall, "blue", 100, NULL);
    world_run_for(stall->world, 1000000);
    assert_int_equal(tally_now(stall).seen, 2);
    assert_int_equal(tally_now(stall).big, 1);
    assert_int_equal(host_counts(stall->tally).reactions_refused, 1);
    end(stall);
}

/* An event of the till's, as a version of it wrote that nobody runs any more. */
static void write_old_event(const struct stall *stall, int64_t pairs)
{
    char error[512];
    struct store *store = store_open(stall->env, stall->url, "till", error);
    struct connection *writer = connection_open(store, CONNECTION_WRITER, error);
    struct tx *tx = tx_begin(writer);
    struct event_log_head head;
    uint8_t packed[16];
    Till__CoinsPut put = TILL__COINS_PUT__INIT;
    put.coins = pairs;
    struct event event = {.stream = "jar/blue",
                          .name = "toy.till.v1.CoinsPut",
                          .schema_version = 0,
                          .at_us = 1,
                          .actor = "anonymous",
                          .request_id = "",
                          .cause = "call",
                          .data = {(const char *)packed, till__coins_put__pack(&put, packed)}};
    event_log_head(tx, &head);
    event_log_append(tx, &head, &event);
    assert_true(tx_commit(tx));
    connection_close(writer);
    store_close(store);
}

static void old_events_are_heard_in_their_present_form(void **state)
{
    (void)state;
    struct stall *stall = stall_open(6, true);
    stall_close(stall);
    write_old_event(stall, 60);
    stall = stall_put_up(stall, true);
    world_run_for(stall->world, 1000000);
    assert_int_equal(tally_now(stall).coins, 120);
    assert_int_equal(tally_now(stall).big, 1); /* reactions and projections alike */
    end(stall);
}

/* Whenever it dies, each event is handled once in the end. */
static void crashes_neither_lose_nor_repeat(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct stall *stall = stall_open(seed, true);
        Till__PutCoinsRequest request = TILL__PUT_COINS_REQUEST__INIT;
        request.jar = "blue";
        request.coins = 150;
        struct asked *asked[10];
        for (int i = 0; i < 10; i++) {
            asked[i] = ask(stall);
            asked_send(asked[i], &till__till__put_coins__method, &request.base);
            for (uint64_t turn = 0; turn < seed % 5; turn++)
                world_turn(stall->world);
        }
        for (uint64_t turn = 0; turn < seed / 4; turn++)
            world_turn(stall->world);
        stall = stall_crash(stall, seed + 1000, true);
        world_run_for(stall->world, 1000000);

        int64_t coins = coins_in(stall, "blue");
        coins = coins < 0 ? 0 : coins;
        assert_int_equal(tally_now(stall).coins, coins);
        assert_int_equal(tally_now(stall).big, coins / 150);
        for (int i = 0; i < 10; i++)
            asked_free(asked[i]);
        end(stall);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_hears_of_every_event_once),
        cmocka_unit_test(what_was_missed_is_made_up_for),
        cmocka_unit_test(a_lost_word_is_made_up_for_by_the_next_and_a_repeated_one_does_no_harm),
        cmocka_unit_test(a_feed_that_is_out_of_reach_is_tried_again),
        cmocka_unit_test(more_than_one_batch_is_made_up_for),
        cmocka_unit_test(a_settled_answer_is_seen_by_the_listener),
        cmocka_unit_test(settling_has_an_end),
        cmocka_unit_test(a_refused_reaction_is_passed_over),
        cmocka_unit_test(old_events_are_heard_in_their_present_form),
        cmocka_unit_test(crashes_neither_lose_nor_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
