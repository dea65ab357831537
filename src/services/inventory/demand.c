/*
 * What a reservation or an order asks for, SKU by SKU.
 *
 *     lines     as the caller names them, lines of one SKU added up
 *       parts   what one unit of a line needs: the SKU itself, or a bundle's components
 *     items     SKUs with stock of their own; parts of several lines share them, and so compete
 *
 * Lines are served in their order: who comes late is told what the ones before have left.
 */
#include "services/inventory/inventory_internal.h"

#include "base/assert.h"

#include <string.h>

int64_t stock_units(int64_t a, int64_t b)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product) || product > 4 * STOCK_UNITS_MAX)
        return 4 * STOCK_UNITS_MAX;
    return product;
}

/* a + b, held down alike. */
static int64_t units_sum(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum) || sum > 4 * STOCK_UNITS_MAX)
        return 4 * STOCK_UNITS_MAX;
    return sum;
}

/* --- what is asked for ------------------------------------------------------------------------------------------------ */

static struct demand_item *add_item(struct demand *demand, const struct stock_record *stock)
{
    struct demand_item *item = ARENA_NEW(demand->context->arena, struct demand_item);
    item->stock = *stock;
    struct demand_item **end = &demand->items;
    while (*end != NULL)
        end = &(*end)->next;
    return *end = item;
}

static struct demand_item *find_item(const struct demand *demand, const char *sku)
{
    struct demand_item *item = demand->items;
    while (item != NULL && strcmp(item->stock.sku, sku) != 0)
        item = item->next;
    return item;
}

struct demand_item *demand_item(struct demand *demand, const char *sku)
{
    struct demand_item *item = find_item(demand, sku);
    if (item != NULL)
        return item;
    struct stock_record stock;
    stock_record_find(demand->context->tx, sku, &stock); /* an unknown one is an item that is sold out */
    return add_item(demand, &stock);
}

static void add_part(struct demand *demand, struct demand_line *line, struct demand_item *item, int64_t units_each)
{
    struct demand_part *part = ARENA_NEW(demand->context->arena, struct demand_part);
    *part = (struct demand_part){.item = item, .units_each = units_each, .next = line->parts};
    line->parts = part;
}

static void resolve(struct demand *demand, struct demand_line *line)
{
    struct tx *tx = demand->context->tx;
    struct demand_item *known = find_item(demand, line->sku); /* a bundle has no item, unless somebody else's part is one */
    struct stock_record stock;
    if (known != NULL)
        stock = known->stock;
    else
        stock_record_find(tx, line->sku, &stock);

    line->is_open = stock.is_open;
    if (!stock.is_bundle) {
        add_part(demand, line, known != NULL ? known : add_item(demand, &stock), 1);
        return;
    }
    size_t count;
    Inventory__StockComponent **components = stock_components(tx, demand->context->arena, line->sku, &count);
    for (size_t i = 0; i < count; i++)
        add_part(demand, line, demand_item(demand, components[i]->sku), components[i]->quantity);
}

static struct demand_line *find_line(struct demand *demand, const char *sku)
{
    for (size_t i = 0; i < demand->line_count; i++)
        if (strcmp(demand->lines[i].sku, sku) == 0)
            return &demand->lines[i];
    return NULL;
}

void demand_init(struct demand *demand, struct context *context, Inventory__StockLine *const *lines, size_t count)
{
    *demand = (struct demand){
        .context = context,
        .lines = ARENA_ARRAY(context->arena, struct demand_line, count),
    };
    for (size_t i = 0; i < count; i++) {
        if (lines[i]->quantity <= 0)
            continue;
        struct demand_line *line = find_line(demand, lines[i]->sku);
        if (line == NULL) {
            line = &demand->lines[demand->line_count++];
            *line = (struct demand_line){.sku = lines[i]->sku, .position = i};
            resolve(demand, line);
        }
        line->quantity = units_sum(line->quantity, lines[i]->quantity);
    }
}

/* --- what is held ----------------------------------------------------------------------------------------------------- */

static void read_held(struct demand *demand, const char *reservation_id, bool is_taken_over)
{
    struct sql_rows rows = SQL_SELECT(demand->context->tx,
                                      "SELECT " STOCK_COLUMNS ", reservation_line.quantity FROM reservation_line"
                                      " JOIN stock ON stock.sku = reservation_line.sku"
                                      " WHERE reservation_line.reservation_id = ?1 ORDER BY reservation_line.sku",
                                      sql_string(reservation_id));
    while (sql_next(&rows)) {
        struct stock_record stock = stock_record_of_row(&rows);
        struct demand_item *item = find_item(demand, stock.sku);
        if (item == NULL)
            item = add_item(demand, &stock);
        *(is_taken_over ? &item->taken_over : &item->held) = sql_get_int(&rows, STOCK_COLUMN_COUNT);
    }
}

