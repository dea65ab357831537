/*
 * What a category is before it becomes an event: slug and place in the tree checked.
 */
#include "services/catalog/catalog_internal.h"

#include "base/id.h"

#include <string.h>

static enum result choose_slug(struct context *context, Catalog__Category *category)
{
    const char *owner;
    char slug[81];

    if (!*category->slug) {
        slug_from_title(text_of(category->name), slug);
        category->slug = *slug ? arena_strdup(context->arena, slug) : category->id;
    }
    owner = category_find(context->tx, category->slug);
    if (owner && strcmp(owner, category->id) != 0) {
        call_violation(context->call, "/slug", "already_exists", "Another category has the slug `%s`.", category->slug);
        return call_refuse(context->call, RESULT_ALREADY_EXISTS, "Another category has the slug `%s`.", category->slug);
    }
    return RESULT_OK;
}

static enum result check_parent(struct context *context, const Catalog__Category *category)
{
    const char **below;
    size_t count;

    if (!*category->parent_id)
        return RESULT_OK;
    if (!SQL_STRING(context->tx, "SELECT id FROM category WHERE id = ?1", sql_string(category->parent_id)))
        return call_violation(context->call, "/parentId", "not_found", "There is no category `%s`.",
                              category->parent_id);
    count = category_descendants(context->tx, category->id, &below);
    for (size_t i = 0; i < count; i++)
        if (strcmp(below[i], category->parent_id) == 0)
            return call_violation(context->call, "/parentId", "circular", "A category can't be below itself.");
    return RESULT_OK;
}

enum result category_prepare(struct context *context, const Catalog__Category *given, const Catalog__Category *before,
                             Catalog__Category *after)
{
    enum result result;

    *after = *given;
    after->id = before ? before->id : context_new_id(context);
    after->version = 0;
    result = choose_slug(context, after);
    return result ? result : check_parent(context, after);
}
