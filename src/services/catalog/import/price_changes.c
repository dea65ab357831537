/*
 * Prices of variants that were there before.
 *
 * PUT /v1/prices is the one way to change a price by hand; a file that says another price than the shop's is the other. Prices are pricing's,
 * so the catalogue compares with its copy of them. Where it has none yet (an import is not yet priced, or there never was one), what the
 * product's own events said last counts.
 */
#include "services/catalog/import/merge.h"

#include "platform/rpc/message.h"

#include <string.h>

static Catalog__InitialPrice *price_new(struct arena *arena, const char *currency, int64_t amount, int64_t compare_at_amount)
{
    Catalog__InitialPrice *price = ARENA_NEW(arena, Catalog__InitialPrice);
    catalog__initial_price__init(price);
    price->currency = currency;
    price->amount = amount;
    price->compare_at_amount = compare_at_amount;
    return price;
}

/* The shop's price, or NULL. */
static Catalog__InitialPrice *price_shown(struct context *context, const char *sku, const char *currency)
{
    struct sql_rows rows = SQL_SELECT(context->tx,
                                      "SELECT amount, compare_at_amount FROM variant_price"
                                      " WHERE sku = ?1 AND currency = ?2",
                                      sql_string(sku), sql_string(currency));
    if (!sql_next(&rows))
        return NULL;
    Catalog__InitialPrice *price = price_new(context->arena, currency, sql_get_int(&rows, 0), sql_get_int(&rows, 1));
    sql_stop(&rows);
    if (price->compare_at_amount <= price->amount)
        price->compare_at_amount = 0; /* files can't say that either */
    return price;
}

/* --- what was said last -------------------------------------------------------------------------------------------- */

struct said {
    struct arena *arena;
    const char *sku, *currency;
    Catalog__InitialPrice *price;
};

static void look_at_product(struct said *said, const Catalog__Product *product)
{
    for (size_t v = 0; v < product->n_variants; v++)
        for (size_t p = 0; p < product->variants[v]->n_prices; p++)
            if (strcmp(product->variants[v]->sku, said->sku) == 0 &&
                strcmp(product->variants[v]->prices[p]->currency, said->currency) == 0)
                said->price = product->variants[v]->prices[p];
}

static void look_at_changes(struct said *said, const Catalog__ProductUpdated *updated)
{
    for (size_t i = 0; i < updated->n_price_changes; i++)
        if (strcmp(updated->price_changes[i]->sku, said->sku) == 0 &&
            strcmp(updated->price_changes[i]->currency, said->currency) == 0)
            said->price = updated->price_changes[i]->after;
}

static bool look_at_event(void *data, const struct event *event)
{
    struct said *said = data;
    if (strcmp(event->name, catalog__product_created__event.name) == 0) {
        look_at_product(said, ((const Catalog__ProductCreated *)message_unpack(
                                   said->arena, &catalog__product_created__descriptor, event->data))->product);
    } else if (strcmp(event->name, catalog__product_updated__event.name) == 0) {
        const Catalog__ProductUpdated *updated = (const Catalog__ProductUpdated *)message_unpack(
            said->arena, &catalog__product_updated__descriptor, event->data);
        look_at_product(said, updated->product);
        look_at_changes(said, updated);
    }
    return true;
}

static Catalog__InitialPrice *price_said(struct context *context, const char *product_id, const char *sku, const char *currency)
{
    struct said said = {.arena = context->arena, .sku = sku, .currency = currency};
    event_log_read(context->tx, arena_printf(context->arena, "product/%s", product_id), 0, 0, INT64_MAX, look_at_event, &said);
    return said.price;
}

/* --- comparing ----------------------------------------------------------------------------------------------------- */

static bool same_price(const Catalog__InitialPrice *a, const Catalog__InitialPrice *b)
{
    return a != NULL && a->amount == b->amount && a->compare_at_amount == b->compare_at_amount;
}

static void compare(struct context *context, const char *product_id, const char *sku, Catalog__InitialPrice *given,
                    Catalog__ProductUpdated *updated)
{
    Catalog__InitialPrice *shown = price_shown(context, sku, given->currency);
    if (same_price(shown, given) || (shown == NULL && same_price(price_said(context, product_id, sku, given->currency), given)))
        return;
    Catalog__PriceChange *change = ARENA_NEW(context->arena, Catalog__PriceChange);
    catalog__price_change__init(change);
    change->sku = sku;
    change->currency = given->currency;
    change->before = shown;
    change->after = given;
    ARENA_ROOM(context->arena, updated->price_changes, updated->n_price_changes);
    updated->price_changes[updated->n_price_changes++] = change;
}

static bool has_variant(const Catalog__Product *product, const char *sku)
{
    for (size_t i = 0; i < product->n_variants; i++)
        if (strcmp(product->variants[i]->sku, sku) == 0)
            return true;
    return false;
}

void import_price_changes(struct context *context, const struct imported_product *imported, const Catalog__Product *before,
                          Catalog__ProductUpdated *updated)
{
    for (size_t v = 0; v < imported->product->n_variants; v++) {
        const Catalog__Variant *variant = imported->product->variants[v];
        if (has_variant(before, variant->sku))
            for (size_t p = 0; p < variant->n_prices; p++)
                compare(context, before->id, variant->sku, variant->prices[p], updated);
    }
}
