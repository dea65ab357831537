/*
 * A reservation's time ran out: what it holds is free again. Until the timer has run it counts as held.
 */
#include "services/inventory/inventory_internal.h"

enum result inventory_reservation_expire(struct context *context, const char *reservation_id)
{
    reservation_release(context, reservation_id, INVENTORY__STOCK_RELEASE_REASON__STOCK_RELEASE_REASON_EXPIRED);
    return RESULT_OK;
}
