/*
 * A shop for tests of cart and checkout: these two are real, in a small world; catalogue, pricing, inventory, order and payment are stands
 * with simple books that a test can read.
 *
 * It sells shirts (20.00 EUR, optimistic), watches (250.00 EUR, pessimistic) and e-books (8.00 EUR, digital). The coupon TEN takes 10.00 EUR off.
 */
#ifndef SOUK_TESTS_SHOP_H
#define SOUK_TESTS_SHOP_H

#include "toys/stall.h"
#include "toys/stand.h"

#include "souk/cart/v1/cart.souk.h"
#include "souk/checkout/v1/checkout.souk.h"

enum { SHIRT, WATCH, EBOOK, SKU_COUNT };
#define BOOKED_MAX 64

/* What the stands know. Ids are copied. */
struct books {
    /* catalogue */
    bool withdrawn[SKU_COUNT];
    /* pricing */
    int64_t prices[SKU_COUNT]; /* 0: none */
    bool ships;                /* there are shipping methods: "standard", to DE, for 5.00 EUR */
    bool coupons_used_up;
    unsigned redeemed, returned;
    /* inventory */
    int64_t stock[SKU_COUNT];
    struct reservation {
        char id[27];
        int64_t held[SKU_COUNT];
    } reservations[BOOKED_MAX];
    struct allocation {
        char order_id[27];
        int64_t allocated[SKU_COUNT];
    } allocations[BOOKED_MAX];
    unsigned reservation_count, allocation_count;
    /* payment */
    Payment__PaymentStatus next_status; /* of the next payment: AUTHORIZED, DECLINED, REQUIRES_ACTION, AUTHORIZING */
    struct paid {
        char id[27];
        Payment__PaymentStatus status;
        int64_t amount;
        unsigned authorised, voided, captured; /* how often */
    } payments[BOOKED_MAX];
    unsigned payment_count;
    /* order */
    struct ordered {
        char id[27], checkout_id[27];
        void *packed;
        size_t length;
        bool cancelled;
    } orders[BOOKED_MAX];
    unsigned order_count;
};

struct shop {
    struct stall stall; /* its world, loop and directory, for ask() */
    struct host *cart, *checkout;
    struct arena *arena; /* what shoppers were answered */
    struct counter { /* outlives crashes */
        struct stand catalog, pricing, inventory, order, payment;
        struct books books;
    } *counter;
};

struct shop *shop_open(uint64_t seed);
void shop_close(struct shop *shop);
/* Close the hosts, and open them on the same files. */
void shop_reopen(struct shop *shop);
/* Die now, and open again on the files as they are. */
struct shop *shop_crash(struct shop *shop, uint64_t seed);

/* --- shoppers --- */

/* What they are answered lives as long as the shop. A cart in EUR: */
const char *shop_cart(struct shop *shop);
/* The answer is put into `cart`, unless that is NULL. */
enum result shop_add(struct shop *shop, const char *cart_id, const char *sku, int64_t quantity, Cart__Cart *cart);
enum result shop_get(struct shop *shop, const char *cart_id, Cart__Cart *cart);
/* Begin a checkout. `key` is kept by the caller. */
struct asked *shop_check_out(struct shop *shop, const char *cart_id, const char *key);
/* Call and wait; a key of NULL is none. */
enum result shop_call(struct shop *shop, const struct method_declaration *method, const ProtobufCMessage *request,
                      const char *key, ProtobufCMessage *answer);

/* --- the books --- */

int64_t shop_reserved(const struct shop *shop, int sku);
int64_t shop_held_by(const struct shop *shop, const char *reservation_id, int sku);
int64_t shop_allocated(const struct shop *shop, int sku);

#endif
