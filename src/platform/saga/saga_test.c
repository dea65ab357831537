/*
 * Sagas in the small world, against a bank that refuses, is away, or acts and loses the answer; and with a crash after every turn.
 */
#include "toys/stall.h"

#include "platform/saga/saga.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static void end(struct stall *stall)
{
    stall_close(stall);
    stall_free(stall);
}

static struct asked *spread(struct stall *stall, const char *key)
{
    Till__SpreadCoinsRequest request = TILL__SPREAD_COINS_REQUEST__INIT;
    request.from = "blue";
    request.coins = 4;
    struct asked *asked = ask(stall);
    if (key != NULL)
        asked->call->idempotency_key = key;
    asked_send(asked, &till__till__spread_coins__method, &request.base);
    return asked;
}

static enum result wait_for(struct asked *asked)
{
    world_run_until(asked->stall->world, &asked->answered, INT64_C(600000000));
    assert_true(asked->answered);
    return asked->call->problem.result;
}

static enum result spread_and_wait(struct stall *stall, const char *key)
{
    struct asked *asked = spread(stall, key);
    enum result result = wait_for(asked);
    asked_free(asked);
    return result;
}

static void assert_all_deposited_once(const struct stall *stall)
{
    assert_int_equal(bank_deposits(stall->bank, "first"), 1);
    assert_int_equal(bank_deposits(stall->bank, "second"), 1);
    assert_int_equal(bank_deposits(stall->bank, "third"), 1);
    assert_int_equal(bank_deposits(stall->bank, "fourth"), 1);
    assert_int_equal(bank_withdrawals(stall->bank, "first"), 0);
    assert_int_equal(bank_withdrawals(stall->bank, "second"), 0);
}

/* What the tables say of the one saga that there is. */
struct seen {
    unsigned count;
    enum saga_status status;
    char id[27], step[64];
};

static bool on_record(void *data, const struct saga_record *record)
{
    struct seen *seen = data;
    seen->count++;
    seen->status = record->status;
    snprintf(seen->id, sizeof seen->id, "%s", record->id);
    snprintf(seen->step, sizeof seen->step, "%s", record->step_name);
    return true;
}

static struct seen look(struct stall *stall, bool open)
{
    char error[512];
    struct seen seen = {0};
    struct arena *arena = arena_new(1 << 20);
    struct store *store = store_open(stall->env, stall->url, "till", error);
    struct connection *connection = connection_open(store, CONNECTION_READER, error);
    struct tx *tx = tx_begin(connection);
    tx->arena = arena;
    saga_each(tx, &till_declaration, open, "", 10, on_record, &seen);
    tx_rollback(tx);
    connection_close(connection);
    store_close(store);
    arena_free(arena);
    return seen;
}

/* --- going well -------------------------------------------------------------------------------------------------- */

static void every_step_is_done_and_answered(void **state)
{
    (void)state;
    struct stall *stall = stall_open(1, false);
    struct asked *asked = spread(stall, NULL);
    assert_int_equal(wait_for(asked), RESULT_OK);
    const Till__SpreadCoinsResponse *answer = (const Till__SpreadCoinsResponse *)asked->answer;
    assert_int_equal(answer->n_receipts, 4);
    assert_string_equal(answer->receipts[0], "first");
    assert_string_equal(answer->receipts[3], "fourth");
    asked_free(asked);

    assert_all_deposited_once(stall);
    assert_int_equal(look(stall, false).status, SAGA_DONE);
    assert_int_equal(look(stall, true).count, 0);
    assert_int_equal(host_counts(stall->till).sagas_open, 0);
    end(stall);
}

static void a_key_gives_the_same_answer_again(void **state)
{
    (void)state;
    struct stall *stall = stall_open(2, false);
    struct asked *first = spread(stall, "k"), *second = spread(stall, "k");
    assert_int_equal(wait_for(first), RESULT_OK);
    assert_int_equal(wait_for(second), RESULT_REQUEST_IN_PROGRESS);
    asked_free(first);
    asked_free(second);

    stall = stall_reopen(stall, false);
    struct asked *third = spread(stall, "k");
    assert_int_equal(wait_for(third), RESULT_OK);
    assert_true(third->call->replayed);
    assert_int_equal(((const Till__SpreadCoinsResponse *)third->answer)->n_receipts, 4);
    asked_free(third);
    assert_all_deposited_once(stall);
    end(stall);
}

