/*
 * cart.update: say who buys, where it goes and how it gets there. A shipping method that there is not, or that does not go there, is refused; one
 * that no longer does because the address or the lines changed afterwards is an obstacle that the cart shows.
 */
#include "services/cart/cart_internal.h"

#include "platform/rpc/merge.h"
#include "souk/cart/v1/cart.client.h"
#include "souk/pricing/v1/pricing.client.h"

static const char *const fields[] = {"email", "shipping_address", "billing_address", "shipping_method"};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static const Cart__UpdateCartRequest *request_of(const struct saga_run *run)
{
    return (const Cart__UpdateCartRequest *)run->request;
}

/* Whether the request says something of a field: by the mask, or by having a value when there is no mask. */
static bool changes(const Cart__UpdateCartRequest *request, const char *field, bool has_value)
{
    return request->update_mask ? mask_has(request->update_mask, field) : has_value;
}

/* The fields that it changes. */
static void note_fields(struct saga_run *run, Cart__CartChange *change)
{
    const Cart__UpdateCartRequest *request = request_of(run);
    const Cart__Cart *cart = request->cart;
    const bool has_value[FIELD_COUNT] = {*cart->email != '\0', cart->shipping_address != NULL, cart->billing_address != NULL,
                                         *cart->shipping_method != '\0'};

    change->fields = ARENA_ARRAY(run->arena, const char *, FIELD_COUNT);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (changes(request, fields[i], has_value[i]))
            change->fields[change->n_fields++] = fields[i];
}

/* What the request makes of the cart as it is, in the arena. NULL when it is refused: half an address, say. */
static Cart__CartChange *change_of(struct saga_run *run, const Cart__StoredCart *before)
{
    struct call *call = call_child(run->call, run->arena); /* where refusals go */
    Cart__CartChange *change = ARENA_NEW(run->arena, Cart__CartChange);
    Cart__Cart cart = CART__CART__INIT;

    cart.email = before->email;
    cart.shipping_address = before->shipping_address;
    cart.billing_address = before->billing_address;
    cart.shipping_method = before->shipping_method;
    if (message_patch(call, &cart__cart__declaration, &cart.base, &request_of(run)->cart->base, request_of(run)->update_mask)) {
        saga_refuse_as(run, &call->problem);
        return NULL;
    }
    cart__cart_change__init(change);
    note_fields(run, change);
    change->email = cart.email;
    change->shipping_address = cart.shipping_address;
    change->billing_address = cart.billing_address;
    change->shipping_method = cart.shipping_method;
    return change;
}

/* --- look ------------------------------------------------------------------------------------------------------------ */

static void refuse_method(struct saga_run *run)
{
    saga_refuse(run, RESULT_SHIPPING_METHOD_UNAVAILABLE, "`%s` is none of the cart's shipping methods.",
                work_of(run)->after->shipping_method);
}

/* There is such a method. Whether it goes there is asked once it is known where, and that something is to be shipped. */
static void on_method(struct saga_run *run, const Pricing__ShippingMethod *method)
{
    const Cart__CartWork *work = work_of(run);

    if (method->disabled || (work->quote && work->quote->needs_shipping && work->after->shipping_address))
        refuse_method(run);
    else
        work_quoted(run, work->quote);
}

static void on_no_method(struct saga_run *run, const struct problem *problem)
{
    struct call *call = call_child(run->call, run->arena); /* where refusals go */

    if (problem->result == RESULT_NOT_FOUND) {
        call_violation(call, "/shippingMethod", "unknown_shipping_method", "There is no such shipping method.");
        problem = &call->problem;
    }
    saga_refuse_as(run, problem);
}

/* Nobody can say now: the checkout will ask. */
static void on_pricing_away(struct saga_run *run)
{
    work_quoted(run, work_of(run)->quote);
}

static void look_for_method(struct saga_run *run)
{
    Pricing__GetShippingMethodRequest request = PRICING__GET_SHIPPING_METHOD_REQUEST__INIT;

    request.id = work_of(run)->after->shipping_method;
    saga_otherwise(run, on_no_method);
    saga_if_away(run, on_pricing_away);
    call_pricing_get_shipping_method(run, &request, on_method);
}

/* A quote that names the method knows it; the method itself is asked for only where it does not. */
static void on_quoted(struct saga_run *run, const Pricing__Quote *quote)
{
    Cart__CartWork *work = work_of(run);
    const Cart__StoredCart *after = work->after;
    bool chooses = changes(request_of(run), "shipping_method", *after->shipping_method != '\0') && *after->shipping_method;

    if (chooses && !(quote && *quote->shipping_method_name)) {
        work->quote = work_keep_quote(run, quote);
        look_for_method(run);
    } else {
        work_quoted(run, quote);
    }
}

static void on_loaded(struct saga_run *run, const Cart__StoredCart *cart)
{
    const Cart__CartChange *change;
    Cart__StoredCart *after;

    if (!work_begin_change(run, cart) || !(change = change_of(run, cart)))
        return;
    after = work_of(run)->after;
    for (size_t i = 0; i < change->n_fields; i++) {
        if (strcmp(change->fields[i], "email") == 0)
            after->email = change->email;
        else if (strcmp(change->fields[i], "shipping_address") == 0)
            after->shipping_address = change->shipping_address;
        else if (strcmp(change->fields[i], "billing_address") == 0)
            after->billing_address = change->billing_address;
        else
            after->shipping_method = change->shipping_method;
    }
    work_quote(run, on_quoted);
}

static void look(struct saga_run *run)
{
    work_load(run, request_of(run)->id, on_loaded);
}

/* --- change ---------------------------------------------------------------------------------------------------------- */

static void change_cart(struct saga_run *run)
{
    Cart__ChangeCartRequest request = CART__CHANGE_CART_REQUEST__INIT;

    request.cart = request_of(run)->id;
    request.change = change_of(run, work_of(run)->before);
    request.if_version = work_if_version(run);
    call_cart_change(run, &request, work_changed);
}

static const struct saga_step steps[] = {
    {"look what it will cost", look, NULL},
    {"change the cart", change_cart, NULL},
};
const struct saga cart_update = CART_SAGA(steps);
