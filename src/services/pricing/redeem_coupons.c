/*
 * RedeemCoupons: count one use of each coupon for a checkout.
 *
 * Runs on the service's one writer, so that of two checkouts at once only one gets the last use. All or none: a refused command leaves
 * nothing behind. What else a coupon asks for (a minimum, certain SKUs) the quote has looked at.
 */
#include "services/pricing/price.h"
#include "services/pricing/pricing_internal.h"

#include "base/plants.h"

static enum result refuse(struct context *context, const char *code, const char *why)
{
    return call_refuse(context->call, RESULT_COUPON_NOT_APPLICABLE, "The coupon %s %s.", code, why);
}

static enum result redeem(struct context *context, const char *checkout, const char *code)
{
    const Pricing__Promotion *promotion = promotion_find(context->tx, code);
    if (promotion == NULL)
        return refuse(context, code, "does not exist");
    if (promotion_is_redeemed(context->tx, promotion->id, checkout))
        return RESULT_OK; /* asking twice is fine */
    if (promotion->disabled || !period_holds(promotion->starts_at, promotion->ends_at, context->now_us))
        return refuse(context, code, "is not valid at the moment");
    if (promotion->usage_limit > 0 && promotion->used >= promotion->usage_limit && !PLANTED(COUPON_WITHOUT_LIMIT))
        return refuse(context, code, "has been used up");

    Pricing__CouponRedeemed redeemed = PRICING__COUPON_REDEEMED__INIT;
    redeemed.checkout_id = checkout;
    pricing_emit_coupon_redeemed(context, promotion->id, &redeemed);
    return RESULT_OK;
}

enum result pricing_redeem_coupons(struct context *context, const Pricing__RedeemCouponsRequest *request,
                                   Google__Protobuf__Empty *answer)
{
    (void)answer;
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < request->n_coupons; i++)
        result = redeem(context, request->checkout_id, request->coupons[i]);
    return result;
}
