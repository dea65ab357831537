/*
 * CheckShipment: would Ship be refused? For the saga of a fulfilment, which asks before it commits itself.
 */
#include "services/inventory/inventory_internal.h"

enum result inventory_check_shipment(struct context *context, const Inventory__ShipRequest *request,
                                     Google__Protobuf__Empty *answer)
{
    (void)answer;
    struct shipment *shipments;
    return shipments_plan(context, request, &shipments);
}
