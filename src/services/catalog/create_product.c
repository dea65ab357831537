/*
 * catalog.create_product: add a product.
 */
#include "services/catalog/catalog_internal.h"

enum result catalog_create_product(struct context *context, const Catalog__CreateProductRequest *request,
                                   Catalog__Product *answer)
{
    Catalog__Product product;
    Catalog__ProductCreated created = CATALOG__PRODUCT_CREATED__INIT;
    const struct coming_skus none = {0};
    enum result result = product_prepare(context, request->product, NULL, &product);

    if (!result)
        result = product_check_components(context, &product, &none);
    if (result)
        return result;

    created.product = &product;
    catalog_emit_product_created(context, product.id, &created);
    product_load(context->tx, product.id, "", answer); /* prices and stock come with its settling */
    return RESULT_OK;
}