/* --- going wrong ------------------------------------------------------------------------------------------------- */

static void a_refusal_undoes_what_was_done(void **state)
{
    (void)state;
    struct stall *stall = stall_open(3, false);
    bank_is(stall->bank, BANK_LOOK_IN, BANK_REFUSES, 0);
    struct asked *asked = spread(stall, "k");
    assert_int_equal(wait_for(asked), RESULT_STATE_FORBIDS);
    assert_string_equal(asked->call->problem.detail, "The bank is closed.");
    asked_free(asked);
    assert_int_equal(bank_deposits(stall->bank, "first"), 1);
    assert_int_equal(bank_withdrawals(stall->bank, "first"), 1);
    assert_int_equal(bank_withdrawals(stall->bank, "second"), 1);
    assert_int_equal(look(stall, false).status, SAGA_UNDONE);

    /* A refusal that says how things are is what the key says from now on. */
    bank_is(stall->bank, BANK_LOOK_IN, BANK_OPEN, 0);
    assert_int_equal(spread_and_wait(stall, "k"), RESULT_STATE_FORBIDS);
    assert_int_equal(spread_and_wait(stall, "l"), RESULT_OK);
    end(stall);
}

static void a_refused_first_step_leaves_nothing_to_undo(void **state)
{
    (void)state;
    struct stall *stall = stall_open(4, false);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_REFUSES, 0);
    assert_int_equal(spread_and_wait(stall, NULL), RESULT_STATE_FORBIDS);
    assert_int_equal(stall->bank->deed_count, 0);
    assert_int_equal(stall->bank->calls[BANK_WITHDRAW], 0);
    end(stall);
}

static void who_is_away_is_asked_again(void **state)
{
    (void)state;
    struct stall *stall = stall_open(5, false);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_IS_AWAY, 6);
    bank_is(stall->bank, BANK_LOOK_IN, BANK_IS_AWAY, 2);
    assert_int_equal(spread_and_wait(stall, NULL), RESULT_OK);
    assert_all_deposited_once(stall);
    assert_int_equal(stall->bank->calls[BANK_DEPOSIT], 10);
    end(stall);
}

static void a_lost_answer_is_asked_for_and_acts_once(void **state)
{
    (void)state;
    struct stall *stall = stall_open(6, false);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_LOSES_ANSWERS, 5);
    assert_int_equal(spread_and_wait(stall, NULL), RESULT_OK);
    assert_all_deposited_once(stall);
    end(stall);
}

/* The very step whose outcome is unknown is undone, too. */
static void past_the_deadline_it_turns_back(void **state)
{
    (void)state;
    struct stall *stall = stall_open(7, false);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_LOSES_ANSWERS, 0);
    struct asked *asked = spread(stall, "k");
    asked->stall = stall;
    world_run_for(stall->world, 10000000);
    assert_true(asked->answered); /* 202 after five seconds */
    assert_non_null(asked->call->accepted_location);
    asked_free(asked);
    assert_int_equal(spread_and_wait(stall, "k"), RESULT_REQUEST_IN_PROGRESS);

    world_run_for(stall->world, 40000000);
    assert_int_equal(bank_deposits(stall->bank, "first"), 1);
    assert_int_equal(bank_withdrawals(stall->bank, "first"), 1);
    assert_int_equal(look(stall, false).status, SAGA_UNDONE);

    /* That it took too long says nothing of the next time: the key is free. */
    bank_is(stall->bank, BANK_DEPOSIT, BANK_OPEN, 0);
    assert_int_equal(spread_and_wait(stall, "k"), RESULT_OK);
    end(stall);
}

