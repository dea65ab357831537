/*
 * What pricing and inventory say, kept by variant, and computed again by product.
 *
 * A price or a level may come before its product (it is kept, and counts when the product comes) and after it is gone. So the tables by
 * product are always computed from the tables by variant, whichever changed, and the order of events between services does not
 * matter.
 */
#include "services/catalog/catalog_internal.h"

#include "base/assert.h"

void product_price_compute(struct tx *tx, const char *product_id)
{
    SQL_DO(tx, "DELETE FROM product_price WHERE product_id = ?1", sql_string(product_id));
    SQL_DO(tx,
           "INSERT INTO product_price (product_id, currency, lowest, highest)"
           " SELECT variant.product_id, currency, MIN(amount), MAX(amount)"
           " FROM variant JOIN variant_price ON variant_price.sku = variant.sku"
           " WHERE variant.product_id = ?1 GROUP BY variant.product_id, currency",
           sql_string(product_id));
}

bool product_stock_compute(struct tx *tx, const char *product_id)
{
    int64_t before =
        SQL_INT(tx, -1, "SELECT in_stock FROM product_stock WHERE product_id = ?1", sql_string(product_id));
    int64_t now = SQL_INT(tx, 0,
                          "SELECT 1 FROM variant WHERE variant.product_id = ?1 AND"
                          " CASE WHEN EXISTS (SELECT 1 FROM variant_component WHERE bundle = variant.sku)"
                          " THEN NOT EXISTS (SELECT 1 FROM variant_component AS part LEFT JOIN variant_stock"
                          " ON variant_stock.sku = part.sku WHERE part.bundle = variant.sku"
                          " AND COALESCE(variant_stock.sellable, 0) < part.quantity)"
                          " ELSE EXISTS (SELECT 1 FROM variant_stock WHERE sku = variant.sku AND sellable > 0) END LIMIT 1",
                          sql_string(product_id));

    if (before == now)
        return false;
    SQL_DO(tx,
           "INSERT INTO product_stock (product_id, in_stock) VALUES (?1, ?2)"
           " ON CONFLICT (product_id) DO UPDATE SET in_stock = excluded.in_stock",
           sql_string(product_id), sql_int(now));
    return true;
}

/* Lists of a category are tagged by what was asked for, its id or its slug; all of them together by "products". */
void product_lists_touch(struct tx *tx, const char *product_id)
{
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT category.id, category.slug FROM product_category JOIN category"
                                      " ON category.id = product_category.category_id WHERE product_id = ?1",
                                      sql_string(product_id));

    tx_touch(tx, "products", "");
    while (sql_next(&rows)) {
        tx_touch(tx, "products", sql_get_string(&rows, 0));
        tx_touch(tx, "products", sql_get_string(&rows, 1));
    }
}

static const char *product_of(struct tx *tx, const char *sku)
{
    return SQL_STRING(tx, "SELECT product_id FROM variant WHERE sku = ?1", sql_string(sku));
}

/* The price of one piece outside any price list: what a product page shows. */
static bool is_ordinary(const Pricing__Price *price)
{
    return price->min_quantity <= 1 && !*price->price_list;
}

static void variant_price_insert(struct tx *tx, const char *sku, const Pricing__Price *price)
{
    SQL_DO(tx, "INSERT INTO variant_price (sku, currency, amount, compare_at_amount) VALUES (?1, ?2, ?3, ?4)",
           sql_string(sku), sql_string(price->currency), sql_int(price->amount), sql_int(price->compare_at_amount));
}

/* One more price can only widen what is there. */
static void product_price_widen(struct tx *tx, const char *product_id, const Pricing__Price *price)
{
    SQL_DO(tx,
           "INSERT INTO product_price (product_id, currency, lowest, highest) VALUES (?1, ?2, ?3, ?3)"
           " ON CONFLICT (product_id, currency) DO UPDATE SET"
           " lowest = CASE WHEN excluded.lowest < product_price.lowest THEN excluded.lowest ELSE product_price.lowest END,"
           " highest = CASE WHEN excluded.highest > product_price.highest THEN excluded.highest ELSE product_price.highest END",
           sql_string(product_id), sql_string(price->currency), sql_int(price->amount));
}

