/*
 * Payments as a service: what must always hold.
 */
#include "services/payment/payment.h"

#include "services/payment/migrations.h"
#include "services/payment/payment_internal.h"

#include <stdio.h>

static bool check(struct tx *tx, char error[512])
{
    const char *wrong = SQL_STRING(tx, "SELECT id FROM payment WHERE refunded < 0 OR refunded > captured OR captured > authorized"
                                       " OR authorized > requested");

    if (wrong)
        snprintf(error, 512, "Payment `%s`: refunded <= captured <= authorized <= requested does not hold.", wrong);
    return !wrong;
}

const struct service payment_service = {
    .declaration = &payment_declaration,
    .migrations = payment_migrations,
    .migration_count = payment_migration_count,
    .check = check,
};