static void an_undo_goes_on_without_end(void **state)
{
    (void)state;
    struct stall *stall = stall_open(8, false);
    bank_is(stall->bank, BANK_LOOK_IN, BANK_REFUSES, 0);
    bank_is(stall->bank, BANK_WITHDRAW, BANK_IS_AWAY, 0);
    struct asked *asked = spread(stall, NULL);
    world_run_for(stall->world, 3600000000);
    assert_int_equal(look(stall, true).status, SAGA_UNDOING);
    assert_string_equal(look(stall, true).step, "deposit the second part");
    bank_is(stall->bank, BANK_WITHDRAW, BANK_REFUSES, 0); /* what must not be is tried again, too */
    world_run_for(stall->world, 60000000);
    assert_int_equal(look(stall, true).status, SAGA_UNDOING);
    bank_is(stall->bank, BANK_WITHDRAW, BANK_OPEN, 0);
    world_run_for(stall->world, 60000000);
    assert_int_equal(look(stall, false).status, SAGA_UNDONE);
    assert_int_equal(bank_withdrawals(stall->bank, "first"), 1);
    assert_int_equal(bank_withdrawals(stall->bank, "second"), 1);
    asked_free(asked);
    end(stall);
}

/* Deposits three and four come after the pivot: hours later it still goes forward. */
static void past_the_pivot_there_is_only_forward(void **state)
{
    (void)state;
    struct stall *stall = stall_open(9, false);
    till_bank_is_ready = false;
    struct asked *asked = spread(stall, NULL);
    world_run_for(stall->world, 20000000);
    assert_true(asked->answered);
    asked_free(asked);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_REFUSES, 0);
    till_bank_is_ready = true;
    world_run_for(stall->world, 7200000000);
    struct seen seen = look(stall, true);
    assert_int_equal(seen.status, SAGA_RUNNING);
    assert_string_equal(seen.step, "deposit the third part");
    stall = stall_reopen(stall, false);
    world_run_for(stall->world, 600000000);
    assert_int_equal(look(stall, true).status, SAGA_RUNNING);

    bank_is(stall->bank, BANK_DEPOSIT, BANK_OPEN, 0);
    assert_true(saga_retry(stall->till, seen.id));
    assert_false(saga_retry(stall->till, "00000000000000000000000000"));
    world_run_for(stall->world, 100000);
    assert_int_equal(look(stall, false).status, SAGA_DONE);
    assert_all_deposited_once(stall);
    end(stall);
}

/* A step after the pivot that is refused is waited out, but not by the caller. */
static void nobody_waits_for_ever(void **state)
{
    (void)state;
    struct stall *stall = stall_open(13, false);
    till_has_a_place_to_look = false;
    till_bank_is_ready = false;
    struct asked *asked = spread(stall, "k");
    world_run_for(stall->world, 20000000);
    assert_false(asked->answered);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_REFUSES, 0);
    till_bank_is_ready = true;
    world_run_for(stall->world, 11000000);
    assert_true(asked->answered);
    assert_int_equal(asked->call->problem.result, RESULT_DEADLINE_EXCEEDED);
    asked_free(asked);
    assert_int_equal(look(stall, true).status, SAGA_RUNNING);
    assert_int_equal(spread_and_wait(stall, "k"), RESULT_REQUEST_IN_PROGRESS);

    bank_is(stall->bank, BANK_DEPOSIT, BANK_OPEN, 0);
    world_run_for(stall->world, 60000000);
    assert_int_equal(look(stall, false).status, SAGA_DONE);
    assert_int_equal(spread_and_wait(stall, "k"), RESULT_OK);
    assert_all_deposited_once(stall);
    till_has_a_place_to_look = true;
    end(stall);
}

static void a_step_that_asks_again_does_not_grow(void **state)
{
    (void)state;
    struct stall *stall = stall_open(10, false);
    till_bank_is_ready = false;
    struct asked *asked = spread(stall, NULL);
    world_run_for(stall->world, 100000000);
    assert_in_range(stall->bank->calls[BANK_LOOK_IN], 45, 51);
    till_bank_is_ready = true;
    world_run_for(stall->world, 3000000);
    assert_int_equal(look(stall, false).status, SAGA_DONE);
    asked_free(asked);
    end(stall);
}

/* --- not durable ------------------------------------------------------------------------------------------------- */

static enum result probe(struct stall *stall, const char *key)
{
    Till__SpreadCoinsRequest request = TILL__SPREAD_COINS_REQUEST__INIT;
    struct asked *asked = ask(stall);
    asked->call->idempotency_key = key;
    enum result result = asked_wait(asked, &till__till__probe_bank__method, &request.base);
    if (result == RESULT_OK)
        assert_string_equal(((const Till__SpreadCoinsResponse *)asked->answer)->receipts[0], "probe");
    asked_free(asked);
    return result;
}

