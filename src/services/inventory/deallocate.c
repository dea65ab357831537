/*
 * Deallocate: take a promise to an order back. What has shipped stays so; nothing left to take back is fine.
 */
#include "services/inventory/inventory_internal.h"

enum result inventory_deallocate(struct context *context, const Inventory__DeallocateRequest *request,
                                 Google__Protobuf__Empty *answer)
{
    (void)answer;
    size_t count;
    struct allocation *allocations = allocations_of_order(context->tx, context->arena, request->order_id, &count);
    /* From the last locations on: back orders wait there. */
    allocations_take(allocations, count, request->lines, request->n_lines, ALLOCATION_LAST);

    struct demand items;
    demand_init(&items, context, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        if (allocations[i].take == 0)
            continue;
        struct stock_record *stock = &demand_item(&items, allocations[i].sku)->stock;
        stock_deallocate(&stock->numbers, allocations[i].take);
        stock_emit_allocated(context, stock, &allocations[i], -allocations[i].take, "");
    }
    return RESULT_OK;
}
