/*
 * AdjustStock: units came, went, broke or were counted.
 *
 * The books follow the shelf: what is on hand may fall below what is promised. Then `available` is below 0, and nothing is sold until it is made
 * good; who was promised something keeps the promise.
 */
#include "services/inventory/inventory_internal.h"

static int64_t on_hand_at(struct tx *tx, const char *sku, const char *location)
{
    return SQL_INT(tx, 0, "SELECT on_hand FROM stock_location WHERE sku = ?1 AND location = ?2", sql_string(sku),
                   sql_string(location));
}

static enum result refuse_below_zero(struct context *context, const Inventory__AdjustStockRequest *request,
                                     const char *location, int64_t on_hand)
{
    call_violation(context->call, "/delta", "out_of_stock", "Only %lld are on hand there.", (long long)on_hand);
    call_problem_number(context->call, "onHand", on_hand);
    return call_refuse(context->call, RESULT_OUT_OF_STOCK, "Only %lld of “%s” are on hand at “%s”.",
                       (long long)on_hand, request->sku, location);
}

enum result inventory_adjust_stock(struct context *context, const Inventory__AdjustStockRequest *request,
                                   Inventory__Stock *answer)
{
    const char *location = *request->location != '\0' ? request->location : LOCATION_DEFAULT;
    struct stock_record stock;
    if (!stock_record_find(context->tx, request->sku, &stock))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no SKU “%s”.", request->sku);
    enum result result = context_check_version(context, stock.version);
    if (result != RESULT_OK)
        return result;
    if (stock.is_bundle)
        return call_refuse(context->call, RESULT_STATE_FORBIDS,
                           "“%s” is a bundle and has no stock of its own. Adjust its parts.", request->sku);
    if (!location_exists(context->tx, location))
        return call_violation(context->call, "/location", "not_found", "There is no such location.");
    int64_t on_hand = on_hand_at(context->tx, request->sku, location);
    if (request->delta < -on_hand)
        return refuse_below_zero(context, request, location, on_hand);
    if (stock_adjust(&stock.numbers, request->delta) != RESULT_OK)
        return call_refuse(context->call, RESULT_OVERFLOW, "Nobody owns that many units.");

    stock_emit_adjusted(context, &stock, location, request->delta, request->reason);
    stock_emit_if_ran_low(context, &stock);
    stock_answer(context, request->sku, answer);
    return RESULT_OK;
}
