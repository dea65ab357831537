/*
 * Orders as a service: what must always hold.
 */
#include "services/order/order.h"

#include "services/order/migrations.h"
#include "services/order/order_internal.h"

#include <stdio.h>

static bool check_order(const Order__Order *order, char error[512])
{
    for (size_t i = 0; i < order->n_payments; i++) {
        const Order__OrderPayment *payment = order->payments[i];

        if (payment->captured->amount > order->total->amount || payment->refunded->amount > payment->captured->amount) {
            snprintf(error, 512, "Order `%s`: refunded <= captured <= total does not hold.", order->id);
            return false;
        }
    }
    for (size_t i = 0; i < order->n_lines; i++)
        if (order->lines[i]->fulfilled > order->lines[i]->quantity) {
            snprintf(error, 512, "Order `%s`: more has shipped than was ordered.", order->id);
            return false;
        }
    return true;
}

static bool check(struct tx *tx, char error[512])
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT id FROM customer_order ORDER BY id");
    bool fine = true;

    while (fine && sql_next(&rows)) {
        const Order__Order *order = order_stored(tx, sql_get_string(&rows, 0));

        fine = !order || check_order(order, error); /* none: the store failed, which the transaction says */
    }
    if (!fine)
        sql_stop(&rows);
    return fine;
}

static const char *const calls[] = {"inventory", "payment", "pricing", NULL};

const struct service order_service = {
    .declaration = &order_declaration,
    .migrations = order_migrations,
    .migration_count = order_migration_count,
    .calls = calls,
    .check = check,
};
