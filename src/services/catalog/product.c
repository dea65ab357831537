/*
 * Products as they are kept and shown.
 *
 * The row holds the product as its creator said it, packed. What other services own (prices, stock) and what others of our own
 * rows say (categories' names) is added when it is shown.
 */
#include "services/catalog/catalog_internal.h"

#include "base/assert.h"
#include "base/id.h"
#include "platform/rpc/common_types.h"
#include "platform/rpc/message.h"
#include "services/shop_defaults.h"

bool product_sees_all(const struct context *context)
{
    const struct actor *actor = &context->call->actor;

    return actor->kind == ACTOR_SYSTEM || (actor->scopes & SCOPE_CATALOG);
}

/* From a row of PRODUCT_COLUMNS. */
static Catalog__Product *product_of(struct sql_rows *rows)
{
    struct arena *arena = rows->tx->arena;
    Catalog__Product *product =
        (Catalog__Product *)message_unpack(arena, &catalog__product__descriptor, sql_get_bytes(rows, 0));

    ASSERT(product);
    product->version = sql_get_int(rows, 1);
    product->created_at = timestamp_message(arena, sql_get_int(rows, 2));
    product->updated_at = timestamp_message(arena, sql_get_int(rows, 3));
    return product;
}

#define PRODUCT_COLUMNS "data, version, created_us, updated_us"

Catalog__Product *product_stored(struct tx *tx, const char *id)
{
    Catalog__Product *product = NULL;
    struct sql_rows rows = SQL_SELECT(tx, "SELECT " PRODUCT_COLUMNS " FROM product WHERE id = ?1", sql_string(id));

    if (sql_next(&rows)) {
        product = product_of(&rows);
        sql_stop(&rows);
    }
    return product;
}

/* As many as its scarcest part makes. */
static int64_t bundles_available(struct tx *tx, const Catalog__Variant *bundle)
{
    return SQL_INT(tx, 0,
                   "SELECT MIN(CASE WHEN COALESCE(variant_stock.available, 0) > 0"
                   " THEN variant_stock.available / part.quantity ELSE 0 END) FROM variant_component AS part"
                   " LEFT JOIN variant_stock ON variant_stock.sku = part.sku WHERE part.bundle = ?1",
                   sql_string(bundle->sku));
}

/* Of what is sold on back order there is less than nothing, and nothing that a shopper could count on. */
static void complete_stock(struct tx *tx, Catalog__Product *product)
{
    for (size_t i = 0; i < product->n_variants; i++) {
        Catalog__Variant *variant = product->variants[i];

        if (variant->n_components > 0)
            variant->available = bundles_available(tx, variant);
        if (variant->available < 0)
            variant->available = 0;
    }
}

/* Categories that are gone since are left out. */
static void complete_categories(struct tx *tx, Catalog__Product *product)
{
    size_t kept = 0;

    for (size_t i = 0; i < product->n_categories; i++) {
        Catalog__CategoryReference *reference = product->categories[i];
        struct sql_rows rows =
            SQL_SELECT(tx, "SELECT slug, name FROM category WHERE id = ?1", sql_string(reference->id));

        if (!sql_next(&rows))
            continue;
        reference->slug = sql_get_string(&rows, 0);
        reference->name = sql_get_string(&rows, 1);
        product->categories[kept++] = reference;
        sql_stop(&rows);
    }
    product->n_categories = kept;
}

void product_complete(struct tx *tx, const char *currency, Catalog__Product *product)
{
    if (!*currency)
        currency = SHOP_DEFAULT_CURRENCY;
    complete_categories(tx, product);
    product_shelf_show(tx, currency, product);
    complete_stock(tx, product);
}

static void complete_prices(struct tx *tx, Catalog__Variant *variant)
{
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT currency, amount, compare_at_amount FROM variant_price"
                                      " WHERE sku = ?1 ORDER BY currency",
                                      sql_string(variant->sku));

    while (sql_next(&rows)) {
        Catalog__InitialPrice *price = ARENA_NEW(tx->arena, Catalog__InitialPrice);

        catalog__initial_price__init(price);
        price->currency = sql_get_string(&rows, 0);
        price->amount = sql_get_int(&rows, 1);
        price->compare_at_amount = sql_get_int(&rows, 2);
        ARENA_ROOM(tx->arena, variant->all_prices, variant->n_all_prices);
        variant->all_prices[variant->n_all_prices++] = price;
    }
}

void product_complete_prices(struct tx *tx, Catalog__Product *product)
{
    for (size_t i = 0; i < product->n_variants; i++)
        complete_prices(tx, product->variants[i]);
}

bool product_load(struct tx *tx, const char *id, const char *currency, Catalog__Product *answer)
{
    Catalog__Product *product = product_stored(tx, id);

    if (!product)
        return false;
    product_complete(tx, currency, product);
    *answer = *product;
    return true;
}

Catalog__Product *product_find(struct context *context, const char *id_or_slug, const char *currency)
{
    struct sql_rows rows;
    Catalog__Product *product = NULL;

    if (id_is_valid(text_of(id_or_slug)))
        rows = SQL_SELECT(context->tx, "SELECT " PRODUCT_COLUMNS " FROM product WHERE id = ?1", sql_string(id_or_slug));
    else
        rows = SQL_SELECT(context->tx, "SELECT " PRODUCT_COLUMNS " FROM product WHERE slug = ?1", sql_string(id_or_slug));
    if (sql_next(&rows)) {
        product = product_of(&rows);
        sql_stop(&rows);
    }
    if (!product || (product->status != CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED && !product_sees_all(context)))
        return NULL;
    product_complete(context->tx, currency, product);
    return product;
}
