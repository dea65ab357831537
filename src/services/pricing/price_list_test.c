#include "services/pricing/shop_test.h"

#define SECONDS(count) (INT64_C(1000000) * (count))

static Google__Protobuf__Timestamp *in_seconds(int64_t seconds)
{
    Google__Protobuf__Timestamp *moment = SHOP_NEW(Google__Protobuf__Timestamp, google__protobuf__timestamp__init);
    moment->seconds = world->now_us / SECONDS(1) + seconds;
    return moment;
}

/* From, until: NULL for open. */
static const char *sale(Google__Protobuf__Timestamp *from, Google__Protobuf__Timestamp *until)
{
    Pricing__PriceList *list = SHOP_NEW(Pricing__PriceList, pricing__price_list__init);
    list->name = "Sale";
    list->starts_at = from;
    list->ends_at = until;
    Pricing__CreatePriceListRequest request = PRICING__CREATE_PRICE_LIST_REQUEST__INIT;
    request.price_list = list;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(create_price_list), &request.base, &answer), RESULT_OK);
    return ((const Pricing__PriceList *)answer)->id;
}

static void move_end(const char *id, Google__Protobuf__Timestamp *until)
{
    Pricing__PriceList list = PRICING__PRICE_LIST__INIT;
    list.ends_at = until;
    char *path = (char[]){"ends_at"};
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    mask.paths = &path;
    mask.n_paths = 1;
    Pricing__UpdatePriceListRequest request = PRICING__UPDATE_PRICE_LIST_REQUEST__INIT;
    request.id = id;
    request.price_list = &list;
    request.update_mask = &mask;
    assert_int_equal(handler_world_call(world, METHOD(update_price_list), &request.base, NULL), RESULT_OK);
}

static int64_t version_of(const char *id)
{
    Pricing__GetPriceListRequest request = PRICING__GET_PRICE_LIST_REQUEST__INIT;
    request.id = id;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(get_price_list), &request.base, &answer), RESULT_OK);
    return ((const Pricing__PriceList *)answer)->version;
}

static void it_says_when_it_begins_and_when_it_is_over(void **state)
{
    (void)state;
    const char *list = sale(in_seconds(10), in_seconds(20));
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}, {990, "EUR", 0, list}), RESULT_OK);
    assert_int_equal(handler_world_events(world), 2);

    handler_world_advance(world, SECONDS(9));
    assert_int_equal(handler_world_events(world), 2);
    assert_int_equal(quote_of(cart_of("shirt", 1))->total, 1990);
    handler_world_advance(world, SECONDS(1));
    assert_int_equal(handler_world_events(world), 3);
    assert_int_equal(quote_of(cart_of("shirt", 1))->total, 990);
    assert_int_equal(version_of(list), 2);
    handler_world_advance(world, SECONDS(10));
    assert_int_equal(handler_world_events(world), 4);
    assert_int_equal(quote_of(cart_of("shirt", 1))->total, 1990);
    handler_world_advance(world, SECONDS(1000));
    assert_int_equal(handler_world_events(world), 4);
}

static void a_moment_that_is_moved_or_past_is_not_waited_for(void **state)
{
    (void)state;
    const char *list = sale(in_seconds(-100), in_seconds(10));
    sale(in_seconds(-100), in_seconds(-50));
    sale(NULL, NULL);
    move_end(list, in_seconds(30));
    assert_int_equal(handler_world_events(world), 4);
    handler_world_advance(world, SECONDS(29));
    assert_int_equal(handler_world_events(world), 4);
    handler_world_advance(world, SECONDS(1));
    assert_int_equal(handler_world_events(world), 5);
}

static void who_sleeps_through_both_says_so_once(void **state)
{
    (void)state;
    sale(in_seconds(10), in_seconds(20));
    handler_world_advance(world, SECONDS(25)); /* the server was off */
    assert_int_equal(handler_world_events(world), 2);
    handler_world_advance(world, SECONDS(25));
    assert_int_equal(handler_world_events(world), 2);
}

static void a_list_that_is_gone_says_nothing(void **state)
{
    (void)state;
    Pricing__DeletePriceListRequest request = PRICING__DELETE_PRICE_LIST_REQUEST__INIT;
    request.id = sale(NULL, in_seconds(10));
    assert_int_equal(handler_world_call(world, METHOD(delete_price_list), &request.base, NULL), RESULT_OK);
    handler_world_advance(world, SECONDS(20));
    assert_int_equal(handler_world_events(world), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(it_says_when_it_begins_and_when_it_is_over),
        shop_test(a_moment_that_is_moved_or_past_is_not_waited_for),
        shop_test(who_sleeps_through_both_says_so_once),
        shop_test(a_list_that_is_gone_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
