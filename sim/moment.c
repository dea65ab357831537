/*
 * Every sentence here is true between any two commits, also in the middle of sagas. It follows from the order in which they do things:
 *
 *     - a payment is noted before the bank is asked, so the bank never knows of one that we don't
 *     - an order is noted before money is taken, so who has paid has an order
 *     - the order notes a parcel before the stock loses it, so no more has left than orders say
 *     - a checkout is noted before it holds a cart or a coupon, and ends after it has let go of them
 *
 * What is known later is a lower bound of what was done before: order <= payment <= bank, for what was captured and for what was refunded.
 */
#include "sim/moment.h"

#include "platform/rpc/message.h"

#include "souk/cart/v1/cart.pb-c.h"
#include "souk/order/v1/order.souk.h"
#include "souk/payment/v1/payment.pb-c.h"

#include <string.h>

#define ORDER_STATUS(name) ORDER__ORDER_STATUS__ORDER_STATUS_##name
#define PAYMENT_STATUS(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name

struct moment {
    struct invariants *invariants;
    struct verdict *verdict;
    struct view orders, payments, inventory, carts, pricing, checkouts;
};

/* --- looking --- */

static const struct {
    const char *service;
    size_t view;
} looks[] = {
    {"order", offsetof(struct moment, orders)},     {"payment", offsetof(struct moment, payments)},
    {"inventory", offsetof(struct moment, inventory)}, {"cart", offsetof(struct moment, carts)},
    {"pricing", offsetof(struct moment, pricing)},  {"checkout", offsetof(struct moment, checkouts)},
};
#define LOOKS (sizeof looks / sizeof looks[0])

static struct view *view_at(struct moment *moment, size_t index)
{
    return (struct view *)((char *)moment + looks[index].view);
}

/* All of them, or none. */
static bool begin(struct moment *moment, struct invariants *invariants)
{
    *moment = (struct moment){.invariants = invariants, .verdict = invariants->verdict};
    for (size_t i = 0; i < LOOKS; i++) {
        if (view_begin(&invariants->views, service_index(looks[i].service), view_at(moment, i)))
            continue;
        while (i-- > 0)
            view_end(view_at(moment, i));
        return false;
    }
    return true;
}

/* Whether the disk has let us read everything: what was not read must not be held against the shop. */
static bool end(struct moment *moment)
{
    bool complete = true;
    for (size_t i = 0; i < LOOKS; i++) {
        complete = complete && !view_at(moment, i)->tx->failed;
        view_end(view_at(moment, i));
    }
    return complete;
}

static bool order_exists(struct moment *moment, const char *id)
{
    return SQL_INT(moment->orders.tx, 0, "SELECT 1 FROM customer_order WHERE id = ?1", sql_string(id));
}

static bool checkout_is_open(struct moment *moment, const char *id)
{
    return SQL_INT(moment->checkouts.tx, 0, "SELECT 1 FROM souk_saga WHERE id = ?1 AND status < 2", sql_string(id));
}

/* --- an order's money --- */

static int64_t sum_of_refunds(const Order__Order *order)
{
    int64_t sum = 0;
    for (size_t i = 0; i < order->n_refunds; i++)
        sum += order->refunds[i]->amount->amount;
    return sum;
}

static void check_total(struct moment *moment, const Order__Order *order)
{
    int64_t goods = 0, discounts = 0, added = 0, taxes = 0;
    for (size_t i = 0; i < order->n_lines; i++) {
        goods += order->lines[i]->total->amount;
        discounts += order->lines[i]->discount->amount;
        if (order->lines[i]->total->amount != order->lines[i]->unit_price->amount * order->lines[i]->quantity)
            verdict_broken(moment->verdict, "order %s: line %zu is not its price times its quantity", order->id, i);
    }
    for (size_t i = 0; i < order->n_taxes; i++) {
        taxes += order->taxes[i]->amount->amount;
        added += order->taxes[i]->included ? 0 : order->taxes[i]->amount->amount;
    }
    if (order->subtotal->amount != goods || order->tax->amount != taxes || discounts > order->discount->amount ||
        order->total->amount != goods - order->discount->amount + order->shipping->amount + added)
        verdict_broken(moment->verdict, "order %s does not add up: %lld", order->id, (long long)order->total->amount);
}

