/*
 * For the tests of inventory: its operations in short, in a world of their own.
 */
#ifndef SOUK_INVENTORY_SHOP_TEST_H
#define SOUK_INVENTORY_SHOP_TEST_H

#include "platform/service/handler_world_test.h"
#include "services/inventory/inventory.h"
#include "services/inventory/inventory_internal.h"
#include "souk/catalog/v1/events.souk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define OPTIMISTIC INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_OPTIMISTIC
#define PESSIMISTIC INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_PESSIMISTIC
#define ADAPTIVE INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_ADAPTIVE

#define SECONDS(count) (INT64_C(1000000) * (count))

#define METHOD(name) (&inventory__inventory_service__##name##__method)

/* The test's world, made and freed around each test. */
static struct handler_world *world;

static inline int shop_open(void **state)
{
    (void)state;
    world = handler_world_new(&inventory_service);
    return 0;
}
static inline int shop_close(void **state)
{
    (void)state;
    handler_world_verify(world);
    handler_world_free(world);
    return 0;
}
#define shop_test(function) cmocka_unit_test_setup_teardown(function, shop_open, shop_close)

/* --- lines --- */

struct lines {
    Inventory__StockLine line[8], *list[8];
    size_t count;
};
struct quantity {
    const char *sku;
    int64_t quantity;
};
static inline struct lines *lines_of(const struct quantity *quantities)
{
    struct lines *lines = ARENA_NEW(world->arena, struct lines);
    for (; quantities->sku != NULL; quantities++) {
        Inventory__StockLine *line = &lines->line[lines->count];
        inventory__stock_line__init(line);
        line->sku = quantities->sku;
        line->quantity = quantities->quantity;
        lines->list[lines->count++] = line;
    }
    return lines;
}
#define LINES(...) lines_of((const struct quantity[]){__VA_ARGS__, {0}})
#define NO_LINES lines_of((const struct quantity[]){{0}})

/* --- the catalogue --- */

struct part {
    const char *sku;
    int64_t quantity;
};
/* A product of one variant that has the product's name; with parts a bundle. */
static inline Catalog__Product *product_of(const char *sku, const struct part *parts)
{
    struct arena *arena = world->arena;
    Catalog__Variant *variant = ARENA_NEW(arena, Catalog__Variant);
    catalog__variant__init(variant);
    variant->sku = sku;
    for (; parts != NULL && parts->sku != NULL; parts++) {
        Catalog__BundleComponent *component = ARENA_NEW(arena, Catalog__BundleComponent);
        catalog__bundle_component__init(component);
        component->sku = parts->sku;
        component->quantity = parts->quantity;
        ARENA_ROOM(arena, variant->components, variant->n_components);
        variant->components[variant->n_components++] = component;
    }
    Catalog__Product *product = ARENA_NEW(arena, Catalog__Product);
    catalog__product__init(product);
    product->variants = ARENA_NEW(arena, Catalog__Variant *);
    product->variants[0] = variant;
    product->n_variants = 1;
    return product;
}
static inline void product_created(const char *sku, const struct part *parts)
{
    Catalog__ProductCreated created = CATALOG__PRODUCT_CREATED__INIT;
    created.product = product_of(sku, parts);
    assert_int_equal(handler_world_react(world, &created.base, "product", sku), RESULT_OK);
}
static inline void product_updated(const char *id, Catalog__Product *product)
{
    Catalog__ProductUpdated updated = CATALOG__PRODUCT_UPDATED__INIT;
    updated.product = product;
    assert_int_equal(handler_world_react(world, &updated.base, "product", id), RESULT_OK);
}
static inline void product_deleted(const char *id)
{
    Catalog__ProductDeleted deleted = CATALOG__PRODUCT_DELETED__INIT;
    assert_int_equal(handler_world_react(world, &deleted.base, "product", id), RESULT_OK);
}

/* --- operations --- */

static inline enum result adjust_at(const char *sku, const char *location, int64_t delta)
{
    Inventory__AdjustStockRequest request = INVENTORY__ADJUST_STOCK_REQUEST__INIT;
    request.sku = sku;
    request.delta = delta;
    request.reason = "count";
    request.location = location;
    return handler_world_call(world, METHOD(adjust_stock), &request.base, NULL);
}
static inline enum result adjust(const char *sku, int64_t delta)
{
    return adjust_at(sku, "", delta);
}
/* A product with stock. */
static inline void product(const char *sku, int64_t stock)
{
    product_created(sku, NULL);
    if (stock != 0)
        assert_int_equal(adjust(sku, stock), RESULT_OK);
}
static inline const Inventory__Stock *stock_of(const char *sku)
{
    Inventory__GetStockRequest request = INVENTORY__GET_STOCK_REQUEST__INIT;
    request.sku = sku;
    const ProtobufCMessage *answer;
    return handler_world_call(world, METHOD(get_stock), &request.base, &answer) == RESULT_OK
               ? (const Inventory__Stock *)answer
               : NULL;
}
/* Change the rules that the mask names, as PATCH does. */
static inline enum result update(const char *sku, Inventory__Stock rules, char *path)
{
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    mask.paths = &path;
    mask.n_paths = 1;
    Inventory__UpdateStockRequest request = INVENTORY__UPDATE_STOCK_REQUEST__INIT;
    request.sku = sku;
    request.stock = &rules;
    request.update_mask = &mask;
    return handler_world_call(world, METHOD(update_stock), &request.base, NULL);
}
#define SET_RULE(product_sku, field, value)                                                                            \
    do {                                                                                                               \
        char path_[] = #field;                                                                                         \
        Inventory__Stock rules_ = INVENTORY__STOCK__INIT;                                                              \
        rules_.field = (value);                                                                                        \
        assert_int_equal(update((product_sku), rules_, path_), RESULT_OK);                                            \
    } while (0)

