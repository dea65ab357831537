/*
 * cart.put_line: set the quantity of a SKU, absolutely or added to what is there; 0 takes it out. What is held with it in comes along, so
 * that putting something into a cart is one commit.
 */
#include "services/cart/cart_internal.h"

#include "base/limits.h"

enum result cart_put_line(struct context *context, const Cart__PutLineRequest *request, Cart__StoredCart *answer)
{
    Cart__LinePut put = CART__LINE_PUT__INIT;
    Cart__StoredLine line = *request->line;
    const Cart__StoredLine *there;
    enum result result = stored_cart_read_open(context, request->cart, request->if_version, answer);

    if (result)
        return result;
    there = stored_cart_line_of_sku(answer, line.sku);
    if (!there && line.quantity == 0)
        return RESULT_OK; /* it is out already */
    if (!there && answer->n_lines >= LIMIT_CART_LINES)
        return call_violation(context->call, "/sku", "too_many", "A cart takes at most %d lines.", LIMIT_CART_LINES);
    if (there && request->add)
        line.quantity += there->quantity;
    if (line.quantity > LIMIT_LINE_QUANTITY)
        return call_violation(context->call, "/quantity", "too_large", "A line takes at most %d.", LIMIT_LINE_QUANTITY);

    if (there)
        line.id = there->id;
    put.line = &line;
    put.hold = request->hold;
    cart_emit_line_put(context, request->cart, &put);
    stored_cart_find(context->tx, request->cart, answer);
    return RESULT_OK;
}
