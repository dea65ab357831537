/*
 * A SKU's row: reading it, showing it, and the events that change it.
 */
#include "services/inventory/inventory_internal.h"

/* --- reading ---------------------------------------------------------------------------------------------------------- */

struct stock_record stock_record_of_row(const struct sql_rows *rows)
{
    struct stock_record stock = {
        .sku = sql_get_string(rows, 0),
        .product_id = sql_get_string(rows, 1),
        .version = sql_get_int(rows, 2),
        .is_open = sql_get_int(rows, 3) != 0,
        .is_bundle = sql_get_int(rows, 4) != 0,
        .numbers = {
            .on_hand = sql_get_int(rows, 5),
            .reserved = sql_get_int(rows, 6),
            .allocated = sql_get_int(rows, 7),
            .safety_stock = sql_get_int(rows, 8),
            .oversell_limit = sql_get_int(rows, 9),
        },
        .rules = {
            .strategy = (Inventory__StockStrategy)sql_get_int(rows, 10),
            .reservation_ttl = sql_get_int(rows, 11),
            .scarce_below = sql_get_int(rows, 12),
            .reorder_point = sql_get_int(rows, 13),
            .reorder_quantity = sql_get_int(rows, 14),
        },
    };
    stock.was_low = stock_is_low(&stock.rules, stock_available(&stock.numbers));
    return stock;
}

bool stock_record_find(struct tx *tx, const char *sku, struct stock_record *stock)
{
    *stock = (struct stock_record){.sku = sku, .product_id = "", .rules = stock_rules_default};
    struct sql_rows rows = SQL_SELECT(tx, "SELECT " STOCK_COLUMNS " FROM stock WHERE sku = ?1", sql_string(sku));
    bool found = sql_next(&rows);
    if (found)
        *stock = stock_record_of_row(&rows);
    sql_stop(&rows);
    return found;
}

int64_t stock_record_obtainable(const struct stock_record *stock, int64_t held)
{
    return stock->is_open ? stock_obtainable(&stock->numbers, held) : held;
}

/* --- showing ---------------------------------------------------------------------------------------------------------- */

static void answer_locations(struct tx *tx, struct arena *arena, const char *sku, Inventory__Stock *answer)
{
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT location, on_hand, allocated FROM stock_location WHERE sku = ?1"
                                      " ORDER BY location",
                                      sql_string(sku));
    while (sql_next(&rows)) {
        Inventory__StockLocation *location = ARENA_NEW(arena, Inventory__StockLocation);
        inventory__stock_location__init(location);
        location->location = sql_get_string(&rows, 0);
        location->on_hand = sql_get_int(&rows, 1);
        location->allocated = sql_get_int(&rows, 2);
        ARENA_ROOM(arena, answer->locations, answer->n_locations);
        answer->locations[answer->n_locations++] = location;
    }
}

static void answer_rules(const struct stock_record *stock, Inventory__Stock *answer)
{
    answer->safety_stock = stock->numbers.safety_stock;
    answer->oversell_limit = stock->numbers.oversell_limit;
    answer->strategy = stock->rules.strategy;
    answer->reservation_ttl = stock->rules.reservation_ttl;
    answer->scarce_below = stock->rules.scarce_below;
    answer->reorder_point = stock->rules.reorder_point;
    answer->reorder_quantity = stock->rules.reorder_quantity;
}

void stock_record_answer(struct tx *tx, struct arena *arena, struct stock_record stock, Inventory__Stock *answer)
{
    if (stock.is_bundle) {
        answer->components = stock_components(tx, arena, stock.sku, &answer->n_components);
        stock_record_of_parts(tx, arena, &stock);
    } else {
        answer_locations(tx, arena, stock.sku, answer);
    }
    answer->sku = stock.sku;
    answer->version = stock.version;
    answer->on_hand = stock.numbers.on_hand;
    answer->reserved = stock.numbers.reserved;
    answer->allocated = stock.numbers.allocated;
    answer->available = stock_available(&stock.numbers);
    answer_rules(&stock, answer);
}

void stock_answer(struct context *context, const char *sku, Inventory__Stock *answer)
{
    struct stock_record stock;
    if (stock_record_find(context->tx, sku, &stock))
        stock_record_answer(context->tx, context->arena, stock, answer);
}

/* --- events ----------------------------------------------------------------------------------------------------------- */

static Inventory__Level level_of(const struct stock_record *stock)
{
    Inventory__Level level = INVENTORY__LEVEL__INIT;
    level.on_hand = stock->numbers.on_hand;
    level.reserved = stock->numbers.reserved;
    level.allocated = stock->numbers.allocated;
    level.available = stock_available(&stock->numbers);
    level.oversell_limit = stock->numbers.oversell_limit;
    return level;
}

