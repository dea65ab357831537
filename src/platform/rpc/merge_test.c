#include "platform/rpc/merge.h"

#include "souk/cart/v1/cart.souk.h"
#include "souk/catalog/v1/catalog.souk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static Google__Protobuf__FieldMask mask_of(char **paths, size_t count)
{
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;

    mask.n_paths = count;
    mask.paths = paths;
    return mask;
}

static void takes_what_the_mask_names(void **state)
{
    Catalog__Category into = CATALOG__CATEGORY__INIT, from = CATALOG__CATEGORY__INIT;
    char name[] = "name", position[] = "position", *paths[] = {name, position};
    Google__Protobuf__FieldMask mask = mask_of(paths, 2);

    (void)state;
    into.name = "old";
    into.slug = "kept";
    into.position = 7;
    from.name = "new";
    from.slug = "not named";
    message_merge(&into.base, &from.base, &mask);
    assert_string_equal(into.name, "new");
    assert_string_equal(into.slug, "kept");
    assert_int_equal(into.position, 0);
}

static void a_star_takes_everything(void **state)
{
    Catalog__Product into = CATALOG__PRODUCT__INIT, from = CATALOG__PRODUCT__INIT;
    Catalog__Image image = CATALOG__IMAGE__INIT, *images[] = {&image};
    char star[] = "*", *paths[] = {star};
    Google__Protobuf__FieldMask mask = mask_of(paths, 1);

    (void)state;
    into.title = "old";
    into.n_images = 1;
    into.images = images;
    message_merge(&into.base, &from.base, &mask);
    assert_string_equal(into.title, "");
    assert_int_equal(into.n_images, 0);
}

static void without_a_mask_it_takes_what_is_set(void **state)
{
    Catalog__Category into = CATALOG__CATEGORY__INIT, from = CATALOG__CATEGORY__INIT;

    (void)state;
    into.name = "old";
    into.position = 7;
    from.name = "new";
    message_merge(&into.base, &from.base, NULL);
    assert_string_equal(into.name, "new");
    assert_int_equal(into.position, 7);
}

/* --- inside --- */

static Catalog__Product__AttributesEntry *attribute(struct arena *arena, const char *key, const char *value)
{
    Catalog__Product__AttributesEntry *entry = ARENA_NEW(arena, Catalog__Product__AttributesEntry);
    catalog__product__attributes_entry__init(entry);
    entry->key = key;
    entry->value = value;
    return entry;
}

static void a_map_s_entries_are_put_replaced_and_removed(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    struct call call = {.arena = arena};
    Catalog__Product before = CATALOG__PRODUCT__INIT, into, from = CATALOG__PRODUCT__INIT;
    Catalog__Product__AttributesEntry *had[] = {attribute(arena, "a", "1"), attribute(arena, "b.c", "2"), attribute(arena, "d", "3")};
    Catalog__Product__AttributesEntry *given[] = {attribute(arena, "d", "4"), attribute(arena, "e", "5")};
    char removed[] = "attributes.`b.c`", replaced[] = "attributes.d", added[] = "attributes.`e`", *paths[] = {removed, replaced, added};
    Google__Protobuf__FieldMask mask = mask_of(paths, 3);

    (void)state;
    before.attributes = had;
    before.n_attributes = 3;
    from.attributes = given;
    from.n_attributes = 2;
    into = before;
    assert_int_equal(message_patch(&call, &catalog__product__declaration, &into.base, &from.base, &mask), RESULT_OK);
    assert_int_equal(into.n_attributes, 3);
    assert_string_equal(into.attributes[0]->value, "1");
    assert_string_equal(into.attributes[1]->value, "4");
    assert_string_equal(into.attributes[2]->key, "e");
    assert_int_equal(before.n_attributes, 3); /* what it was is as it was */
    assert_string_equal(before.attributes[2]->value, "3");
    arena_free(arena);
}

static void what_a_message_holds_is_changed_one_by_one(void **state)
{
    struct arena *arena = arena_new(1 << 20);
    struct call call = {.arena = arena};
    Cart__Cart before = CART__CART__INIT, into, from = CART__CART__INIT;
    Common__Address home = COMMON__ADDRESS__INIT, there = COMMON__ADDRESS__INIT;
    char city[] = "shipping_address.city", line[] = "shipping_address.line2", *paths[] = {city, line};
    Google__Protobuf__FieldMask mask = mask_of(paths, 2);

    (void)state;
    home.name = "Ann";
    home.line1 = "Way 1";
    home.line2 = "Backyard";
    home.city = "Bern";
    home.postal_code = "3000";
    home.country = "CH";
    before.shipping_address = &home;
    there.city = "Thun";
    from.shipping_address = &there;
    into = before;
    assert_int_equal(message_patch(&call, &cart__cart__declaration, &into.base, &from.base, &mask), RESULT_OK);
    assert_string_equal(into.shipping_address->city, "Thun");
    assert_string_equal(into.shipping_address->line2, "");
    assert_string_equal(into.shipping_address->line1, "Way 1");
    assert_string_equal(home.city, "Bern");

    into = (Cart__Cart)CART__CART__INIT; /* nothing to change: half an address is none */
    assert_int_equal(message_patch(&call, &cart__cart__declaration, &into.base, &from.base, &mask), RESULT_VALIDATION_FAILED);
    assert_string_equal(call.problem.violations->pointer, "/shippingAddress/name");
    arena_free(arena);
}

static void equality_is_of_contents(void **state)
{
    struct arena *arena = arena_new(1 << 16);
    Catalog__Category a = CATALOG__CATEGORY__INIT, b = CATALOG__CATEGORY__INIT;

    (void)state;
    a.name = "same";
    b.name = arena_strdup(arena, "same");
    assert_true(message_equal(arena, &a.base, &b.base));
    b.name = "came";
    assert_false(message_equal(arena, &a.base, &b.base));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_mask_names),
        cmocka_unit_test(a_star_takes_everything),
        cmocka_unit_test(without_a_mask_it_takes_what_is_set),
        cmocka_unit_test(a_map_s_entries_are_put_replaced_and_removed),
        cmocka_unit_test(what_a_message_holds_is_changed_one_by_one),
        cmocka_unit_test(equality_is_of_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
