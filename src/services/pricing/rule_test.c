/*
 * Rules by the example of promotions, which have most to say; what is particular to the others after that.
 */
#include "services/pricing/shop_test.h"

static void a_new_one_is_as_it_was_given(void **state)
{
    (void)state;
    Pricing__Promotion *given = ten_percent("TEN");
    given->id = "mine";
    given->version = 77;
    given->used = 5;
    const Pricing__Promotion *created;
    assert_int_equal(create_promotion(given, &created), RESULT_OK);
    assert_string_not_equal(created->id, "mine"); /* not the client's to say */
    assert_int_equal(created->version, 1);
    assert_int_equal(created->used, 0);
    assert_string_equal(created->name, "Ten percent");
    const Pricing__Promotion *read = promotion_of(created->id);
    assert_string_equal(read->id, created->id);
    assert_string_equal(read->code, "TEN");
    assert_int_equal(read->percent_ppm, 100000);
    assert_null(promotion_of("nobody"));
    assert_int_equal(world->problem.result, RESULT_NOT_FOUND);
}

static void a_change_touches_what_it_names(void **state)
{
    (void)state;
    const Pricing__Promotion *created;
    assert_int_equal(create_promotion(ten_percent("TEN"), &created), RESULT_OK);
    Pricing__Promotion *change = SHOP_NEW(Pricing__Promotion, pricing__promotion__init);
    change->disabled = true;
    change->used = 9;
    assert_int_equal(update_promotion(created->id, change, (char[]){"disabled"}), RESULT_OK);
    const Pricing__Promotion *read = promotion_of(created->id);
    assert_true(read->disabled);
    assert_string_equal(read->name, "Ten percent");
    assert_int_equal(read->version, 2);

    assert_int_equal(update_promotion(created->id, change, (char[]){"disabled"}), RESULT_OK); /* no change */
    assert_int_equal(promotion_of(created->id)->version, 2);

    Pricing__Promotion *other = ten_percent("");
    other->name = "Half";
    other->percent_ppm = 500000;
    other->used = 9;
    assert_int_equal(update_promotion(created->id, other, (char[]){"*"}), RESULT_OK); /* PUT */
    read = promotion_of(created->id);
    assert_string_equal(read->id, created->id);
    assert_string_equal(read->name, "Half");
    assert_string_equal(read->code, "");
    assert_false(read->disabled);
    assert_int_equal(read->used, 0);
    assert_int_equal(read->version, 3);

    assert_int_equal(update_promotion("nobody", other, (char[]){"*"}), RESULT_NOT_FOUND);
    world->if_version = 2;
    assert_int_equal(update_promotion(created->id, change, (char[]){"disabled"}), RESULT_VERSION_MISMATCH);
}

static void deleting_twice_is_fine(void **state)
{
    (void)state;
    const Pricing__Promotion *created;
    assert_int_equal(create_promotion(ten_percent("TEN"), &created), RESULT_OK);
    world->if_version = 3;
    assert_int_equal(delete_promotion(created->id), RESULT_VERSION_MISMATCH);
    assert_int_equal(delete_promotion(created->id), RESULT_OK);
    assert_int_equal(delete_promotion(created->id), RESULT_OK);
    assert_null(promotion_of(created->id));
    assert_int_equal(create_promotion(ten_percent("TEN"), NULL), RESULT_OK); /* the code is free again */
}

static void lists_come_in_pages_from_the_oldest(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        handler_world_advance(world, 1000);
        Pricing__Promotion *promotion = ten_percent("");
        promotion->name = arena_printf(world->arena, "%d", i);
        assert_int_equal(create_promotion(promotion, NULL), RESULT_OK);
    }
    price_list("no promotion", "");

    Pricing__ListPromotionsRequest request = PRICING__LIST_PROMOTIONS_REQUEST__INIT;
    request.limit = 2;
    static const size_t sizes[] = {2, 2, 1};
    int shown = 0;
    for (size_t page = 0; page < 3; page++) {
        const ProtobufCMessage *answer;
        assert_int_equal(handler_world_call(world, METHOD(list_promotions), &request.base, &answer), RESULT_OK);
        const Pricing__ListPromotionsResponse *list = (const Pricing__ListPromotionsResponse *)answer;
        assert_int_equal(list->n_items, sizes[page]);
        for (size_t i = 0; i < list->n_items; i++)
            assert_string_equal(list->items[i]->name, arena_printf(world->arena, "%d", shown++));
        request.cursor = list->next_cursor;
    }
    assert_string_equal(request.cursor, "");
    request.cursor = "nonsense";
    assert_int_equal(handler_world_call(world, METHOD(list_promotions), &request.base, NULL), RESULT_CURSOR_INVALID);
}

