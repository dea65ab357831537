/*
 * catalog.batch_get_variants: what carts need to know to sell SKUs.
 */
#include "services/catalog/catalog_internal.h"

#include <string.h>

static const Catalog__Variant *find_variant(const Catalog__Product *product, const char *sku)
{
    for (size_t i = 0; i < product->n_variants; i++)
        if (strcmp(product->variants[i]->sku, sku) == 0)
            return product->variants[i];
    return NULL;
}

/* "Shirt", or "Shirt, Red / L" where there is more than one. */
static const char *title_of(struct arena *arena, const Catalog__Product *product, const Catalog__Variant *variant)
{
    if (product->n_variants == 1 || !*variant->title)
        return product->title;
    return arena_printf(arena, "%s, %s", product->title, variant->title);
}

static Catalog__SellableVariant *sellable(struct context *context, const char *sku)
{
    const char *product_id =
        SQL_STRING(context->tx, "SELECT product_id FROM variant WHERE sku = ?1", sql_string(sku));
    Catalog__Product *product = product_id ? product_stored(context->tx, product_id) : NULL;
    const Catalog__Variant *variant = product ? find_variant(product, sku) : NULL;
    Catalog__SellableVariant *item;

    if (!variant || product->status != CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED)
        return NULL;
    item = ARENA_NEW(context->arena, Catalog__SellableVariant);
    catalog__sellable_variant__init(item);
    item->sku = variant->sku;
    item->product_id = product_id;
    item->title = title_of(context->arena, product, variant);
    item->weight_grams = variant->weight_grams;
    item->digital = variant->digital;
    item->tax_category = variant->tax_category;
    item->image_url = *variant->image_url ? variant->image_url : product->n_images ? product->images[0]->url : "";
    return item;
}

enum result catalog_batch_get_variants(struct context *context, const Catalog__BatchGetVariantsRequest *request,
                                       Catalog__BatchGetVariantsResponse *answer)
{
    answer->items = ARENA_ARRAY(context->arena, Catalog__SellableVariant *, request->n_skus);
    for (size_t i = 0; i < request->n_skus; i++) {
        Catalog__SellableVariant *item = sellable(context, request->skus[i]);

        if (item)
            answer->items[answer->n_items++] = item;
    }
    return RESULT_OK;
}
