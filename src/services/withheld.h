/*
 * SKUs that shoppers don't see: those of drafts and archived products, as the catalogue says.
 *
 * Services that answer anybody by SKU keep a table of them, `withheld_sku`, and answer strangers as if such a SKU were unknown. The table is a
 * projection of the catalogue's events: three subscriptions, each with what is declared here, and a migration
 *
 *     CREATE TABLE withheld_sku (sku TEXT NOT NULL PRIMARY KEY, product_id TEXT NOT NULL) WITHOUT ROWID;
 *     CREATE INDEX withheld_sku_product ON withheld_sku (product_id);
 *
 * It is the exception that is kept: a shop whose products are all published has no row, and a SKU that no product has may be answered, as may those
 * of a product that was there before the table, until `souk rebuild` or its next change.
 */
#ifndef SOUK_SERVICES_WITHHELD_H
#define SOUK_SERVICES_WITHHELD_H

#include "platform/service/service.h"
#include "souk/catalog/v1/events.souk.h"

/* Staff with one of these scopes see every SKU, and so does the system: a cart asks for its buyer, and asks the catalogue what is sold. */
static inline bool sku_is_withheld(struct context *context, const char *sku, unsigned scopes)
{
    const struct actor *actor = &context->call->actor;
    return actor->kind != ACTOR_SYSTEM && (actor->scopes & scopes) == 0 &&
           SQL_INT(context->tx, 0, "SELECT 1 FROM withheld_sku WHERE sku = ?1", sql_string(sku)) != 0;
}

/* `resource` is what answers by SKU are tagged with: "stock", "price". */
static inline void withheld_forget(struct tx *tx, const char *product_id, const char *resource)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT sku FROM withheld_sku WHERE product_id = ?1 ORDER BY sku", sql_string(product_id));
    bool any = false;
    while (sql_next(&rows)) {
        tx_touch(tx, resource, sql_get_string(&rows, 0));
        any = true;
    }
    if (any)
        SQL_DO(tx, "DELETE FROM withheld_sku WHERE product_id = ?1", sql_string(product_id));
}

static inline void withheld_note(struct tx *tx, const char *product_id, const Catalog__Product *product, const char *resource)
{
    withheld_forget(tx, product_id, resource);
    if (product->status == CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED)
        return;
    for (size_t i = 0; i < product->n_variants; i++) {
        SQL_DO(tx,
               "INSERT INTO withheld_sku (sku, product_id) VALUES (?1, ?2)"
               " ON CONFLICT (sku) DO UPDATE SET product_id = excluded.product_id",
               sql_string(product->variants[i]->sku), sql_string(product_id));
        tx_touch(tx, resource, product->variants[i]->sku);
    }
}

#endif
