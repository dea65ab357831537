/*
 * UpdateStock: how a SKU's stock is handled.
 */
#include "services/inventory/inventory_internal.h"

#include "platform/rpc/merge.h"

/* The record with the rules of a message; what was taken back there becomes what new SKUs begin with. */
static struct stock_record with_rules(struct stock_record stock, const Inventory__Stock *rules)
{
    bool has_strategy = rules->strategy != INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_UNSPECIFIED;
    stock.numbers.safety_stock = rules->safety_stock;
    stock.numbers.oversell_limit = rules->oversell_limit;
    stock.rules = (struct stock_rules){
        .strategy = has_strategy ? rules->strategy : stock_rules_default.strategy,
        .reservation_ttl = rules->reservation_ttl > 0 ? rules->reservation_ttl : stock_rules_default.reservation_ttl,
        .scarce_below = rules->scarce_below,
        .reorder_point = rules->reorder_point,
        .reorder_quantity = rules->reorder_quantity,
    };
    return stock;
}

static bool is_same(const struct stock_record *a, const struct stock_record *b)
{
    return a->numbers.safety_stock == b->numbers.safety_stock && a->numbers.oversell_limit == b->numbers.oversell_limit &&
           a->rules.strategy == b->rules.strategy && a->rules.reservation_ttl == b->rules.reservation_ttl &&
           a->rules.scarce_below == b->rules.scarce_below && a->rules.reorder_point == b->rules.reorder_point &&
           a->rules.reorder_quantity == b->rules.reorder_quantity;
}

enum result inventory_update_stock(struct context *context, const Inventory__UpdateStockRequest *request,
                                   Inventory__Stock *answer)
{
    struct stock_record stock;
    if (!stock_record_find(context->tx, request->sku, &stock))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no SKU “%s”.", request->sku);
    enum result result = context_check_version(context, stock.version);
    if (result != RESULT_OK)
        return result;
    if (stock.is_bundle)
        return call_refuse(context->call, RESULT_STATE_FORBIDS,
                           "“%s” is a bundle, and handled as its parts are. Change their rules.", request->sku);

    Inventory__Stock rules = INVENTORY__STOCK__INIT;
    stock_record_answer(context->tx, context->arena, stock, &rules);
    result = message_patch(context->call, &inventory__stock__declaration, &rules.base, &request->stock->base, request->update_mask);
    if (result != RESULT_OK)
        return result;
    struct stock_record changed = with_rules(stock, &rules);
    if (!is_same(&stock, &changed)) {
        stock_emit_rules_changed(context, &changed);
        stock_emit_if_ran_low(context, &changed);
    }
    stock_answer(context, request->sku, answer);
    return RESULT_OK;
}