static void one_that_is_not_durable_leaves_no_events(void **state)
{
    (void)state;
    struct stall *stall = stall_open(11, false);
    assert_int_equal(probe(stall, ""), RESULT_OK);
    assert_int_equal(probe(stall, "k"), RESULT_OK);
    assert_int_equal(probe(stall, "k"), RESULT_OK);
    assert_int_equal(stall->bank->calls[BANK_DEPOSIT], 2);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_REFUSES, 0);
    assert_int_equal(probe(stall, "l"), RESULT_CONFLICT); /* as its `otherwise` says */
    assert_int_equal(host_last_event(stall->till), 0);
    end(stall);
}

/* The process that claimed the key is gone: whoever asks again may take it over. */
static void a_claim_dies_with_the_process(void **state)
{
    (void)state;
    struct stall *stall = stall_open(12, false);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_IS_AWAY, 0);
    Till__SpreadCoinsRequest request = TILL__SPREAD_COINS_REQUEST__INIT;
    struct asked *asked = ask(stall);
    asked->call->idempotency_key = "k";
    asked_send(asked, &till__till__probe_bank__method, &request.base);
    world_run_for(stall->world, 5000000);
    assert_int_equal(probe(stall, "k"), RESULT_REQUEST_IN_PROGRESS);

    stall = stall_crash(stall, 13, false);
    asked_free(asked);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_OPEN, 0);
    assert_int_equal(probe(stall, "k"), RESULT_OK);
    end(stall);
}

/* Whoever asks again goes on under the same id: what was done before the crash, and not answered, is not done again. */
static void what_was_done_before_a_crash_is_done_once(void **state)
{
    (void)state;
    struct stall *stall = stall_open(14, false);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_LOSES_ANSWERS, 0);
    Till__SpreadCoinsRequest request = TILL__SPREAD_COINS_REQUEST__INIT;
    struct asked *asked = ask(stall);
    asked->call->idempotency_key = "k";
    asked_send(asked, &till__till__probe_bank__method, &request.base);
    world_run_for(stall->world, 5000000);
    assert_int_equal(bank_deposits(stall->bank, "probe"), 1);

    stall = stall_crash(stall, 15, false);
    asked_free(asked);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_OPEN, 0);
    assert_int_equal(probe(stall, "k"), RESULT_OK);
    assert_int_equal(bank_deposits(stall->bank, "probe"), 1);
    assert_int_equal(probe(stall, "l"), RESULT_OK);
    assert_int_equal(bank_deposits(stall->bank, "probe"), 2);
    end(stall);
}

/* --- stopping and crashing --------------------------------------------------------------------------------------- */

static void a_drain_parks_it_and_the_next_start_goes_on(void **state)
{
    (void)state;
    struct stall *stall = stall_open(14, false);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_IS_AWAY, 0);
    struct asked *asked = spread(stall, "k");
    world_run_for(stall->world, 1000000);
    stall_close(stall);
    assert_true(asked->answered);
    assert_int_equal(asked->call->problem.result, RESULT_SHUTTING_DOWN);
    asked_free(asked);
    assert_int_equal(look(stall, true).status, SAGA_RUNNING);
    bank_is(stall->bank, BANK_DEPOSIT, BANK_OPEN, 0);

    stall_put_up(stall, false);
    world_run_for(stall->world, 1000000);
    assert_int_equal(look(stall, false).status, SAGA_DONE);
    assert_all_deposited_once(stall);
    assert_int_equal(spread_and_wait(stall, "k"), RESULT_OK);
    assert_all_deposited_once(stall); /* that was the answer of before */
    end(stall);
}

static void assert_one_end(struct stall *stall)
{
    struct seen seen = look(stall, false);
    assert_int_equal(look(stall, true).count, 0);
    if (seen.count == 0) {
        assert_int_equal(stall->bank->deed_count, 0); /* it died before it had begun */
    } else if (seen.status == SAGA_UNDONE) {
        assert_int_equal(bank_withdrawals(stall->bank, "first"), 1);
        assert_int_equal(bank_withdrawals(stall->bank, "second"), 1);
        assert_int_equal(bank_deposits(stall->bank, "third"), 0);
    } else {
        assert_int_equal(seen.status, SAGA_DONE);
        assert_all_deposited_once(stall);
    }
}

