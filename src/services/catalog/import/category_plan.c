/*
 * The categories that a file names: those that are there, and those that the import makes.
 *
 * A category is known by its name below its parent. A new one gets its name as slug, or, where another has that, its whole path.
 */
#include "base/id.h"
#include "services/catalog/import/merge.h"

#include <string.h>

void category_plan_init(struct category_plan *plan, struct arena *arena)
{
    *plan = (struct category_plan){.arena = arena};
    lookup_init(&plan->ids, arena);
    lookup_init(&plan->slugs, arena);
}

static bool slug_is_free(const struct category_plan *plan, struct tx *tx, const char *slug)
{
    return *slug != '\0' && category_find(tx, slug) == NULL && lookup_find(&plan->slugs, text_of(slug)) == NULL;
}

static const char *choose_slug(const struct category_plan *plan, struct tx *tx, const struct category_path *path,
                               size_t depth, const char *id)
{
    char slug[81];
    const char *joined = path->names[0];
    slug_from_title(text_of(path->names[depth - 1]), slug);
    if (slug_is_free(plan, tx, slug))
        return arena_strdup(plan->arena, slug);
    for (size_t i = 1; i < depth; i++)
        joined = arena_printf(plan->arena, "%s %s", joined, path->names[i]);
    slug_from_title(text_of(joined), slug);
    return slug_is_free(plan, tx, slug) ? arena_strdup(plan->arena, slug) : id;
}

static const char *make(struct category_plan *plan, struct context *context, const struct category_path *path, size_t depth,
                        const char *parent_id)
{
    Catalog__Category *category = ARENA_NEW(plan->arena, Catalog__Category);
    catalog__category__init(category);
    category->id = arena_strdup(plan->arena, context_new_id(context));
    category->name = arena_strdup(plan->arena, path->names[depth - 1]);
    category->parent_id = parent_id;
    category->slug = choose_slug(plan, context->tx, path, depth, category->id);
    category->position = (int32_t)plan->made_count; /* as the file has them */
    lookup_put(&plan->slugs, text_of(category->slug), plan->made_count);
    ARENA_ROOM(plan->arena, plan->made, plan->made_count);
    plan->made[plan->made_count++] = category;
    return category->id;
}

/* The first `depth` names of a path, as one key. */
static struct text key_of(struct arena *arena, const struct category_path *path, size_t depth)
{
    const char *key = path->names[0];
    for (size_t i = 1; i < depth; i++)
        key = arena_printf(arena, "%s\n%s", key, path->names[i]);
    return text_of(key);
}

/* The id of the category at the first `depth` names of a path. Parents come first, so this recurs no deeper than a path is long. */
static const char *category_at(struct category_plan *plan, struct context *context, const struct category_path *path,
                               size_t depth)
{
    struct text key = key_of(context->arena, path, depth);
    const size_t *known = lookup_find(&plan->ids, key);
    if (known != NULL)
        return plan->known_ids[*known];

    const char *parent_id = depth > 1 ? category_at(plan, context, path, depth - 1) : "";
    const char *id = SQL_STRING(context->tx, "SELECT id FROM category WHERE parent_id = ?1 AND name = ?2 ORDER BY id",
                                sql_string(parent_id), sql_string(path->names[depth - 1]));
    id = id != NULL ? arena_strdup(plan->arena, id) : make(plan, context, path, depth, parent_id);
    ARENA_ROOM(plan->arena, plan->known_ids, plan->known_count);
    lookup_put(&plan->ids, text_of(arena_strndup(plan->arena, key.at, key.length)), plan->known_count);
    plan->known_ids[plan->known_count++] = id;
    return id;
}

void category_plan_refer(struct category_plan *plan, struct context *context, const struct imported_product *imported,
                         const Catalog__Product *before, Catalog__Product *after)
{
    if (imported->path_count == 0) {
        after->categories = before != NULL ? before->categories : NULL;
        after->n_categories = before != NULL ? before->n_categories : 0;
        return;
    }
    after->n_categories = imported->path_count;
    after->categories = ARENA_ARRAY(context->arena, Catalog__CategoryReference *, imported->path_count);
    for (size_t i = 0; i < imported->path_count; i++) {
        after->categories[i] = ARENA_NEW(context->arena, Catalog__CategoryReference);
        catalog__category_reference__init(after->categories[i]);
        after->categories[i]->id = category_at(plan, context, &imported->paths[i], imported->paths[i].depth);
    }
}
