/*
 * Following the catalogue: every SKU it has, has stock, if only 0.
 *
 * A SKU that comes back, or becomes another bundle, keeps its numbers and rules. One that goes keeps its numbers for what is promised, but nothing
 * more of it is sold.
 */
#include "services/inventory/inventory_internal.h"

#include "souk/catalog/v1/events.souk.h"

#include <string.h>

/* --- what appears ----------------------------------------------------------------------------------------------------- */

static Inventory__StockComponent *find_component(Inventory__StockComponent **components, size_t count, const char *sku)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(components[i]->sku, sku) == 0)
            return components[i];
    return NULL;
}

/* The variant's components, those of one SKU added up. */
static Inventory__StockComponent **components_of(struct arena *arena, const Catalog__Variant *variant, size_t *count)
{
    Inventory__StockComponent **components = ARENA_ARRAY(arena, Inventory__StockComponent *, variant->n_components);
    *count = 0;
    for (size_t i = 0; i < variant->n_components; i++) {
        Inventory__StockComponent *component = find_component(components, *count, variant->components[i]->sku);
        if (component == NULL) {
            component = components[(*count)++] = ARENA_NEW(arena, Inventory__StockComponent);
            inventory__stock_component__init(component);
            component->sku = variant->components[i]->sku;
        }
        component->quantity += variant->components[i]->quantity;
    }
    return components;
}

static bool has_components(struct context *context, const char *sku, Inventory__StockComponent **components, size_t count)
{
    size_t stored_count;
    Inventory__StockComponent **stored = stock_components(context->tx, context->arena, sku, &stored_count);
    if (stored_count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const Inventory__StockComponent *same = find_component(stored, count, components[i]->sku);
        if (same == NULL || same->quantity != components[i]->quantity)
            return false;
    }
    return true;
}

/* What a new SKU comes with. */
static void take_initial_stock(struct context *context, struct stock_record *stock, int64_t units)
{
    if (units > 0 && stock_adjust(&stock->numbers, units) == RESULT_OK)
        stock_emit_adjusted(context, stock, LOCATION_DEFAULT, units, "initial stock");
}

static void open_variant(struct context *context, const char *product_id, const Catalog__Variant *variant)
{
    size_t count;
    Inventory__StockComponent **components = components_of(context->arena, variant, &count);
    struct stock_record stock;
    bool found = stock_record_find(context->tx, variant->sku, &stock);
    if (found && stock.is_open && strcmp(stock.product_id, product_id) == 0 &&
        ((!stock.is_bundle && count == 0) || has_components(context, variant->sku, components, count)))
        return;
    stock.product_id = product_id;
    stock_emit_opened(context, &stock, components, count);
    if (!found && count == 0)
        take_initial_stock(context, &stock, variant->initial_stock);
}

static void open_variants(struct context *context, const char *product_id, const Catalog__Product *product)
{
    for (size_t i = 0; i < product->n_variants; i++)
        open_variant(context, product_id, product->variants[i]);
}

/* --- what vanishes ---------------------------------------------------------------------------------------------------- */

static bool has_variant(const Catalog__Product *product, const char *sku)
{
    for (size_t i = 0; i < product->n_variants; i++)
        if (strcmp(product->variants[i]->sku, sku) == 0)
            return true;
    return false;
}

/* Close the product's SKUs but those that it still has. */
static void close_variants(struct context *context, const char *product_id, const Catalog__Product *kept)
{
    const char **gone = NULL;
    size_t count = 0;
    struct sql_rows rows = SQL_SELECT(context->tx,
                                      "SELECT sku FROM stock WHERE product_id = ?1 AND is_open = 1 ORDER BY sku",
                                      sql_string(product_id));
    while (sql_next(&rows)) {
        const char *sku = sql_get_string(&rows, 0);
        if (kept != NULL && has_variant(kept, sku))
            continue;
        ARENA_ROOM(context->arena, gone, count);
        gone[count++] = sku;
    }
    Inventory__StockClosed closed = INVENTORY__STOCK_CLOSED__INIT;
    for (size_t i = 0; i < count; i++)
        inventory_emit_stock_closed(context, gone[i], &closed);
}

/* --- the catalogue's events ------------------------------------------------------------------------------------------- */

enum result inventory_follow_product_created(struct context *context, const struct event *event,
                                             const ProtobufCMessage *data)
{
    open_variants(context, event->key, ((const Catalog__ProductCreated *)data)->product);
    return RESULT_OK;
}

enum result inventory_follow_product_updated(struct context *context, const struct event *event,
                                             const ProtobufCMessage *data)
{
    const Catalog__Product *product = ((const Catalog__ProductUpdated *)data)->product;
    close_variants(context, event->key, product);
    open_variants(context, event->key, product);
    return RESULT_OK;
}

enum result inventory_follow_product_deleted(struct context *context, const struct event *event,
                                             const ProtobufCMessage *data)
{
    (void)data; /* which SKUs it had is known here */
    close_variants(context, event->key, NULL);
    return RESULT_OK;
}
