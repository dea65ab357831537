/*
 * Buyers: they look at pages, fill carts, ask for coupons, check out, click twice, use two tabs, go for lunch, go away.
 */
#include "sim/clients_internal.h"

#include "souk/cart/v1/cart.souk.h"
#include "souk/catalog/v1/catalog.souk.h"
#include "souk/checkout/v1/checkout.souk.h"
#include "souk/order/v1/order.souk.h"
#include "souk/payment/v1/payment.souk.h"

/* Longer than units are held in a cart. */
#define LUNCH_US_MAX INT64_C(180000000)
/* Who does not go to the bank's page looks again after so long, until the shop has given up on them. */
#define AWAY_US INT64_C(300000000)

struct buyer {
    struct clients *clients;
    unsigned number;
    const char *email;
    const char *cart_id;
    unsigned actions_left, payments_left;
    bool addressed, looked_for_coupon;
    int64_t total; /* as last shown; -1 not known */
    const char *line_id;
    unsigned checkouts_open;
    bool bought;
};

static void buyer_go_on(void *data);

static void think(struct buyer *buyer)
{
    struct clients *clients = buyer->clients;
    int64_t time_us = clients->hurry ? 1000 : random_between(chance(clients), 1000, clients->temper.think_us_max);
    if (!clients->hurry && percent(clients, 3))
        time_us = random_between(chance(clients), LUNCH_US_MAX / 4, LUNCH_US_MAX);
    world_after(clients->loop, time_us, buyer_go_on, buyer);
}

static void see_cart(struct buyer *buyer, const struct reply *reply)
{
    if (!reply->arrived || reply->result != RESULT_OK || reply->answer->descriptor != &cart__cart__descriptor)
        return;
    const Cart__Cart *cart = (const Cart__Cart *)reply->answer;
    buyer->cart_id = arena_strdup(buyer->clients->arena, cart->id);
    buyer->total = cart->total ? cart->total->amount : -1;
    if (cart->n_lines > 0)
        buyer->line_id = arena_strdup(buyer->clients->arena, cart->lines[below(buyer->clients, (int64_t)cart->n_lines)]->id);
    if (*cart->shipping_method)
        buyer->addressed = true;
}

static void on_cart(void *data, const struct reply *reply)
{
    struct buyer *buyer = data;
    see_cart(buyer, reply);
    think(buyer);
}

static void want_cart(struct buyer *buyer, const struct method_declaration *method, const ProtobufCMessage *message, unsigned tries)
{
    struct clients *clients = buyer->clients;
    want(clients, method, message, percent(clients, 70) ? new_key(clients) : "", false, tries, on_cart, buyer);
}

static void create_cart(struct buyer *buyer)
{
    Cart__CreateCartRequest request = CART__CREATE_CART_REQUEST__INIT;
    request.currency = "EUR";
    want_cart(buyer, &cart__cart_service__create_cart__method, &request.base, 3);
}

static void add_line(struct buyer *buyer)
{
    Cart__AddLineRequest request = CART__ADD_LINE_REQUEST__INIT;
    request.cart = buyer->cart_id;
    request.sku = percent(buyer->clients, 10) ? "PIN" : clients_skus[below(buyer->clients, SKU_COUNT)];
    request.quantity = 1 + below(buyer->clients, 3);
    want_cart(buyer, &cart__cart_service__add_line__method, &request.base, 3);
}

static void change_line(struct buyer *buyer)
{
    Cart__UpdateLineRequest request = CART__UPDATE_LINE_REQUEST__INIT;
    request.cart = buyer->cart_id;
    request.line = buyer->line_id;
    request.quantity = below(buyer->clients, 4);
    want_cart(buyer, &cart__cart_service__update_line__method, &request.base, 3);
}

static void delete_line(struct buyer *buyer)
{
    Cart__DeleteLineRequest request = CART__DELETE_LINE_REQUEST__INIT;
    request.cart = buyer->cart_id;
    request.line = buyer->line_id;
    want_cart(buyer, &cart__cart_service__delete_line__method, &request.base, 3);
}

static void add_coupon(struct buyer *buyer)
{
    Cart__AddCouponRequest request = CART__ADD_COUPON_REQUEST__INIT;
    request.cart = buyer->cart_id;
    request.code = clients_coupons[below(buyer->clients, COUPON_COUNT)];
    want_cart(buyer, &cart__cart_service__add_coupon__method, &request.base, 3);
}

static void look(struct buyer *buyer)
{
    Cart__GetCartRequest request = CART__GET_CART_REQUEST__INIT;
    request.cart = buyer->cart_id;
    want_cart(buyer, &cart__cart_service__get_cart__method, &request.base, 2);
}

