/*
 * A cart as it is kept, and what may be done to it.
 *
 *     OPEN <--cart_unlock-- LOCKED --cart_close--> ORDERED
 *      | \---cart_lock-----/
 *      +--cart_close, cart_abandon--> gone
 *
 * OPEN     the shopper's: the only state in which lines, coupons, addresses and choices change
 * LOCKED   a checkout's, whose id it bears, until that ends one way or the other
 * ORDERED  bears the id of the order it became, and never changes again
 */
#include "services/cart/cart_internal.h"

#include "base/text.h"
#include "platform/rpc/common_types.h"
#include "platform/rpc/message.h"

/* --- reading ------------------------------------------------------------------------------------------------------- */

static Common__Address *address_of(const struct sql_rows *rows, int column)
{
    if (sql_is_null(rows, column))
        return NULL;
    return (Common__Address *)message_unpack(rows->tx->arena, &common__address__descriptor, sql_get_bytes(rows, column));
}

static struct sql_rows ask_cart(struct tx *tx, const char *id)
{
    return SQL_ASK(tx,
                   "SELECT version, status, currency, channel, email, shipping_address, billing_address,"
                   " shipping_method, checkout_id, order_id, reserved_until_us FROM cart WHERE id = ?1",
                   sql_string(id));
}

static bool read_cart(struct tx *tx, struct sql_rows rows, const char *id, Cart__StoredCart *cart)
{
    if (!sql_next(&rows))
        return false;
    cart->id = id;
    cart->version = sql_get_int(&rows, 0);
    cart->status = (Cart__CartStatus)sql_get_int(&rows, 1);
    cart->currency = sql_get_string(&rows, 2);
    cart->channel = sql_get_string(&rows, 3);
    cart->email = sql_get_string(&rows, 4);
    cart->shipping_address = address_of(&rows, 5);
    cart->billing_address = address_of(&rows, 6);
    cart->shipping_method = sql_get_string(&rows, 7);
    cart->checkout_id = sql_get_string(&rows, 8);
    cart->order_id = sql_get_string(&rows, 9);
    if (sql_get_int(&rows, 10) > 0)
        cart->reserved_until = timestamp_message(tx->arena, sql_get_int(&rows, 10));
    sql_stop(&rows);
    return true;
}

static struct sql_rows ask_lines(struct tx *tx, const char *id)
{
    return SQL_ASK(tx,
                   "SELECT id, sku, product_id, title, image_url, quantity, weight_grams, digital, tax_category,"
                   " reserved FROM cart_line WHERE cart_id = ?1 ORDER BY position",
                   sql_string(id));
}

static void read_lines(struct tx *tx, struct sql_rows rows, Cart__StoredCart *cart)
{
    while (sql_next(&rows)) {
        Cart__StoredLine *line = ARENA_NEW(tx->arena, Cart__StoredLine);

        cart__stored_line__init(line);
        line->id = sql_get_string(&rows, 0);
        line->sku = sql_get_string(&rows, 1);
        line->product_id = sql_get_string(&rows, 2);
        line->title = sql_get_string(&rows, 3);
        line->image_url = sql_get_string(&rows, 4);
        line->quantity = sql_get_int(&rows, 5);
        line->weight_grams = sql_get_int(&rows, 6);
        line->digital = sql_get_int(&rows, 7) != 0;
        line->tax_category = sql_get_string(&rows, 8);
        line->reserved = sql_get_int(&rows, 9) != 0;
        ARENA_ROOM(tx->arena, cart->lines, cart->n_lines);
        cart->lines[cart->n_lines++] = line;
    }
}

static struct sql_rows ask_coupons(struct tx *tx, const char *id)
{
    return SQL_ASK(tx, "SELECT code FROM cart_coupon WHERE cart_id = ?1 ORDER BY position", sql_string(id));
}

static void read_coupons(struct tx *tx, struct sql_rows rows, Cart__StoredCart *cart)
{
    while (sql_next(&rows)) {
        ARENA_ROOM(tx->arena, cart->coupons, cart->n_coupons);
        cart->coupons[cart->n_coupons++] = sql_get_string(&rows, 0);
    }
}

/* All is asked before any of it is read: one round trip. */
bool stored_cart_find(struct tx *tx, const char *id, Cart__StoredCart *cart)
{
    struct sql_rows rows = ask_cart(tx, id), lines = ask_lines(tx, id), coupons = ask_coupons(tx, id);

    cart__stored_cart__init(cart);
    if (!read_cart(tx, rows, id, cart)) {
        sql_stop(&lines);
        sql_stop(&coupons);
        return false;
    }
    read_lines(tx, lines, cart);
    read_coupons(tx, coupons, cart);
    return true;
}

/* --- what is in it --------------------------------------------------------------------------------------------------- */

Cart__StoredLine *stored_cart_line_of_sku(const Cart__StoredCart *cart, const char *sku)
{
    for (size_t i = 0; i < cart->n_lines; i++)
        if (strcmp(cart->lines[i]->sku, sku) == 0)
            return cart->lines[i];
    return NULL;
}

Cart__StoredLine *stored_cart_line(const Cart__StoredCart *cart, const char *id)
{
    for (size_t i = 0; i < cart->n_lines; i++)
        if (strcmp(cart->lines[i]->id, id) == 0)
            return cart->lines[i];
    return NULL;
}

size_t stored_cart_coupon(const Cart__StoredCart *cart, const char *code)
{
    size_t i = 0;

    while (i < cart->n_coupons && !text_equal_ignoring_case(text_of(cart->coupons[i]), text_of(code)))
        i++;
    return i;
}

/* --- refusing ------------------------------------------------------------------------------------------------------- */

enum result stored_cart_read(struct context *context, const char *id, Cart__StoredCart *cart)
{
    if (!stored_cart_find(context->tx, id, cart))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no cart `%s`.", id);
    return RESULT_OK;
}

enum result stored_cart_changeable(const Cart__StoredCart *cart)
{
    if (cart->status == CART__CART_STATUS__CART_STATUS_LOCKED)
        return RESULT_CART_LOCKED;
    if (cart->status == CART__CART_STATUS__CART_STATUS_ORDERED)
        return RESULT_CART_CLOSED;
    return RESULT_OK;
}

enum result stored_cart_read_open(struct context *context, const char *id, int64_t if_version, Cart__StoredCart *cart)
{
    enum result result = stored_cart_read(context, id, cart);

    if (result)
        return result;
    result = stored_cart_changeable(cart);
    if (result)
        return call_refuse(context->call, result, NULL);
    if (if_version && if_version != cart->version)
        return call_refuse(context->call, RESULT_VERSION_MISMATCH, "The cart is at version %lld now. Read it again and decide anew.",
                           (long long)cart->version);
    return RESULT_OK;
}
