/*
 * Where the units of a shipment come from.
 *
 * They leave from the location that promised them, as far as they are there. What is on back order leaves from wherever units have come in that
 * nobody else was promised. All of it can leave, or nothing does.
 */
#include "services/inventory/inventory_internal.h"

#include <string.h>

/* One SKU's units, location by location; what is planned counts as gone. */
struct shelf {
    struct stock_record *stock;
    struct location_stock *locations;
    size_t count, back_order;
    struct shelf *next;
};
struct plan {
    struct context *context;
    struct demand items;
    struct shelf *shelves;
    struct shipment *first, **end;
};

static struct shelf *shelf_of(struct plan *plan, const char *sku)
{
    for (struct shelf *shelf = plan->shelves; shelf != NULL; shelf = shelf->next)
        if (strcmp(shelf->stock->sku, sku) == 0)
            return shelf;
    struct context *context = plan->context;
    struct shelf *shelf = ARENA_NEW(context->arena, struct shelf);
    *shelf = (struct shelf){.stock = &demand_item(&plan->items, sku)->stock, .next = plan->shelves};
    shelf->locations = stock_locations(context->tx, context->arena, sku, &shelf->count, &shelf->back_order);
    return plan->shelves = shelf;
}

static void add_shipment(struct plan *plan, const struct allocation *allocation, struct shelf *shelf, const char *from,
                         int64_t quantity)
{
    struct shipment *shipment = ARENA_NEW(plan->context->arena, struct shipment);
    *shipment = (struct shipment){.stock = shelf->stock, .allocation = allocation, .from = from, .quantity = quantity};
    *plan->end = shipment;
    plan->end = &shipment->next;
}

/* Take up to `wanted` units from where they were promised. How many that are. */
static int64_t plan_from_promised(struct plan *plan, const struct allocation *allocation, struct shelf *shelf,
                                  int64_t wanted)
{
    for (size_t i = 0; i < shelf->count; i++) {
        struct location_stock *location = &shelf->locations[i];
        if (strcmp(location->location, allocation->location) != 0)
            continue;
        int64_t quantity = location->on_hand < wanted ? location->on_hand : wanted;
        location->on_hand -= quantity;
        location->allocated -= wanted; /* the rest leaves from elsewhere */
        if (quantity > 0)
            add_shipment(plan, allocation, shelf, location->location, quantity);
        return quantity;
    }
    return 0;
}

/* Take up to `wanted` units that nobody was promised, from any location. How many that are. */
static int64_t plan_from_free(struct plan *plan, const struct allocation *allocation, struct shelf *shelf,
                              int64_t wanted)
{
    int64_t planned = 0;
    for (size_t i = 0; i < shelf->count && planned < wanted; i++) {
        struct location_stock *location = &shelf->locations[i];
        int64_t quantity = location->on_hand - location->allocated;
        if (quantity > wanted - planned)
            quantity = wanted - planned;
        if (quantity <= 0)
            continue;
        location->on_hand -= quantity;
        planned += quantity;
        add_shipment(plan, allocation, shelf, location->location, quantity);
    }
    return planned;
}

static enum result plan_allocation(struct plan *plan, const struct allocation *allocation)
{
    struct shelf *shelf = shelf_of(plan, allocation->sku);
    int64_t planned = plan_from_promised(plan, allocation, shelf, allocation->take);
    planned += plan_from_free(plan, allocation, shelf, allocation->take - planned);
    if (planned == allocation->take)
        return RESULT_OK;

    call_problem_number(plan->context->call, "available", planned);
    return call_refuse(plan->context->call, RESULT_OUT_OF_STOCK,
                       "%lld of “%s” are on back order, and not on hand yet. Ship the rest, or wait for a delivery.",
                       (long long)(allocation->take - planned), allocation->sku);
}

enum result shipments_plan(struct context *context, const Inventory__ShipRequest *request, struct shipment **shipments)
{
    size_t count;
    struct allocation *allocations = allocations_of_order(context->tx, context->arena, request->order_id, &count);
    const char *short_of = allocations_take(allocations, count, request->lines, request->n_lines, ALLOCATION_FIRST);
    if (short_of != NULL)
        return call_refuse(context->call, RESULT_STATE_FORBIDS,
                           "The order has fewer of “%s” left to ship than that.", short_of);

    struct plan plan = {.context = context, .end = &plan.first};
    demand_init(&plan.items, context, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        enum result result = allocations[i].take > 0 ? plan_allocation(&plan, &allocations[i]) : RESULT_OK;
        if (result != RESULT_OK)
            return result;
    }
    *shipments = plan.first;
    return RESULT_OK;
}