/* --- pages --- */

struct page {
    struct buyer *buyer;
    unsigned sku;
    int64_t asked_us;
};

static void on_page(void *data, const struct reply *reply)
{
    const struct page *page = data;
    if (reply->arrived && reply->result == RESULT_OK) {
        const Catalog__Product *product = (const Catalog__Product *)reply->answer;
        if (product->n_variants == 1 && product->variants[0]->price)
            clients_price_seen(page->buyer->clients, page->sku, product->variants[0]->price->amount, page->asked_us);
    }
    think(page->buyer);
}

static void look_at_page(struct buyer *buyer)
{
    struct clients *clients = buyer->clients;
    static const char *const slugs[SKU_COUNT] = {"mug", "tee", "cap", "ebook", "set"};
    Catalog__GetProductRequest request = CATALOG__GET_PRODUCT_REQUEST__INIT;
    struct page *page = ARENA_NEW(clients->arena, struct page);
    *page = (struct page){buyer, (unsigned)below(clients, SKU_COUNT), world_elapsed_us(clients->world)};
    request.product = slugs[page->sku];
    want(clients, &catalog__catalog_service__get_product__method, &request.base, "", false, 1, on_page, page);
}

static void address(struct buyer *buyer)
{
    Cart__UpdateCartRequest request = CART__UPDATE_CART_REQUEST__INIT;
    Cart__Cart cart = CART__CART__INIT;
    Common__Address home = COMMON__ADDRESS__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    const char *paths[] = {"email", "shipping_address", "shipping_method"};
    home.name = "A Buyer";
    home.line1 = "1 Street";
    home.city = "Town";
    home.postal_code = "12345";
    home.country = "DE";
    cart.email = buyer->email;
    cart.shipping_address = &home;
    cart.shipping_method = buyer->clients->shipping_method;
    mask.n_paths = 3;
    mask.paths = (void *)paths;
    request.id = buyer->cart_id;
    request.cart = &cart;
    request.update_mask = &mask;
    want_cart(buyer, &cart__cart_service__update_cart__method, &request.base, 5);
}

static void fill_cart(struct buyer *buyer)
{
    buyer->actions_left--;
    if (percent(buyer->clients, 25))
        look_at_page(buyer);
    else if (!buyer->line_id || percent(buyer->clients, 50))
        add_line(buyer);
    else
        switch (below(buyer->clients, 5)) {
        case 0:
            change_line(buyer);
            break;
        case 1:
            delete_line(buyer);
            break;
        case 2:
        case 3:
            add_coupon(buyer);
            break;
        default:
            look(buyer);
        }
}

/* --- paying --- */

struct payment_attempt {
    struct buyer *buyer;
    struct checkout *checkout;
    Checkout__PlaceOrderRequest *request;
    bool confirmed;
    bool is_away; /* never goes to the bank's page */
};

static void ask_for_order(struct payment_attempt *attempt);

static void note_order(struct clients *clients, struct checkout *checkout, const struct reply *reply)
{
    const Order__Order *order = (const Order__Order *)reply->answer;
    clients_learn(clients, order);
    checkout->order_id = arena_strdup(clients->arena, order->id);
    checkout->order_token = arena_strdup(clients->arena, order->order_token);
    checkout->total = order->total ? order->total->amount : 0;
    checkout->line_count = order->n_lines;
    checkout->packed = message_pack(clients->arena, reply->answer);
}

/* --- at the bank's page --- */

static void on_confirmed(void *data, const struct reply *reply)
{
    (void)reply;
    ask_for_order(data);
}

static void confirm(struct payment_attempt *attempt, const char *url)
{
    struct clients *clients = attempt->buyer->clients;
    Payment__ConfirmPaymentRequest request = PAYMENT__CONFIRM_PAYMENT_REQUEST__INIT;
    const char *id = strstr(url, "payments/");
    const char *secret = strstr(url, "secret=");
    if (!id || !secret || strlen(id) < 9 + 26) {
        ask_for_order(attempt);
        return;
    }
    attempt->confirmed = true;
    request.id = arena_strndup(clients->arena, id + 9, 26);
    request.secret = arena_strdup(clients->arena, secret + 7);
    request.refuse = percent(clients, 30);
    want(clients, &payment__payment_service__confirm_payment__method, &request.base, "", false, 2, on_confirmed, attempt);
}

static void look_again(void *attempt)
{
    ask_for_order(attempt);
}

