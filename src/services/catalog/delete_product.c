/*
 * catalog.delete_product: take a product out. One that is gone already is fine.
 */
#include "services/catalog/catalog_internal.h"

enum result catalog_delete_product(struct context *context, const Catalog__DeleteProductRequest *request,
                                   Google__Protobuf__Empty *answer)
{
    Catalog__Product *product = product_stored(context->tx, request->id);
    Catalog__ProductDeleted deleted = CATALOG__PRODUCT_DELETED__INIT;
    enum result result;

    (void)answer;
    if (!product)
        return RESULT_OK;
    result = context_check_version(context, product->version);
    if (result)
        return result;

    deleted.n_skus = product->n_variants;
    deleted.skus = ARENA_ARRAY(context->arena, const char *, product->n_variants);
    for (size_t i = 0; i < product->n_variants; i++)
        deleted.skus[i] = product->variants[i]->sku;
    catalog_emit_product_deleted(context, product->id, &deleted);
    return RESULT_OK;
}
