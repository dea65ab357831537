/*
 * What is sold among SKUs: more of them than one statement asks for, of one product and of several.
 */
#include "platform/service/handler_world_test.h"
#include "services/catalog/catalog.h"
#include "services/catalog/catalog_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define METHOD(name) (&catalog__catalog_service__##name##__method)

static struct handler_world *world;

static int shop_open(void **state)
{
    (void)state;
    world = handler_world_new(&catalog_service);
    return 0;
}
static int shop_close(void **state)
{
    (void)state;
    handler_world_check(world);
    handler_world_free(world);
    return 0;
}
#define shop_test(function) cmocka_unit_test_setup_teardown(function, shop_open, shop_close)

static Catalog__Variant *a_variant(const char *sku, const char *size)
{
    Catalog__Variant *variant = ARENA_NEW(world->arena, Catalog__Variant);
    catalog__variant__init(variant);
    variant->sku = sku;
    variant->title = size;
    variant->n_options = 1;
    variant->options = ARENA_NEW(world->arena, Catalog__Variant__OptionsEntry *);
    variant->options[0] = ARENA_NEW(world->arena, Catalog__Variant__OptionsEntry);
    catalog__variant__options_entry__init(variant->options[0]);
    variant->options[0]->key = "Size";
    variant->options[0]->value = size;
    variant->weight_grams = 200;
    return variant;
}

/* SKUs "{word}-0", "{word}-1", … */
static void create(const char *title, const char *word, size_t variant_count, bool published)
{
    Catalog__CreateProductRequest request = CATALOG__CREATE_PRODUCT_REQUEST__INIT;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    product.title = title;
    product.status = published ? CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED : CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT;
    product.variants = ARENA_ARRAY(world->arena, Catalog__Variant *, variant_count);
    for (size_t i = 0; i < variant_count; i++)
        product.variants[product.n_variants++] =
            a_variant(arena_printf(world->arena, "%s-%zu", word, i), arena_printf(world->arena, "%zu", i));
    request.product = &product;
    assert_int_equal(handler_world_call(world, METHOD(create_product), &request.base, NULL), RESULT_OK);
}

static const Catalog__BatchGetVariantsResponse *ask(const char **skus, size_t count, bool only_sku)
{
    Catalog__BatchGetVariantsRequest request = CATALOG__BATCH_GET_VARIANTS_REQUEST__INIT;
    const ProtobufCMessage *answer;
    request.skus = skus;
    request.n_skus = count;
    request.only_sku = only_sku;
    assert_int_equal(handler_world_call(world, METHOD(batch_get_variants), &request.base, &answer), RESULT_OK);
    return (const Catalog__BatchGetVariantsResponse *)answer;
}

static const Catalog__SellableVariant *item_of(const Catalog__BatchGetVariantsResponse *answer, const char *sku)
{
    for (size_t i = 0; i < answer->n_items; i++)
        if (strcmp(answer->items[i]->sku, sku) == 0)
            return answer->items[i];
    return NULL;
}

static void what_is_sold_is_described(void **state)
{
    (void)state;
    create("Shirt", "shirt", 2, true);
    create("Mug", "mug", 1, true);
    const char *skus[] = {"mug-0", "shirt-1", "nothing"};
    const Catalog__BatchGetVariantsResponse *answer = ask(skus, 3, false);
    assert_int_equal(answer->n_items, 2);
    assert_string_equal(item_of(answer, "shirt-1")->title, "Shirt, 1");
    assert_int_equal(item_of(answer, "shirt-1")->weight_grams, 200);
    assert_string_equal(item_of(answer, "mug-0")->title, "Mug");
}

static void whether_it_is_sold_is_said_of_many(void **state)
{
    (void)state;
    create("Shirt", "shirt", 15, true);
    create("Draft", "draft", 15, false);
    create("Mug", "mug", 1, true);
    const char *skus[31];
    for (size_t i = 0; i < 15; i++) {
        skus[2 * i] = arena_printf(world->arena, "shirt-%zu", i);
        skus[2 * i + 1] = arena_printf(world->arena, "draft-%zu", i);
    }
    skus[30] = "mug-0";
    const Catalog__BatchGetVariantsResponse *answer = ask(skus, 31, true);
    assert_int_equal(answer->n_items, 16);
    for (size_t i = 0; i < 31; i++) {
        const Catalog__SellableVariant *item = item_of(answer, skus[i]);
        assert_int_equal(item != NULL, strncmp(skus[i], "draft", 5) != 0);
        assert_true(item == NULL || *item->product_id != '\0');
        assert_true(item == NULL || *item->title == '\0');
    }
}

static void a_sku_asked_for_twice_is_answered_once(void **state)
{
    (void)state;
    create("Mug", "mug", 1, true);
    const char *skus[] = {"mug-0", "mug-0"};
    assert_int_equal(ask(skus, 2, true)->n_items, 1);
    assert_int_equal(ask(skus, 0, true)->n_items, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(what_is_sold_is_described),
        shop_test(whether_it_is_sold_is_said_of_many),
        shop_test(a_sku_asked_for_twice_is_answered_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
