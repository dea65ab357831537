/*
 * Allocate: promise stock to an order, from the reservation that held it.
 *
 * What is held is promised already, so it is never refused. What the reservation has lost meanwhile is taken again where stock allows. Either
 * way the reservation ends here.
 */
#include "services/inventory/inventory_internal.h"

#include "base/assert.h"

/* An item's locations; shared by all lines that need it. */
struct source {
    struct demand_item *item;
    struct location_stock *locations;
    size_t count, back_order;
    bool said_reservation; /* one of the item's events has ended it */
    struct source *next;
};

static struct source *source_of(struct source **sources, struct context *context, struct demand_item *item)
{
    for (struct source *source = *sources; source != NULL; source = source->next)
        if (source->item == item)
            return source;
    struct source *source = ARENA_NEW(context->arena, struct source);
    *source = (struct source){.item = item, .said_reservation = item->held == 0, .next = *sources};
    source->locations =
        stock_locations(context->tx, context->arena, item->stock.sku, &source->count, &source->back_order);
    return *sources = source;
}

/* --- promising -------------------------------------------------------------------------------------------------------- */

/* What is held and not needed is free again. */
static void release_rest(struct context *context, struct demand_item *item, const char *reservation_id)
{
    if (item->held <= item->wanted)
        return;
    enum result result = stock_reserve(&item->stock.numbers, item->held, item->wanted);
    ASSERT(result == RESULT_OK); /* fewer is always fine */
    stock_emit_reserved(context, &item->stock,
                        &(struct reserved){
                            .reservation_id = reservation_id,
                            .delta = item->wanted - item->held,
                            .held = item->wanted,
                            .reason = INVENTORY__STOCK_RELEASE_REASON__STOCK_RELEASE_REASON_RELEASED,
                        });
    item->held = item->wanted;
}

static void promise(struct context *context, struct source *source, const struct allocation *allocation,
                    int64_t quantity, const char *reservation_id)
{
    struct demand_item *item = source->item;
    int64_t from_held = quantity < item->held ? quantity : item->held;
    enum result result = stock_allocate(&item->stock.numbers, from_held, quantity);
    ASSERT(result == RESULT_OK); /* demand_check() has refused what can't be */
    item->held -= from_held;
    stock_emit_allocated(context, &item->stock, allocation, quantity, source->said_reservation ? "" : reservation_id);
    source->said_reservation = true;
}

static void promise_part(struct context *context, struct source *source, const struct demand_line *line,
                         const struct demand_part *part, const Inventory__AllocateRequest *request)
{
    int64_t *picks = ARENA_ARRAY(context->arena, int64_t, source->count);
    stock_choose_locations(source->locations, source->count, source->back_order,
                           stock_units(line->quantity, part->units_each), picks);
    for (size_t i = 0; i < source->count; i++) {
        if (picks[i] == 0)
            continue;
        source->locations[i].allocated += picks[i];
        promise(context, source,
                &(struct allocation){
                    .order_id = request->order_id,
                    .ordered_sku = line->sku,
                    .location = source->locations[i].location,
                    .units_each = part->units_each,
                },
                picks[i], request->reservation_id);
    }
}

static void promise_all(struct demand *demand, const Inventory__AllocateRequest *request)
{
    struct context *context = demand->context;
    for (struct demand_item *item = demand->items; item != NULL; item = item->next)
        release_rest(context, item, request->reservation_id);

    struct source *sources = NULL;
    for (size_t i = 0; i < demand->line_count; i++)
        for (struct demand_part *part = demand->lines[i].parts; part != NULL; part = part->next)
            promise_part(context, source_of(&sources, context, part->item), &demand->lines[i], part, request);

    for (struct demand_item *item = demand->items; item != NULL; item = item->next)
        stock_emit_if_ran_low(context, &item->stock);
}

/* --- answering -------------------------------------------------------------------------------------------------------- */

/* Everything that was ever promised to the order; false when that is nothing. */
static bool answer_order(struct context *context, const char *order_id, Inventory__Allocation *answer)
{
    size_t count;
    struct allocation *allocations = allocations_of_order(context->tx, context->arena, order_id, &count);
    answer->order_id = order_id;
    answer->lines = ARENA_ARRAY(context->arena, Inventory__AllocatedLine *, count);
    answer->n_lines = count;
    for (size_t i = 0; i < count; i++) {
        Inventory__AllocatedLine *line = answer->lines[i] = ARENA_NEW(context->arena, Inventory__AllocatedLine);
        inventory__allocated_line__init(line);
        line->sku = allocations[i].sku;
        line->location = allocations[i].location;
        line->quantity = allocations[i].open_units + allocations[i].shipped_units;
    }
    return count > 0;
}

enum result inventory_allocate(struct context *context, const Inventory__AllocateRequest *request,
                               Inventory__Allocation *answer)
{
    if (answer_order(context, request->order_id, answer))
        return RESULT_OK; /* the same order again */

    struct demand demand;
    demand_init(&demand, context, request->lines, request->n_lines);
    demand_read_held(&demand, request->reservation_id, "");
    enum result result = demand_check(&demand);
    if (result != RESULT_OK)
        return result;

    promise_all(&demand, request);
    answer_order(context, request->order_id, answer);
    return RESULT_OK;
}
