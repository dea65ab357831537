/*
 * What a cart's events do to the tables.
 */
#include "services/cart/cart_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"

#define DAY_US INT64_C(86400000000)

/* --- every event ---------------------------------------------------------------------------------------------------- */

/* The cart has one more event, and lives a month longer. The timer moves in whole days from the opening, so that a busy cart moves it once a
 * day, and carts of one day don't all end at midnight. */
static void count_event(struct tx *tx, const struct event *event)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT opened_us, abandon_us FROM cart WHERE id = ?1", sql_string(event->key));
    int64_t opened_us, abandon_us, due_us;

    if (!sql_next(&rows))
        return; /* the transaction has failed */
    opened_us = sql_get_int(&rows, 0);
    abandon_us = sql_get_int(&rows, 1);
    sql_stop(&rows);
    due_us = opened_us + ((event->at_us - opened_us) / DAY_US + LIMIT_CART_IDLE_DAYS + 1) * DAY_US;
    SQL_DO(tx, "UPDATE cart SET version = ?2, abandon_us = ?3 WHERE id = ?1", sql_string(event->key),
           sql_int(event->stream_version), sql_int(due_us));
    if (due_us != abandon_us)
        tx_timer_set(tx, CART_ABANDON_TIMER, event->key, due_us);
}

/* NULL: as before. */
static void apply_hold(struct tx *tx, const char *cart_id, const Cart__CartHold *hold)
{
    int64_t until_us;

    if (!hold)
        return;
    until_us = hold->until ? hold->until->seconds * 1000000 + hold->until->nanos / 1000 : 0;
    SQL_DO(tx, "UPDATE cart SET reserved_until_us = ?2 WHERE id = ?1", sql_string(cart_id), sql_int(until_us));
    SQL_DO(tx, "UPDATE cart_line SET reserved = 0 WHERE cart_id = ?1 AND reserved = 1", sql_string(cart_id));
    for (size_t i = 0; i < hold->n_skus; i++)
        SQL_DO(tx, "UPDATE cart_line SET reserved = 1 WHERE cart_id = ?1 AND sku = ?2", sql_string(cart_id),
               sql_string(hold->skus[i]));
}

/* --- opening and changing --------------------------------------------------------------------------------------------- */

void cart_apply_cart_opened(struct tx *tx, const struct event *event, const Cart__CartOpened *data)
{
    SQL_DO(tx,
           "INSERT INTO cart (id, version, status, currency, channel, email, shipping_method, checkout_id, order_id,"
           " reserved_until_us, opened_us, abandon_us) VALUES (?1, ?2, ?3, ?4, ?5, '', '', '', '', 0, ?6, 0)",
           sql_string(event->key), sql_int(event->stream_version), sql_int(CART__CART_STATUS__CART_STATUS_OPEN),
           sql_string(data->currency), sql_string(data->channel), sql_int(event->at_us));
    count_event(tx, event);
}

static struct sql_value sql_address(struct tx *tx, const Common__Address *address)
{
    struct text packed;

    if (!address)
        return sql_null();
    packed = message_pack(tx->arena, &address->base);
    return sql_bytes(packed.at, packed.length);
}

static void apply_field(struct tx *tx, const char *cart_id, const char *field, const Cart__CartChange *change)
{
    if (strcmp(field, "email") == 0)
        SQL_DO(tx, "UPDATE cart SET email = ?2 WHERE id = ?1", sql_string(cart_id), sql_string(change->email));
    else if (strcmp(field, "shipping_address") == 0)
        SQL_DO(tx, "UPDATE cart SET shipping_address = ?2 WHERE id = ?1", sql_string(cart_id),
               sql_address(tx, change->shipping_address));
    else if (strcmp(field, "billing_address") == 0)
        SQL_DO(tx, "UPDATE cart SET billing_address = ?2 WHERE id = ?1", sql_string(cart_id),
               sql_address(tx, change->billing_address));
    else if (strcmp(field, "shipping_method") == 0)
        SQL_DO(tx, "UPDATE cart SET shipping_method = ?2 WHERE id = ?1", sql_string(cart_id),
               sql_string(change->shipping_method));
    else
        ASSERT(!"a field of CartChange");
}

void cart_apply_cart_changed(struct tx *tx, const struct event *event, const Cart__CartChanged *data)
{
    for (size_t i = 0; i < data->change->n_fields; i++)
        apply_field(tx, event->key, data->change->fields[i], data->change);
    count_event(tx, event);
}

