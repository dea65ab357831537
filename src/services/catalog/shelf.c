/*
 * The shelf: what a product's variants cost and how many there are, in one row, ready for the page.
 *
 * Reading a row costs SQLite ten times what reading a line of text costs us, and a product has ten variants with a price and a level each. So both are
 * kept once more as text, a line for each variant in the order of SKUs:
 *
 *     prices   "\nB-70/EUR 1990 0 USD 2100 2500 \nB-71/\n"     currency, amount, compare-at amount, by currency
 *     stock    "\nB-70/1000\nB-71/0\n"
 *
 * A SKU has neither "/" nor "\n" (FORMAT_SKU), so that "\nB-70/" is found once. A level or a price that changes is exchanged in place; a product that changes
 * computes the row anew from variant, variant_price and variant_stock.
 */
#include "services/catalog/catalog_internal.h"

#include "base/assert.h"
#include "platform/rpc/common_types.h"

#include <inttypes.h>
#include <stdlib.h>

/* More than all the variants and prices that a product may have. */
#define SHELF_BYTES_MAX (64 << 20)

/* --- writing --- */

static void add_price(struct buffer *prices, struct text currency, int64_t amount, int64_t compare_at_amount)
{
    buffer_add_text(prices, currency);
    buffer_add_char(prices, ' ');
    buffer_add_int64(prices, amount);
    buffer_add_char(prices, ' ');
    buffer_add_int64(prices, compare_at_amount);
    buffer_add_char(prices, ' ');
}

static void begin_line(struct buffer *lines, struct text sku)
{
    buffer_add_char(lines, '\n');
    buffer_add_text(lines, sku);
    buffer_add_char(lines, '/');
}

static void add_variants(struct tx *tx, const char *product_id, struct buffer *prices, struct buffer *stock)
{
    const char *last = NULL;
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT variant.sku, variant_stock.available, price.currency, price.amount, price.compare_at_amount"
                                      " FROM variant LEFT JOIN variant_stock ON variant_stock.sku = variant.sku"
                                      " LEFT JOIN variant_price AS price ON price.sku = variant.sku"
                                      " WHERE variant.product_id = ?1 ORDER BY variant.sku, price.currency",
                                      sql_string(product_id));

    while (sql_next(&rows)) {
        struct text sku = sql_get_text(&rows, 0);

        if (!last || !text_is(sku, last)) {
            begin_line(prices, sku);
            begin_line(stock, sku);
            buffer_add_int64(stock, sql_get_int(&rows, 1)); /* 0 where nothing is known */
            last = sql_get_string(&rows, 0);
        }
        if (!sql_is_null(&rows, 2))
            add_price(prices, sql_get_text(&rows, 2), sql_get_int(&rows, 3), sql_get_int(&rows, 4));
    }
    buffer_add_char(prices, '\n');
    buffer_add_char(stock, '\n');
}

void product_shelf_compute(struct tx *tx, const char *product_id)
{
    struct buffer prices, stock;

    buffer_init(&prices, SHELF_BYTES_MAX);
    buffer_init(&stock, SHELF_BYTES_MAX);
    add_variants(tx, product_id, &prices, &stock);
    ASSERT(!prices.overflowed && !stock.overflowed);
    SQL_DO(tx,
           "INSERT INTO product_shelf (product_id, prices, stock) VALUES (?1, ?2, ?3)"
           " ON CONFLICT (product_id) DO UPDATE SET prices = excluded.prices, stock = excluded.stock",
           sql_string(product_id), sql_text(buffer_text(&prices)), sql_text(buffer_text(&stock)));
    buffer_release(&prices);
    buffer_release(&stock);
}

static void exchange_line(struct tx *tx, const char *sql, const char *product_id, const char *sku, const char *before, const char *now)
{
    SQL_DO(tx, sql, sql_string(product_id), sql_string(arena_printf(tx->arena, "\n%s/%s\n", sku, before)),
           sql_string(arena_printf(tx->arena, "\n%s/%s\n", sku, now)));
}

