/*
 * UpdateLocation: change what the request names. The default location gets its row here.
 */
#include "services/inventory/inventory_internal.h"

#include "platform/rpc/merge.h"

enum result inventory_update_location(struct context *context, const Inventory__UpdateLocationRequest *request,
                                      Inventory__Location *answer)
{
    if (!location_answer(context->tx, request->id, answer))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no location “%s”.", request->id);
    enum result result = context_check_version(context, answer->version);
    if (result != RESULT_OK)
        return result;

    Inventory__Location changed = *answer;
    result = message_patch(context->call, &inventory__location__declaration, &changed.base, &request->location->base,
                           request->update_mask);
    if (result != RESULT_OK)
        return result;
    changed.id = answer->id;
    changed.version = answer->version;
    if (*changed.name == '\0')
        return call_violation(context->call, "/name", "required", "A location has a name.");
    if (message_equal(context->arena, &changed.base, &answer->base))
        return RESULT_OK;

    Inventory__LocationSaved saved = INVENTORY__LOCATION_SAVED__INIT;
    saved.location = &changed;
    inventory_emit_location_saved(context, request->id, &saved);
    location_answer(context->tx, request->id, answer);
    return RESULT_OK;
}
