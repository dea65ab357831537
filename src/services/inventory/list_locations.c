/*
 * ListLocations: all of them, by id; the default one even before anybody has changed it.
 */
#include "services/inventory/inventory_internal.h"

#include "platform/service/page.h"

#define LOCATION_LIST "location"

static Inventory__Location *location_of_row(struct arena *arena, const struct sql_rows *rows)
{
    Inventory__Location *location = ARENA_NEW(arena, Inventory__Location);
    inventory__location__init(location);
    location->id = sql_get_string(rows, 0);
    location->version = sql_get_int(rows, 1);
    location->name = sql_get_string(rows, 2);
    location->priority = (int32_t)sql_get_int(rows, 3);
    return location;
}

enum result inventory_list_locations(struct context *context, const Inventory__ListLocationsRequest *request,
                                     Inventory__ListLocationsResponse *answer)
{
    struct page page;
    enum result result = page_begin(context->call, LOCATION_LIST, request->limit, request->cursor, &page);
    if (result != RESULT_OK)
        return result;

    answer->items = ARENA_ARRAY(context->arena, Inventory__Location *, (size_t)page.limit);
    bool has_next = false;
    struct sql_rows rows = SQL_SELECT(context->tx,
                                      "SELECT id, version, name, priority FROM location WHERE id > ?1"
                                      " UNION ALL SELECT ?3, 0, ?4, 0 WHERE ?3 > ?1"
                                      " AND NOT EXISTS (SELECT 1 FROM location WHERE id = ?3)"
                                      " ORDER BY id LIMIT ?2",
                                      sql_string(page.id), sql_int(page.limit + 1), sql_string(LOCATION_DEFAULT),
                                      sql_string(LOCATION_DEFAULT_NAME));
    while (sql_next(&rows)) {
        has_next = answer->n_items == (size_t)page.limit;
        if (!has_next)
            answer->items[answer->n_items++] = location_of_row(context->arena, &rows);
    }
    if (has_next)
        answer->next_cursor = page_cursor(context->arena, LOCATION_LIST, "", answer->items[answer->n_items - 1]->id);
    return RESULT_OK;
}