struct kept_payment {
    int64_t status, requested, captured, refunded;
};

static bool payment_find(struct moment *moment, const char *id, const char *order_id, struct kept_payment *payment)
{
    struct sql_rows rows =
        SQL_SELECT(moment->payments.tx, "SELECT status, requested, captured, refunded FROM payment WHERE id = ?1 AND order_id = ?2",
                   sql_string(id), sql_string(order_id));
    bool found = sql_next(&rows);
    if (found)
        *payment = (struct kept_payment){sql_get_int(&rows, 0), sql_get_int(&rows, 1), sql_get_int(&rows, 2), sql_get_int(&rows, 3)};
    sql_stop(&rows);
    return found;
}

/* order <= payment <= bank */
static void check_bounds(struct moment *moment, const Order__Order *order, const struct kept_payment *payment)
{
    const Order__OrderPayment *shown = order->payments[0];
    const struct bank_account *account = bank_account_find(moment->invariants->bank, shown->id);
    if (!account) {
        verdict_broken(moment->verdict, "order %s has a payment that the bank has never heard of", order->id);
        return;
    }
    if (shown->captured->amount > payment->captured || payment->captured > account->captured ||
        shown->refunded->amount > payment->refunded || payment->refunded > account->refunded)
        verdict_broken(moment->verdict, "order %s: captured %lld, %lld, %lld and refunded %lld, %lld, %lld by order, payment, bank",
                       order->id, (long long)shown->captured->amount, (long long)payment->captured, (long long)account->captured,
                       (long long)shown->refunded->amount, (long long)payment->refunded, (long long)account->refunded);
    if (account->captured != 0 && account->captured != order->total->amount)
        verdict_broken(moment->verdict, "order %s costs %lld, and the bank has taken %lld", order->id,
                       (long long)order->total->amount, (long long)account->captured);
    if (account->captured > payment->captured && payment->status != PAYMENT_STATUS(CAPTURING))
        verdict_broken(moment->verdict, "order %s: the bank has taken money, and nobody here is taking any", order->id);
}

/* Nobody gets goods without having paid, or having promised to. */
static void check_payment(struct moment *moment, const Order__Order *order)
{
    struct kept_payment payment;
    if (order->total->amount == 0 && order->n_payments == 0)
        return;
    if (order->n_payments == 0) {
        verdict_broken(moment->verdict, "order %s costs %lld and has no payment", order->id, (long long)order->total->amount);
        return;
    }
    if (!payment_find(moment, order->payments[0]->id, order->id, &payment)) {
        verdict_broken(moment->verdict, "order %s has a payment that is not kept", order->id);
        return;
    }
    bool is_let_go = payment.status == PAYMENT_STATUS(VOIDED) || payment.status == PAYMENT_STATUS(VOIDING);
    bool is_cancelled = order->status == ORDER_STATUS(CANCELLING) || order->status == ORDER_STATUS(CANCELLED);
    if (payment.requested != order->total->amount)
        verdict_broken(moment->verdict, "order %s costs %lld; asked for was %lld", order->id, (long long)order->total->amount,
                       (long long)payment.requested);
    if (is_let_go && !is_cancelled)
        verdict_broken(moment->verdict, "order %s stands, and its payment was let go", order->id);
    if (!is_let_go && payment.status != PAYMENT_STATUS(AUTHORIZED) && payment.status < PAYMENT_STATUS(CAPTURING))
        verdict_broken(moment->verdict, "order %s was placed, and its payment is not authorised (status %lld)", order->id,
                       (long long)payment.status);
    if (sum_of_refunds(order) > order->payments[0]->refunded->amount)
        verdict_broken(moment->verdict, "order %s lists more refunds than were refunded", order->id);
    check_bounds(moment, order, &payment);
}

/* --- an order's goods --- */

