/*
 * What buyers and staff share: chance, keys, and wanting something until it is known what became of it.
 *
 *     clients.c   intents; furnishing; the beginning and the end
 *     buyers.c    who fills carts and pays
 *     staff.c     who looks after orders, stock, prices and products
 */
#ifndef SOUK_SIM_CLIENTS_INTERNAL_H
#define SOUK_SIM_CLIENTS_INTERNAL_H

#include "sim/clients.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"

#include "souk/order/v1/order.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many of clients_skus[] there are. */
#define SKU_COUNT 5
#define COUPON_COUNT 5
extern const char *const clients_coupons[COUPON_COUNT];

struct clients {
    struct world *world;
    struct network *network;
    struct loop *loop;
    struct verdict *verdict;
    struct arena *arena;
    struct clients_temper temper;
    bool hurry;
    unsigned furnishing; /* the next thing to do */
    bool furnished;
    const char *shipping_method;
    unsigned buyers_left, staff_left;
    unsigned lists_left; /* times that staff look which orders there are */
    unsigned waiting; /* intents with a key that are not known yet */
    uint64_t keys;
    struct checkout *checkouts;
    struct memory *memories;
    struct known_order *orders;
    int64_t known_count;
    int64_t delivered[SKU_COUNT];
    struct set_price *prices[SKU_COUNT];
    const char *import_id; /* the last one; NULL: none, or undone */
};

/* An order as somebody has seen it last. */
struct known_order {
    const Order__Order *order;
    struct known_order *next;
};
static inline struct random *chance(const struct clients *clients)
{
    return world_random(clients->world);
}

static inline int64_t below(const struct clients *clients, int64_t end)
{
    return (int64_t)random_below(chance(clients), (uint64_t)end);
}

static inline bool percent(const struct clients *clients, unsigned of)
{
    return random_chance(chance(clients), of * 10000);
}

static inline const char *new_key(struct clients *clients)
{
    return arena_printf(clients->arena, "key-%lu", (unsigned long)++clients->keys);
}

void clients_learn(struct clients *clients, const Order__Order *order);

/* Units that are on hand from now on, or not any more. */
void clients_adjust_stock(struct clients *clients, unsigned sku, int64_t delta, void (*done)(void *data, const struct reply *reply),
                          void *data);

/* A price that somebody sets: in force at some moment between asking and knowing. */
struct set_price {
    int64_t amount;
    int64_t asked_us, known_us;
    struct set_price *next;
};
struct set_price *clients_price_begin(struct clients *clients, unsigned sku, int64_t amount);
/* Somebody was shown this price, on a page asked for then. */
void clients_price_seen(struct clients *clients, unsigned sku, int64_t amount, int64_t asked_us);

/* `tries` 0: until it is known. The message is copied. */
void want(struct clients *clients, const struct method_declaration *method, const ProtobufCMessage *message, const char *key, bool staff,
          unsigned tries, void (*done)(void *data, const struct reply *reply), void *data);

void buyer_begin(struct clients *clients, unsigned number);
/* One of staff begins to look for something to do. */
void staff_begin(struct clients *clients);

#endif
