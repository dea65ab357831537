/*
 * BatchGetAvailability: what can be bought now. It stands on product pages, so a SKU is two reads by its key, and a bundle one more for each part.
 */
#include "services/inventory/inventory_internal.h"
#include "services/withheld.h"

static Inventory__Availability *availability_of(struct context *context, struct stock_record *stock)
{
    bool held_in_cart = stock->is_bundle
                            ? stock_record_of_parts(context->tx, context->arena, stock)
                            : stock_is_held_in_cart(&stock->rules, stock_available(&stock->numbers), 0);
    int64_t available = stock_available(&stock->numbers);

    Inventory__Availability *availability = ARENA_NEW(context->arena, Inventory__Availability);
    inventory__availability__init(availability);
    availability->sku = stock->sku;
    availability->available = available > 0 ? available : 0;
    availability->sellable = stock_obtainable(&stock->numbers, 0);
    availability->in_stock = availability->sellable > 0;
    availability->reserves_in_cart = held_in_cart;
    if (stock->is_bundle)
        availability->components = stock_components(context->tx, context->arena, stock->sku, &availability->n_components);
    return availability;
}

enum result inventory_batch_get_availability(struct context *context,
                                             const Inventory__BatchGetAvailabilityRequest *request,
                                             Inventory__BatchGetAvailabilityResponse *answer)
{
    answer->items = ARENA_ARRAY(context->arena, Inventory__Availability *, request->n_skus);
    for (size_t i = 0; i < request->n_skus; i++) {
        struct stock_record stock;
        if (sku_is_withheld(context, request->skus[i], SCOPE_INVENTORY | SCOPE_CATALOG))
            continue;
        if (stock_record_find(context->tx, request->skus[i], &stock) && stock.is_open)
            answer->items[answer->n_items++] = availability_of(context, &stock);
    }
    return RESULT_OK;
}
