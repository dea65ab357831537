/*
 * What the files of inventory share.
 *
 *     stock.c           what may be promised: pure
 *     stock_record.c    a SKU's row, and its events
 *     bundle.c          what is made of other SKUs
 *     demand.c          what a reservation or an order asks for, SKU by SKU
 *     allocation.c      what was promised to an order
 *     shipment.c        from where it leaves
 *     location.c        where stock is kept
 *     apply.c           the tables
 *     check.c           what always holds in them
 */
#ifndef SOUK_INVENTORY_INTERNAL_H
#define SOUK_INVENTORY_INTERNAL_H

#include "platform/service/service.h"
#include "services/inventory/stock.h"
#include "souk/inventory/v1/events.souk.h"
#include "souk/inventory/v1/inventory.souk.h"

/* The timer that ends a reservation. */
#define RESERVATION_TIMER "reservation"

/* --- a SKU's row, and its events (stock_record.c) --- */

struct stock_record {
    const char *sku;
    const char *product_id;
    int64_t version;
    bool is_open; /* the catalogue has it: otherwise nothing of it is sold */
    bool is_bundle;
    bool was_low; /* when it was read */
    struct stock_numbers numbers;
    struct stock_rules rules;
};

/* The columns that stock_record_of_row() reads, from the first one of a query on. */
#define STOCK_COLUMNS                                                                                                  \
    "stock.sku, stock.product_id, stock.version, stock.is_open, stock.is_bundle, stock.on_hand, stock.reserved,"       \
    " stock.allocated, stock.safety_stock, stock.oversell_limit, stock.strategy, stock.reservation_ttl,"               \
    " stock.scarce_below, stock.reorder_point, stock.reorder_quantity"
#define STOCK_COLUMN_COUNT 15
struct stock_record stock_record_of_row(const struct sql_rows *rows);

/* False when there is no such SKU; the record then is one of which nothing can be had. */
bool stock_record_find(struct tx *tx, const char *sku, struct stock_record *stock);
/* Those, and what `held` of a reservation adds, as stock_obtainable() says; of what the catalogue no longer has, only what is held. */
int64_t stock_record_obtainable(const struct stock_record *stock, int64_t held);

/* The resource: numbers, rules, and locations or components. */
void stock_record_answer(struct tx *tx, struct arena *arena, struct stock_record stock, Inventory__Stock *answer);
/* The same by SKU, for what has been changed by this command. */
void stock_answer(struct context *context, const char *sku, Inventory__Stock *answer);

/* Each emits one event with the numbers that the record has now. */
void stock_emit_opened(struct context *context, const struct stock_record *stock,
                       Inventory__StockComponent **components, size_t count);
void stock_emit_rules_changed(struct context *context, const struct stock_record *stock);
void stock_emit_adjusted(struct context *context, const struct stock_record *stock, const char *location, int64_t delta,
                         const char *reason);
struct reserved {
    const char *reservation_id;
    int64_t delta, held;
    int64_t expires_us; /* 0: the reservation is over */
    Inventory__StockReleaseReason reason;
    const char *taken_over_from; /* "" mostly */
};
void stock_emit_reserved(struct context *context, const struct stock_record *stock, const struct reserved *reserved);
struct allocation;
void stock_emit_allocated(struct context *context, const struct stock_record *stock, const struct allocation *allocation,
                          int64_t delta, const char *reservation_id);
struct shipment;
void stock_emit_shipped(struct context *context, const struct shipment *shipment);
/* Tell that it has run low, if it has since the record was read. The last event of a change. */
void stock_emit_if_ran_low(struct context *context, struct stock_record *stock);

/* --- bundles (bundle.c) --- */

/* What it is made of, by SKU; the array and all in it are in the arena. */
Inventory__StockComponent **stock_components(struct tx *tx, struct arena *arena, const char *bundle, size_t *count);
/* Give a bundle's record the numbers that its parts make. Whether one of them is held in carts. */
bool stock_record_of_parts(struct tx *tx, struct arena *arena, struct stock_record *bundle);

/* --- locations (location.c) --- */

#define LOCATION_DEFAULT "default"
#define LOCATION_DEFAULT_NAME "Default"

