/*
 * What pricing is made of.
 */
#include "services/pricing/pricing.h"

#include "platform/rpc/message.h"
#include "services/pricing/migrations.h"
#include "services/pricing/pricing_internal.h"
#include "souk/catalog/v1/events.souk.h"

#include <inttypes.h>
#include <stdio.h>

static const struct subscription subscriptions[] = {
    {.producer = "catalog", .event = &catalog__product_created__declaration, .react = pricing_take_first_prices_of_created},
    {.producer = "catalog", .event = &catalog__product_updated__declaration, .react = pricing_take_prices_of_updated},
    {.producer = "catalog", .event = &catalog__product_deleted__declaration, .react = pricing_drop_prices_of_deleted},
    {.producer = "catalog", .event = &catalog__product_created__declaration, .project = pricing_project_product_created},
    {.producer = "catalog", .event = &catalog__product_updated__declaration, .project = pricing_project_product_updated},
    {.producer = "catalog", .event = &catalog__product_deleted__declaration, .project = pricing_project_product_deleted},
};

static const struct timer_handler timers[] = {
    {PRICE_LIST_TURNS, pricing_turn_price_list},
};

/* A promotion has been used as often as there are checkouts that use it. */
static bool check(struct tx *tx, char error[512])
{
    bool right = true;
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT data, (SELECT COUNT(*) FROM redemption WHERE promotion = rule.id) FROM rule"
                                      " WHERE kind = 'promotion' ORDER BY id");
    while (right && sql_next(&rows)) {
        const Pricing__Promotion *promotion = (const Pricing__Promotion *)message_unpack(
            tx->arena, promotion_kind.message->descriptor, sql_get_bytes(&rows, 0));
        int64_t redeemed = sql_get_int(&rows, 1);
        right = promotion != NULL && promotion->used == redeemed;
        if (!right)
            snprintf(error, 512, "A promotion (%s) says %" PRId64 " uses, but %" PRId64 " checkouts use it.",
                     promotion ? promotion->id : "unreadable", promotion ? promotion->used : 0, redeemed);
    }
    if (!right)
        sql_stop(&rows);
    return right;
}

const struct service pricing_service = {
    .declaration = &pricing_declaration,
    .migrations = pricing_migrations,
    .migration_count = pricing_migration_count,
    .timers = timers,
    .timer_count = sizeof timers / sizeof *timers,
    .subscriptions = subscriptions,
    .subscription_count = sizeof subscriptions / sizeof *subscriptions,
    .check = check,
};
