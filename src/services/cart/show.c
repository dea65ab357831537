/*
 * A cart as shoppers see it: the stored cart and its quote, put together, and what still keeps it from being checked out.
 */
#include "services/cart/cart_internal.h"

#include "platform/rpc/common_types.h"

#include <string.h>

/* --- lines ----------------------------------------------------------------------------------------------------------- */

/* A quote has its lines in the order it was asked. */
static const Pricing__QuotedLine *quoted_line(const Pricing__Quote *quote, size_t position, const char *id)
{
    if (!quote || position >= quote->n_lines || strcmp(quote->lines[position]->id, id) != 0)
        return NULL;
    return quote->lines[position];
}

/* A reservation whose time has run out is none, even before its owner has said so. */
static bool is_held(const Cart__StoredCart *cart, const Cart__StoredLine *line, int64_t now_us)
{
    return line->reserved && cart->reserved_until && cart->reserved_until->seconds >= now_us / 1000000;
}

static Cart__LineReservation *reservation(struct arena *arena, const Cart__StoredCart *cart)
{
    Cart__LineReservation *reservation = ARENA_NEW(arena, Cart__LineReservation);

    cart__line_reservation__init(reservation);
    reservation->expires_at = cart->reserved_until;
    return reservation;
}

static Cart__CartLine *show_line(struct arena *arena, const Cart__StoredCart *cart, const Pricing__Quote *quote,
                                 size_t position, int64_t now_us)
{
    const Cart__StoredLine *stored = cart->lines[position];
    const Pricing__QuotedLine *quoted = quoted_line(quote, position, stored->id);
    Cart__CartLine *line = ARENA_NEW(arena, Cart__CartLine);

    cart__cart_line__init(line);
    line->id = stored->id;
    line->sku = stored->sku;
    line->product_id = stored->product_id;
    line->title = stored->title;
    line->image_url = stored->image_url;
    line->quantity = stored->quantity;
    if (quoted && !quoted->not_priced) {
        line->unit_price = money_message(arena, quoted->unit_price, cart->currency);
        line->total = money_message(arena, quoted->total, cart->currency);
        line->discount = money_message(arena, quoted->discount, cart->currency);
    }
    if (is_held(cart, stored, now_us))
        line->reservation = reservation(arena, cart);
    return line;
}

/* --- taxes and coupons ------------------------------------------------------------------------------------------------ */

static Cart__CartTax *show_tax(struct arena *arena, const Pricing__QuotedTax *quoted, const char *currency)
{
    Cart__CartTax *tax = ARENA_NEW(arena, Cart__CartTax);

    cart__cart_tax__init(tax);
    tax->name = quoted->name;
    tax->rate_ppm = quoted->rate_ppm;
    tax->amount = money_message(arena, quoted->amount, currency);
    tax->included = quoted->included;
    return tax;
}

static Cart__CartCoupon *show_coupon(struct arena *arena, const Cart__StoredCart *cart, const Pricing__Quote *quote,
                                     size_t position)
{
    Cart__CartCoupon *coupon = ARENA_NEW(arena, Cart__CartCoupon);

    cart__cart_coupon__init(coupon);
    coupon->code = cart->coupons[position];
    coupon->discount = money_message(arena, 0, cart->currency);
    if (quote && position < quote->n_coupons) {
        coupon->applied = quote->coupons[position]->applied;
        coupon->discount->amount = quote->coupons[position]->discount;
        coupon->reason = quote->coupons[position]->reason;
    } else {
        coupon->reason = "There is nothing in the cart.";
    }
    return coupon;
}

/* --- what is in the way ------------------------------------------------------------------------------------------------- */

/* The checkout refuses for the same reasons, by the same codes, in the same order. */
static void show_obstacles(struct arena *arena, const Cart__CartWork *work, Cart__Cart *answer)
{
    const Cart__StoredCart *cart = work->after;
    const Pricing__Quote *quote = work->quote;
    bool not_priced = false;

    answer->obstacles = ARENA_ARRAY(arena, const char *, 4); /* at most: the last two exclude each other */
    if (!quote) {
        answer->obstacles[answer->n_obstacles++] = "cart_empty";
        return;
    }
    if (work->n_withdrawn_skus > 0)
        answer->obstacles[answer->n_obstacles++] = "not_for_sale";
    for (size_t i = 0; i < quote->n_lines; i++)
        not_priced = not_priced || quote->lines[i]->not_priced;
    if (not_priced)
        answer->obstacles[answer->n_obstacles++] = "not_priced";
    if (!quote->needs_shipping)
        return;
    if (!cart->shipping_address)
        answer->obstacles[answer->n_obstacles++] = "address_required";
    if (!*cart->shipping_method)
        answer->obstacles[answer->n_obstacles++] = "shipping_method_required";
    else if (cart->shipping_address && !*quote->shipping_method_name)
        answer->obstacles[answer->n_obstacles++] = "shipping_method_unavailable";
}

/* --- the whole --------------------------------------------------------------------------------------------------------- */

static void show_stored(const Cart__StoredCart *cart, Cart__Cart *answer)
{
    answer->id = cart->id;
    answer->version = cart->version;
    answer->status = cart->status;
    answer->currency = cart->currency;
    answer->channel = cart->channel;
    answer->email = cart->email;
    answer->shipping_address = cart->shipping_address;
    answer->billing_address = cart->billing_address;
    answer->shipping_method = cart->shipping_method;
    answer->order_id = cart->order_id;
}

static void show_sums(struct arena *arena, const Pricing__Quote *quote, const char *currency, Cart__Cart *answer)
{
    answer->subtotal = money_message(arena, quote ? quote->subtotal : 0, currency);
    answer->discount = money_message(arena, quote ? quote->discount : 0, currency);
    answer->shipping = money_message(arena, quote ? quote->shipping : 0, currency);
    answer->tax = money_message(arena, quote ? quote->tax : 0, currency);
    answer->total = money_message(arena, quote ? quote->total : 0, currency);
    answer->n_taxes = quote ? quote->n_taxes : 0;
    answer->taxes = ARENA_ARRAY(arena, Cart__CartTax *, answer->n_taxes);
    for (size_t i = 0; i < answer->n_taxes; i++)
        answer->taxes[i] = show_tax(arena, quote->taxes[i], currency);
}

void cart_show(struct arena *arena, const Cart__CartWork *work, int64_t now_us, Cart__Cart *answer)
{
    const Cart__StoredCart *cart = work->after;
    const Pricing__Quote *quote = work->quote;

    show_stored(cart, answer);
    show_sums(arena, quote, cart->currency, answer);
    answer->lines = ARENA_ARRAY(arena, Cart__CartLine *, cart->n_lines);
    for (size_t i = 0; i < cart->n_lines; i++)
        answer->lines[answer->n_lines++] = show_line(arena, cart, quote, i, now_us);
    answer->coupons = ARENA_ARRAY(arena, Cart__CartCoupon *, cart->n_coupons);
    for (size_t i = 0; i < cart->n_coupons; i++)
        answer->coupons[answer->n_coupons++] = show_coupon(arena, cart, quote, i);
    if (stored_cart_changeable(cart) == RESULT_OK)
        show_obstacles(arena, work, answer);
}
