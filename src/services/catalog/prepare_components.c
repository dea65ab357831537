/*
 * Whether bundles can be sold: made of SKUs that the shop has, and never of bundles. So no bundle is part of itself, at whatever distance.
 */
#include "services/catalog/catalog_internal.h"

#include <string.h>

static const Catalog__Variant *variant_of(const Catalog__Product *product, const char *sku)
{
    for (size_t i = 0; i < product->n_variants; i++)
        if (strcmp(product->variants[i]->sku, sku) == 0)
            return product->variants[i];
    return NULL;
}

static bool is_coming(const struct lookup *coming, const char *sku)
{
    return coming != NULL && lookup_find(coming, text_of(sku)) != NULL;
}

static bool is_known(struct tx *tx, const char *sku, const struct coming_skus *coming)
{
    return is_coming(coming->all, sku) || SQL_INT(tx, 0, "SELECT 1 FROM variant WHERE sku = ?1", sql_string(sku));
}

static bool is_bundle(struct tx *tx, const char *sku, const struct coming_skus *coming)
{
    return is_coming(coming->bundles, sku) ||
           SQL_INT(tx, 0, "SELECT 1 FROM variant_component WHERE bundle = ?1 LIMIT 1", sql_string(sku));
}

/* NULL: it may be part of the bundle. Else a code, and why not. */
static const char *what_is_wrong(struct tx *tx, const Catalog__Product *product, const Catalog__Variant *bundle,
                                 const char *sku, const struct coming_skus *coming, const char **why)
{
    const Catalog__Variant *own = variant_of(product, sku);

    *why = "A bundle can't be made of itself.";
    if (own == bundle)
        return "circle";
    *why = "This is a bundle itself; name what it is made of.";
    if (own ? own->n_components > 0 : is_bundle(tx, sku, coming))
        return "bundle";
    *why = "The shop has no such SKU.";
    if (!own && !is_known(tx, sku, coming))
        return "not_found";
    return NULL;
}

/* The bundle of another product that a SKU is part of; NULL when there is none. */
static const char *bundle_with(struct tx *tx, const Catalog__Product *product, const char *sku)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT bundle FROM variant_component WHERE sku = ?1", sql_string(sku));
    const char *found = NULL;

    while (!found && sql_next(&rows)) {
        const char *bundle = sql_get_string(&rows, 0);

        if (!variant_of(product, bundle))
            found = bundle;
    }
    sql_stop(&rows);
    return found;
}

static enum result check_bundle(struct context *context, const Catalog__Product *product, size_t at,
                                const struct coming_skus *coming)
{
    const Catalog__Variant *bundle = product->variants[at];
    const char *whole = bundle_with(context->tx, product, bundle->sku), *why;
    enum result result = RESULT_OK;

    if (whole)
        result = call_violation(context->call, arena_printf(context->arena, "/variants/%zu/components", at), "bundle",
                                "The bundle `%s` is made of this, so it can't become a bundle itself.", whole);
    for (size_t i = 0; i < bundle->n_components; i++) {
        const char *code = what_is_wrong(context->tx, product, bundle, bundle->components[i]->sku, coming, &why);

        if (code)
            result = call_violation(context->call, arena_printf(context->arena, "/variants/%zu/components/%zu/sku", at, i),
                                    code, "%s", why);
    }
    return result;
}

enum result product_check_components(struct context *context, const Catalog__Product *product, const struct coming_skus *coming)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; i < product->n_variants; i++)
        if (product->variants[i]->n_components > 0 && check_bundle(context, product, i, coming) != RESULT_OK)
            result = RESULT_VALIDATION_FAILED;
    return result;
}
