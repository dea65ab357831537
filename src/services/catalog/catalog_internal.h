/*
 * What the catalogue's own files share.
 */
#ifndef SOUK_SERVICES_CATALOG_INTERNAL_H
#define SOUK_SERVICES_CATALOG_INTERNAL_H

#include "base/lookup.h"
#include "platform/service/service.h"
#include "souk/catalog/v1/catalog.souk.h"
#include "souk/catalog/v1/events.souk.h"
#include "souk/inventory/v1/events.pb-c.h"
#include "souk/pricing/v1/events.pb-c.h"

/* --- reading (product.c, category.c) --- */

/* A product by its id or slug, as it is shown, with prices in `currency` ("" for the shop's); NULL when there is none that the caller may see. */
Catalog__Product *product_find(struct context *context, const char *id_or_slug, const char *currency);
/* Whether the caller sees products that are not published. */
bool product_sees_all(const struct context *context);
/* A product as it was said, without what other services own: for changing it. NULL when there is none. In the context's arena. */
Catalog__Product *product_stored(struct tx *tx, const char *id);
/* A product as it is shown, with prices in `currency` ("" for the shop's). False when there is none. */
bool product_load(struct tx *tx, const char *id, const char *currency, Catalog__Product *answer);
/* Bring a stored product into the form that is shown: categories by name, prices and stock on its variants. */
void product_complete(struct tx *tx, const char *currency, Catalog__Product *product);
/* Prices in `currency` and levels, bundles' but for those of their parts (shelf.c). */
void product_shelf_show(struct tx *tx, const char *currency, Catalog__Product *product);
/* Add what staff see: the prices in all currencies. */
void product_complete_prices(struct tx *tx, Catalog__Product *product);

const char *category_find(struct tx *tx, const char *id_or_slug);
bool category_load(struct tx *tx, const char *id, Catalog__Category *answer);
/* Every category below `id`, and itself, as ids. The count. */
size_t category_descendants(struct tx *tx, const char *id, const char ***ids);

bool import_load(struct tx *tx, const char *id, Catalog__Import *answer);
/* Due when an import that comes in parts has stood still for too long: take back what of it is there. */
#define IMPORT_TIMER "import"
enum result catalog_take_back_import(struct context *context, const char *id);

/* --- deciding (prepare_product.c) --- */

/* Make `after`, ready to be an event's content, out of what was given: ids, slug, options and titles filled in, SKUs, slugs and
 * categories checked. `before` is the product as it is, or NULL for a new one. Refuses with a pointer below `/`. */
/* The same for a category. */
enum result category_prepare(struct context *context, const Catalog__Category *given, const Catalog__Category *before,
                             Catalog__Category *after);
enum result product_prepare(struct context *context, const Catalog__Product *given, const Catalog__Product *before,
                            Catalog__Product *after);

/* SKUs that come with the same import: all, and those that are bundles. NULL: none. */
struct coming_skus {
    const struct lookup *all, *bundles;
};
/* Whether its bundles are made of what the shop has, or will have, and of no bundles. Refuses with pointers. */
enum result product_check_components(struct context *context, const Catalog__Product *product, const struct coming_skus *coming);

/* --- applying (apply_*.c) --- */

/* The categories that a product is found in: its own and all above them. */
void product_categories_compute(struct tx *tx, const Catalog__Product *product);
/* What the variants of a product cost and how many there are, ready to be shown (shelf.c): computed anew; */
void product_shelf_compute(struct tx *tx, const char *product_id);
/* with another level of one variant; */
void product_shelf_exchange_level(struct tx *tx, const char *product_id, const char *sku, int64_t before, int64_t now);
/* and with other prices of one, as product_shelf_prices_of() gave them before they changed and gives them now. */
void product_shelf_exchange_prices(struct tx *tx, const char *product_id, const char *sku, const char *before, const char *now);
const char *product_shelf_prices_of(struct tx *tx, const char *sku);
/* The lowest and highest price of a product, from its variants' prices. */
void product_price_compute(struct tx *tx, const char *product_id);
/* Whether any variant of it can be bought. True when that changed. */
bool product_stock_compute(struct tx *tx, const char *product_id);
/* The lists that a product is in, or could be, are old: call it before and after what changes its categories. */
void product_lists_touch(struct tx *tx, const char *product_id);
/* The words of a text, ASCII letters in lower case, each at most 40 bytes: how products are found. */
void words_each(struct text text, void (*each)(void *data, struct text word), void *data);

/* --- what others say (project.c) --- */

void catalog_project_prices_set(struct tx *tx, const struct event *event, const ProtobufCMessage *data);
void catalog_project_level(struct tx *tx, const struct event *event, const ProtobufCMessage *data);

#endif
