/*
 * Buyers and staff: they do what people do, in an order that chance makes, ask again with the same key when no answer comes, click twice,
 * use two tabs, go away. They remember what they were told, and it is held against the shop.
 */
#ifndef SOUK_SIM_CLIENTS_H
#define SOUK_SIM_CLIENTS_H

#include "sim/network.h"
#include "sim/provider.h"
#include "sim/verdict.h"

struct clients;

struct clients_temper {
    unsigned buyers;
    unsigned staff_actions;
    int64_t think_us_max;      /* between two actions */
    unsigned twice_per_million; /* a request is sent twice at once */
    unsigned by_http_per_million; /* the others go to the services directly */
    bool punctual;                /* nothing holds the shop up: pages show what they should at once */
};

struct clients *clients_new(struct world *world, struct network *network, struct loop *loop, struct verdict *verdict);

/* Staff furnish the shop: products, prices, stock, tax, shipping, a coupon. */
void clients_furnish(struct clients *clients);
bool clients_furnished(const struct clients *clients);
/* Buyers and staff begin. */
void clients_begin(struct clients *clients, const struct clients_temper *temper);
/* Nobody begins anything new; what is not known yet is still asked for. */
void clients_hurry(struct clients *clients);
/* Everybody has gone home, and knows what became of everything that was asked for with a key. */
bool clients_done(const struct clients *clients);

/* A checkout somebody asked for with a key. */
struct checkout {
    const char *key;
    const char *cart_id;
    const char *email;
    const char *token;
    bool said_total;      /* what they would pay */
    bool known;           /* the final answer came */
    enum result result;
    const char *order_id; /* of RESULT_OK */
    const char *order_token;
    int64_t total;
    size_t line_count;
    struct text packed;   /* the order as it was answered */
    struct checkout *next;
};
const struct checkout *clients_checkouts(const struct clients *clients);

/* What came in and went out by counting, of a SKU, as far as it is known. */
int64_t clients_delivered(const struct clients *clients, unsigned sku);

/* What is sold; "" at the end. */
extern const char *const clients_skus[];
/* The first so many of them have stock of their own. */
#define CLIENTS_COUNTED 4
/* How often each coupon may be used. */
#define CLIENTS_COUPON_LIMIT 1

#endif
