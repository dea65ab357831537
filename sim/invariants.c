/*
 * What holds at every moment is in moment.c; here is when it is looked at, and what must be true at rest.
 */
#include "sim/moment.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"

#include "souk/order/v1/order.souk.h"
#include "souk/payment/v1/payment.pb-c.h"

#include <stdio.h>
#include <string.h>

/* --- looking --- */

static const struct service *service_at(unsigned index)
{
    return every_service[index];
}

static bool look(struct invariants *invariants, const char *service, struct view *view)
{
    return view_begin(&invariants->views, service_index(service), view);
}

/* A statement that finds what must not be: its first column says what. */
static void nothing_is_found(struct invariants *invariants, const char *service, const char *sentence, const char *sql)
{
    struct view view;
    if (!look(invariants, service, &view))
        return;
    struct sql_rows rows = sql_select(view.tx, sql, NULL, 0);
    if (sql_next(&rows)) {
        verdict_broken(invariants->verdict, "%s: \"%s\" does not hold for %s", service, sentence, sql_get_string(&rows, 0));
        sql_stop(&rows);
    }
    view_end(&view);
}

/* --- always --- */

static void check_service(struct invariants *invariants, const struct service *service)
{
    char error[512] = "";
    struct view view;
    if (!service->check || !look(invariants, service->declaration->name, &view))
        return;
    if (!service->check(view.tx, error) && !view.tx->failed)
        verdict_broken(invariants->verdict, "%s", error);
    view_end(&view);
}

/* Whether the service has committed since it was looked at. */
static bool has_news(struct invariants *invariants, unsigned service)
{
    uint64_t commits = host_counts(shop_host(site_shop(invariants->site), service)).commits;
    bool news = commits != invariants->commits[service];
    invariants->commits[service] = commits;
    return news;
}

/* What a crash left is looked at as soon as the shop is back. */
static void forget_what_was_seen(struct invariants *invariants)
{
    invariants->starts = site_starts(invariants->site);
    for (unsigned i = 0; i < SERVICE_COUNT; i++)
        invariants->commits[i] = UINT64_MAX;
}

void invariants_after_step(struct invariants *invariants)
{
    bool any = false;
    if (!site_shop(invariants->site))
        return;
    if (invariants->starts != site_starts(invariants->site))
        forget_what_was_seen(invariants);
    for (unsigned i = 0; i < SERVICE_COUNT; i++) {
        if (!has_news(invariants, i))
            continue;
        any = true;
        check_service(invariants, service_at(i));
        archive_note(&invariants->archive, &invariants->views, i);
    }
    if (any)
        moment_check(invariants);
}

/* --- at rest --- */

bool invariants_is_at_rest(struct invariants *invariants)
{
    struct shop *shop = site_shop(invariants->site);
    if (!shop)
        return false;
    for (size_t i = 0; i < shop_host_count(shop); i++) {
        struct host_counts counts = host_counts(shop_host(shop, i));
        if (counts.sagas_open || counts.behind || counts.writer_queue || counts.reader_queue)
            return false;
    }
    return true;
}

static void check_sagas(struct invariants *invariants)
{
    for (unsigned i = 0; i < SERVICE_COUNT; i++)
        nothing_is_found(invariants, service_at(i)->declaration->name, "every saga ends, done or undone",
                         "SELECT method || ' at step ' || step || ', ' || id FROM souk_saga WHERE status < 2");
    for (unsigned i = 0; i < SERVICE_COUNT; i++)
        nothing_is_found(invariants, service_at(i)->declaration->name, "no claim outlives its saga",
                         "SELECT hex(key) FROM souk_idempotency WHERE result IS NULL AND left_behind = 0");
}

static void check_stores(struct invariants *invariants)
{
    char error[512] = "";
    struct env *env = machine_env(site_machine(invariants->site));
    for (unsigned i = 0; i < SERVICE_COUNT; i++) {
        if (!service_verify(service_at(i), env, SITE_STORE, error))
            verdict_broken(invariants->verdict, "verify %s: %s", service_at(i)->declaration->name, error);
        if (!service_rebuild(every_service, SERVICE_COUNT, service_at(i), env, SITE_STORE, false, error))
            verdict_broken(invariants->verdict, "rebuild %s: %s", service_at(i)->declaration->name, error);
    }
}

