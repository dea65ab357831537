#include "services/pricing/shop_test.h"

static const char *limited(const char *code, int64_t limit)
{
    Pricing__Promotion *promotion = ten_percent(code);
    promotion->usage_limit = limit;
    const Pricing__Promotion *created;
    assert_int_equal(create_promotion(promotion, &created), RESULT_OK);
    return created->id;
}

static void the_last_use_goes_to_one_checkout(void **state)
{
    (void)state;
    const char *id = limited("TWO", 2);
    assert_int_equal(redeem("ann", "TWO"), RESULT_OK);
    assert_int_equal(redeem("bob", "two"), RESULT_OK);
    assert_int_equal(redeem("cid", "TWO"), RESULT_COUPON_NOT_APPLICABLE);
    assert_int_equal(promotion_of(id)->used, 2);
    assert_int_equal(redeem("ann", "TWO"), RESULT_OK); /* asked again: her own use */
    assert_int_equal(promotion_of(id)->used, 2);

    assert_int_equal(give_back("bob"), RESULT_OK);
    assert_int_equal(give_back("bob"), RESULT_OK);
    assert_int_equal(promotion_of(id)->used, 1);
    assert_int_equal(redeem("cid", "TWO"), RESULT_OK);
    assert_int_equal(redeem("bob", "TWO"), RESULT_COUPON_NOT_APPLICABLE);
}

static void all_coupons_or_none(void **state)
{
    (void)state;
    const char *first = limited("FIRST", 5), *second = limited("SECOND", 1);
    assert_int_equal(redeem("ann", "SECOND"), RESULT_OK);
    Pricing__RedeemCouponsRequest request = PRICING__REDEEM_COUPONS_REQUEST__INIT;
    const char *codes[] = {"FIRST", "SECOND"};
    request.checkout_id = "bob";
    request.coupons = codes;
    request.n_coupons = 2;
    assert_int_equal(handler_world_call(world, METHOD(redeem_coupons), &request.base, NULL), RESULT_COUPON_NOT_APPLICABLE);
    assert_int_equal(promotion_of(first)->used, 0);
    assert_int_equal(give_back("ann"), RESULT_OK);
    assert_int_equal(handler_world_call(world, METHOD(redeem_coupons), &request.base, NULL), RESULT_OK);
    assert_int_equal(give_back("bob"), RESULT_OK); /* both of them */
    assert_int_equal(promotion_of(first)->used, 0);
    assert_int_equal(promotion_of(second)->used, 0);
}

static void coupons_that_do_not_hold_are_refused(void **state)
{
    (void)state;
    assert_int_equal(redeem("ann", "NONE"), RESULT_COUPON_NOT_APPLICABLE);
    assert_int_equal(create_promotion(ten_percent(""), NULL), RESULT_OK);
    assert_int_equal(redeem("ann", ""), RESULT_COUPON_NOT_APPLICABLE); /* what everyone gets has no coupon */

    Pricing__Promotion *off = ten_percent("OFF");
    off->disabled = true;
    assert_int_equal(create_promotion(off, NULL), RESULT_OK);
    assert_int_equal(redeem("ann", "OFF"), RESULT_COUPON_NOT_APPLICABLE);

    Google__Protobuf__Timestamp soon = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    soon.seconds = world->now_us / 1000000 + 60;
    Pricing__Promotion *short_lived = ten_percent("SHORT");
    short_lived->ends_at = &soon;
    assert_int_equal(create_promotion(short_lived, NULL), RESULT_OK);
    assert_int_equal(redeem("ann", "SHORT"), RESULT_OK);
    handler_world_advance(world, INT64_C(60) * 1000000);
    assert_int_equal(redeem("bob", "SHORT"), RESULT_COUPON_NOT_APPLICABLE);
    assert_int_equal(redeem("ann", "SHORT"), RESULT_OK); /* she has it already */
}

static void uses_survive_edits_and_end_with_the_promotion(void **state)
{
    (void)state;
    const char *id = limited("ONE", 1);
    assert_int_equal(redeem("ann", "ONE"), RESULT_OK);
    Pricing__Promotion *more = ten_percent("ONE");
    more->usage_limit = 2;
    assert_int_equal(update_promotion(id, more, (char[]){"*"}), RESULT_OK);
    assert_int_equal(promotion_of(id)->used, 1);
    assert_int_equal(promotion_of(id)->version, 3); /* saved, redeemed, saved */
    assert_int_equal(redeem("bob", "ONE"), RESULT_OK);
    assert_int_equal(delete_promotion(id), RESULT_OK);
    assert_int_equal(give_back("ann"), RESULT_OK); /* nothing to give back */
    limited("ONE", 1);
    assert_int_equal(redeem("ann", "ONE"), RESULT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(the_last_use_goes_to_one_checkout),
        shop_test(all_coupons_or_none),
        shop_test(coupons_that_do_not_hold_are_refused),
        shop_test(uses_survive_edits_and_end_with_the_promotion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
