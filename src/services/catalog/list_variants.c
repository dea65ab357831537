/*
 * catalog.list_variants: the variants of one product.
 */
#include "services/catalog/catalog_internal.h"

enum result catalog_list_variants(struct context *context, const Catalog__ListVariantsRequest *request,
                                  Catalog__ListVariantsResponse *answer)
{
    Catalog__Product *product = product_find(context, request->product, request->currency);

    if (!product)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no product `%s`.", request->product);
    answer->n_items = product->n_variants;
    answer->items = product->variants;
    return RESULT_OK;
}
