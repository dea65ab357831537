#include "services/inventory/shop_test.h"

static const Inventory__Location *location_of(const char *id)
{
    Inventory__GetLocationRequest request = INVENTORY__GET_LOCATION_REQUEST__INIT;
    request.id = id;
    const ProtobufCMessage *answer;
    return handler_world_call(world, METHOD(get_location), &request.base, &answer) == RESULT_OK
               ? (const Inventory__Location *)answer
               : NULL;
}

static enum result rename_location(const char *id, const char *name)
{
    Inventory__Location location = INVENTORY__LOCATION__INIT;
    location.name = name;
    location.priority = 99;
    char path[] = "name", *paths[] = {path};
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    mask.paths = paths;
    mask.n_paths = 1;
    Inventory__UpdateLocationRequest request = INVENTORY__UPDATE_LOCATION_REQUEST__INIT;
    request.id = id;
    request.location = &location;
    request.update_mask = &mask;
    return handler_world_call(world, METHOD(update_location), &request.base, NULL);
}

static enum result delete_location(const char *id)
{
    Inventory__DeleteLocationRequest request = INVENTORY__DELETE_LOCATION_REQUEST__INIT;
    request.id = id;
    return handler_world_call(world, METHOD(delete_location), &request.base, NULL);
}

static const Inventory__ListLocationsResponse *list(int32_t limit, const char *cursor)
{
    Inventory__ListLocationsRequest request = INVENTORY__LIST_LOCATIONS_REQUEST__INIT;
    request.limit = limit;
    request.cursor = cursor;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(list_locations), &request.base, &answer), RESULT_OK);
    return (const Inventory__ListLocationsResponse *)answer;
}

static void the_default_one_is_there_unmade(void **state)
{
    (void)state;
    assert_string_equal(location_of("default")->name, "Default");
    assert_int_equal(location_of("default")->version, 0);
    assert_int_equal(list(0, "")->n_items, 1);
    assert_int_equal(delete_location("default"), RESULT_STATE_FORBIDS);

    assert_int_equal(rename_location("default", "Shop"), RESULT_OK);
    assert_string_equal(location_of("default")->name, "Shop");
    assert_int_equal(location_of("default")->version, 1);
    assert_int_equal(location_of("default")->priority, 0); /* the mask does not name it */
    assert_int_equal(list(0, "")->n_items, 1);
    assert_int_equal(delete_location("default"), RESULT_STATE_FORBIDS);
}

static void locations_are_made_changed_and_removed(void **state)
{
    (void)state;
    const char *berlin = location_created("Berlin", 10);
    assert_string_equal(location_of(berlin)->name, "Berlin");
    assert_int_equal(location_of(berlin)->priority, 10);
    assert_int_equal(rename_location(berlin, "Potsdam"), RESULT_OK);
    assert_int_equal(rename_location(berlin, "Potsdam"), RESULT_OK); /* nothing new */
    assert_int_equal(location_of(berlin)->version, 2);
    assert_int_equal(rename_location(berlin, ""), RESULT_VALIDATION_FAILED);
    assert_int_equal(rename_location("nowhere", "Potsdam"), RESULT_NOT_FOUND);
    world->if_version = 1;
    assert_int_equal(rename_location(berlin, "Berlin"), RESULT_VERSION_MISMATCH);
    world->if_version = 1;
    assert_int_equal(delete_location(berlin), RESULT_VERSION_MISMATCH);
    assert_int_equal(delete_location(berlin), RESULT_OK);
    assert_int_equal(delete_location(berlin), RESULT_OK);
    assert_null(location_of(berlin));
    assert_int_equal(world->problem.result, RESULT_NOT_FOUND);
}

static void one_that_holds_something_stays(void **state)
{
    (void)state;
    const char *berlin = location_created("Berlin", 10);
    product("shirt", 0);
    assert_int_equal(adjust_at("shirt", berlin, 1), RESULT_OK);
    assert_int_equal(delete_location(berlin), RESULT_STATE_FORBIDS);
    assert_int_equal(adjust_at("shirt", berlin, -1), RESULT_OK);
    assert_int_equal(delete_location(berlin), RESULT_OK);
    assert_int_equal(stock_of("shirt")->n_locations, 0);
    assert_int_equal(adjust_at("shirt", berlin, 1), RESULT_VALIDATION_FAILED);
}

static void pages_hold_every_location_once(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        location_created("Somewhere", i);
        handler_world_advance(world, SECONDS(1)); /* ids are sortable by time */
    }
    const Inventory__ListLocationsResponse *first = list(3, ""), *second = list(3, first->next_cursor);
    assert_int_equal(first->n_items, 3);
    assert_int_equal(second->n_items, 2);
    assert_string_equal(second->items[1]->id, "default"); /* letters come after the digits that ids begin with */
    assert_string_equal(second->next_cursor, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(the_default_one_is_there_unmade),
        shop_test(locations_are_made_changed_and_removed),
        shop_test(one_that_holds_something_stays),
        shop_test(pages_hold_every_location_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