void product_shelf_exchange_level(struct tx *tx, const char *product_id, const char *sku, int64_t before, int64_t now)
{
    if (before != now)
        exchange_line(tx, "UPDATE product_shelf SET stock = REPLACE(stock, ?2, ?3) WHERE product_id = ?1", product_id, sku,
                      arena_printf(tx->arena, "%" PRId64, before), arena_printf(tx->arena, "%" PRId64, now));
}

void product_shelf_exchange_prices(struct tx *tx, const char *product_id, const char *sku, const char *before, const char *now)
{
    if (strcmp(before, now) != 0)
        exchange_line(tx, "UPDATE product_shelf SET prices = REPLACE(prices, ?2, ?3) WHERE product_id = ?1", product_id, sku, before, now);
}

const char *product_shelf_prices_of(struct tx *tx, const char *sku)
{
    const char *line = "";
    struct sql_rows rows =
        SQL_SELECT(tx, "SELECT currency, amount, compare_at_amount FROM variant_price WHERE sku = ?1 ORDER BY currency", sql_string(sku));

    while (sql_next(&rows))
        line = arena_printf(tx->arena, "%s%s %" PRId64 " %" PRId64 " ", line, sql_get_string(&rows, 0), sql_get_int(&rows, 1),
                            sql_get_int(&rows, 2));
    return line;
}

/* --- reading --- */

/* What comes before the next `end` in what is left: mostly a few bytes, for which memchr() would take longer. */
static inline struct text take_until(struct text *rest, char end)
{
    struct text taken = {rest->at, 0};

    while (taken.length < rest->length && taken.at[taken.length] != end)
        taken.length++;
    ASSERT(taken.length < rest->length);
    rest->length -= taken.length + 1;
    rest->at += taken.length + 1;
    return taken;
}

static int64_t number_of(struct text digits)
{
    int64_t number = 0;

    ASSERT(text_to_int64(digits, &number));
    return number;
}

static void show_price(struct text prices, const char *currency, Catalog__Variant *variant, struct arena *arena)
{
    while (prices.length > 0) {
        bool is_wanted = text_is(take_until(&prices, ' '), currency);
        struct text amount = take_until(&prices, ' '), compare_at_amount = take_until(&prices, ' ');

        if (!is_wanted)
            continue;
        variant->price = money_message(arena, number_of(amount), currency);
        if (!text_is(compare_at_amount, "0"))
            variant->compare_at_price = money_message(arena, number_of(compare_at_amount), currency);
        return;
    }
}

static int compare_skus(const void *a, const void *b)
{
    return strcmp((*(Catalog__Variant *const *)a)->sku, (*(Catalog__Variant *const *)b)->sku);
}

/* Most products have them in this order already. */
static Catalog__Variant **variants_by_sku(const Catalog__Product *product, struct arena *arena)
{
    size_t in_order = 1;
    Catalog__Variant **variants;

    while (in_order < product->n_variants && strcmp(product->variants[in_order - 1]->sku, product->variants[in_order]->sku) < 0)
        in_order++;
    if (in_order >= product->n_variants)
        return product->variants;
    variants = ARENA_ARRAY(arena, Catalog__Variant *, product->n_variants);
    memcpy(variants, product->variants, product->n_variants * sizeof *variants);
    qsort(variants, product->n_variants, sizeof *variants, compare_skus);
    return variants;
}

/* Both texts begin with the end of a line before their first. */
static void show_variants(struct text prices, struct text stock, const char *currency, Catalog__Product *product, struct arena *arena)
{
    Catalog__Variant **variants = variants_by_sku(product, arena);

    take_until(&prices, '\n');
    take_until(&stock, '\n');
    for (size_t i = 0; i < product->n_variants; i++) {
        ASSERT(text_is(take_until(&prices, '/'), variants[i]->sku));
        show_price(take_until(&prices, '\n'), currency, variants[i], arena);
        ASSERT(text_is(take_until(&stock, '/'), variants[i]->sku));
        variants[i]->available = number_of(take_until(&stock, '\n'));
    }
}

void product_shelf_show(struct tx *tx, const char *currency, Catalog__Product *product)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT prices, stock FROM product_shelf WHERE product_id = ?1", sql_string(product->id));

    if (sql_next(&rows)) {
        show_variants(sql_get_text(&rows, 0), sql_get_text(&rows, 1), currency, product, tx->arena);
        sql_stop(&rows);
    }
}
