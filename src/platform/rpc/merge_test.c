#include "platform/rpc/merge.h"

#include "souk/catalog/v1/catalog.pb-c.h"

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
        cmocka_unit_test(equality_is_of_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
