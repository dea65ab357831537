/*
 * catalog.delete_category: remove a category; its children move up. One that is gone already is fine.
 */
#include "services/catalog/catalog_internal.h"

enum result catalog_delete_category(struct context *context, const Catalog__DeleteCategoryRequest *request,
                                    Google__Protobuf__Empty *answer)
{
    Catalog__Category category = CATALOG__CATEGORY__INIT;
    Catalog__CategoryDeleted deleted = CATALOG__CATEGORY_DELETED__INIT;
    enum result result;

    (void)answer;
    if (!category_load(context->tx, request->id, &category))
        return RESULT_OK;
    result = context_check_version(context, category.version);
    if (result)
        return result;

    catalog_emit_category_deleted(context, request->id, &deleted);
    return RESULT_OK;
}