static int64_t ordered_of(const Order__Order *order, const char *sku, int64_t *fulfilled)
{
    int64_t ordered = 0;
    *fulfilled = 0;
    for (size_t i = 0; i < order->n_lines; i++) {
        if (strcmp(order->lines[i]->sku, sku) != 0)
            continue;
        ordered += order->lines[i]->quantity;
        *fulfilled += order->lines[i]->fulfilled;
    }
    return ordered;
}

static void check_goods(struct moment *moment, const Order__Order *order, const char *checkout_id)
{
    int64_t open = 0;
    struct sql_rows rows =
        SQL_SELECT(moment->inventory.tx,
                   "SELECT ordered_sku, sku, MIN(units_each), SUM(open_units), SUM(shipped_units) FROM allocation"
                   " WHERE order_id = ?1 GROUP BY ordered_sku, sku ORDER BY ordered_sku, sku",
                   sql_string(order->id));
    while (sql_next(&rows)) {
        int64_t each = sql_get_int(&rows, 2), waiting = sql_get_int(&rows, 3), shipped = sql_get_int(&rows, 4);
        int64_t fulfilled, ordered = ordered_of(order, sql_get_string(&rows, 0), &fulfilled);
        open += waiting;
        if (waiting + shipped > ordered * each || shipped > fulfilled * each)
            verdict_broken(moment->verdict, "order %s: %lld of %s are promised and %lld have left, for %lld ordered and %lld in parcels",
                           order->id, (long long)waiting, sql_get_string(&rows, 1), (long long)shipped,
                           (long long)(ordered * each), (long long)(fulfilled * each));
    }
    if (open > 0 && order->status == ORDER_STATUS(CANCELLED) && !checkout_is_open(moment, checkout_id))
        verdict_broken(moment->verdict, "order %s is cancelled, and %lld units are promised to it", order->id, (long long)open);
}

static int64_t in_parcels(const Order__Order *order, const char *line_id)
{
    int64_t sum = 0;
    for (size_t i = 0; i < order->n_fulfilments; i++)
        for (size_t j = 0; j < order->fulfilments[i]->n_lines; j++)
            if (strcmp(order->fulfilments[i]->lines[j]->line_id, line_id) == 0)
                sum += order->fulfilments[i]->lines[j]->quantity;
    return sum;
}

static int64_t in_returns(const Order__Order *order, const char *line_id)
{
    int64_t sum = 0;
    for (size_t i = 0; i < order->n_returns; i++)
        for (size_t j = 0; j < order->returns[i]->n_lines; j++)
            if (strcmp(order->returns[i]->lines[j]->line_id, line_id) == 0)
                sum += order->returns[i]->lines[j]->quantity;
    return sum;
}

static void check_parcels(struct moment *moment, const Order__Order *order)
{
    bool any = false, all = true;
    for (size_t i = 0; i < order->n_lines; i++) {
        const Order__OrderLine *line = order->lines[i];
        any = any || line->fulfilled > 0;
        all = all && line->fulfilled == line->quantity;
        if (line->fulfilled != in_parcels(order, line->id) || in_returns(order, line->id) > line->fulfilled)
            verdict_broken(moment->verdict, "order %s: %lld of %s count as shipped, %lld are in parcels, %lld come back", order->id,
                           (long long)line->fulfilled, line->sku, (long long)in_parcels(order, line->id),
                           (long long)in_returns(order, line->id));
    }
    if ((order->status == ORDER_STATUS(FULFILLED)) != all || (order->status == ORDER_STATUS(PARTIALLY_FULFILLED)) != (any && !all))
        verdict_broken(moment->verdict, "order %s has status %d, which its parcels don't say", order->id, (int)order->status);
}

static void check_orders(struct moment *moment)
{
    struct sql_rows rows = SQL_SELECT(moment->orders.tx, "SELECT data, checkout_id, status FROM customer_order ORDER BY id");
    while (sql_next(&rows)) {
        const Order__Order *order =
            (const Order__Order *)message_unpack(moment->orders.arena, &order__order__descriptor, sql_get_bytes(&rows, 0));
        check_total(moment, order);
        check_payment(moment, order);
        check_goods(moment, order, sql_get_string(&rows, 1));
        check_parcels(moment, order);
    }
}

