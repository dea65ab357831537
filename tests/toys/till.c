/*
 * The till.
 */
#include "toys/till.h"

#include "platform/saga/saga.h"

#include "till/migrations.h"
#include "platform/rpc/message.h"
#include "toy/bank.client.h"

unsigned till_steps_run, till_undos_run;
bool till_bank_is_ready = true;
bool till_has_a_place_to_look = true;

/* --- operations -------------------------------------------------------------------------------------------------- */

static bool read_jar(struct tx *tx, const char *name, Till__Jar *jar)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT jar, coins, version FROM jar WHERE jar = ?1", sql_string(name));
    bool found = sql_next(&rows);
    if (found) {
        jar->jar = sql_get_string(&rows, 0);
        jar->coins = sql_get_int(&rows, 1);
        jar->version = sql_get_int(&rows, 2);
    }
    sql_stop(&rows);
    return found;
}

enum result till_get_jar(struct context *context, const Till__GetJarRequest *request, Till__Jar *answer)
{
    if (!read_jar(context->tx, request->jar, answer))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no jar \"%s\".", request->jar);
    return RESULT_OK;
}

enum result till_count_jars(struct context *context, const Till__CountJarsRequest *request, Till__CountJarsResponse *answer)
{
    (void)request;
    answer->jars = SQL_INT(context->tx, 0, "SELECT COUNT(*) FROM jar");
    answer->coins = SQL_INT(context->tx, 0, "SELECT SUM(coins) FROM jar");
    return RESULT_OK;
}

static void put(struct context *context, const char *jar, int64_t coins)
{
    Till__CoinsPut event = TILL__COINS_PUT__INIT;
    event.coins = coins;
    till_emit_coins_put(context, jar, &event);
}

enum result till_put_coins(struct context *context, const Till__PutCoinsRequest *request, Till__Jar *answer)
{
    put(context, request->jar, request->coins);
    if (request->coins > 1000) {
        call_problem_number(context->call, "most", 1000);
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "A jar takes 1000 coins at once.");
    }
    if (!read_jar(context->tx, request->jar, answer))
        return RESULT_INTERNAL;
    return context_check_version(context, answer->version - 1);
}

enum result till_put_coins_settled(struct context *context, const Till__PutCoinsRequest *request, Till__Jar *answer)
{
    return till_put_coins(context, request, answer);
}

enum result till_empty_jar(struct context *context, const Till__GetJarRequest *request, Till__Jar *answer)
{
    if (!read_jar(context->tx, request->jar, answer))
        return RESULT_NOT_FOUND;
    if (answer->coins > 0)
        put(context, request->jar, -answer->coins);
    read_jar(context->tx, request->jar, answer);
    return RESULT_OK;
}

enum result till_wind_jar(struct context *context, const Till__WindJarRequest *request, Till__Jar *answer)
{
    Till__JarWound event = TILL__JAR_WOUND__INIT;
    event.due_us = context->now_us + 1000 * request->after_ms;
    till_emit_jar_wound(context, request->jar, &event);
    read_jar(context->tx, request->jar, answer);
    return RESULT_OK;
}

/* --- events ------------------------------------------------------------------------------------------------------ */

void till_apply_coins_put(struct tx *tx, const struct event *event, const Till__CoinsPut *data)
{
    SQL_DO(tx,
           "INSERT INTO jar (jar, coins, version) VALUES (?1, ?2, 1)"
           " ON CONFLICT (jar) DO UPDATE SET coins = jar.coins + excluded.coins, version = jar.version + 1",
           sql_string(event->key), sql_int(data->coins));
}

void till_apply_jar_wound(struct tx *tx, const struct event *event, const Till__JarWound *data)
{
    tx_timer_set(tx, "fall", event->key, data->due_us);
    tx_timer_set(tx, "jam", event->key, data->due_us + 13000);
}

static enum result coin_falls(struct context *context, const char *key)
{
    put(context, key, 1);
    return RESULT_OK;
}

/* It emits, and refuses: nothing of it may stay. */
static enum result coin_jams(struct context *context, const char *key)
{
    put(context, key, 500);
    return call_refuse(context->call, RESULT_STATE_FORBIDS, "It is stuck.");
}

static const struct timer_handler timers[] = {{"fall", coin_falls}, {"jam", coin_jams}};

/* Events of version 0 are older than anybody remembers: coins were put in pairs then. */
static ProtobufCMessage *upcast(struct arena *arena, const struct event *event)
{
    Till__CoinsPut *put = (Till__CoinsPut *)message_unpack(arena, &till__coins_put__descriptor, event->data);
    put->coins *= 2;
    return &put->base;
}

static const char *const calls[] = {"bank", NULL};

