/*
 * A product of a file meets the catalogue: what it will be, where it is found, what it costs.
 */
#ifndef SOUK_CATALOG_IMPORT_MERGE_H
#define SOUK_CATALOG_IMPORT_MERGE_H

#include "services/catalog/catalog_internal.h"
#include "services/catalog/import/import_file.h"

/* What the catalogue has, with what the file says of it: what is empty there stays; variants, options and attributes that the file does not name
 * stay, too. `before` is NULL for a new product. Ready for product_prepare(), but for categories. In `arena`. */
void import_merge(struct arena *arena, const struct import_file *file, const struct imported_product *imported,
                  const Catalog__Product *before, Catalog__Product *given);

/* The categories of a file, found by their paths or about to be made. */
struct category_plan {
    struct arena *arena;
    struct lookup ids;   /* by path, into known_ids */
    const char **known_ids;
    size_t known_count;
    struct lookup slugs; /* of those about to be made */
    Catalog__Category **made; /* parents before children */
    size_t made_count;
};
void category_plan_init(struct category_plan *plan, struct arena *arena);
/* References to where the file wants a product, or what it had before when the file does not say. In the context's arena. */
void category_plan_refer(struct category_plan *plan, struct context *context, const struct imported_product *imported,
                         const Catalog__Product *before, Catalog__Product *after);

/* The prices in the file that are not those of the shop, for variants that were there before. In the context's arena. */
void import_price_changes(struct context *context, const struct imported_product *imported, const Catalog__Product *before,
                          Catalog__ProductUpdated *updated);

/* Memory for one thing after another. What a handler makes lives in the arena of its call; with every product of a file that would be too much. So
 * products are worked on in an arena of their own, which the context and its transaction use meanwhile, and which is made anew every so often. */
struct scratch {
    struct context *context;
    struct arena *call_arena;
    unsigned uses;
};
void scratch_begin(struct scratch *scratch, struct context *context);
/* Before each product: what was made for earlier ones may be gone now. */
void scratch_renew(struct scratch *scratch);
void scratch_end(struct scratch *scratch);

#endif
