/*
 * GetLocation: one location.
 */
#include "services/inventory/inventory_internal.h"

enum result inventory_get_location(struct context *context, const Inventory__GetLocationRequest *request,
                                   Inventory__Location *answer)
{
    if (!location_answer(context->tx, request->id, answer))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no location “%s”.", request->id);
    return RESULT_OK;
}