const struct service till = {
    .declaration = &till_declaration,
    .migrations = till_migrations,
    .migration_count = till_migration_count,
    .timers = timers,
    .timer_count = sizeof timers / sizeof *timers,
    .calls = calls,
    .upcast = upcast,
};

/* --- sagas ------------------------------------------------------------------------------------------------------- */

static void note_receipt(struct saga_run *run, const Bank__Receipt *receipt)
{
    Till__SpreadState *state = (Till__SpreadState *)run->state;
    const char **receipts = ARENA_ARRAY(run->arena, const char *, state->n_receipts + 1);
    for (size_t i = 0; i < state->n_receipts; i++)
        receipts[i] = state->receipts[i];
    receipts[state->n_receipts++] = receipt->number;
    state->receipts = receipts;
}

static void on_receipt(struct saga_run *run, const Bank__Receipt *receipt)
{
    note_receipt(run, receipt);
    saga_next(run);
}

static void deposit(struct saga_run *run, const char *purpose)
{
    Bank__DepositRequest request = BANK__DEPOSIT_REQUEST__INIT;
    request.purpose = purpose;
    request.coins = ((const Till__SpreadCoinsRequest *)run->request)->coins;
    till_steps_run++;
    call_bank_deposit(run, &request, on_receipt);
}

static void on_withdrawn(struct saga_run *run, const Bank__Receipt *receipt)
{
    (void)receipt;
    saga_next(run);
}

static void withdraw(struct saga_run *run, const char *purpose)
{
    Bank__DepositRequest request = BANK__DEPOSIT_REQUEST__INIT;
    request.purpose = purpose;
    request.coins = ((const Till__SpreadCoinsRequest *)run->request)->coins;
    till_undos_run++;
    call_bank_withdraw(run, &request, on_withdrawn);
}

static void deposit_first(struct saga_run *run)
{
    deposit(run, "first");
}

static void withdraw_first(struct saga_run *run)
{
    withdraw(run, "first");
}

static void deposit_second(struct saga_run *run)
{
    deposit(run, "second");
}

static void withdraw_second(struct saga_run *run)
{
    withdraw(run, "second");
}

/* Look in until the bank is ready. */
static void on_looked_in(struct saga_run *run, const Bank__Receipt *receipt)
{
    (void)receipt;
    if (till_bank_is_ready)
        saga_next(run);
    else
        saga_again_anew(run, 2000000);
}

static void look_in(struct saga_run *run)
{
    Bank__LookInRequest request = BANK__LOOK_IN_REQUEST__INIT;
    till_steps_run++;
    call_bank_look_in(run, &request, on_looked_in);
}

static void deposit_third(struct saga_run *run)
{
    deposit(run, "third");
}

static void deposit_fourth(struct saga_run *run)
{
    deposit(run, "fourth");
}

static void fill_answer(struct saga_run *run)
{
    const Till__SpreadState *state = (const Till__SpreadState *)run->state;
    Till__SpreadCoinsResponse *answer = (Till__SpreadCoinsResponse *)run->answer;
    answer->receipts = state->receipts;
    answer->n_receipts = state->n_receipts;
}

static const char *locate(struct saga_run *run)
{
    return till_has_a_place_to_look ? arena_printf(run->arena, "/v1/spreads/%s", run->id) : NULL;
}

static const struct saga_step spread_steps[] = {
    {"deposit the first part", deposit_first, withdraw_first},
    {"deposit the second part", deposit_second, withdraw_second},
    {"wait for the bank", look_in, NULL},
    {"deposit the third part", deposit_third, NULL},
    {"deposit the fourth part", deposit_fourth, NULL},
};
const struct saga till_spread_coins = {
    SAGA_STEPS(spread_steps),
    .state = &till__spread_state__descriptor,
    .durable = true,
    .pivot = 3,
    .answer = fill_answer,
    .location = locate,
};

static void on_probe(struct saga_run *run, const Bank__Receipt *receipt)
{
    Till__SpreadCoinsResponse *answer = (Till__SpreadCoinsResponse *)run->answer;
    answer->receipts = ARENA_ARRAY(run->arena, const char *, 1);
    answer->receipts[0] = arena_strdup(run->arena, receipt->number);
    answer->n_receipts = 1;
    saga_next(run);
}

static void on_closed(struct saga_run *run, const struct problem *problem)
{
    saga_refuse(run, RESULT_CONFLICT, "The bank said %s.", result_row(problem->result)->wire);
}

static void probe(struct saga_run *run)
{
    Bank__DepositRequest request = BANK__DEPOSIT_REQUEST__INIT;
    request.purpose = "probe";
    saga_otherwise(run, on_closed);
    call_bank_deposit(run, &request, on_probe);
}

static const struct saga_step probe_steps[] = {{"probe", probe, NULL}};
const struct saga till_probe_bank = {SAGA_STEPS(probe_steps)};