/* --- stock --- */

/* What came in is on hand or has left with parcels. */
static void check_count(struct invariants *invariants, struct tx *inventory, unsigned sku)
{
    struct sql_value name = sql_string(clients_skus[sku]);
    int64_t on_hand = SQL_INT(inventory, 0, "SELECT on_hand FROM stock WHERE sku = ?1", name);
    int64_t shipped = SQL_INT(inventory, 0, "SELECT SUM(shipped_units) FROM allocation WHERE sku = ?1", name);
    if (on_hand + shipped != clients_delivered(invariants->clients, sku))
        verdict_broken(invariants->verdict, "of %s %lld came in; %lld are on hand and %lld have left", clients_skus[sku],
                       (long long)clients_delivered(invariants->clients, sku), (long long)on_hand, (long long)shipped);
}

static void check_stock(struct invariants *invariants)
{
    struct view view;
    nothing_is_found(invariants, "inventory", "what nobody pays for is given back in time", "SELECT reservation_id FROM reservation_line");
    if (!look(invariants, "inventory", &view))
        return;
    for (unsigned sku = 0; sku < CLIENTS_COUNTED; sku++)
        check_count(invariants, view.tx, sku);
    view_end(&view);
}

/* What an order was promised and not shipped, for one of its lines; bundles count by how many they are. */
static int64_t promised(struct tx *inventory, const char *order_id, const char *sku)
{
    return SQL_INT(inventory, 0,
                   "SELECT MIN(units) FROM (SELECT SUM(open_units) / MIN(units_each) AS units FROM allocation"
                   " WHERE order_id = ?1 AND ordered_sku = ?2 GROUP BY sku)",
                   sql_string(order_id), sql_string(sku));
}

static void check_promises(struct invariants *invariants, struct tx *inventory, const Order__Order *order)
{
    bool waits = order->status == ORDER__ORDER_STATUS__ORDER_STATUS_PLACED ||
                 order->status == ORDER__ORDER_STATUS__ORDER_STATUS_PARTIALLY_FULFILLED;
    for (size_t i = 0; i < order->n_lines; i++) {
        const Order__OrderLine *line = order->lines[i];
        int64_t expected = waits ? line->quantity - line->fulfilled : 0;
        int64_t units = promised(inventory, order->id, line->sku);
        if (units != expected)
            verdict_broken(invariants->verdict, "order %s (status %d): %lld of %s are promised to it, not %lld", order->id,
                           (int)order->status, (long long)units, line->sku, (long long)expected);
    }
}

/* --- money --- */

static int64_t refunds_of(const Order__Order *order)
{
    int64_t sum = 0;
    for (size_t i = 0; i < order->n_refunds; i++)
        sum += order->refunds[i]->amount->amount;
    return sum;
}

static void check_money(struct invariants *invariants, struct tx *payments, const Order__Order *order)
{
    struct verdict *verdict = invariants->verdict;
    const Order__OrderPayment *payment = order->n_payments ? order->payments[0] : NULL;
    if (!payment) {
        if (order->total->amount != 0)
            verdict_broken(verdict, "order %s costs %lld and has no payment", order->id, (long long)order->total->amount);
        return;
    }
    const struct bank_account *account = bank_account_find(invariants->bank, payment->id);
    if (!account) {
        verdict_broken(verdict, "order %s has a payment that the bank has never heard of", order->id);
        return;
    }
    if (account->captured != payment->captured->amount || account->refunded != payment->refunded->amount)
        verdict_broken(verdict, "order %s shows captured %lld and refunded %lld; the bank has %lld and %lld", order->id,
                       (long long)payment->captured->amount, (long long)payment->refunded->amount, (long long)account->captured,
                       (long long)account->refunded);
    if (payment->captured->amount != 0 && payment->captured->amount != order->total->amount)
        verdict_broken(verdict, "order %s costs %lld; captured is %lld", order->id, (long long)order->total->amount,
                       (long long)payment->captured->amount);
    if (refunds_of(order) != payment->refunded->amount)
        verdict_broken(verdict, "order %s lists refunds of %lld; refunded is %lld", order->id, (long long)refunds_of(order),
                       (long long)payment->refunded->amount);
    if (order->status == ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLED && (account->captured != account->refunded || account->held))
        verdict_broken(verdict, "order %s is cancelled, and the bank still has %lld of it", order->id,
                       (long long)(account->captured - account->refunded + account->held));
    if (order->status != ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLED && account->captured + account->held != order->total->amount)
        verdict_broken(verdict, "order %s costs %lld; the bank took %lld", order->id, (long long)order->total->amount,
                       (long long)(account->captured + account->held));
    bool is_let_go = SQL_INT(payments, 0, "SELECT status FROM payment WHERE id = ?1", sql_string(payment->id)) ==
                     PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_VOIDED;
    if (is_let_go != (strcmp(payment->status, "voided") == 0))
        verdict_broken(verdict, "order %s shows its payment as %s; it is%s let go", order->id, payment->status, is_let_go ? "" : " not");
    int64_t captured = SQL_INT(payments, -1, "SELECT captured FROM payment WHERE id = ?1", sql_string(payment->id));
    if (captured != payment->captured->amount)
        verdict_broken(verdict, "order %s shows captured %lld; the payment says %lld", order->id,
                       (long long)payment->captured->amount, (long long)captured);
}

