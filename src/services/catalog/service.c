/*
 * The catalogue as a service: what it listens to, and what must always hold.
 */
#include "services/catalog/catalog.h"

#include "services/catalog/catalog_internal.h"
#include "services/catalog/migrations.h"
#include "souk/inventory/v1/events.souk.h"
#include "souk/pricing/v1/events.souk.h"

#include <stdio.h>

static const struct subscription subscriptions[] = {
    {"pricing", &pricing__prices_set__declaration, .project = catalog_project_prices_set, .whole = true},
    {"inventory", &inventory__stock_opened__declaration, .project = catalog_project_level, .whole = true},
    {"inventory", &inventory__stock_rules_changed__declaration, .project = catalog_project_level, .whole = true},
    {"inventory", &inventory__stock_adjusted__declaration, .project = catalog_project_level, .whole = true},
    {"inventory", &inventory__stock_reserved__declaration, .project = catalog_project_level, .whole = true},
    {"inventory", &inventory__stock_allocated__declaration, .project = catalog_project_level, .whole = true},
    {"inventory", &inventory__stock_shipped__declaration, .project = catalog_project_level, .whole = true},
};

static const struct timer_handler timers[] = {
    {IMPORT_TIMER, catalog_take_back_import},
};

static bool check(struct tx *tx, char error[512])
{
    const char *lost = SQL_STRING(
        tx, "SELECT sku FROM variant WHERE NOT EXISTS (SELECT 1 FROM product WHERE product.id = variant.product_id)");

    if (lost)
        snprintf(error, 512, "The variant `%s` belongs to no product.", lost);
    return !lost;
}

const struct service catalog_service = {
    .declaration = &catalog_declaration,
    .migrations = catalog_migrations,
    .migration_count = catalog_migration_count,
    .timers = timers,
    .timer_count = sizeof(timers) / sizeof(timers[0]),
    .subscriptions = subscriptions,
    .subscription_count = sizeof(subscriptions) / sizeof(subscriptions[0]),
    .check = check,
};
