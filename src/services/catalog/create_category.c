/*
 * catalog.create_category: add a category.
 */
#include "services/catalog/catalog_internal.h"

enum result catalog_create_category(struct context *context, const Catalog__CreateCategoryRequest *request,
                                    Catalog__Category *answer)
{
    Catalog__Category category;
    Catalog__CategoryCreated created = CATALOG__CATEGORY_CREATED__INIT;
    enum result result = category_prepare(context, request->category, NULL, &category);

    if (result)
        return result;

    created.category = &category;
    catalog_emit_category_created(context, category.id, &created);
    category_load(context->tx, category.id, answer);
    return RESULT_OK;
}
