/*
 * catalog.update_product: change what the mask names, or everything.
 *
 * Variants are replaced as a list; one keeps its id by keeping its SKU.
 */
#include "services/catalog/catalog_internal.h"

#include "platform/rpc/merge.h"

enum result catalog_update_product(struct context *context, const Catalog__UpdateProductRequest *request,
                                   Catalog__Product *answer)
{
    Catalog__Product *before = product_stored(context->tx, request->id);
    Catalog__Product merged, after;
    Catalog__ProductUpdated updated = CATALOG__PRODUCT_UPDATED__INIT;
    const struct coming_skus none = {0};
    enum result result;

    if (!before)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no product `%s`.", request->id);
    result = context_check_version(context, before->version);
    if (result)
        return result;
    merged = *before;
    result = message_patch(context->call, &catalog__product__declaration, &merged.base, &request->product->base,
                           request->update_mask);
    if (!result)
        result = product_prepare(context, &merged, before, &after);
    if (!result)
        result = product_check_components(context, &after, &none);
    if (result)
        return result;

    if (!message_equal(context->arena, &after.base, &before->base)) {
        updated.product = &after;
        catalog_emit_product_updated(context, before->id, &updated);
    }
    product_load(context->tx, before->id, "", answer);
    return RESULT_OK;
}