static void check_promises_have_orders(struct moment *moment)
{
    struct sql_rows rows = SQL_SELECT(moment->inventory.tx, "SELECT DISTINCT order_id FROM allocation ORDER BY order_id");
    while (sql_next(&rows))
        if (!order_exists(moment, sql_get_string(&rows, 0)))
            verdict_broken(moment->verdict, "stock is promised to order %s, which there is not", sql_get_string(&rows, 0));
}

/* --- the bank --- */

static void check_bank(struct moment *moment)
{
    for (const struct bank_account *account = bank_accounts(moment->invariants->bank); account; account = account->next) {
        const char *order_id =
            SQL_STRING(moment->payments.tx, "SELECT order_id FROM payment WHERE id = ?1", sql_string(account->payment_id));
        if (!order_id)
            verdict_broken(moment->verdict, "payment %s: the bank was asked, and it is not kept", account->payment_id);
        else if (account->captured > 0 && !order_exists(moment, order_id))
            verdict_broken(moment->verdict, "payment %s: the bank took %lld, and there is no order", account->payment_id,
                           (long long)account->captured);
        if (account->charges > 1)
            verdict_broken(moment->verdict, "payment %s was authorised %u times", account->payment_id, account->charges);
    }
}

/* --- carts and coupons --- */

static void check_carts(struct moment *moment)
{
    struct sql_rows rows =
        SQL_SELECT(moment->carts.tx, "SELECT id, status, checkout_id, order_id FROM cart WHERE status <> 1 ORDER BY id");
    while (sql_next(&rows)) {
        const char *id = sql_get_string(&rows, 0);
        if (sql_get_int(&rows, 1) == CART__CART_STATUS__CART_STATUS_LOCKED && !checkout_is_open(moment, sql_get_string(&rows, 2)))
            verdict_broken(moment->verdict, "cart %s is locked, and its checkout is over", id);
        if (sql_get_int(&rows, 1) == CART__CART_STATUS__CART_STATUS_ORDERED && !order_exists(moment, sql_get_string(&rows, 3)))
            verdict_broken(moment->verdict, "cart %s became an order that there is not", id);
    }
}

static void check_coupons(struct moment *moment)
{
    const char *worn_out = SQL_STRING(moment->pricing.tx,
                                      "SELECT promotion FROM redemption GROUP BY promotion HAVING COUNT(*) > ?1 ORDER BY promotion LIMIT 1",
                                      sql_int(CLIENTS_COUPON_LIMIT));
    if (worn_out)
        verdict_broken(moment->verdict, "promotion %s is used more than %d times", worn_out, CLIENTS_COUPON_LIMIT);
    struct sql_rows rows = SQL_SELECT(moment->pricing.tx, "SELECT checkout FROM redemption ORDER BY checkout");
    while (sql_next(&rows)) {
        const char *checkout = sql_get_string(&rows, 0);
        if (!checkout_is_open(moment, checkout) &&
            !SQL_INT(moment->orders.tx, 0, "SELECT 1 FROM customer_order WHERE checkout_id = ?1 AND status <> ?2", sql_string(checkout),
                     sql_int(ORDER_STATUS(CANCELLED))))
            verdict_broken(moment->verdict, "checkout %s is over, has no order or a cancelled one, and uses a coupon", checkout);
    }
}

/* --- what people were told --- */

static void check_acknowledged(struct moment *moment)
{
    for (const struct checkout *checkout = clients_checkouts(moment->invariants->clients); checkout; checkout = checkout->next)
        if (checkout->order_id && !order_exists(moment, checkout->order_id))
            verdict_broken(moment->verdict, "order %s was acknowledged, and is not there", checkout->order_id);
}

void moment_check(struct invariants *invariants)
{
    struct verdict before = *invariants->verdict;
    struct moment moment;
    if (!begin(&moment, invariants))
        return;
    check_orders(&moment);
    check_promises_have_orders(&moment);
    check_bank(&moment);
    check_carts(&moment);
    check_coupons(&moment);
    check_acknowledged(&moment);
    if (!end(&moment))
        *invariants->verdict = before;
}
