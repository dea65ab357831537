/*
 * GetStock: everything about the stock of one SKU.
 *
 * What the catalogue no longer has can be seen as long as some of it is on hand or promised.
 */
#include "services/inventory/inventory_internal.h"

static bool is_empty(const struct stock_numbers *numbers)
{
    return numbers->on_hand == 0 && numbers->reserved == 0 && numbers->allocated == 0;
}

enum result inventory_get_stock(struct context *context, const Inventory__GetStockRequest *request,
                                Inventory__Stock *answer)
{
    struct stock_record stock;
    if (!stock_record_find(context->tx, request->sku, &stock) || (!stock.is_open && is_empty(&stock.numbers)))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no SKU “%s”.", request->sku);
    stock_record_answer(context->tx, context->arena, stock, answer);
    return RESULT_OK;
}
