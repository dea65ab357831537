#include "services/pricing/shop_test.h"

static void prices_are_kept_in_their_order(void **state)
{
    (void)state;
    assert_null(prices_of("shirt"));
    assert_int_equal(world->problem.result, RESULT_NOT_FOUND);
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}, {1790, "EUR", 10, NULL}, {2100, "USD", 0, NULL}), RESULT_OK);
    const Pricing__Prices *prices = prices_of("shirt");
    assert_string_equal(prices->sku, "shirt");
    assert_int_equal(prices->version, 1);
    assert_int_equal(prices->n_prices, 3);
    assert_int_equal(prices->prices[1]->amount, 1790);
    assert_int_equal(prices->prices[1]->min_quantity, 10);
    assert_string_equal(prices->prices[2]->currency, "USD");
}

static void the_same_prices_are_no_change(void **state)
{
    (void)state;
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);
    assert_int_equal(prices_of("shirt")->version, 1);
    assert_int_equal(SET_PRICES("shirt", {1991, "EUR", 0, NULL}), RESULT_OK);
    assert_int_equal(prices_of("shirt")->version, 2);
    assert_int_equal(handler_world_events(world), 2);
}

static void no_prices_take_a_sku_out_of_sale(void **state)
{
    (void)state;
    assert_int_equal(set_prices_of("shirt", NULL, 0), RESULT_OK); /* a SKU that never had any: now it has none by word */
    assert_int_equal(prices_of("shirt")->n_prices, 0);
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);
    assert_int_equal(set_prices_of("shirt", NULL, 0), RESULT_OK);
    assert_int_equal(prices_of("shirt")->n_prices, 0);
    assert_int_equal(prices_of("shirt")->version, 3);
}

static void two_prices_for_the_same_are_refused(void **state)
{
    (void)state;
    const char *list = price_list("Summer", "");
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}, {1990, "USD", 0, NULL}, {1790, "EUR", 0, list}, {1690, "EUR", 1, NULL}),
                     RESULT_VALIDATION_FAILED);
    assert_violation("/prices/3", "duplicate");
    assert_null(world->problem.violations->next);
    assert_null(prices_of("shirt"));
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}, {1690, "EUR", 2, NULL}, {1790, "EUR", 0, list}), RESULT_OK);
}

static void a_price_list_must_exist_and_fit(void **state)
{
    (void)state;
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}, {1790, "EUR", 0, "none"}), RESULT_VALIDATION_FAILED);
    assert_violation("/prices/1/priceList", "unknown_price_list");

    Pricing__PriceList dollars = PRICING__PRICE_LIST__INIT;
    dollars.name = "Dollars";
    dollars.currency = "USD";
    Pricing__CreatePriceListRequest request = PRICING__CREATE_PRICE_LIST_REQUEST__INIT;
    request.price_list = &dollars;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(create_price_list), &request.base, &answer), RESULT_OK);
    const char *list = ((const Pricing__PriceList *)answer)->id;
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, list}), RESULT_VALIDATION_FAILED);
    assert_violation("/prices/0/currency", "currency_mismatch");
    assert_int_equal(SET_PRICES("shirt", {1990, "USD", 0, list}), RESULT_OK);
}

static void who_read_an_older_version_is_refused(void **state)
{
    (void)state;
    world->if_version = 1;
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_VERSION_MISMATCH);
    world->if_version = 0;
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);
    world->if_version = 1;
    assert_int_equal(SET_PRICES("shirt", {1890, "EUR", 0, NULL}), RESULT_OK);
    assert_int_equal(prices_of("shirt")->version, 2);
}

static void the_past_can_be_asked_for(void **state)
{
    (void)state;
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}), RESULT_OK);
    int64_t then_us = world->now_us;
    handler_world_advance(world, 1000000);
    assert_int_equal(SET_PRICES("shirt", {990, "EUR", 0, NULL}), RESULT_OK);

    Pricing__GetPricesRequest request = PRICING__GET_PRICES_REQUEST__INIT;
    request.sku = "shirt";
    const char *stream = "price/shirt";
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_ask_past(world, METHOD(get_prices), &request.base, &stream, 1, then_us, &answer), RESULT_OK);
    assert_int_equal(((const Pricing__Prices *)answer)->prices[0]->amount, 1990);
    assert_int_equal(prices_of("shirt")->prices[0]->amount, 990);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(prices_are_kept_in_their_order),
        shop_test(the_same_prices_are_no_change),
        shop_test(no_prices_take_a_sku_out_of_sale),
        shop_test(two_prices_for_the_same_are_refused),
        shop_test(a_price_list_must_exist_and_fit),
        shop_test(who_read_an_older_version_is_refused),
        shop_test(the_past_can_be_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
