/*
 * DeleteLocation: remove a location that holds nothing. One that is gone is fine; the default one stays.
 */
#include "services/inventory/inventory_internal.h"

#include <string.h>

static bool holds_something(struct tx *tx, const char *id)
{
    return SQL_INT(tx, 0,
                   "SELECT 1 FROM stock_location WHERE location = ?1 AND (on_hand <> 0 OR allocated <> 0) LIMIT 1",
                   sql_string(id)) == 1;
}

enum result inventory_delete_location(struct context *context, const Inventory__DeleteLocationRequest *request,
                                      Google__Protobuf__Empty *answer)
{
    (void)answer;
    Inventory__Location location = INVENTORY__LOCATION__INIT;
    if (!location_answer(context->tx, request->id, &location))
        return RESULT_OK;
    enum result result = context_check_version(context, location.version);
    if (result != RESULT_OK)
        return result;
    if (strcmp(request->id, LOCATION_DEFAULT) == 0)
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "The default location stays: back orders wait there.");
    if (holds_something(context->tx, request->id))
        return call_refuse(context->call, RESULT_STATE_FORBIDS,
                           "“%s” still holds stock, or owes some to orders. Adjust it to 0 and ship what is promised first.",
                           location.name);

    Inventory__LocationDeleted deleted = INVENTORY__LOCATION_DELETED__INIT;
    inventory_emit_location_deleted(context, request->id, &deleted);
    return RESULT_OK;
}