static inline enum result reserve_as(const Inventory__ReserveRequest *given, const char *id, struct lines *lines,
                                     const Inventory__Reservation **answer)
{
    Inventory__ReserveRequest request = *given;
    request.reservation_id = id;
    request.lines = lines->list;
    request.n_lines = lines->count;
    const ProtobufCMessage *message;
    enum result result = handler_world_call(world, METHOD(reserve), &request.base, &message);
    if (answer != NULL)
        *answer = (const Inventory__Reservation *)message;
    return result;
}
static inline enum result reserve(const char *id, struct lines *lines)
{
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;
    return reserve_as(&request, id, lines, NULL);
}
/* What a cart asks for. What it got, or NULL when it was refused. */
static inline const Inventory__Reservation *put_into_cart(const char *id, struct lines *lines)
{
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;
    request.only_pessimistic = true;
    const Inventory__Reservation *answer;
    return reserve_as(&request, id, lines, &answer) == RESULT_OK ? answer : NULL;
}
static inline enum result release(const char *id)
{
    Inventory__ReleaseRequest request = INVENTORY__RELEASE_REQUEST__INIT;
    request.reservation_id = id;
    return handler_world_call(world, METHOD(release), &request.base, NULL);
}
static inline enum result allocate_for(const char *order, const char *reservation, struct lines *lines,
                                       const Inventory__Allocation **answer)
{
    Inventory__AllocateRequest request = INVENTORY__ALLOCATE_REQUEST__INIT;
    request.order_id = order;
    request.reservation_id = reservation;
    request.lines = lines->list;
    request.n_lines = lines->count;
    const ProtobufCMessage *message;
    enum result result = handler_world_call(world, METHOD(allocate), &request.base, &message);
    if (answer != NULL)
        *answer = (const Inventory__Allocation *)message;
    return result;
}
static inline enum result allocate(const char *order, const char *reservation, struct lines *lines)
{
    return allocate_for(order, reservation, lines, NULL);
}
static inline enum result deallocate(const char *order, struct lines *lines)
{
    Inventory__DeallocateRequest request = INVENTORY__DEALLOCATE_REQUEST__INIT;
    request.order_id = order;
    request.lines = lines->list;
    request.n_lines = lines->count;
    return handler_world_call(world, METHOD(deallocate), &request.base, NULL);
}
static inline enum result ship(const char *order, struct lines *lines)
{
    Inventory__ShipRequest request = INVENTORY__SHIP_REQUEST__INIT;
    request.order_id = order;
    request.lines = lines->list;
    request.n_lines = lines->count;
    return handler_world_call(world, METHOD(ship), &request.base, NULL);
}
static inline const char *location_created(const char *name, int32_t priority)
{
    Inventory__Location location = INVENTORY__LOCATION__INIT;
    location.name = name;
    location.priority = priority;
    Inventory__CreateLocationRequest request = INVENTORY__CREATE_LOCATION_REQUEST__INIT;
    request.location = &location;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(create_location), &request.base, &answer), RESULT_OK);
    return ((const Inventory__Location *)answer)->id;
}

/* --- expectations --- */

static inline void assert_stock(const char *sku, int64_t on_hand, int64_t reserved, int64_t allocated, int64_t available)
{
    const Inventory__Stock *stock = stock_of(sku);
    assert_non_null(stock);
    assert_int_equal(stock->on_hand, on_hand);
    assert_int_equal(stock->reserved, reserved);
    assert_int_equal(stock->allocated, allocated);
    assert_int_equal(stock->available, available);
    assert_int_equal(stock->on_hand, stock->available + stock->reserved + stock->allocated + stock->safety_stock);
    handler_world_check(world);
}
static inline int64_t allocated_at(const char *sku, const char *location)
{
    const Inventory__Stock *stock = stock_of(sku);
    for (size_t i = 0; i < stock->n_locations; i++)
        if (strcmp(stock->locations[i]->location, location) == 0)
            return stock->locations[i]->allocated;
    return 0;
}
/* A number of the last problem, or -1. */
static inline int64_t problem_number(const char *name)
{
    for (const struct problem_number *number = world->problem.numbers; number != NULL; number = number->next)
        if (strcmp(number->name, name) == 0)
            return number->value;
    return -1;
}
/* How often an event of that name was stored. */
static inline int64_t events_named(const char *name)
{
    struct tx *tx = tx_begin(world->host.connection);
    tx->arena = world->arena;
    int64_t count = SQL_INT(tx, 0, "SELECT COUNT(*) FROM souk_event WHERE name = ?1", sql_string(name));
    tx_rollback(tx);
    return count;
}

#endif
