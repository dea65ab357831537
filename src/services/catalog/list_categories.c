/*
 * catalog.list_categories: all categories, the top ones first, then by the category above; siblings in the order of their positions.
 */
#include "services/catalog/catalog_internal.h"

#include "platform/service/page.h"

#include <string.h>

#define LIST "category:place"

/* What a page ends at: "01jd…/3", the category above and the place among its siblings. */
struct sort {
    const char *parent_id;
    int64_t position;
};

static const char *sort_text(struct arena *arena, const Catalog__Category *category)
{
    return arena_printf(arena, "%s/%d", category->parent_id, (int)category->position);
}

static struct sort sort_read(struct arena *arena, const struct page *page)
{
    struct sort sort = {.parent_id = page->sort, .position = -1};
    const char *slash = strchr(page->sort, '/');

    if (slash) {
        sort.parent_id = arena_strndup(arena, page->sort, (size_t)(slash - page->sort));
        text_to_int64(text_of(slash + 1), &sort.position);
    }
    return sort;
}

enum result catalog_list_categories(struct context *context, const Catalog__ListCategoriesRequest *request,
                                    Catalog__ListCategoriesResponse *answer)
{
    struct page page;
    struct sort sort;
    struct sql_rows rows;
    enum result result = page_begin(context->call, LIST, request->limit, request->cursor, &page);

    if (result)
        return result;
    sort = sort_read(context->arena, &page);
    rows = SQL_SELECT(context->tx,
                      "SELECT id FROM category WHERE (parent_id, position, id) > (?1, ?2, ?3)"
                      " ORDER BY parent_id, position, id LIMIT ?4",
                      sql_string(sort.parent_id), sql_int(sort.position), sql_string(page.id), sql_int(page.limit + 1));
    answer->items = ARENA_ARRAY(context->arena, Catalog__Category *, (size_t)page.limit);
    while (sql_next(&rows)) {
        Catalog__Category *category;

        if (answer->n_items == (size_t)page.limit) {
            const Catalog__Category *last = answer->items[answer->n_items - 1];

            answer->next_cursor = page_cursor(context->arena, LIST, sort_text(context->arena, last), last->id);
            sql_stop(&rows);
            break;
        }
        category = ARENA_NEW(context->arena, Catalog__Category);
        catalog__category__init(category);
        category_load(context->tx, sql_get_string(&rows, 0), category);
        answer->items[answer->n_items++] = category;
    }
    return RESULT_OK;
}
