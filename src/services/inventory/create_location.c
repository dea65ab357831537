/*
 * CreateLocation: add a place where stock is kept.
 */
#include "services/inventory/inventory_internal.h"

enum result inventory_create_location(struct context *context, const Inventory__CreateLocationRequest *request,
                                      Inventory__Location *answer)
{
    const char *id = context_new_id(context);
    Inventory__LocationSaved saved = INVENTORY__LOCATION_SAVED__INIT;
    saved.location = request->location;
    inventory_emit_location_saved(context, id, &saved);
    location_answer(context->tx, id, answer);
    return RESULT_OK;
}
