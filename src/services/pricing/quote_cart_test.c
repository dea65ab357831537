/*
 * What the store gives to quotes; how they are computed is tested in quote_test.c.
 */
#include "services/pricing/shop_test.h"

static void a_cart_with_everything(void **state)
{
    (void)state;
    const char *post = create_method(flat_method("Post", NULL, 490));
    tax_rate("DE", 190000, true);
    tax_rate("AT", 200000, true);
    assert_int_equal(create_promotion(ten_percent("TEN"), NULL), RESULT_OK);
    assert_int_equal(create_promotion(ten_percent("OTHER"), NULL), RESULT_OK);
    Pricing__Promotion *for_all = ten_percent("");
    for_all->kind = AMOUNT;
    Common__Money *five = money_of(500, "EUR");
    for_all->amounts = &five;
    for_all->n_amounts = 1;
    assert_int_equal(create_promotion(for_all, NULL), RESULT_OK);
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);

    Pricing__QuoteCartRequest *cart = cart_of("shirt", 2);
    cart->shipping_method = post;
    cart->coupons[cart->n_coupons++] = "ten";
    cart->coupons[cart->n_coupons++] = "none";
    cart->coupons[cart->n_coupons++] = "TEN";
    const Pricing__Quote *quote = quote_of(cart);
    assert_int_equal(quote->subtotal, 3980);
    assert_int_equal(quote->discount, 398 + 500);
    assert_int_equal(quote->shipping, 490);
    assert_int_equal(quote->n_taxes, 1);
    assert_int_equal(quote->tax, 570); /* 35.72 * 19 / 119 = 5.703 */
    assert_int_equal(quote->total, 3572);
    assert_string_equal(quote->shipping_method_name, "Post");
    assert_true(quote->coupons[0]->applied);
    assert_string_equal(quote->coupons[1]->reason, "There is no such coupon.");
    assert_string_equal(quote->coupons[2]->reason, "It is in the cart already.");
}

static void a_shop_without_rules_charges_the_price(void **state)
{
    (void)state;
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);
    const Pricing__Quote *quote = quote_of(cart_of("shirt", 2));
    assert_int_equal(quote->total, 3980);
    assert_false(quote->needs_shipping);
    assert_true(quote_of(cart_of("unknown", 1))->lines[0]->not_priced);
}

static void its_own_use_of_a_coupon_does_not_count_against_a_checkout(void **state)
{
    (void)state;
    Pricing__Promotion *once = ten_percent("ONCE");
    once->usage_limit = 1;
    assert_int_equal(create_promotion(once, NULL), RESULT_OK);
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);
    Pricing__QuoteCartRequest *cart = cart_of("shirt", 1);
    cart->coupons[cart->n_coupons++] = "ONCE";
    assert_int_equal(quote_of(cart)->discount, 199);
    assert_int_equal(redeem("ann", "ONCE"), RESULT_OK);
    assert_string_equal(quote_of(cart)->coupons[0]->reason, "It has been used up.");
    cart->checkout_id = "bob";
    assert_int_equal(quote_of(cart)->discount, 0);
    cart->checkout_id = "ann";
    assert_int_equal(quote_of(cart)->discount, 199);
}

static void lines_that_no_cart_has_are_refused(void **state)
{
    (void)state;
    assert_null(quote_of(cart_of("shirt", 0)));
    assert_int_equal(world->problem.result, RESULT_VALIDATION_FAILED);
    assert_violation("/lines/0/quantity", "too_small");
    Pricing__QuoteCartRequest *cart = cart_of("shirt", 1);
    cart->lines[0]->weight_grams = -1;
    assert_null(quote_of(cart));
    assert_violation("/lines/0/weightGrams", "too_small");

    assert_int_equal(SET_PRICES("moon", {INT64_MAX, "EUR", 0, NULL}), RESULT_OK);
    assert_null(quote_of(cart_of("moon", 2)));
    assert_int_equal(world->problem.result, RESULT_OVERFLOW);
}

static void ways_to_ship(void **state)
{
    (void)state;
    create_method(flat_method("Express", NULL, 1290));
    create_method(flat_method("Post", "DE", 490));
    create_method(flat_method("Mule", "CH", 190));
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(quote_shipping), &cart_of("shirt", 1)->base, &answer), RESULT_OK);
    const Pricing__QuoteShippingResponse *options = (const Pricing__QuoteShippingResponse *)answer;
    assert_int_equal(options->n_items, 2);
    assert_string_equal(options->items[0]->name, "Post");
    assert_int_equal(options->items[1]->price->amount, 1290);
}

static void the_past_can_be_quoted(void **state)
{
    (void)state;
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);
    tax_rate("DE", 190000, false);
    const Pricing__Promotion *promotion;
    assert_int_equal(create_promotion(ten_percent("TEN"), &promotion), RESULT_OK);
    assert_int_equal(redeem("ann", "TEN"), RESULT_OK);
    int64_t then_us = world->now_us;
    handler_world_advance(world, 1000000);
    assert_int_equal(SET_PRICES("shirt", {990, "EUR", 0, NULL}), RESULT_OK);
    assert_int_equal(delete_promotion(promotion->id), RESULT_OK);

    Pricing__QuoteCartRequest *cart = cart_of("shirt", 1);
    cart->coupons[cart->n_coupons++] = "TEN";
    const char *streams[] = {"price/shirt", "price-list/*", "promotion/*", "tax-rate/*", "shipping-method/*"};
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_ask_past(world, METHOD(quote_cart), &cart->base, streams, 5, then_us, &answer), RESULT_OK);
    const Pricing__Quote *quote = (const Pricing__Quote *)answer;
    assert_int_equal(quote->discount, 199);
    assert_int_equal(quote->total, 1791 + 340); /* 17.91 * 0.19 = 3.403 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(a_cart_with_everything),
        shop_test(a_shop_without_rules_charges_the_price),
        shop_test(its_own_use_of_a_coupon_does_not_count_against_a_checkout),
        shop_test(lines_that_no_cart_has_are_refused),
        shop_test(ways_to_ship),
        shop_test(the_past_can_be_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