static void on_progress(void *data, const struct reply *reply)
{
    struct payment_attempt *attempt = data;
    const Checkout__CheckoutProgress *progress = (const Checkout__CheckoutProgress *)reply->answer;
    if (reply->arrived && reply->result == RESULT_OK &&
        progress->status == CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_REQUIRES_ACTION && !attempt->confirmed &&
        !attempt->is_away && percent(attempt->buyer->clients, 70))
        confirm(attempt, progress->next_action_url);
    else if (attempt->is_away)
        world_after(attempt->buyer->clients->loop, AWAY_US, look_again, attempt);
    else
        ask_for_order(attempt);
}

static void look_how_it_goes(struct payment_attempt *attempt, const char *location)
{
    struct clients *clients = attempt->buyer->clients;
    Checkout__GetCheckoutRequest request = CHECKOUT__GET_CHECKOUT_REQUEST__INIT;
    request.id = arena_strdup(clients->arena, strrchr(location, '/') + 1);
    want(clients, &checkout__checkout_service__get_checkout__method, &request.base, "", false, 2, on_progress, attempt);
}

static void on_ordered(void *data, const struct reply *reply)
{
    struct payment_attempt *attempt = data;
    struct buyer *buyer = attempt->buyer;
    struct checkout *checkout = attempt->checkout;
    if (reply->location) {
        look_how_it_goes(attempt, reply->location);
        return;
    }
    ASSERT(reply->arrived);
    checkout->known = true;
    checkout->result = reply->result;
    if (reply->result == RESULT_OK) {
        note_order(buyer->clients, checkout, reply);
        buyer->bought = true;
    }
    if (--buyer->checkouts_open == 0)
        think(buyer);
}

static void ask_for_order(struct payment_attempt *attempt)
{
    want(attempt->buyer->clients, &checkout__checkout_service__place_order__method, &attempt->request->base,
         attempt->checkout->key, false, 0, on_ordered, attempt);
}

static const char *pick_token(struct clients *clients)
{
    static const char *const tokens[] = {"pm_good", "pm_good", "pm_good", "pm_good", "pm_declined", "pm_error", "pm_secure"};
    return tokens[below(clients, 7)];
}

static void pay(struct buyer *buyer)
{
    struct clients *clients = buyer->clients;
    struct payment_attempt *attempt = ARENA_NEW(clients->arena, struct payment_attempt);
    attempt->buyer = buyer;
    attempt->is_away = percent(clients, 15);
    attempt->checkout = ARENA_NEW(clients->arena, struct checkout);
    *attempt->checkout = (struct checkout){
        .key = new_key(clients),
        .cart_id = buyer->cart_id,
        .email = buyer->email,
        .token = pick_token(clients),
        .next = clients->checkouts,
    };
    clients->checkouts = attempt->checkout;
    attempt->request = ARENA_NEW(clients->arena, Checkout__PlaceOrderRequest);
    checkout__place_order_request__init(attempt->request);
    attempt->request->cart = buyer->cart_id;
    attempt->request->payment_token = attempt->checkout->token;
    if (buyer->total >= 0 && percent(clients, 50)) {
        attempt->checkout->said_total = true;
        attempt->request->accepted_total = ARENA_NEW(clients->arena, Common__Money);
        common__money__init(attempt->request->accepted_total);
        attempt->request->accepted_total->amount = buyer->total;
        attempt->request->accepted_total->currency = "EUR";
    }
    buyer->checkouts_open++;
    ask_for_order(attempt);
}

static void buyer_go_on(void *data)
{
    struct buyer *buyer = data;
    struct clients *clients = buyer->clients;
    bool leaves = clients->hurry || buyer->bought || buyer->payments_left == 0 || percent(clients, 1);
    if (leaves) {
        clients->buyers_left--;
    } else if (!buyer->cart_id) {
        create_cart(buyer);
    } else if (buyer->actions_left > 0) {
        fill_cart(buyer);
    } else if (!buyer->addressed) {
        buyer->actions_left += percent(clients, 20);
        address(buyer);
    } else if (!buyer->looked_for_coupon) {
        buyer->looked_for_coupon = true;
        if (percent(clients, 60))
            add_coupon(buyer);
        else
            look(buyer);
    } else {
        buyer->payments_left--;
        buyer->actions_left = (unsigned)below(clients, 2);
        pay(buyer);
        if (percent(clients, 15))
            pay(buyer); /* in another tab */
    }
}

void buyer_begin(struct clients *clients, unsigned number)
{
    struct buyer *buyer = ARENA_NEW(clients->arena, struct buyer);
    *buyer = (struct buyer){
        .clients = clients,
        .number = number,
        .email = arena_printf(clients->arena, "buyer-%u@example.com", number),
        .actions_left = 1 + (unsigned)below(clients, 5),
        .payments_left = 1 + (unsigned)below(clients, 3),
        .total = -1,
    };
    clients->buyers_left++;
    think(buyer);
}
