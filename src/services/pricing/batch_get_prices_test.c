#include "services/pricing/shop_test.h"

static const Pricing__BatchGetPricesResponse *ask(const char **skus, size_t count, const char *currency, int64_t quantity,
                                                  const char *channel)
{
    Pricing__BatchGetPricesRequest request = PRICING__BATCH_GET_PRICES_REQUEST__INIT;
    request.skus = skus;
    request.n_skus = count;
    request.currency = currency;
    request.quantity = quantity;
    request.channel = channel;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(batch_get_prices), &request.base, &answer), RESULT_OK);
    return (const Pricing__BatchGetPricesResponse *)answer;
}

static void each_sku_has_its_price_or_is_missing(void **state)
{
    (void)state;
    assert_int_equal(SET_PRICES("a", {100, "EUR", 0, NULL}, {90, "EUR", 10, NULL}), RESULT_OK);
    assert_int_equal(SET_PRICES("b", {200, "USD", 0, NULL}), RESULT_OK);
    assert_int_equal(SET_PRICES("c", {300, "EUR", 0, NULL}), RESULT_OK);
    const char *skus[] = {"c", "b", "a", "unknown"};
    const Pricing__BatchGetPricesResponse *answer = ask(skus, 4, "", 0, "");
    assert_int_equal(answer->n_items, 2);
    assert_string_equal(answer->items[0]->sku, "c");
    assert_int_equal(answer->items[0]->price->amount, 300);
    assert_string_equal(answer->items[1]->sku, "a");
    assert_int_equal(answer->items[1]->price->amount, 100);
    assert_string_equal(answer->items[1]->price->currency, "EUR");
    assert_int_equal(answer->items[1]->min_quantity, 1);
    assert_null(answer->items[1]->compare_at_price);

    answer = ask(skus, 4, "EUR", 12, "");
    assert_int_equal(answer->items[1]->price->amount, 90);
    assert_int_equal(answer->items[1]->min_quantity, 10);
    assert_int_equal(ask(skus, 4, "USD", 1, "")->n_items, 1);
    assert_int_equal(ask(skus, 0, "USD", 1, "")->n_items, 0);
}

static void a_channel_has_its_own_list(void **state)
{
    (void)state;
    const char *outlet = price_list("Outlet", "outlet"), *sku = "a";
    assert_int_equal(SET_PRICES("a", {100, "EUR", 0, NULL}, {50, "EUR", 0, outlet}), RESULT_OK);
    assert_int_equal(ask(&sku, 1, "EUR", 1, "")->items[0]->price->amount, 100);
    assert_int_equal(ask(&sku, 1, "EUR", 1, "outlet")->items[0]->price->amount, 50);

    Pricing__DeletePriceListRequest request = PRICING__DELETE_PRICE_LIST_REQUEST__INIT;
    request.id = outlet;
    assert_int_equal(handler_world_call(world, METHOD(delete_price_list), &request.base, NULL), RESULT_OK);
    assert_int_equal(ask(&sku, 1, "EUR", 1, "outlet")->items[0]->price->amount, 100);
}

static void only_a_higher_price_before_is_a_sale(void **state)
{
    (void)state;
    Pricing__Price price = PRICING__PRICE__INIT, *prices = &price;
    price.amount = 100;
    price.currency = "EUR";
    price.compare_at_amount = 150;
    Pricing__SetPricesRequest request = PRICING__SET_PRICES_REQUEST__INIT;
    request.sku = "a";
    request.prices = &prices;
    request.n_prices = 1;
    const char *sku = "a";
    assert_int_equal(handler_world_call(world, METHOD(set_prices), &request.base, NULL), RESULT_OK);
    assert_int_equal(ask(&sku, 1, "EUR", 1, "")->items[0]->compare_at_price->amount, 150);
    price.compare_at_amount = 100;
    assert_int_equal(handler_world_call(world, METHOD(set_prices), &request.base, NULL), RESULT_OK);
    assert_null(ask(&sku, 1, "EUR", 1, "")->items[0]->compare_at_price);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(each_sku_has_its_price_or_is_missing),
        shop_test(a_channel_has_its_own_list),
        shop_test(only_a_higher_price_before_is_a_sale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
