/*
 * Ship: what was promised to an order leaves the house. Where from is planned in shipment.c.
 */
#include "services/inventory/inventory_internal.h"

enum result inventory_ship(struct context *context, const Inventory__ShipRequest *request, Google__Protobuf__Empty *answer)
{
    (void)answer;
    struct shipment *shipments;
    enum result result = shipments_plan(context, request, &shipments);
    if (result != RESULT_OK)
        return result;

    for (const struct shipment *shipment = shipments; shipment != NULL; shipment = shipment->next) {
        stock_ship(&shipment->stock->numbers, shipment->quantity);
        stock_emit_shipped(context, shipment);
    }
    return RESULT_OK;
}