/* A SKU's first prices, as after an import, spare the look at all the other variants of its product. */
void catalog_project_prices_set(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    const Pricing__PricesSet *set = (const Pricing__PricesSet *)data;
    const char *product_id = product_of(tx, event->key), *before = product_shelf_prices_of(tx, event->key);
    bool had_some = *before != '\0';

    if (had_some)
        SQL_DO(tx, "DELETE FROM variant_price WHERE sku = ?1", sql_string(event->key));
    for (size_t i = 0; i < set->n_prices; i++) {
        if (!is_ordinary(set->prices[i]))
            continue;
        variant_price_insert(tx, event->key, set->prices[i]);
        if (product_id && !had_some)
            product_price_widen(tx, product_id, set->prices[i]);
    }
    if (product_id) {
        product_shelf_exchange_prices(tx, product_id, event->key, before, product_shelf_prices_of(tx, event->key));
        if (had_some)
            product_price_compute(tx, product_id);
        tx_touch(tx, "product", product_id);
        product_lists_touch(tx, product_id); /* some are in the order of prices, some show a range of them */
    }
}

/* Every event of a stock stream that moves units carries the level after it. */
static const Inventory__Level *level_of(const ProtobufCMessage *data)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(data->descriptor, "level");

    ASSERT(field);
    return *(Inventory__Level *const *)((const char *)data + field->offset);
}

struct level {
    int64_t available, sellable;
};

static struct level level_before(struct tx *tx, const char *sku)
{
    struct level before = {0};
    struct sql_rows rows = SQL_SELECT(tx, "SELECT available, sellable FROM variant_stock WHERE sku = ?1", sql_string(sku));

    if (sql_next(&rows)) {
        before = (struct level){sql_get_int(&rows, 0), sql_get_int(&rows, 1)};
        sql_stop(&rows);
    }
    return before;
}

static void product_level_changed(struct tx *tx, const char *product_id)
{
    bool list_changes = product_stock_compute(tx, product_id);

    tx_touch(tx, "product", product_id);
    if (list_changes)
        product_lists_touch(tx, product_id);
}

/* The products that sell the SKU as a part of a bundle. */
static void bundles_changed(struct tx *tx, const char *sku)
{
    const char **product_ids = NULL;
    size_t count = 0;
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT DISTINCT variant.product_id FROM variant_component JOIN variant"
                                      " ON variant.sku = variant_component.bundle WHERE variant_component.sku = ?1"
                                      " ORDER BY variant.product_id",
                                      sql_string(sku));

    while (sql_next(&rows)) {
        ARENA_ROOM(tx->arena, product_ids, count);
        product_ids[count++] = sql_get_string(&rows, 0);
    }
    for (size_t i = 0; i < count; i++)
        product_level_changed(tx, product_ids[i]);
}

/* What a product is found by changes only when one of its variants begins or ceases to be sold. */
void catalog_project_level(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    const Inventory__Level *level = level_of(data);
    const char *product_id = product_of(tx, event->key);
    int64_t sellable = level->available + level->oversell_limit;
    struct level before = level_before(tx, event->key);

    SQL_DO(tx,
           "INSERT INTO variant_stock (sku, available, sellable) VALUES (?1, ?2, ?3)"
           " ON CONFLICT (sku) DO UPDATE SET available = excluded.available, sellable = excluded.sellable",
           sql_string(event->key), sql_int(level->available), sql_int(sellable));
    if (product_id)
        product_shelf_exchange_level(tx, product_id, event->key, before.available, level->available);
    if (product_id && (before.sellable > 0) != (sellable > 0))
        product_level_changed(tx, product_id);
    else if (product_id)
        tx_touch(tx, "product", product_id);
    bundles_changed(tx, event->key);
}