/* Nobody is charged without an order, and nobody twice. */
static void check_bank(struct invariants *invariants, struct tx *orders, struct tx *payments)
{
    for (const struct bank_account *account = bank_accounts(invariants->bank); account; account = account->next) {
        const char *order_id = SQL_STRING(payments, "SELECT order_id FROM payment WHERE id = ?1", sql_string(account->payment_id));
        bool has_order = order_id && SQL_INT(orders, 0, "SELECT 1 FROM customer_order WHERE id = ?1", sql_string(order_id));
        if (account->charges > 1)
            verdict_broken(invariants->verdict, "payment %s was authorised %u times", account->payment_id, account->charges);
        if (!has_order && (account->held || account->captured != account->refunded))
            verdict_broken(invariants->verdict, "payment %s: the bank took %lld, and there is no order", account->payment_id,
                           (long long)(account->held + account->captured - account->refunded));
    }
}

/* --- orders --- */

static bool is_same_line(const Order__OrderLine *a, const Order__OrderLine *b)
{
    return strcmp(a->sku, b->sku) == 0 && a->quantity == b->quantity && a->total->amount == b->total->amount;
}

static bool is_same_order(const Order__Order *told, const Order__Order *kept)
{
    if (told->total->amount != kept->total->amount || strcmp(told->number, kept->number) != 0 ||
        strcmp(told->cart_id, kept->cart_id) != 0 || strcmp(told->email, kept->email) != 0 || told->n_lines != kept->n_lines)
        return false;
    for (size_t i = 0; i < told->n_lines; i++)
        if (!is_same_line(told->lines[i], kept->lines[i]))
            return false;
    return true;
}

static const Order__Order *order_find(struct view *orders, const char *id)
{
    const Order__Order *order = NULL;
    struct sql_rows rows = SQL_SELECT(orders->tx, "SELECT data FROM customer_order WHERE id = ?1", sql_string(id));
    if (sql_next(&rows)) {
        order = (const Order__Order *)message_unpack(orders->arena, &order__order__descriptor, sql_get_bytes(&rows, 0));
        sql_stop(&rows);
    }
    return order;
}

/* Every order that somebody was told of is there, as he was told. */
static void check_acknowledged(struct invariants *invariants, struct view *orders)
{
    for (const struct checkout *checkout = clients_checkouts(invariants->clients); checkout; checkout = checkout->next) {
        if (!checkout->order_id)
            continue;
        const Order__Order *kept = order_find(orders, checkout->order_id);
        const Order__Order *told =
            (const Order__Order *)message_unpack(orders->arena, &order__order__descriptor, checkout->packed);
        if (!kept)
            verdict_broken(invariants->verdict, "order %s was acknowledged, and is gone", checkout->order_id);
        else if (!told || !is_same_order(told, kept))
            verdict_broken(invariants->verdict, "order %s is not what was acknowledged", checkout->order_id);
    }
}

static bool somebody_was_told(const struct invariants *invariants, const char *order_id)
{
    for (const struct checkout *checkout = clients_checkouts(invariants->clients); checkout; checkout = checkout->next)
        if (checkout->order_id && strcmp(checkout->order_id, order_id) == 0)
            return true;
    return false;
}

