/*
 * order.create_fulfilment: ship some or all of an order.
 *
 *     choose the lines - see that they are there - note that they ship - take them from the stock
 *
 * The order is asked before the stock moves, since it knows what is left to ship and refuses when it is being cancelled; the stock follows. It
 * refuses only back orders that have not come in, so it is asked about them before the order notes anything. If the last units leave with another
 * parcel in between, the saga takes them when more come in: the merchant has said that this parcel left.
 */
#include "services/order/order_internal.h"

#include "souk/inventory/v1/inventory.client.h"

static Order__FulfilmentState *state_of(struct saga_run *run)
{
    return (Order__FulfilmentState *)run->state;
}

static const Order__CreateFulfilmentRequest *request_of(const struct saga_run *run)
{
    return (const Order__CreateFulfilmentRequest *)run->request;
}

static void keep_order(struct saga_run *run, const Order__Order *order)
{
    state_of(run)->order = ARENA_NEW(run->arena, Order__Order);
    *state_of(run)->order = *order;
}

/* --- choose the lines: those named, or all that is left --- */

static void chosen(struct saga_run *run, const Order__Order *order)
{
    Order__OrderFulfilment *fulfilment = ARENA_NEW(run->arena, Order__OrderFulfilment);

    order__order_fulfilment__init(fulfilment);
    fulfilment->id = run->id;
    fulfilment->carrier = request_of(run)->carrier;
    fulfilment->tracking_number = request_of(run)->tracking_number;
    fulfilment->n_lines = request_of(run)->n_lines;
    fulfilment->lines = request_of(run)->lines;
    if (!fulfilment->n_lines)
        fulfilment->n_lines = order_unfulfilled(run->arena, order, &fulfilment->lines);
    if (!fulfilment->n_lines) {
        saga_refuse(run, RESULT_STATE_FORBIDS, "Everything has shipped already.");
        return;
    }
    state_of(run)->fulfilment = fulfilment;
    keep_order(run, order);
    saga_next(run);
}

static void choose_lines(struct saga_run *run)
{
    Order__GetOrderRequest *request = ARENA_NEW(run->arena, Order__GetOrderRequest);

    order__get_order_request__init(request);
    request->id = request_of(run)->id;
    call_order_get(run, request, chosen);
}

/* --- see that they are there --- */

/* The fulfilment's lines by SKU. A line that the order does not have is left out: the order itself says so. */
static Inventory__ShipRequest *ship_request(struct saga_run *run)
{
    const Order__OrderFulfilment *fulfilment = state_of(run)->fulfilment;
    Inventory__ShipRequest *request = ARENA_NEW(run->arena, Inventory__ShipRequest);

    inventory__ship_request__init(request);
    request->order_id = request_of(run)->id;
    request->lines = ARENA_ARRAY(run->arena, Inventory__StockLine *, fulfilment->n_lines);
    for (size_t i = 0; i < fulfilment->n_lines; i++) {
        const Order__OrderLine *line = order_line(state_of(run)->order, fulfilment->lines[i]->line_id);
        Inventory__StockLine *units = ARENA_NEW(run->arena, Inventory__StockLine);

        if (!line)
            continue;
        inventory__stock_line__init(units);
        units->sku = line->sku;
        units->quantity = fulfilment->lines[i]->quantity;
        request->lines[request->n_lines++] = units;
    }
    return request;
}

static void seen(struct saga_run *run, const Google__Protobuf__Empty *nothing)
{
    (void)nothing;
    saga_next(run);
}

static void not_seen(struct saga_run *run, const struct problem *problem)
{
    if (problem->result == RESULT_OUT_OF_STOCK)
        saga_refuse_as(run, problem);
    else
        saga_next(run); /* whatever else is wrong, the order knows best */
}

static void see_stock(struct saga_run *run)
{
    const Inventory__ShipRequest *request = ship_request(run);

    if (request->n_lines == 0) {
        saga_next(run); /* no line of this order: the order says so */
        return;
    }
    saga_otherwise(run, not_seen);
    call_inventory_check_shipment(run, request, seen);
}

/* --- note that they ship --- */

static void noted(struct saga_run *run, const Order__Order *order)
{
    keep_order(run, order);
    saga_next(run);
}

static void note(struct saga_run *run)
{
    Order__RecordFulfilmentRequest *request = ARENA_NEW(run->arena, Order__RecordFulfilmentRequest);

    order__record_fulfilment_request__init(request);
    request->id = request_of(run)->id;
    request->fulfilment = state_of(run)->fulfilment;
    call_order_record_fulfilment(run, request, noted);
}

/* --- take them from the stock --- */

static void shipped(struct saga_run *run, const Google__Protobuf__Empty *nothing)
{
    (void)nothing;
    saga_next(run);
}

static void ship(struct saga_run *run)
{
    call_inventory_ship(run, ship_request(run), shipped);
}

static void answer(struct saga_run *run)
{
    *(Order__Order *)run->answer = *state_of(run)->order;
}

static const struct saga_step steps[] = {
    {"choose the lines", choose_lines, NULL},
    {"see that they are there", see_stock, NULL},
    {"note that they ship", note, NULL},
    {"take them from the stock", ship, NULL},
};

const struct saga order_create_fulfilment = {
    SAGA_STEPS(steps), .state = &order__fulfilment_state__descriptor, .durable = true, .pivot = 3, .noted = 1 << 2, .answer = answer};
