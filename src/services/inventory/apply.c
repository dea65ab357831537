/*
 * The tables of inventory, computed from its events.
 *
 * Events bear the numbers that hold after them, so a SKU's row is simply written; what is kept by location, reservation and order is added
 * up. A bundle's answers change with those of its parts.
 */
#include "services/inventory/inventory_internal.h"

/* --- a SKU's row ------------------------------------------------------------------------------------------------------ */

static void touch_bundles(struct tx *tx, const char *sku)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT bundle FROM stock_component WHERE sku = ?1 ORDER BY bundle", sql_string(sku));
    while (sql_next(&rows))
        tx_touch(tx, "stock", sql_get_string(&rows, 0));
}

static int64_t shortfall_of(const Inventory__Level *level)
{
    int64_t sellable = level->available + level->oversell_limit;
    return sellable < 0 ? -sellable : 0;
}

/* The merchant's own doing: it may leave more promised than there is. */
static void write_level(struct tx *tx, const struct event *event, const Inventory__Level *level)
{
    SQL_DO(tx,
           "UPDATE stock SET version = ?2, on_hand = ?3, reserved = ?4, allocated = ?5, available = ?6, shortfall = ?7"
           " WHERE sku = ?1",
           sql_string(event->key), sql_int(event->stream_version), sql_int(level->on_hand), sql_int(level->reserved),
           sql_int(level->allocated), sql_int(level->available), sql_int(shortfall_of(level)));
    touch_bundles(tx, event->key);
}

/* What buyers do: it can only make a shortfall smaller, or something was oversold. */
static void write_promised_level(struct tx *tx, const struct event *event, const Inventory__Level *level)
{
    SQL_DO(tx,
           "UPDATE stock SET version = ?2, on_hand = ?3, reserved = ?4, allocated = ?5, available = ?6,"
           " shortfall = CASE WHEN shortfall > ?7 THEN ?7 ELSE shortfall END WHERE sku = ?1",
           sql_string(event->key), sql_int(event->stream_version), sql_int(level->on_hand), sql_int(level->reserved),
           sql_int(level->allocated), sql_int(level->available), sql_int(shortfall_of(level)));
    touch_bundles(tx, event->key);
}

static void write_version(struct tx *tx, const struct event *event)
{
    SQL_DO(tx, "UPDATE stock SET version = ?2 WHERE sku = ?1", sql_string(event->key), sql_int(event->stream_version));
}

static void write_rules(struct tx *tx, const char *sku, const Inventory__Stock *rules)
{
    SQL_DO(tx,
           "UPDATE stock SET safety_stock = ?2, oversell_limit = ?3, strategy = ?4, reservation_ttl = ?5,"
           " scarce_below = ?6, reorder_point = ?7, reorder_quantity = ?8 WHERE sku = ?1",
           sql_string(sku), sql_int(rules->safety_stock), sql_int(rules->oversell_limit), sql_int(rules->strategy),
           sql_int(rules->reservation_ttl), sql_int(rules->scarce_below), sql_int(rules->reorder_point),
           sql_int(rules->reorder_quantity));
}

/* --- what the catalogue has ------------------------------------------------------------------------------------------- */

static void write_components(struct tx *tx, const struct event *event, const Inventory__StockOpened *data)
{
    if (event->stream_version > 1)
        SQL_DO(tx, "DELETE FROM stock_component WHERE bundle = ?1", sql_string(event->key));
    for (size_t i = 0; i < data->n_components; i++)
        SQL_DO(tx, "INSERT INTO stock_component (bundle, sku, units_each) VALUES (?1, ?2, ?3)", sql_string(event->key),
               sql_string(data->components[i]->sku), sql_int(data->components[i]->quantity));
}