static Inventory__Stock rules_of(const struct stock_record *stock)
{
    Inventory__Stock rules = INVENTORY__STOCK__INIT;
    answer_rules(stock, &rules);
    return rules;
}

void stock_emit_opened(struct context *context, const struct stock_record *stock,
                       Inventory__StockComponent **components, size_t count)
{
    Inventory__Level level = level_of(stock);
    Inventory__Stock rules = rules_of(stock);
    Inventory__StockOpened opened = INVENTORY__STOCK_OPENED__INIT;
    opened.product_id = stock->product_id;
    opened.components = components;
    opened.n_components = count;
    opened.rules = &rules;
    opened.level = &level;
    inventory_emit_stock_opened(context, stock->sku, &opened);
}

void stock_emit_rules_changed(struct context *context, const struct stock_record *stock)
{
    Inventory__Level level = level_of(stock);
    Inventory__Stock rules = rules_of(stock);
    Inventory__StockRulesChanged changed = INVENTORY__STOCK_RULES_CHANGED__INIT;
    changed.rules = &rules;
    changed.level = &level;
    inventory_emit_stock_rules_changed(context, stock->sku, &changed);
}

void stock_emit_adjusted(struct context *context, const struct stock_record *stock, const char *location, int64_t delta,
                         const char *reason)
{
    Inventory__Level level = level_of(stock);
    Inventory__StockAdjusted adjusted = INVENTORY__STOCK_ADJUSTED__INIT;
    adjusted.location = location;
    adjusted.delta = delta;
    adjusted.reason = reason;
    adjusted.level = &level;
    inventory_emit_stock_adjusted(context, stock->sku, &adjusted);
}

void stock_emit_reserved(struct context *context, const struct stock_record *stock, const struct reserved *reserved)
{
    Inventory__Level level = level_of(stock);
    Google__Protobuf__Timestamp expires_at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    expires_at.seconds = reserved->expires_us / 1000000;
    expires_at.nanos = (int32_t)(reserved->expires_us % 1000000 * 1000);

    Inventory__StockReserved event = INVENTORY__STOCK_RESERVED__INIT;
    event.reservation_id = reserved->reservation_id;
    event.delta = reserved->delta;
    event.held = reserved->held;
    event.expires_at = reserved->expires_us != 0 ? &expires_at : NULL;
    event.reason = reserved->reason;
    event.taken_over_from = reserved->taken_over_from != NULL ? reserved->taken_over_from : "";
    event.level = &level;
    inventory_emit_stock_reserved(context, stock->sku, &event);
}

void stock_emit_allocated(struct context *context, const struct stock_record *stock, const struct allocation *allocation,
                          int64_t delta, const char *reservation_id)
{
    Inventory__Level level = level_of(stock);
    Inventory__StockAllocated allocated = INVENTORY__STOCK_ALLOCATED__INIT;
    allocated.order_id = allocation->order_id;
    allocated.ordered_sku = allocation->ordered_sku;
    allocated.units_each = allocation->units_each;
    allocated.location = allocation->location;
    allocated.delta = delta;
    allocated.reservation_id = reservation_id;
    allocated.level = &level;
    inventory_emit_stock_allocated(context, stock->sku, &allocated);
}

void stock_emit_shipped(struct context *context, const struct shipment *shipment)
{
    Inventory__Level level = level_of(shipment->stock);
    Inventory__StockShipped shipped = INVENTORY__STOCK_SHIPPED__INIT;
    shipped.order_id = shipment->allocation->order_id;
    shipped.ordered_sku = shipment->allocation->ordered_sku;
    shipped.promised_at = shipment->allocation->location;
    shipped.location = shipment->from;
    shipped.quantity = shipment->quantity;
    shipped.level = &level;
    inventory_emit_stock_shipped(context, shipment->stock->sku, &shipped);
}

void stock_emit_if_ran_low(struct context *context, struct stock_record *stock)
{
    int64_t available = stock_available(&stock->numbers);
    bool is_low = stock_is_low(&stock->rules, available);
    if (is_low && !stock->was_low) {
        Inventory__StockRanLow low = INVENTORY__STOCK_RAN_LOW__INIT;
        low.available = available;
        low.reorder_point = stock->rules.reorder_point;
        low.reorder_quantity = stock->rules.reorder_quantity;
        inventory_emit_stock_ran_low(context, stock->sku, &low);
    }
    stock->was_low = is_low;
}
