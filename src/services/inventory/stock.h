/*
 * The arithmetic of one SKU's stock: what may be promised, and what the numbers are afterwards.
 *
 *     |<------------------------ on hand ------------------------>|
 *     +-----------+----------+--------------+---------------------+ - - - - - - - - +
 *     | allocated | reserved | safety stock |      available      |  oversell limit |
 *     +-----------+----------+--------------+---------------------+ - - - - - - - - +
 *                                           |<------------ sellable --------------->|
 *
 * A decision gets the numbers and either refuses and leaves them, or changes them. It knows no store, no clock and no event, so all that
 * keeps Souk from selling what is not there is on this page and can be tested by itself.
 *
 * `available` is below 0 when units are sold on back order, and when the merchant's own doing took away what was promised: units broke, the
 * safety stock was raised. Promises outlive that; no new one is made until it is made good.
 */
#ifndef SOUK_INVENTORY_STOCK_H
#define SOUK_INVENTORY_STOCK_H

#include "platform/rpc/result.h"
#include "souk/inventory/v1/inventory.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More units than anyone owns; sums of such numbers fit into 64 bits with room to spare. */
#define STOCK_UNITS_MAX INT64_C(1000000000000000)

struct stock_numbers {
    int64_t on_hand, reserved, allocated;  /* never below 0 */
    int64_t safety_stock, oversell_limit; /* never below 0 */
};

struct stock_rules {
    Inventory__StockStrategy strategy;
    int64_t reservation_ttl; /* seconds */
    int64_t scarce_below;
    int64_t reorder_point, reorder_quantity;
};

/* What a new SKU begins with: nothing on hand, none of it held before the buyer pays. */
extern const struct stock_rules stock_rules_default;

/* --- reading the numbers --- */

int64_t stock_available(const struct stock_numbers *stock);
/* Available and the oversell limit; below 0 when more is promised than there is. */
int64_t stock_sellable(const struct stock_numbers *stock);
/* How many a buyer could have who holds `held` of the reserved ones already. */
int64_t stock_obtainable(const struct stock_numbers *stock, int64_t held);
/* Whether a buyer's units are held in the cart. Who holds some keeps them, even when the SKU is no longer scarce. */
bool stock_is_held_in_cart(const struct stock_rules *rules, int64_t available, int64_t held);
bool stock_is_low(const struct stock_rules *rules, int64_t available);
/* How many bundles so many units make, rounded down, also below 0. */
int64_t stock_bundles(int64_t units, int64_t units_each);

/* --- promising: OUT_OF_STOCK, and the numbers as they were, when a new promise goes beyond what is sellable --- */

/* A reservation that holds `held` is to hold `wanted`. Less, or as many as before, is always fine. */
enum result stock_reserve(struct stock_numbers *stock, int64_t held, int64_t wanted);
/* An order gets `wanted`, and the reservation that holds `held` for it ends. What is held was promised already: it is never refused. */
enum result stock_allocate(struct stock_numbers *stock, int64_t held, int64_t wanted);
/* Take a promise to an order back. */
void stock_deallocate(struct stock_numbers *stock, int64_t quantity);

/* --- moving units --- */

/* Units came or went. OUT_OF_STOCK below 0 on hand, OVERFLOW beyond STOCK_UNITS_MAX. */
enum result stock_adjust(struct stock_numbers *stock, int64_t delta);
/* Promised units left the house. */
void stock_ship(struct stock_numbers *stock, int64_t quantity);

/* --- locations --- */

struct location_stock {
    const char *location;
    int64_t on_hand, allocated; /* more allocated than on hand: the rest is on back order */
};

/* From where an order gets `quantity` units; `picks` gets one number for each location, and they add up. The locations come by priority.
 * The first that has enough serves all of it; otherwise it is split, each giving what it has free; and what nobody has is a back order of
 * `locations[back_order]`. */
void stock_choose_locations(const struct location_stock *locations, size_t count, size_t back_order, int64_t quantity,
                            int64_t *picks);

#endif