/* Its whole row in one statement: an import opens a hundred thousand. */
void inventory_apply_stock_opened(struct tx *tx, const struct event *event, const Inventory__StockOpened *data)
{
    const Inventory__Level *level = data->level;
    const Inventory__Stock *rules = data->rules;
    SQL_DO(tx,
           "INSERT INTO stock (sku, version, product_id, is_open, is_bundle, on_hand, reserved, allocated, available,"
           " shortfall, safety_stock, oversell_limit, strategy, reservation_ttl, scarce_below, reorder_point,"
           " reorder_quantity) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
           " ON CONFLICT (sku) DO UPDATE SET version = excluded.version, product_id = excluded.product_id, is_open = 1,"
           " is_bundle = excluded.is_bundle, on_hand = excluded.on_hand, reserved = excluded.reserved,"
           " allocated = excluded.allocated, available = excluded.available, shortfall = excluded.shortfall,"
           " safety_stock = excluded.safety_stock, oversell_limit = excluded.oversell_limit, strategy = excluded.strategy,"
           " reservation_ttl = excluded.reservation_ttl, scarce_below = excluded.scarce_below,"
           " reorder_point = excluded.reorder_point, reorder_quantity = excluded.reorder_quantity",
           sql_string(event->key), sql_int(event->stream_version), sql_string(data->product_id),
           sql_int(data->n_components > 0), sql_int(level->on_hand), sql_int(level->reserved), sql_int(level->allocated),
           sql_int(level->available), sql_int(shortfall_of(level)), sql_int(rules->safety_stock),
           sql_int(rules->oversell_limit), sql_int(rules->strategy), sql_int(rules->reservation_ttl),
           sql_int(rules->scarce_below), sql_int(rules->reorder_point), sql_int(rules->reorder_quantity));
    write_components(tx, event, data);
    touch_bundles(tx, event->key);
}

void inventory_apply_stock_closed(struct tx *tx, const struct event *event, const Inventory__StockClosed *data)
{
    (void)data;
    SQL_DO(tx, "UPDATE stock SET is_open = 0, version = ?2 WHERE sku = ?1", sql_string(event->key),
           sql_int(event->stream_version));
    touch_bundles(tx, event->key);
}

/* --- what the merchant does ------------------------------------------------------------------------------------------- */

void inventory_apply_stock_rules_changed(struct tx *tx, const struct event *event, const Inventory__StockRulesChanged *data)
{
    write_rules(tx, event->key, data->rules);
    write_level(tx, event, data->level);
}

static void add_at_location(struct tx *tx, const char *sku, const char *location, int64_t on_hand, int64_t allocated)
{
    SQL_DO(tx,
           "INSERT INTO stock_location (sku, location, on_hand, allocated) VALUES (?1, ?2, ?3, ?4)"
           " ON CONFLICT (sku, location) DO UPDATE SET on_hand = stock_location.on_hand + excluded.on_hand,"
           " allocated = stock_location.allocated + excluded.allocated",
           sql_string(sku), sql_string(location), sql_int(on_hand), sql_int(allocated));
}

void inventory_apply_stock_adjusted(struct tx *tx, const struct event *event, const Inventory__StockAdjusted *data)
{
    add_at_location(tx, event->key, data->location, data->delta, 0);
    write_level(tx, event, data->level);
}

void inventory_apply_stock_ran_low(struct tx *tx, const struct event *event, const Inventory__StockRanLow *data)
{
    (void)data; /* for those who listen */
    write_version(tx, event);
}

/* --- what buyers do --------------------------------------------------------------------------------------------------- */

static int64_t time_us(const Google__Protobuf__Timestamp *time)
{
    return time->seconds * 1000000 + time->nanos / 1000;
}

static void write_held(struct tx *tx, const char *reservation_id, const char *sku, int64_t held)
{
    if (held > 0)
        SQL_DO(tx,
               "INSERT INTO reservation_line (reservation_id, sku, quantity) VALUES (?1, ?2, ?3)"
               " ON CONFLICT (reservation_id, sku) DO UPDATE SET quantity = excluded.quantity",
               sql_string(reservation_id), sql_string(sku), sql_int(held));
    else
        SQL_DO(tx, "DELETE FROM reservation_line WHERE reservation_id = ?1 AND sku = ?2", sql_string(reservation_id),
               sql_string(sku));
}

