/*
 * catalog.get_product: one product, by its id or slug.
 */
#include "services/catalog/catalog_internal.h"

enum result catalog_get_product(struct context *context, const Catalog__GetProductRequest *request,
                                Catalog__Product *answer)
{
    Catalog__Product *product = product_find(context, request->product, request->currency);

    if (!product)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no product `%s`.", request->product);
    *answer = *product;
    if (product_sees_all(context))
        product_complete_prices(context->tx, answer);
    return RESULT_OK;
}
