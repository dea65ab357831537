/*
 * catalog.list_categories: all categories, the top ones first, then by the category above.
 */
#include "services/catalog/catalog_internal.h"

#include "platform/service/page.h"

#define LIST "category:parent"

enum result catalog_list_categories(struct context *context, const Catalog__ListCategoriesRequest *request,
                                    Catalog__ListCategoriesResponse *answer)
{
    struct page page;
    struct sql_rows rows;
    enum result result = page_begin(context->call, LIST, request->limit, request->cursor, &page);

    if (result)
        return result;
    rows = SQL_SELECT(context->tx,
                      "SELECT id FROM category WHERE (parent_id, id) > (?1, ?2) ORDER BY parent_id, id LIMIT ?3",
                      sql_string(page.sort), sql_string(page.id), sql_int(page.limit + 1));
    answer->items = ARENA_ARRAY(context->arena, Catalog__Category *, (size_t)page.limit);
    while (sql_next(&rows)) {
        Catalog__Category *category;

        if (answer->n_items == (size_t)page.limit) {
            const Catalog__Category *last = answer->items[answer->n_items - 1];

            answer->next_cursor = page_cursor(context->arena, LIST, last->parent_id, last->id);
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
