/*
 * order.list: all orders, newest first; of one status or one buyer.
 */
#include "services/order/order_internal.h"

#include "platform/service/page.h"

#define LIST "order:newest"
#define NEWEST_FROM " id < ?1 ORDER BY id DESC LIMIT ?2"

static struct sql_rows find(struct tx *tx, const Order__ListOrdersRequest *request, const struct page *page)
{
    struct sql_value id = sql_string(page_id_down(page)), limit = sql_int(page->limit + 1);

    if (*request->email && request->status)
        return SQL_SELECT(tx, "SELECT id FROM customer_order WHERE email = ?3 AND status = ?4 AND" NEWEST_FROM, id, limit,
                          sql_string(request->email), sql_int(request->status));
    if (*request->email)
        return SQL_SELECT(tx, "SELECT id FROM customer_order WHERE email = ?3 AND" NEWEST_FROM, id, limit,
                          sql_string(request->email));
    if (request->status)
        return SQL_SELECT(tx, "SELECT id FROM customer_order WHERE status = ?3 AND" NEWEST_FROM, id, limit,
                          sql_int(request->status));
    return SQL_SELECT(tx, "SELECT id FROM customer_order WHERE" NEWEST_FROM, id, limit);
}

enum result order_list(struct context *context, const Order__ListOrdersRequest *request,
                       Order__ListOrdersResponse *answer)
{
    struct page page;
    struct sql_rows rows;
    enum result result = page_begin(context->call, LIST, request->limit, request->cursor, &page);

    if (result)
        return result;
    answer->items = ARENA_ARRAY(context->arena, Order__Order *, (size_t)page.limit);
    rows = find(context->tx, request, &page);
    while (sql_next(&rows)) {
        if (answer->n_items == (size_t)page.limit) {
            answer->next_cursor = page_cursor(context->arena, LIST, "", answer->items[answer->n_items - 1]->id);
            sql_stop(&rows);
            break;
        }
        answer->items[answer->n_items++] = order_stored(context->tx, sql_get_string(&rows, 0));
    }
    return RESULT_OK;
}
