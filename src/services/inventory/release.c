/*
 * Release: give a reservation back. One that is gone is fine.
 */
#include "services/inventory/inventory_internal.h"

enum result inventory_release(struct context *context, const Inventory__ReleaseRequest *request,
                              Google__Protobuf__Empty *answer)
{
    (void)answer;
    reservation_release(context, request->reservation_id,
                        INVENTORY__STOCK_RELEASE_REASON__STOCK_RELEASE_REASON_RELEASED);
    return RESULT_OK;
}
