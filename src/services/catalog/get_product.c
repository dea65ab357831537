/*
 * catalog.get_product: one product, by its id or slug.
 */
#include "services/catalog/catalog_internal.h"

enum result catalog_get_product(struct context *context, const Catalog__GetProductRequest *request,
                                Catalog__Product *answer)
{
    const char *id = product_find(context, request->product);

    if (!id)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no product `%s`.", request->product);
    product_load(context->tx, id, request->currency, answer);
    if (product_sees_all(context))
        product_complete_prices(context->tx, answer);
    return RESULT_OK;
}
