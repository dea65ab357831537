/*
 * cart.load: the cart as it is kept, without what it costs.
 */
#include "services/cart/cart_internal.h"

enum result cart_load(struct context *context, const Cart__GetCartRequest *request, Cart__StoredCart *answer)
{
    return stored_cart_read(context, request->cart, answer);
}