void cart_apply_coupons_changed(struct tx *tx, const struct event *event, const Cart__CouponsChanged *data)
{
    SQL_DO(tx, "DELETE FROM cart_coupon WHERE cart_id = ?1", sql_string(event->key));
    for (size_t i = 0; i < data->n_coupons; i++)
        SQL_DO(tx, "INSERT INTO cart_coupon (cart_id, position, code) VALUES (?1, ?2, ?3)", sql_string(event->key),
               sql_int((int64_t)i), sql_string(data->coupons[i]));
    count_event(tx, event);
}

/* --- lines ----------------------------------------------------------------------------------------------------------- */

static void put_line(struct tx *tx, const struct event *event, const Cart__StoredLine *line)
{
    SQL_DO(tx,
           "INSERT INTO cart_line (cart_id, sku, id, position, product_id, title, image_url, quantity, weight_grams, digital,"
           " tax_category, reserved) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0)"
           " ON CONFLICT (cart_id, sku) DO UPDATE SET title = excluded.title, image_url = excluded.image_url,"
           " quantity = excluded.quantity, weight_grams = excluded.weight_grams, digital = excluded.digital,"
           " tax_category = excluded.tax_category",
           sql_string(event->key), sql_string(line->sku), sql_string(line->id), sql_int(event->stream_version),
           sql_string(line->product_id), sql_string(line->title), sql_string(line->image_url), sql_int(line->quantity),
           sql_int(line->weight_grams), sql_int(line->digital), sql_string(line->tax_category));
}

void cart_apply_line_put(struct tx *tx, const struct event *event, const Cart__LinePut *data)
{
    if (data->line->quantity > 0)
        put_line(tx, event, data->line);
    else
        SQL_DO(tx, "DELETE FROM cart_line WHERE cart_id = ?1 AND sku = ?2", sql_string(event->key),
               sql_string(data->line->sku));
    apply_hold(tx, event->key, data->hold);
    count_event(tx, event);
}

void cart_apply_reservation_noted(struct tx *tx, const struct event *event, const Cart__ReservationNoted *data)
{
    apply_hold(tx, event->key, data->hold);
    count_event(tx, event);
}

/* --- checking out, and the end ------------------------------------------------------------------------------------------ */

void cart_apply_cart_locked(struct tx *tx, const struct event *event, const Cart__CartLocked *data)
{
    SQL_DO(tx, "UPDATE cart SET status = ?2, checkout_id = ?3 WHERE id = ?1", sql_string(event->key),
           sql_int(CART__CART_STATUS__CART_STATUS_LOCKED), sql_string(data->checkout_id));
    count_event(tx, event);
}

void cart_apply_cart_unlocked(struct tx *tx, const struct event *event, const Cart__CartUnlocked *data)
{
    SQL_DO(tx, "UPDATE cart SET status = ?2, checkout_id = '' WHERE id = ?1", sql_string(event->key),
           sql_int(CART__CART_STATUS__CART_STATUS_OPEN));
    apply_hold(tx, event->key, data->hold);
    count_event(tx, event);
}

/* An order's cart stays, to say that it is one: nothing is held for it any more, and it is not abandoned. */
static void become_order(struct tx *tx, const struct event *event, const char *order_id)
{
    SQL_DO(tx,
           "UPDATE cart SET version = ?2, status = ?3, order_id = ?4, checkout_id = '', reserved_until_us = 0, abandon_us = 0"
           " WHERE id = ?1",
           sql_string(event->key), sql_int(event->stream_version), sql_int(CART__CART_STATUS__CART_STATUS_ORDERED),
           sql_string(order_id));
    SQL_DO(tx, "UPDATE cart_line SET reserved = 0 WHERE cart_id = ?1 AND reserved = 1", sql_string(event->key));
}

static void disappear(struct tx *tx, const struct event *event)
{
    SQL_DO(tx, "DELETE FROM cart_line WHERE cart_id = ?1", sql_string(event->key));
    SQL_DO(tx, "DELETE FROM cart_coupon WHERE cart_id = ?1", sql_string(event->key));
    SQL_DO(tx, "DELETE FROM cart WHERE id = ?1", sql_string(event->key));
}

void cart_apply_cart_closed(struct tx *tx, const struct event *event, const Cart__CartClosed *data)
{
    if (data->reason == CART__CART_CLOSE_REASON__CART_CLOSE_REASON_ORDERED)
        become_order(tx, event, data->order_id);
    else
        disappear(tx, event);
    tx_timer_clear(tx, CART_ABANDON_TIMER, event->key);
}
