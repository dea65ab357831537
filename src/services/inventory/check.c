/*
 * What always holds in the tables of inventory, between two commands. `souk verify` and the simulator ask.
 */
#include "services/inventory/inventory_internal.h"

#include <stdio.h>

/* Each finds a SKU (or a reservation) of which the sentence is not true. */
struct invariant {
    const char *sentence;
    const char *find_violation;
};

static const struct invariant invariants[] = {
    {"on hand = available + reserved + allocated + safety stock",
     "SELECT sku FROM stock WHERE on_hand <> available + reserved + allocated + safety_stock LIMIT 1"},

    {"nothing is below 0",
     "SELECT sku FROM stock WHERE on_hand < 0 OR reserved < 0 OR allocated < 0 OR safety_stock < 0"
     " OR oversell_limit < 0 OR shortfall < 0 LIMIT 1"},

    {"nothing is reserved or allocated beyond what was sellable",
     "SELECT sku FROM stock WHERE available + oversell_limit + shortfall < 0 LIMIT 1"},

    {"what is reserved is what reservations hold",
     "SELECT stock.sku FROM stock LEFT JOIN (SELECT sku, SUM(quantity) AS held FROM reservation_line GROUP BY sku) AS line"
     " ON line.sku = stock.sku WHERE stock.reserved <> COALESCE(line.held, 0) LIMIT 1"},

    {"what is allocated is what orders wait for",
     "SELECT stock.sku FROM stock LEFT JOIN (SELECT sku, SUM(open_units) AS units FROM allocation GROUP BY sku) AS promise"
     " ON promise.sku = stock.sku WHERE stock.allocated <> COALESCE(promise.units, 0) LIMIT 1"},

    {"locations add up",
     "SELECT stock.sku FROM stock LEFT JOIN (SELECT sku, SUM(on_hand) AS on_hand, SUM(allocated) AS allocated"
     " FROM stock_location GROUP BY sku) AS place ON place.sku = stock.sku"
     " WHERE stock.on_hand <> COALESCE(place.on_hand, 0) OR stock.allocated <> COALESCE(place.allocated, 0) LIMIT 1"},

    {"no location has fewer than 0 on hand or allocated",
     "SELECT sku FROM stock_location WHERE on_hand < 0 OR allocated < 0 LIMIT 1"},

    {"what a location has allocated is what orders wait for from there",
     "SELECT place.sku FROM stock_location AS place LEFT JOIN (SELECT sku, location, SUM(open_units) AS units"
     " FROM allocation GROUP BY sku, location) AS promise"
     " ON promise.sku = place.sku AND promise.location = place.location"
     " WHERE place.allocated <> COALESCE(promise.units, 0) LIMIT 1"},

    {"every reservation holds something and has an end",
     "SELECT line.reservation_id FROM reservation_line AS line LEFT JOIN souk_timer AS timer"
     " ON timer.kind = '" RESERVATION_TIMER "' AND timer.key = line.reservation_id"
     " WHERE timer.key IS NULL OR line.quantity <= 0 LIMIT 1"},

    {"nothing is promised of a SKU that is not known",
     "SELECT sku FROM reservation_line WHERE sku NOT IN (SELECT sku FROM stock)"
     " UNION ALL SELECT sku FROM allocation WHERE sku NOT IN (SELECT sku FROM stock) LIMIT 1"},

    {"orders wait for no fewer than 0",
     "SELECT order_id FROM allocation WHERE open_units < 0 OR shipped_units < 0 OR units_each <= 0 LIMIT 1"},
};

bool inventory_check(struct tx *tx, char error[512])
{
    for (size_t i = 0; i < sizeof invariants / sizeof invariants[0]; i++) {
        const char *found = SQL_STRING(tx, invariants[i].find_violation);
        if (found == NULL)
            continue;
        snprintf(error, 512, "inventory: \"%s\" does not hold for %s", invariants[i].sentence, found);
        return false;
    }
    return true;
}
