/*
 * cart.open: open a cart. Its id is what its shopper will prove his right with, so it is unguessable.
 */
#include "services/cart/cart_internal.h"

#include "services/shop_defaults.h"

enum result cart_open(struct context *context, const Cart__OpenCartRequest *request, Cart__StoredCart *answer)
{
    const char *id = context_new_id(context);
    Cart__CartOpened opened = CART__CART_OPENED__INIT;

    opened.currency = *request->currency ? request->currency : SHOP_DEFAULT_CURRENCY;
    opened.channel = request->channel;
    cart_emit_cart_opened(context, id, &opened);
    stored_cart_find(context->tx, id, answer);
    return RESULT_OK;
}
