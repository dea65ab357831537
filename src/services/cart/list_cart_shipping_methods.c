/*
 * cart.list_cart_shipping_methods: how the cart could be shipped to its address, cheapest first.
 */
#include "services/cart/cart_internal.h"

#include "souk/pricing/v1/pricing.client.h"

static void on_quoted(struct saga_run *run, const Pricing__QuoteShippingResponse *methods)
{
    *(Pricing__QuoteShippingResponse *)run->answer = *methods;
    saga_next(run);
}

static void on_loaded(struct saga_run *run, const Cart__StoredCart *cart)
{
    Pricing__QuoteCartRequest request;

    work_begin(run, cart);
    request = work_quote_request(run);
    call_pricing_quote_shipping(run, &request, on_quoted);
}

static void look(struct saga_run *run)
{
    work_load(run, ((const Cart__GetCartRequest *)run->request)->cart, on_loaded);
}

static const struct saga_step steps[] = {
    {"look how it could be shipped", look, NULL},
};
const struct saga cart_list_cart_shipping_methods = {SAGA_STEPS(steps), .state = &cart__cart_work__descriptor};