struct plan {
    enum bank_mood deposits;
    enum bank_mood look_ins;
    unsigned look_ins_left; /* 0: for ever */
};

/* Crash after so many turns, then let it go on; the crash came after the answer when `ended`. */
static void crash_after(const struct plan *plan, uint64_t seed, unsigned turns, bool *ended)
{
    struct stall *stall = stall_open(seed, false);
    bank_is(stall->bank, BANK_DEPOSIT, plan->deposits, 3);
    bank_is(stall->bank, BANK_LOOK_IN, plan->look_ins, plan->look_ins_left);
    struct asked *asked = spread(stall, "k");
    for (unsigned turn = 0; turn < turns && !asked->answered; turn++)
        world_turn(stall->world);
    *ended = asked->answered;
    enum result answered = asked->call->problem.result;

    stall = stall_crash(stall, seed + turns, false);
    asked_free(asked);
    world_run_for(stall->world, 100000000);
    assert_one_end(stall);
    if (*ended)
        assert_int_equal(spread_and_wait(stall, "k"), answered);

    static const struct service *const services[] = {&till};
    char error[512];
    stall_close(stall);
    assert_true(service_rebuild(services, 1, &till, stall->env, stall->url, false, error)); /* the table of sagas is what the events say */
    stall_free(stall);
}

static void whenever_it_crashes_it_comes_to_one_end(void **state)
{
    (void)state;
    static const struct plan plans[] = {
        {BANK_OPEN, BANK_OPEN, 0},    {BANK_LOSES_ANSWERS, BANK_OPEN, 0}, {BANK_OPEN, BANK_REFUSES, 0},
        {BANK_OPEN, BANK_REFUSES, 1}, {BANK_IS_AWAY, BANK_REFUSES, 0},
    };
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        for (uint64_t seed = 0; seed < 2; seed++) {
            bool ended = false;
            for (unsigned turns = 0; !ended; turns++)
                crash_after(&plans[i], 1000 * seed, turns, &ended);
        }
    }
}

/* What came before the pivot may be refused after the crash: the pivot has happened, so nobody asks. */
static void a_crash_after_the_pivot_does_not_turn_it_back(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct stall *stall = stall_open(seed, false);
        struct asked *asked = spread(stall, "k");
        while (bank_deposits(stall->bank, "third") == 0)
            world_turn(stall->world);
        stall = stall_crash(stall, seed, false);
        asked_free(asked);
        bank_is(stall->bank, BANK_LOOK_IN, BANK_REFUSES, 0);
        world_run_for(stall->world, 10000000);
        assert_int_equal(look(stall, false).status, SAGA_DONE);
        assert_all_deposited_once(stall);
        end(stall);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_done_and_answered),
        cmocka_unit_test(a_key_gives_the_same_answer_again),
        cmocka_unit_test(a_refusal_undoes_what_was_done),
        cmocka_unit_test(a_refused_first_step_leaves_nothing_to_undo),
        cmocka_unit_test(who_is_away_is_asked_again),
        cmocka_unit_test(a_lost_answer_is_asked_for_and_acts_once),
        cmocka_unit_test(past_the_deadline_it_turns_back),
        cmocka_unit_test(an_undo_goes_on_without_end),
        cmocka_unit_test(past_the_pivot_there_is_only_forward),
        cmocka_unit_test(nobody_waits_for_ever),
        cmocka_unit_test(a_step_that_asks_again_does_not_grow),
        cmocka_unit_test(one_that_is_not_durable_leaves_no_events),
        cmocka_unit_test(what_was_done_before_a_crash_is_done_once),
        cmocka_unit_test(a_claim_dies_with_the_process),
        cmocka_unit_test(a_drain_parks_it_and_the_next_start_goes_on),
        cmocka_unit_test(whenever_it_crashes_it_comes_to_one_end),
        cmocka_unit_test(a_crash_after_the_pivot_does_not_turn_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