/* The commands that end a reservation end all of it: its other SKUs follow in the same transaction. */
static void end_reservation(struct tx *tx, const char *reservation_id, const char *sku)
{
    write_held(tx, reservation_id, sku, 0);
    tx_timer_clear(tx, RESERVATION_TIMER, reservation_id);
}

void inventory_apply_stock_reserved(struct tx *tx, const struct event *event, const Inventory__StockReserved *data)
{
    write_promised_level(tx, event, data->level);
    write_held(tx, data->reservation_id, event->key, data->held);
    if (data->expires_at != NULL)
        tx_timer_set(tx, RESERVATION_TIMER, data->reservation_id, time_us(data->expires_at));
    else
        tx_timer_clear(tx, RESERVATION_TIMER, data->reservation_id);
    if (*data->taken_over_from != '\0')
        end_reservation(tx, data->taken_over_from, event->key);
}

void inventory_apply_stock_allocated(struct tx *tx, const struct event *event, const Inventory__StockAllocated *data)
{
    write_promised_level(tx, event, data->level);
    add_at_location(tx, event->key, data->location, 0, data->delta);
    SQL_DO(tx,
           "INSERT INTO allocation (order_id, ordered_sku, sku, location, units_each, open_units, shipped_units)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) ON CONFLICT (order_id, ordered_sku, sku, location)"
           " DO UPDATE SET open_units = allocation.open_units + excluded.open_units",
           sql_string(data->order_id), sql_string(data->ordered_sku), sql_string(event->key), sql_string(data->location),
           sql_int(data->units_each), sql_int(data->delta));
    if (data->delta < 0)
        SQL_DO(tx,
               "DELETE FROM allocation WHERE order_id = ?1 AND ordered_sku = ?2 AND sku = ?3 AND location = ?4"
               " AND open_units = 0 AND shipped_units = 0",
               sql_string(data->order_id), sql_string(data->ordered_sku), sql_string(event->key),
               sql_string(data->location));
    if (*data->reservation_id != '\0')
        end_reservation(tx, data->reservation_id, event->key);
}

void inventory_apply_stock_shipped(struct tx *tx, const struct event *event, const Inventory__StockShipped *data)
{
    write_promised_level(tx, event, data->level);
    add_at_location(tx, event->key, data->location, -data->quantity, 0);
    add_at_location(tx, event->key, data->promised_at, 0, -data->quantity);
    SQL_DO(tx,
           "UPDATE allocation SET open_units = open_units - ?5, shipped_units = shipped_units + ?5"
           " WHERE order_id = ?1 AND ordered_sku = ?2 AND sku = ?3 AND location = ?4",
           sql_string(data->order_id), sql_string(data->ordered_sku), sql_string(event->key),
           sql_string(data->promised_at), sql_int(data->quantity));
}

/* --- locations -------------------------------------------------------------------------------------------------------- */

void inventory_apply_location_saved(struct tx *tx, const struct event *event, const Inventory__LocationSaved *data)
{
    SQL_DO(tx,
           "INSERT INTO location (id, version, name, priority) VALUES (?1, ?2, ?3, ?4)"
           " ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name,"
           " priority = excluded.priority",
           sql_string(event->key), sql_int(event->stream_version), sql_string(data->location->name),
           sql_int(data->location->priority));
}

void inventory_apply_location_deleted(struct tx *tx, const struct event *event, const Inventory__LocationDeleted *data)
{
    (void)data;
    SQL_DO(tx, "DELETE FROM location WHERE id = ?1", sql_string(event->key));
    SQL_DO(tx, "DELETE FROM stock_location WHERE location = ?1", sql_string(event->key)); /* all of them 0 */
}