/* --- promotions --- */

static void a_code_is_unique_whatever_its_letter_case(void **state)
{
    (void)state;
    const Pricing__Promotion *first, *second;
    assert_int_equal(create_promotion(ten_percent("Ten"), &first), RESULT_OK);
    assert_int_equal(create_promotion(ten_percent("tEN"), NULL), RESULT_ALREADY_EXISTS);
    assert_violation("/code", "duplicate");
    assert_int_equal(create_promotion(ten_percent(""), NULL), RESULT_OK);
    assert_int_equal(create_promotion(ten_percent(""), &second), RESULT_OK); /* none is no code */
    assert_int_equal(update_promotion(second->id, ten_percent("TEN"), (char[]){"code"}), RESULT_ALREADY_EXISTS);
    assert_int_equal(update_promotion(first->id, ten_percent("TEN"), (char[]){"code"}), RESULT_OK); /* its own */
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    Google__Protobuf__Timestamp moment = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Pricing__Promotion *promotion = ten_percent("");
    promotion->kind = PRICING__PROMOTION_KIND__PROMOTION_KIND_UNSPECIFIED;
    assert_int_equal(create_promotion(promotion, NULL), RESULT_VALIDATION_FAILED);
    assert_violation("/kind", "required");

    promotion = ten_percent("");
    promotion->percent_ppm = 0;
    assert_int_equal(create_promotion(promotion, NULL), RESULT_VALIDATION_FAILED);
    assert_violation("/percentPpm", "required");

    promotion = ten_percent("");
    promotion->kind = AMOUNT;
    assert_int_equal(create_promotion(promotion, NULL), RESULT_VALIDATION_FAILED);
    assert_violation("/amounts", "required");

    Common__Money *amounts[] = {money_of(100, "EUR"), money_of(100, "USD"), money_of(-1, "EUR")};
    promotion->amounts = amounts;
    promotion->n_amounts = 3;
    assert_int_equal(create_promotion(promotion, NULL), RESULT_VALIDATION_FAILED);
    assert_violation("/amounts/2/currency", "duplicate");
    assert_string_equal(world->problem.violations->next->pointer, "/amounts/2/amount");

    promotion = ten_percent("");
    promotion->minimum_subtotals = amounts;
    promotion->n_minimum_subtotals = 3;
    assert_int_equal(create_promotion(promotion, NULL), RESULT_VALIDATION_FAILED);
    assert_violation("/minimumSubtotals/2/currency", "duplicate");

    promotion = ten_percent("");
    promotion->usage_limit = 1;
    assert_int_equal(create_promotion(promotion, NULL), RESULT_VALIDATION_FAILED);
    assert_violation("/usageLimit", "needs_code");

    promotion = ten_percent("");
    promotion->starts_at = promotion->ends_at = &moment;
    assert_int_equal(create_promotion(promotion, NULL), RESULT_VALIDATION_FAILED);
    assert_violation("/endsAt", "too_early");
    assert_int_equal(handler_world_events(world), 0);
}

/* --- the other kinds --- */

static void price_lists_are_edited_alike(void **state)
{
    (void)state;
    const char *id = price_list("Summer", "");
    Google__Protobuf__Timestamp from = GOOGLE__PROTOBUF__TIMESTAMP__INIT, until = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    from.seconds = 20;
    until.seconds = 10;
    Pricing__PriceList change = PRICING__PRICE_LIST__INIT;
    change.name = "Winter";
    change.starts_at = &from;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char *paths[] = {(char[]){"name"}, (char[]){"starts_at"}};
    mask.paths = paths;
    mask.n_paths = 2;
    Pricing__UpdatePriceListRequest update = PRICING__UPDATE_PRICE_LIST_REQUEST__INIT;
    update.id = id;
    update.price_list = &change;
    update.update_mask = &mask;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(update_price_list), &update.base, &answer), RESULT_OK);
    assert_string_equal(((const Pricing__PriceList *)answer)->name, "Winter");

    /* The end is compared with the start that is stored. */
    change.ends_at = &until;
    paths[1] = (char[]){"ends_at"};
    assert_int_equal(handler_world_call(world, METHOD(update_price_list), &update.base, NULL), RESULT_VALIDATION_FAILED);
    assert_violation("/endsAt", "too_early");

    Pricing__GetPriceListRequest get = PRICING__GET_PRICE_LIST_REQUEST__INIT;
    get.id = id;
    assert_int_equal(handler_world_call(world, METHOD(get_price_list), &get.base, &answer), RESULT_OK);
    assert_int_equal(((const Pricing__PriceList *)answer)->version, 2);
    Pricing__ListPriceListsRequest list = PRICING__LIST_PRICE_LISTS_REQUEST__INIT;
    assert_int_equal(handler_world_call(world, METHOD(list_price_lists), &list.base, &answer), RESULT_OK);
    assert_int_equal(((const Pricing__ListPriceListsResponse *)answer)->n_items, 1);
}

