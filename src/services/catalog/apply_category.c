/*
 * What a category's events do to the tables.
 */
#include "services/catalog/catalog_internal.h"

/* The products that are found in a category; a change of it shows on them. */
static size_t products_in(struct tx *tx, const char *category_id, const char ***ids)
{
    int64_t count = SQL_INT(tx, 0, "SELECT COUNT(*) FROM product_category WHERE category_id = ?1", sql_string(category_id));
    struct sql_rows rows = SQL_SELECT(tx, "SELECT product_id FROM product_category WHERE category_id = ?1 ORDER BY product_id",
                                      sql_string(category_id));
    size_t n = 0;

    *ids = ARENA_ARRAY(tx->arena, const char *, (size_t)count);
    while (sql_next(&rows))
        (*ids)[n++] = sql_get_string(&rows, 0);
    for (size_t i = 0; i < n; i++)
        product_lists_touch(tx, (*ids)[i]); /* by the names that the categories have until now */
    return n;
}

static void products_compute(struct tx *tx, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        product_categories_compute(tx, product_stored(tx, ids[i]));
        product_lists_touch(tx, ids[i]);
        tx_touch(tx, "product", ids[i]);
    }
}

void catalog_apply_category_created(struct tx *tx, const struct event *event, const Catalog__CategoryCreated *data)
{
    const Catalog__Category *category = data->category;

    SQL_DO(tx,
           "INSERT INTO category (id, version, slug, name, parent_id, position, description)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
           sql_string(event->key), sql_int(event->stream_version), sql_string(category->slug),
           sql_string(category->name), sql_string(category->parent_id), sql_int(category->position),
           sql_string(category->description));
    if (*data->import_id) /* for its undo */
        SQL_DO(tx, "INSERT INTO import_category (import_id, category_id) VALUES (?1, ?2)", sql_string(data->import_id),
               sql_string(event->key));
}

void catalog_apply_category_updated(struct tx *tx, const struct event *event, const Catalog__CategoryUpdated *data)
{
    const Catalog__Category *category = data->category;
    const char **products;
    size_t count = products_in(tx, event->key, &products);

    SQL_DO(tx,
           "UPDATE category SET version = ?2, slug = ?3, name = ?4, parent_id = ?5, position = ?6, description = ?7"
           " WHERE id = ?1",
           sql_string(event->key), sql_int(event->stream_version), sql_string(category->slug),
           sql_string(category->name), sql_string(category->parent_id), sql_int(category->position),
           sql_string(category->description));
    products_compute(tx, products, count);
}

void catalog_apply_category_deleted(struct tx *tx, const struct event *event, const Catalog__CategoryDeleted *data)
{
    const char *parent_id = SQL_STRING(tx, "SELECT parent_id FROM category WHERE id = ?1", sql_string(event->key));
    const char **products;
    size_t count = products_in(tx, event->key, &products);

    (void)data;
    SQL_DO(tx, "UPDATE category SET parent_id = ?2 WHERE parent_id = ?1", sql_string(event->key),
           sql_string(parent_id));
    SQL_DO(tx, "DELETE FROM category WHERE id = ?1", sql_string(event->key));
    products_compute(tx, products, count);
}
