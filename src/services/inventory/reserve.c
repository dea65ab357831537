/*
 * Reserve: hold stock under the id of a reservation, all lines or none.
 *
 *     nothing held --Reserve--> held until expires_at --Allocate--> promised to an order
 *                                 |  |
 *                          Release  the time runs out (expire.c)
 *
 * The lines replace what the reservation held before, so the difference is what is decided about, and asking again only moves the end. One
 * statement reads what is held, one the stock of each SKU, and each SKU that changes is one event.
 */
#include "services/inventory/inventory_internal.h"

#include "base/assert.h"
#include "platform/rpc/common_types.h"

/* The earliest end of anything it holds, or later where the caller needs longer; 0 when it holds nothing. */
static int64_t end_of(const struct demand *demand, int64_t seconds_min)
{
    int64_t seconds = INT64_MAX;
    for (const struct demand_item *item = demand->items; item != NULL; item = item->next)
        if (item->wanted > 0 && item->stock.rules.reservation_ttl < seconds)
            seconds = item->stock.rules.reservation_ttl;
    if (seconds == INT64_MAX)
        return 0;
    if (seconds < seconds_min)
        seconds = seconds_min;
    return demand->context->now_us + seconds * 1000000;
}

static void hold(struct demand *demand, struct demand_item *item, const Inventory__ReserveRequest *request, int64_t end)
{
    enum result result = stock_reserve(&item->stock.numbers, item->held + item->taken_over, item->wanted);
    ASSERT(result == RESULT_OK); /* demand_check() has refused what can't be */
    stock_emit_reserved(demand->context, &item->stock,
                        &(struct reserved){
                            .reservation_id = request->reservation_id,
                            .delta = item->wanted - item->held,
                            .held = item->wanted,
                            .expires_us = end,
                            .reason = item->wanted < item->held
                                          ? INVENTORY__STOCK_RELEASE_REASON__STOCK_RELEASE_REASON_RELEASED
                                          : INVENTORY__STOCK_RELEASE_REASON__STOCK_RELEASE_REASON_UNSPECIFIED,
                            .taken_over_from = item->taken_over > 0 ? request->takes_over : "",
                        });
    stock_emit_if_ran_low(demand->context, &item->stock);
}

/* What was only in the reservation taken over, and is not needed. */
static void give_back(struct demand *demand, struct demand_item *item, const Inventory__ReserveRequest *request)
{
    enum result result = stock_reserve(&item->stock.numbers, item->taken_over, 0);
    ASSERT(result == RESULT_OK);
    stock_emit_reserved(demand->context, &item->stock,
                        &(struct reserved){
                            .reservation_id = request->takes_over,
                            .delta = -item->taken_over,
                            .reason = INVENTORY__STOCK_RELEASE_REASON__STOCK_RELEASE_REASON_TAKEN_OVER,
                        });
}

static void change(struct demand *demand, const Inventory__ReserveRequest *request, int64_t end)
{
    struct demand_item *unchanged = NULL;
    bool has_changed = false;
    for (struct demand_item *item = demand->items; item != NULL; item = item->next) {
        bool is_ours = item->held > 0 || item->wanted > 0;
        if (is_ours && (item->wanted != item->held || item->taken_over > 0)) {
            hold(demand, item, request, end);
            has_changed = true;
        } else if (is_ours) {
            unchanged = item;
        } else if (item->taken_over > 0) {
            give_back(demand, item, request);
        }
    }
    /* The end of a reservation is one for all it holds, so one event moves it. */
    if (unchanged != NULL && !has_changed)
        hold(demand, unchanged, request, end);
}

static void answer_lines(const struct demand *demand, const char *id, int64_t end, Inventory__Reservation *answer)
{
    struct arena *arena = demand->context->arena;
    answer->id = id;
    if (end == 0)
        return;
    answer->expires_at = timestamp_message(arena, end);
    answer->lines = ARENA_ARRAY(arena, Inventory__StockLine *, demand->line_count);
    for (size_t i = 0; i < demand->line_count; i++) {
        Inventory__StockLine *line = ARENA_NEW(arena, Inventory__StockLine);
        inventory__stock_line__init(line);
        line->sku = demand->lines[i].sku;
        line->quantity = demand->lines[i].quantity;
        answer->lines[answer->n_lines++] = line;
    }
}

enum result inventory_reserve(struct context *context, const Inventory__ReserveRequest *request,
                              Inventory__Reservation *answer)
{
    struct demand demand;
    demand_init(&demand, context, request->lines, request->n_lines);
    demand_read_held(&demand, request->reservation_id, request->takes_over);
    if (request->only_pessimistic)
        demand_keep_pessimistic(&demand);
    enum result result = demand_check(&demand);
    if (result != RESULT_OK)
        return result;

    int64_t end = end_of(&demand, request->hold_seconds_min);
    change(&demand, request, end);
    answer_lines(&demand, request->reservation_id, end, answer);
    return RESULT_OK;
}
