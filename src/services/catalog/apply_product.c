/*
 * What a product's events do to the tables: the row, and everything that products are found by.
 */
#include "services/catalog/catalog_internal.h"

#include "base/lookup.h"
#include "platform/rpc/message.h"

/* --- what a product is filtered by, computed from it --- */

struct word_row {
    struct tx *tx;
    const char *product_id;
    struct lookup seen; /* most words come more than once, and looking here costs less than asking the store */
};

static void add_word(void *data, struct text word)
{
    struct word_row *row = data;

    if (lookup_find(&row->seen, word))
        return;
    lookup_put(&row->seen, text_of(arena_strndup(row->tx->arena, word.at, word.length)), 0);
    SQL_DO(row->tx, "INSERT INTO product_word (word, product_id) VALUES (?1, ?2)", sql_text(word),
           sql_string(row->product_id));
}

static void index_words(struct tx *tx, const Catalog__Product *product)
{
    struct word_row row = {tx, product->id, {0}};

    lookup_init(&row.seen, tx->arena);
    words_each(text_of(product->title), add_word, &row);
    words_each(text_of(product->description), add_word, &row);
    for (size_t i = 0; i < product->n_attributes; i++)
        words_each(text_of(product->attributes[i]->value), add_word, &row);
    for (size_t v = 0; v < product->n_variants; v++) {
        words_each(text_of(product->variants[v]->sku), add_word, &row);
        for (size_t a = 0; a < product->variants[v]->n_attributes; a++)
            words_each(text_of(product->variants[v]->attributes[a]->value), add_word, &row);
        for (size_t o = 0; o < product->variants[v]->n_options; o++)
            words_each(text_of(product->variants[v]->options[o]->value), add_word, &row);
    }
}

static void index_components(struct tx *tx, const Catalog__Variant *variant)
{
    for (size_t i = 0; i < variant->n_components; i++)
        SQL_DO(tx,
               "INSERT INTO variant_component (bundle, sku, quantity) VALUES (?1, ?2, ?3) ON CONFLICT (bundle, sku)"
               " DO UPDATE SET quantity = variant_component.quantity + excluded.quantity",
               sql_string(variant->sku), sql_string(variant->components[i]->sku),
               sql_int(variant->components[i]->quantity));
}

static void index_variants(struct tx *tx, const Catalog__Product *product)
{
    for (size_t v = 0; v < product->n_variants; v++) {
        const Catalog__Variant *variant = product->variants[v];

        SQL_DO(tx, "INSERT INTO variant (sku, product_id) VALUES (?1, ?2)", sql_string(variant->sku),
               sql_string(product->id));
        index_components(tx, variant);
        for (size_t o = 0; o < variant->n_options; o++)
            SQL_DO(tx,
                   "INSERT INTO product_option (product_id, name, value) VALUES (?1, ?2, ?3)"
                   " ON CONFLICT DO NOTHING",
                   sql_string(product->id), sql_string(variant->options[o]->key),
                   sql_string(variant->options[o]->value));
    }
}

/* A product is found in its categories and in all above them. */
void product_categories_compute(struct tx *tx, const Catalog__Product *product)
{
    SQL_DO(tx, "DELETE FROM product_category WHERE product_id = ?1", sql_string(product->id));
    for (size_t i = 0; i < product->n_categories; i++) {
        const char *id = product->categories[i]->id;

        while (id && *id) {
            SQL_DO(tx, "INSERT INTO product_category (category_id, product_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                   sql_string(id), sql_string(product->id));
            id = SQL_STRING(tx, "SELECT parent_id FROM category WHERE id = ?1", sql_string(id));
        }
    }
}

static void index_clear(struct tx *tx, const char *product_id)
{
    product_lists_touch(tx, product_id);
    SQL_DO(tx,
           "DELETE FROM variant_component WHERE bundle IN (SELECT sku FROM variant WHERE product_id = ?1)",
           sql_string(product_id));
    SQL_DO(tx, "DELETE FROM variant WHERE product_id = ?1", sql_string(product_id));
    SQL_DO(tx, "DELETE FROM product_option WHERE product_id = ?1", sql_string(product_id));
    SQL_DO(tx, "DELETE FROM product_category WHERE product_id = ?1", sql_string(product_id));
    SQL_DO(tx, "DELETE FROM product_word WHERE product_id = ?1", sql_string(product_id));
}

static void index_product(struct tx *tx, const Catalog__Product *product)
{
    index_variants(tx, product);
    product_categories_compute(tx, product);
    index_words(tx, product);
    product_shelf_compute(tx, product->id);
    product_price_compute(tx, product->id);
    product_stock_compute(tx, product->id);
    product_lists_touch(tx, product->id);
}

/* --- the row --- */

/* The product as it is kept: first prices and stock are others' from here on, and the version is a column. */
static struct text stored_form(struct tx *tx, Catalog__Product *product)
{
    for (size_t v = 0; v < product->n_variants; v++) {
        product->variants[v]->n_prices = 0;
        product->variants[v]->initial_stock = 0;
    }
    product->version = 0;
    product->created_at = product->updated_at = NULL;
    return message_pack(tx->arena, &product->base);
}

static Catalog__Product *own_copy(struct tx *tx, const Catalog__Product *product)
{
    return (Catalog__Product *)message_unpack(tx->arena, &catalog__product__descriptor,
                                              message_pack(tx->arena, &product->base));
}

/* For the import's undo. */
static void note_import(struct tx *tx, const struct event *event, const char *import_id)
{
    if (*import_id)
        SQL_DO(tx, "INSERT INTO import_product (import_id, product_id, version) VALUES (?1, ?2, ?3)", sql_string(import_id),
               sql_string(event->key), sql_int(event->stream_version));
}

void catalog_apply_product_created(struct tx *tx, const struct event *event, const Catalog__ProductCreated *data)
{
    Catalog__Product *product = own_copy(tx, data->product);
    struct text stored = stored_form(tx, product);

    SQL_DO(tx,
           "INSERT INTO product (id, version, slug, title, status, created_us, updated_us, data)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
           sql_string(product->id), sql_int(event->stream_version), sql_string(product->slug),
           sql_string(product->title), sql_int(product->status), sql_int(event->at_us),
           sql_bytes(stored.at, stored.length));
    index_product(tx, product);
    note_import(tx, event, data->import_id);
}

void catalog_apply_product_updated(struct tx *tx, const struct event *event, const Catalog__ProductUpdated *data)
{
    Catalog__Product *product = own_copy(tx, data->product);
    struct text stored = stored_form(tx, product);

    SQL_DO(tx,
           "UPDATE product SET version = ?2, slug = ?3, title = ?4, status = ?5, updated_us = ?6, data = ?7"
           " WHERE id = ?1",
           sql_string(product->id), sql_int(event->stream_version), sql_string(product->slug),
           sql_string(product->title), sql_int(product->status), sql_int(event->at_us),
           sql_bytes(stored.at, stored.length));
    index_clear(tx, product->id);
    index_product(tx, product);
    note_import(tx, event, data->import_id);
}

void catalog_apply_product_deleted(struct tx *tx, const struct event *event, const Catalog__ProductDeleted *data)
{
    (void)data;
    index_clear(tx, event->key);
    SQL_DO(tx, "DELETE FROM product_shelf WHERE product_id = ?1", sql_string(event->key));
    SQL_DO(tx, "DELETE FROM product_price WHERE product_id = ?1", sql_string(event->key));
    SQL_DO(tx, "DELETE FROM product_stock WHERE product_id = ?1", sql_string(event->key));
    SQL_DO(tx, "DELETE FROM product WHERE id = ?1", sql_string(event->key));
}