bool location_exists(struct tx *tx, const char *id);
/* False when there is none. The default one is always there. */
bool location_answer(struct tx *tx, const char *id, Inventory__Location *answer);
/* Where a SKU is kept, by priority, with the default location among them; `back_order` is its place. */
struct location_stock *stock_locations(struct tx *tx, struct arena *arena, const char *sku, size_t *count,
                                       size_t *back_order);

/* --- what is asked for (demand.c) --- */

/* One SKU with stock of its own. */
struct demand_item {
    struct stock_record stock;
    int64_t held;      /* by the reservation */
    int64_t taken_over; /* held by the reservation that it takes over */
    int64_t wanted;
    struct demand_item *next;
};
/* What one unit of a line needs: of the SKU itself, or of a bundle's components. */
struct demand_part {
    struct demand_item *item;
    int64_t units_each;
    struct demand_part *next;
};
/* A SKU as the caller names it, all its lines added up. */
struct demand_line {
    const char *sku;
    int64_t quantity;
    size_t position; /* of the first of them in the request */
    bool is_open;    /* the catalogue has it: otherwise no more of it than is held */
    struct demand_part *parts;
};
struct demand {
    struct context *context;
    struct demand_line *lines;
    size_t line_count;
    struct demand_item *items; /* in the order they were met */
};

/* Add up the lines, resolve bundles, read the stock. */
void demand_init(struct demand *demand, struct context *context, Inventory__StockLine *const *lines, size_t count);
/* Note what these reservations hold; "" is none. */
void demand_read_held(struct demand *demand, const char *reservation_id, const char *taken_over);
/* Leave out the lines that are not held in carts. */
void demand_keep_pessimistic(struct demand *demand);
/* Refuse with OUT_OF_STOCK, a violation for each line that is short and the number `available`, or set what is wanted of each item. */
enum result demand_check(struct demand *demand);
/* The item of a SKU, read when it is new. */
struct demand_item *demand_item(struct demand *demand, const char *sku);
/* Release everything that a reservation holds. */
void reservation_release(struct context *context, const char *reservation_id, Inventory__StockReleaseReason reason);

/* a * b, and STOCK_UNITS_MAX * 4, which nobody has, where that is more. */
int64_t stock_units(int64_t a, int64_t b);

/* --- what was promised to an order (allocation.c) --- */

struct allocation {
    const char *order_id;
    const char *ordered_sku;
    const char *sku;
    const char *location;
    int64_t units_each;
    int64_t open_units, shipped_units;
    int64_t take; /* of the open ones, for this command */
};
/* Of an order, by the SKUs it knows, their parts, and the priority of the locations. */
struct allocation *allocations_of_order(struct tx *tx, struct arena *arena, const char *order_id, size_t *count);
enum allocation_end { ALLOCATION_FIRST, ALLOCATION_LAST };
/* Set `take` for these lines (all that is open when there are none), from the first locations on or from the last. A line that asks for more
 * than is open gets what there is; its SKU is the answer, otherwise NULL. */
const char *allocations_take(struct allocation *allocations, size_t count, Inventory__StockLine *const *lines,
                             size_t line_count, enum allocation_end from);

/* --- shipping (shipment.c) --- */

/* Units that leave from one place. */
struct shipment {
    struct stock_record *stock;
    const struct allocation *allocation; /* what was promised, maybe from elsewhere */
    const char *from;
    int64_t quantity;
    struct shipment *next;
};
/* What the request's lines take from where. Refuses with STATE_FORBIDS when the order has fewer left, with OUT_OF_STOCK while
 * they are on back order. */
enum result shipments_plan(struct context *context, const Inventory__ShipRequest *request, struct shipment **shipments);

/* --- the rest of the service (service.c binds it) --- */

enum result inventory_reservation_expire(struct context *context, const char *reservation_id);
enum result inventory_follow_product_created(struct context *context, const struct event *event,
                                             const ProtobufCMessage *data);
enum result inventory_follow_product_updated(struct context *context, const struct event *event,
                                             const ProtobufCMessage *data);
enum result inventory_follow_product_deleted(struct context *context, const struct event *event,
                                             const ProtobufCMessage *data);
void inventory_project_product_created(struct tx *tx, const struct event *event, const ProtobufCMessage *data);
void inventory_project_product_updated(struct tx *tx, const struct event *event, const ProtobufCMessage *data);
void inventory_project_product_deleted(struct tx *tx, const struct event *event, const ProtobufCMessage *data);
bool inventory_check(struct tx *tx, char error[512]);

#endif
