/*
 * The tally.
 */
#include "toys/tally.h"

#include "tally/migrations.h"
#include "toy/till.pb-c.h"
#include "toy/till.souk.h"

static int64_t value_of(struct tx *tx, const char *name)
{
    return SQL_INT(tx, 0, "SELECT value FROM sum WHERE name = ?1", sql_string(name));
}

static void add(struct tx *tx, const char *name, int64_t value)
{
    SQL_DO(tx,
           "INSERT INTO sum (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = sum.value + excluded.value",
           sql_string(name), sql_int(value));
    tx_touch(tx, "sum", name);
}

enum result tally_get(struct context *context, const Tally__GetTallyRequest *request, Tally__GetTallyResponse *answer)
{
    (void)request;
    answer->seen = value_of(context->tx, "seen");
    answer->coins = value_of(context->tx, "coins");
    answer->big = value_of(context->tx, "big");
    return RESULT_OK;
}

void tally_apply_big_sum_seen(struct tx *tx, const struct event *event, const Tally__BigSumSeen *data)
{
    (void)event;
    (void)data;
    add(tx, "big", 1);
}

static void project_coins(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    (void)event;
    add(tx, "seen", 1);
    add(tx, "coins", ((const Till__CoinsPut *)data)->coins);
}

bool tally_fears_thirteen = true;

/* Thirteen is bad luck: refused, and passed over. */
static enum result react_to_coins(struct context *context, const struct event *event, const ProtobufCMessage *data)
{
    int64_t coins = ((const Till__CoinsPut *)data)->coins;
    if (coins == 13 && tally_fears_thirteen)
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "Bad luck.");
    if (coins != 13 && coins < 100)
        return RESULT_OK;
    Tally__BigSumSeen seen = TALLY__BIG_SUM_SEEN__INIT;
    seen.coins = coins;
    tally_emit_big_sum_seen(context, event->key, &seen);
    return RESULT_OK;
}

static const struct subscription subscriptions[] = {
    {.producer = "till", .event = &till__coins_put__declaration, .project = project_coins},
    {.producer = "till", .event = &till__coins_put__declaration, .react = react_to_coins},
};

const struct service tally = {
    .declaration = &tally_declaration,
    .migrations = tally_migrations,
    .migration_count = tally_migration_count,
    .subscriptions = subscriptions,
    .subscription_count = sizeof subscriptions / sizeof *subscriptions,
};
