/*
 * What was promised to an order: so many of a SKU from a location, under the SKU that the order knows.
 *
 * An order with a bundle remembers what the bundle was made of when it was bought, so that it ships and is cancelled by its own lines, whatever
 * the catalogue says by then.
 */
#include "services/inventory/inventory_internal.h"

#include <string.h>

struct allocation *allocations_of_order(struct tx *tx, struct arena *arena, const char *order_id, size_t *count)
{
    struct allocation *allocations = NULL;
    *count = 0;
    struct sql_rows rows = SQL_SELECT(
        tx,
        "SELECT allocation.ordered_sku, allocation.sku, allocation.location, allocation.units_each,"
        " allocation.open_units, allocation.shipped_units FROM allocation"
        " LEFT JOIN location ON location.id = allocation.location WHERE allocation.order_id = ?1"
        " ORDER BY allocation.ordered_sku, allocation.sku, COALESCE(location.priority, 0) DESC, allocation.location",
        sql_string(order_id));
    while (sql_next(&rows)) {
        ARENA_ROOM(arena, allocations, *count);
        allocations[(*count)++] = (struct allocation){
            .order_id = order_id,
            .ordered_sku = sql_get_string(&rows, 0),
            .sku = sql_get_string(&rows, 1),
            .location = sql_get_string(&rows, 2),
            .units_each = sql_get_int(&rows, 3),
            .open_units = sql_get_int(&rows, 4),
            .shipped_units = sql_get_int(&rows, 5),
        };
    }
    return allocations;
}

/* --- taking ----------------------------------------------------------------------------------------------------------- */

static bool is_same_part(const struct allocation *a, const struct allocation *b)
{
    return strcmp(a->ordered_sku, b->ordered_sku) == 0 && strcmp(a->sku, b->sku) == 0;
}

/* Take from one part of an ordered SKU, at all its locations. Whether there was enough. */
static bool take_part(struct allocation *part, size_t locations, int64_t units, enum allocation_end from)
{
    for (size_t i = 0; i < locations && units > 0; i++) {
        struct allocation *allocation = from == ALLOCATION_FIRST ? &part[i] : &part[locations - 1 - i];
        int64_t left = allocation->open_units - allocation->take;
        int64_t taken = left < units ? left : units;
        allocation->take += taken;
        units -= taken;
    }
    return units == 0;
}

static bool take_line(struct allocation *allocations, size_t count, const Inventory__StockLine *line,
                      enum allocation_end from)
{
    bool is_known = false, is_enough = true;
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && is_same_part(&allocations[begin], &allocations[end]);)
            end++;
        if (strcmp(allocations[begin].ordered_sku, line->sku) != 0)
            continue;
        is_known = true;
        int64_t units = stock_units(line->quantity, allocations[begin].units_each);
        is_enough = take_part(&allocations[begin], end - begin, units, from) && is_enough;
    }
    return is_known && is_enough;
}

const char *allocations_take(struct allocation *allocations, size_t count, Inventory__StockLine *const *lines,
                             size_t line_count, enum allocation_end from)
{
    for (size_t i = 0; i < count; i++)
        allocations[i].take = line_count == 0 ? allocations[i].open_units : 0;

    const char *short_of = NULL;
    for (size_t i = 0; i < line_count; i++)
        if (!take_line(allocations, count, lines[i], from) && short_of == NULL)
            short_of = lines[i]->sku;
    return short_of;
}
