/*
 * Locations: where stock is kept.
 *
 * A shop begins with one, "default", that nobody has to make: it has no row until somebody changes it, and can't be deleted. Back orders
 * wait there.
 */
#include "services/inventory/inventory_internal.h"

#include <string.h>

bool location_answer(struct tx *tx, const char *id, Inventory__Location *answer)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT id, version, name, priority FROM location WHERE id = ?1",
                                      sql_string(id));
    bool found = sql_next(&rows);
    if (found) {
        answer->id = sql_get_string(&rows, 0);
        answer->version = sql_get_int(&rows, 1);
        answer->name = sql_get_string(&rows, 2);
        answer->priority = (int32_t)sql_get_int(&rows, 3);
    } else if (strcmp(id, LOCATION_DEFAULT) == 0) {
        answer->id = LOCATION_DEFAULT;
        answer->name = LOCATION_DEFAULT_NAME;
        found = true;
    }
    sql_stop(&rows);
    return found;
}

bool location_exists(struct tx *tx, const char *id)
{
    Inventory__Location location;
    return location_answer(tx, id, &location);
}

/* --- a SKU's ---------------------------------------------------------------------------------------------------------- */

struct location_stock *stock_locations(struct tx *tx, struct arena *arena, const char *sku, size_t *count,
                                       size_t *back_order)
{
    struct location_stock *locations = NULL;
    *count = 0;
    *back_order = SIZE_MAX;
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT stock_location.location, stock_location.on_hand, stock_location.allocated"
                                      " FROM stock_location LEFT JOIN location ON location.id = stock_location.location"
                                      " WHERE stock_location.sku = ?1"
                                      " ORDER BY COALESCE(location.priority, 0) DESC, stock_location.location",
                                      sql_string(sku));
    while (sql_next(&rows)) {
        ARENA_ROOM(arena, locations, *count);
        locations[*count] = (struct location_stock){
            .location = sql_get_string(&rows, 0),
            .on_hand = sql_get_int(&rows, 1),
            .allocated = sql_get_int(&rows, 2),
        };
        if (strcmp(locations[*count].location, LOCATION_DEFAULT) == 0)
            *back_order = *count;
        (*count)++;
    }
    if (*back_order == SIZE_MAX) { /* nothing of it was ever there, so its priority does not matter */
        ARENA_ROOM(arena, locations, *count);
        locations[*count] = (struct location_stock){.location = LOCATION_DEFAULT};
        *back_order = (*count)++;
    }
    return locations;
}