/* Who did not say what they would pay has it with the coupons that were in the cart. */
static void check_coupons_of_cart(struct invariants *invariants, struct view *orders, struct tx *carts)
{
    for (const struct checkout *checkout = clients_checkouts(invariants->clients); checkout; checkout = checkout->next) {
        const Order__Order *order = checkout->order_id && !checkout->said_total ? order_find(orders, checkout->order_id) : NULL;
        int64_t coupons = SQL_INT(carts, 0, "SELECT COUNT(*) FROM cart_coupon WHERE cart_id = ?1", sql_string(checkout->cart_id));
        if (order && (int64_t)order->n_coupons != coupons)
            verdict_broken(invariants->verdict, "order %s: %zu of %lld coupons in the cart count, and nobody asked the buyer", order->id,
                           order->n_coupons, (long long)coupons);
    }
}

static void check_orders(struct invariants *invariants)
{
    struct view orders, payments, inventory, carts;
    if (!look(invariants, "order", &orders))
        return;
    if (look(invariants, "payment", &payments)) {
        check_bank(invariants, orders.tx, payments.tx);
        if (look(invariants, "inventory", &inventory)) {
            struct sql_rows rows = SQL_SELECT(orders.tx, "SELECT id FROM customer_order ORDER BY id");
            while (sql_next(&rows)) {
                const Order__Order *order = order_find(&orders, sql_get_string(&rows, 0));
                check_money(invariants, payments.tx, order);
                check_promises(invariants, inventory.tx, order);
                if (!somebody_was_told(invariants, order->id))
                    verdict_broken(invariants->verdict, "order %s: nobody was told of it, and everybody asked", order->id);
            }
            view_end(&inventory);
        }
        view_end(&payments);
    }
    check_acknowledged(invariants, &orders);
    if (look(invariants, "cart", &carts)) {
        check_coupons_of_cart(invariants, &orders, carts.tx);
        view_end(&carts);
    }
    view_end(&orders);
}

/* One cart is one order. */
static void check_carts(struct invariants *invariants)
{
    for (const struct checkout *one = clients_checkouts(invariants->clients); one; one = one->next)
        for (const struct checkout *other = one->next; other; other = other->next)
            if (one->order_id && other->order_id && strcmp(one->cart_id, other->cart_id) == 0)
                verdict_broken(invariants->verdict, "cart %s became two orders, %s and %s", one->cart_id, one->order_id,
                               other->order_id);
    nothing_is_found(invariants, "cart", "no cart stays locked", "SELECT id FROM cart WHERE status = 2");
}

/* A coupon is used as often as orders that were not cancelled use it, and not more often than it may be. */
static void check_coupons(struct invariants *invariants)
{
    struct view pricing, orders;
    if (!look(invariants, "pricing", &pricing))
        return;
    if (look(invariants, "order", &orders)) {
        struct sql_rows rows = SQL_SELECT(pricing.tx, "SELECT checkout FROM redemption ORDER BY checkout");
        while (sql_next(&rows))
            if (!SQL_INT(orders.tx, 0, "SELECT 1 FROM customer_order WHERE checkout_id = ?1 AND status <> ?2",
                         sql_string(sql_get_string(&rows, 0)), sql_int(ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLED)))
                verdict_broken(invariants->verdict, "checkout %s used a coupon, and there is no order, or a cancelled one", sql_get_string(&rows, 0));
        int64_t used = SQL_INT(pricing.tx, 0, "SELECT COUNT(*) AS uses FROM redemption GROUP BY promotion ORDER BY uses DESC LIMIT 1");
        if (used > CLIENTS_COUPON_LIMIT)
            verdict_broken(invariants->verdict, "a coupon for %d was used %lld times", CLIENTS_COUPON_LIMIT, (long long)used);
        view_end(&orders);
    }
    view_end(&pricing);
}

void invariants_at_rest(struct invariants *invariants)
{
    forget_what_was_seen(invariants);
    invariants_after_step(invariants);
    check_sagas(invariants);
    check_orders(invariants);
    check_stock(invariants);
    check_carts(invariants);
    check_coupons(invariants);
    archive_check(&invariants->archive, &invariants->views, invariants->verdict);
    check_stores(invariants);
}
