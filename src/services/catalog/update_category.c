/*
 * catalog.update_category: change what the mask names, or everything.
 */
#include "services/catalog/catalog_internal.h"

#include "platform/rpc/merge.h"

enum result catalog_update_category(struct context *context, const Catalog__UpdateCategoryRequest *request,
                                    Catalog__Category *answer)
{
    Catalog__Category before = CATALOG__CATEGORY__INIT, merged, after;
    Catalog__CategoryUpdated updated = CATALOG__CATEGORY_UPDATED__INIT;
    enum result result;

    if (!category_load(context->tx, request->id, &before))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no category `%s`.", request->id);
    result = context_check_version(context, before.version);
    if (result)
        return result;
    merged = before;
    result = message_patch(context->call, &catalog__category__declaration, &merged.base, &request->category->base,
                           request->update_mask);
    if (!result)
        result = category_prepare(context, &merged, &before, &after);
    if (result)
        return result;

    updated.category = &after;
    catalog_emit_category_updated(context, before.id, &updated);
    category_load(context->tx, before.id, answer);
    return RESULT_OK;
}
