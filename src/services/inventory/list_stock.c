/*
 * ListStock: the stock of every SKU of the catalogue, by SKU; or only what has run low.
 */
#include "services/inventory/inventory_internal.h"

#include "platform/service/page.h"

static struct sql_rows select_page(struct tx *tx, bool low, const struct page *page)
{
    if (low)
        return SQL_SELECT(tx,
                          "SELECT " STOCK_COLUMNS " FROM stock WHERE sku > ?1 AND is_open = 1 AND reorder_point > 0"
                          " AND available <= reorder_point ORDER BY sku LIMIT ?2",
                          sql_string(page->id), sql_int(page->limit + 1));
    return SQL_SELECT(tx, "SELECT " STOCK_COLUMNS " FROM stock WHERE sku > ?1 AND is_open = 1 ORDER BY sku LIMIT ?2",
                      sql_string(page->id), sql_int(page->limit + 1));
}

enum result inventory_list_stock(struct context *context, const Inventory__ListStockRequest *request,
                                 Inventory__ListStockResponse *answer)
{
    const char *list = request->low ? "stock:low" : "stock";
    struct page page;
    enum result result = page_begin(context->call, list, request->limit, request->cursor, &page);
    if (result != RESULT_OK)
        return result;

    struct stock_record *records = ARENA_ARRAY(context->arena, struct stock_record, (size_t)page.limit + 1);
    size_t count = 0;
    struct sql_rows rows = select_page(context->tx, request->low, &page);
    while (sql_next(&rows))
        records[count++] = stock_record_of_row(&rows);

    bool has_next = count > (size_t)page.limit;
    answer->n_items = has_next ? (size_t)page.limit : count;
    answer->items = ARENA_ARRAY(context->arena, Inventory__Stock *, answer->n_items);
    for (size_t i = 0; i < answer->n_items; i++) {
        answer->items[i] = ARENA_NEW(context->arena, Inventory__Stock);
        inventory__stock__init(answer->items[i]);
        stock_record_answer(context->tx, context->arena, records[i], answer->items[i]);
    }
    if (has_next)
        answer->next_cursor = page_cursor(context->arena, list, "", records[page.limit - 1].sku);
    return RESULT_OK;
}
