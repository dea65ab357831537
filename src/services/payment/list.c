/*
 * payment.list: all payments, newest first, to lay beside the orders and the provider's own books.
 */
#include "services/payment/payment_internal.h"

#include "base/assert.h"
#include "platform/service/page.h"

#define LIST "payment:newest"

static Payment__Payment *shown(struct context *context, const char *id)
{
    Payment__Payment *answer = ARENA_NEW(context->arena, Payment__Payment);
    struct payment payment;

    payment__payment__init(answer);
    if (payment_load(context->tx, id, &payment))
        payment_show(context->tx, &payment, answer);
    else
        ASSERT(context->tx->failed); /* nobody will see this answer */
    return answer;
}

enum result payment_list(struct context *context, const Payment__ListPaymentsRequest *request,
                         Payment__ListPaymentsResponse *answer)
{
    struct page page;
    struct sql_rows rows;
    enum result result = page_begin(context->call, LIST, request->limit, request->cursor, &page);

    if (result)
        return result;
    answer->items = ARENA_ARRAY(context->arena, Payment__Payment *, (size_t)page.limit);
    rows = SQL_SELECT(context->tx, "SELECT id FROM payment WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
                      sql_string(page_id_down(&page)), sql_int(page.limit + 1));
    while (sql_next(&rows)) {
        if (answer->n_items == (size_t)page.limit) {
            answer->next_cursor = page_cursor(context->arena, LIST, "", answer->items[answer->n_items - 1]->id);
            sql_stop(&rows);
            break;
        }
        answer->items[answer->n_items++] = shown(context, sql_get_string(&rows, 0));
    }
    return RESULT_OK;
}