void demand_read_held(struct demand *demand, const char *reservation_id, const char *taken_over)
{
    read_held(demand, reservation_id, false);
    if (*taken_over != '\0' && strcmp(taken_over, reservation_id) != 0)
        read_held(demand, taken_over, true);
}

/* --- deciding --------------------------------------------------------------------------------------------------------- */

static bool is_held_in_cart(const struct demand_line *line)
{
    for (const struct demand_part *part = line->parts; part != NULL; part = part->next) {
        const struct stock_record *stock = &part->item->stock;
        if (stock->is_open &&
            stock_is_held_in_cart(&stock->rules, stock_available(&stock->numbers), part->item->held))
            return true;
    }
    return false;
}

void demand_keep_pessimistic(struct demand *demand)
{
    size_t kept = 0;
    for (size_t i = 0; i < demand->line_count; i++)
        if (is_held_in_cart(&demand->lines[i]))
            demand->lines[kept++] = demand->lines[i];
    demand->line_count = kept;
}

/* How many of the line can be had, after the lines before it. */
static int64_t line_obtainable(const struct demand_line *line)
{
    int64_t least = INT64_MAX;
    for (const struct demand_part *part = line->parts; part != NULL; part = part->next) {
        const struct demand_item *item = part->item;
        int64_t held = item->held + item->taken_over;
        int64_t left = (line->is_open ? stock_record_obtainable(&item->stock, held) : held) - item->wanted;
        int64_t bundles = left > 0 ? stock_bundles(left, part->units_each) : 0;
        least = bundles < least ? bundles : least;
    }
    return line->parts != NULL ? least : 0;
}

static void take(const struct demand_line *line)
{
    for (const struct demand_part *part = line->parts; part != NULL; part = part->next)
        part->item->wanted = units_sum(part->item->wanted, stock_units(line->quantity, part->units_each));
}

static void note_short(struct demand *demand, const struct demand_line *line, int64_t obtainable)
{
    const char *pointer = arena_printf(demand->context->arena, "/lines/%zu/quantity", line->position);
    if (obtainable > 0)
        call_violation(demand->context->call, pointer, "out_of_stock", "Only %lld of “%s” can be had.",
                       (long long)obtainable, line->sku);
    else
        call_violation(demand->context->call, pointer, "out_of_stock", "“%s” is sold out.", line->sku);
}

enum result demand_check(struct demand *demand)
{
    const struct demand_line *first_short = NULL;
    int64_t available = 0; /* of that line */
    for (size_t i = 0; i < demand->line_count; i++) {
        const struct demand_line *line = &demand->lines[i];
        int64_t obtainable = line_obtainable(line);
        if (line->quantity <= obtainable) {
            take(line);
            continue;
        }
        note_short(demand, line, obtainable);
        if (first_short == NULL) {
            first_short = line;
            available = obtainable;
        }
    }
    if (first_short == NULL)
        return RESULT_OK;

    struct call *call = demand->context->call;
    call_problem_number(call, "available", available);
    if (available > 0)
        return call_refuse(call, RESULT_OUT_OF_STOCK, "Only %lld of “%s” can be had. Take fewer.", (long long)available,
                           first_short->sku);
    return call_refuse(call, RESULT_OUT_OF_STOCK, "“%s” is sold out.", first_short->sku);
}

/* --- giving back ------------------------------------------------------------------------------------------------------ */

void reservation_release(struct context *context, const char *reservation_id, Inventory__StockReleaseReason reason)
{
    struct demand demand;
    demand_init(&demand, context, NULL, 0);
    demand_read_held(&demand, reservation_id, "");
    for (struct demand_item *item = demand.items; item != NULL; item = item->next) {
        enum result result = stock_reserve(&item->stock.numbers, item->held, 0);
        ASSERT(result == RESULT_OK); /* fewer is always fine */
        stock_emit_reserved(context, &item->stock,
                            &(struct reserved){
                                .reservation_id = reservation_id,
                                .delta = -item->held,
                                .reason = reason,
                            });
    }
}
