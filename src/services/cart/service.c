/*
 * The cart as a service: its timer, and what must always hold.
 */
#include "services/cart/cart.h"

#include "base/limits.h"
#include "services/cart/cart_internal.h"
#include "services/cart/migrations.h"

#include <stdio.h>

static const struct timer_handler timers[] = {
    {CART_ABANDON_TIMER, cart_abandon},
};

/* `id` is that of a cart that breaks a rule; NULL when none does. */
static bool broken(const char *id, const char *sentence, char error[512])
{
    if (id)
        snprintf(error, 512, "The cart `%s` %s.", id, sentence);
    return id != NULL;
}

static bool check(struct tx *tx, char error[512])
{
    struct sql_value locked = sql_int(CART__CART_STATUS__CART_STATUS_LOCKED);
    struct sql_value ordered = sql_int(CART__CART_STATUS__CART_STATUS_ORDERED);

    return !broken(SQL_STRING(tx, "SELECT id FROM cart WHERE (status = ?1) != (checkout_id != '')", locked),
                   "is locked without a checkout, or a checkout's without being locked", error) &&
           !broken(SQL_STRING(tx, "SELECT id FROM cart WHERE (status = ?1) != (order_id != '')", ordered),
                   "is ordered without an order, or an order's without being ordered", error) &&
           !broken(SQL_STRING(tx, "SELECT cart_id FROM cart_line WHERE quantity < 1 OR quantity > ?1",
                              sql_int(LIMIT_LINE_QUANTITY)),
                   "has a line of an impossible quantity", error) &&
           !broken(SQL_STRING(tx, "SELECT cart_id FROM cart_line"
                                  " WHERE NOT EXISTS (SELECT 1 FROM cart WHERE cart.id = cart_line.cart_id)"),
                   "is gone, but not its lines", error) &&
           !broken(SQL_STRING(tx, "SELECT cart_id FROM cart_coupon"
                                  " WHERE NOT EXISTS (SELECT 1 FROM cart WHERE cart.id = cart_coupon.cart_id)"),
                   "is gone, but not its coupons", error);
}

static const char *const calls[] = {"catalog", "inventory", "pricing", NULL};

const struct service cart_service = {
    .declaration = &cart_declaration,
    .migrations = cart_migrations,
    .migration_count = cart_migration_count,
    .timers = timers,
    .timer_count = sizeof(timers) / sizeof(timers[0]),
    .calls = calls,
    .check = check,
};
