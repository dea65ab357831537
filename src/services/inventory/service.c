/*
 * Inventory: what it is made of.
 */
#include "services/inventory/inventory.h"

#include "services/inventory/inventory_internal.h"
#include "services/inventory/migrations.h"
#include "souk/catalog/v1/events.souk.h"

static const struct timer_handler timers[] = {
    {RESERVATION_TIMER, inventory_reservation_expire},
};

static const struct subscription subscriptions[] = {
    {
        .producer = "catalog",
        .event = &catalog__product_created__declaration,
        .react = inventory_follow_product_created,
    },
    {
        .producer = "catalog",
        .event = &catalog__product_updated__declaration,
        .react = inventory_follow_product_updated,
    },
    {
        .producer = "catalog",
        .event = &catalog__product_deleted__declaration,
        .react = inventory_follow_product_deleted,
    },
    {
        .producer = "catalog",
        .event = &catalog__product_created__declaration,
        .project = inventory_project_product_created,
    },
    {
        .producer = "catalog",
        .event = &catalog__product_updated__declaration,
        .project = inventory_project_product_updated,
    },
    {
        .producer = "catalog",
        .event = &catalog__product_deleted__declaration,
        .project = inventory_project_product_deleted,
    },
};

const struct service inventory_service = {
    .declaration = &inventory_declaration,
    .migrations = inventory_migrations,
    .migration_count = inventory_migration_count,
    .timers = timers,
    .timer_count = sizeof timers / sizeof timers[0],
    .subscriptions = subscriptions,
    .subscription_count = sizeof subscriptions / sizeof subscriptions[0],
    .check = inventory_check,
};
