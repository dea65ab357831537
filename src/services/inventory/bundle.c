/*
 * Bundles: SKUs that are so many of others, and have no stock of their own.
 *
 * There are as many bundles as the scarcest part makes. Parts are promised, allocated and shipped one by one, under the name of the bundle.
 * What of the parts is promised to anyone shows as `reserved`, so that on hand = available + reserved holds for bundles too. A part that the
 * catalogue no longer has makes none.
 */
#include "services/inventory/inventory_internal.h"

Inventory__StockComponent **stock_components(struct tx *tx, struct arena *arena, const char *bundle, size_t *count)
{
    Inventory__StockComponent **components = NULL;
    *count = 0;
    struct sql_rows rows = SQL_SELECT(tx, "SELECT sku, units_each FROM stock_component WHERE bundle = ?1 ORDER BY sku",
                                      sql_string(bundle));
    while (sql_next(&rows)) {
        Inventory__StockComponent *component = ARENA_NEW(arena, Inventory__StockComponent);
        inventory__stock_component__init(component);
        component->sku = sql_get_string(&rows, 0);
        component->quantity = sql_get_int(&rows, 1);
        ARENA_ROOM(arena, components, *count);
        components[(*count)++] = component;
    }
    return components;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What one part allows, in bundles. */
struct allowance {
    int64_t on_hand, available, sellable;
};

static struct allowance allowance_of(const struct stock_record *part, int64_t units_each)
{
    if (!part->is_open)
        return (struct allowance){0};
    return (struct allowance){
        .on_hand = stock_bundles(part->numbers.on_hand, units_each),
        .available = stock_bundles(stock_available(&part->numbers), units_each),
        .sellable = stock_bundles(stock_sellable(&part->numbers), units_each),
    };
}

/* The strictest way of any part is the bundle's. */
static Inventory__StockStrategy stricter(Inventory__StockStrategy a, Inventory__StockStrategy b)
{
    const Inventory__StockStrategy order[] = {INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_PESSIMISTIC,
                                              INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_ADAPTIVE};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_OPTIMISTIC;
}

bool stock_record_of_parts(struct tx *tx, struct arena *arena, struct stock_record *bundle)
{
    size_t count;
    Inventory__StockComponent **components = stock_components(tx, arena, bundle->sku, &count);

    bool held_in_cart = false;
    struct allowance least = {0};
    struct stock_rules rules = {.strategy = INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_OPTIMISTIC};
    for (size_t i = 0; i < count; i++) {
        struct stock_record part;
        stock_record_find(tx, components[i]->sku, &part);
        struct allowance allowance = allowance_of(&part, components[i]->quantity);
        least.on_hand = i == 0 ? allowance.on_hand : smaller(least.on_hand, allowance.on_hand);
        least.available = i == 0 ? allowance.available : smaller(least.available, allowance.available);
        least.sellable = i == 0 ? allowance.sellable : smaller(least.sellable, allowance.sellable);

        rules.strategy = stricter(rules.strategy, part.rules.strategy);
        rules.reservation_ttl =
            i == 0 ? part.rules.reservation_ttl : smaller(rules.reservation_ttl, part.rules.reservation_ttl);
        held_in_cart = held_in_cart || stock_is_held_in_cart(&part.rules, stock_available(&part.numbers), 0);
    }

    bundle->rules = rules;
    bundle->numbers = (struct stock_numbers){
        .on_hand = least.on_hand,
        .reserved = least.on_hand - least.available,
        .oversell_limit = least.sellable - least.available,
    };
    return held_in_cart;
}
