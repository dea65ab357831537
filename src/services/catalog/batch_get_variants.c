/*
 * catalog.batch_get_variants: what carts need to know to sell SKUs.
 *
 * One statement for as many SKUs as most carts have lines. Whoever asks only which are sold (every cart that is shown does) gets that from two
 * keys; products, which may have 2,000 variants each, are unpacked for those who want to know more, each once.
 */
#include "services/catalog/catalog_internal.h"

#include "base/assert.h"
#include "platform/rpc/message.h"

#include <string.h>

/* --- asking ---------------------------------------------------------------------------------------------------------- */

/* SKUs of one statement. Fewer are filled up with the last one, so that there is one statement for every number of them. */
#define SKUS_AT_ONCE 8
#define SOLD_AMONG                                                                                                     \
    " FROM variant JOIN product ON product.id = variant.product_id"                                                    \
    " WHERE variant.sku IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) AND product.status = ?9 ORDER BY product.id, variant.sku"

static struct sql_rows sold_among(struct tx *tx, const char *const *skus, size_t count, bool only_sku)
{
    struct sql_value values[SKUS_AT_ONCE + 1];

    for (size_t i = 0; i < SKUS_AT_ONCE; i++)
        values[i] = sql_string(skus[i < count ? i : count - 1]);
    values[SKUS_AT_ONCE] = sql_int(CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED);
    return sql_select(tx, only_sku ? "SELECT variant.sku, product.id" SOLD_AMONG : "SELECT variant.sku, product.id, product.data" SOLD_AMONG,
                      values, SKUS_AT_ONCE + 1);
}

/* --- describing ------------------------------------------------------------------------------------------------------ */

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

static void describe(struct arena *arena, const Catalog__Product *product, Catalog__SellableVariant *item)
{
    const Catalog__Variant *variant = find_variant(product, item->sku);

    ASSERT(variant);
    item->title = title_of(arena, product, variant);
    item->weight_grams = variant->weight_grams;
    item->digital = variant->digital;
    item->tax_category = variant->tax_category;
    item->image_url = *variant->image_url ? variant->image_url : product->n_images ? product->images[0]->url : "";
}

/* --- answering ------------------------------------------------------------------------------------------------------- */

/* Rows come product by product, so that each is unpacked once. */
static void add_sold(struct context *context, const char *const *skus, size_t count, bool only_sku,
                     Catalog__BatchGetVariantsResponse *answer)
{
    struct sql_rows rows = sold_among(context->tx, skus, count, only_sku);
    const Catalog__Product *product = NULL;

    while (sql_next(&rows)) {
        Catalog__SellableVariant *item = ARENA_NEW(context->arena, Catalog__SellableVariant);

        catalog__sellable_variant__init(item);
        item->sku = sql_get_string(&rows, 0);
        item->product_id = sql_get_string(&rows, 1);
        answer->items[answer->n_items++] = item;
        if (only_sku)
            continue;
        if (!product || strcmp(product->id, item->product_id) != 0)
            product = (const Catalog__Product *)message_unpack(context->arena, &catalog__product__descriptor, sql_get_bytes(&rows, 2));
        ASSERT(product);
        describe(context->arena, product, item);
    }
}

enum result catalog_batch_get_variants(struct context *context, const Catalog__BatchGetVariantsRequest *request,
                                       Catalog__BatchGetVariantsResponse *answer)
{
    answer->items = ARENA_ARRAY(context->arena, Catalog__SellableVariant *, request->n_skus);
    for (size_t i = 0; i < request->n_skus; i += SKUS_AT_ONCE) {
        size_t left = request->n_skus - i;

        add_sold(context, request->skus + i, left < SKUS_AT_ONCE ? left : SKUS_AT_ONCE, request->only_sku, answer);
    }
    return RESULT_OK;
}
