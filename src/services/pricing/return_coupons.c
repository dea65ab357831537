/*
 * ReturnCoupons: take the uses of a checkout back.
 */
#include "services/pricing/pricing_internal.h"

enum result pricing_return_coupons(struct context *context, const Pricing__ReturnCouponsRequest *request,
                                   Google__Protobuf__Empty *answer)
{
    (void)answer;
    Pricing__CouponReturned returned = PRICING__COUPON_RETURNED__INIT;
    returned.checkout_id = request->checkout_id;
    /* One after the other: emitting changes the table that is read. */
    const char *promotion;
    while ((promotion = SQL_STRING(context->tx, "SELECT promotion FROM redemption WHERE checkout = ?1 ORDER BY promotion LIMIT 1",
                                   sql_string(request->checkout_id))) != NULL)
        pricing_emit_coupon_returned(context, promotion, &returned);
    return RESULT_OK;
}
