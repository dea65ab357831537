/*
 * catalog.get_category: one category, by its id or slug.
 */
#include "services/catalog/catalog_internal.h"

enum result catalog_get_category(struct context *context, const Catalog__GetCategoryRequest *request,
                                 Catalog__Category *answer)
{
    const char *id = category_find(context->tx, request->category);

    if (!id)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no category `%s`.", request->category);
    category_load(context->tx, id, answer);
    return RESULT_OK;
}