static void tax_rates_are_edited_alike(void **state)
{
    (void)state;
    const char *id = tax_rate("DE", 190000, true);
    Pricing__TaxRate change = PRICING__TAX_RATE__INIT;
    change.rate_ppm = 160000;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char *path = (char[]){"rate_ppm"};
    mask.paths = &path;
    mask.n_paths = 1;
    Pricing__UpdateTaxRateRequest update = PRICING__UPDATE_TAX_RATE_REQUEST__INIT;
    update.id = id;
    update.tax_rate = &change;
    update.update_mask = &mask;
    assert_int_equal(handler_world_call(world, METHOD(update_tax_rate), &update.base, NULL), RESULT_OK);

    Pricing__GetTaxRateRequest get = PRICING__GET_TAX_RATE_REQUEST__INIT;
    get.id = id;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(get_tax_rate), &get.base, &answer), RESULT_OK);
    assert_int_equal(((const Pricing__TaxRate *)answer)->rate_ppm, 160000);
    assert_true(((const Pricing__TaxRate *)answer)->included);
    Pricing__ListTaxRatesRequest list = PRICING__LIST_TAX_RATES_REQUEST__INIT;
    assert_int_equal(handler_world_call(world, METHOD(list_tax_rates), &list.base, &answer), RESULT_OK);
    assert_int_equal(((const Pricing__ListTaxRatesResponse *)answer)->n_items, 1);
    Pricing__DeleteTaxRateRequest delete = PRICING__DELETE_TAX_RATE_REQUEST__INIT;
    delete.id = id;
    assert_int_equal(handler_world_call(world, METHOD(delete_tax_rate), &delete.base, NULL), RESULT_OK);
    assert_int_equal(handler_world_call(world, METHOD(get_tax_rate), &get.base, NULL), RESULT_NOT_FOUND);
}

static void a_country_is_in_one_zone_of_a_shipping_method(void **state)
{
    (void)state;
    Pricing__ShippingMethod *method = flat_method("Post", "DE", 490);
    const char *countries[] = {"AT", "DE"};
    Pricing__ShippingZone again = PRICING__SHIPPING_ZONE__INIT;
    again.countries = countries;
    again.n_countries = 2;
    again.rates = method->zones[0]->rates;
    again.n_rates = 1;
    method->zones[method->n_zones++] = &again;
    assert_null(create_method(method));
    assert_violation("/zones/1/countries/1", "duplicate");
    again.n_countries = 1;
    const char *id = create_method(method);

    Pricing__GetShippingMethodRequest get = PRICING__GET_SHIPPING_METHOD_REQUEST__INIT;
    get.id = id;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(get_shipping_method), &get.base, &answer), RESULT_OK);
    assert_int_equal(((const Pricing__ShippingMethod *)answer)->n_zones, 2);
    assert_string_equal(((const Pricing__ShippingMethod *)answer)->zones[1]->countries[0], "AT");
    Pricing__ListShippingMethodsRequest list = PRICING__LIST_SHIPPING_METHODS_REQUEST__INIT;
    assert_int_equal(handler_world_call(world, METHOD(list_shipping_methods), &list.base, &answer), RESULT_OK);
    assert_int_equal(((const Pricing__ListShippingMethodsResponse *)answer)->n_items, 1);
    Pricing__DeleteShippingMethodRequest delete = PRICING__DELETE_SHIPPING_METHOD_REQUEST__INIT;
    delete.id = id;
    assert_int_equal(handler_world_call(world, METHOD(delete_shipping_method), &delete.base, NULL), RESULT_OK);
    assert_int_equal(handler_world_call(world, METHOD(get_shipping_method), &get.base, NULL), RESULT_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(a_new_one_is_as_it_was_given),
        shop_test(a_change_touches_what_it_names),
        shop_test(deleting_twice_is_fine),
        shop_test(lists_come_in_pages_from_the_oldest),
        shop_test(a_code_is_unique_whatever_its_letter_case),
        shop_test(what_makes_no_sense_is_refused),
        shop_test(price_lists_are_edited_alike),
        shop_test(tax_rates_are_edited_alike),
        shop_test(a_country_is_in_one_zone_of_a_shipping_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
