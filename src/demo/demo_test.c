/*
 * The demo shop: every picture can be drawn, and the whole of it loads into an empty shop, once.
 */
#include "demo/demo.h"

#include "base/limits.h"
#include "cli/shop.h"
#include "demo/contents.h"
#include "demo/picture.h"
#include "souk/catalog/v1/catalog.souk.h"
#include "souk/inventory/v1/inventory.souk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- pictures ------------------------------------------------------------------------------------------------------ */

static void every_picture_that_products_name_can_be_drawn(void **state)
{
    (void)state;
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    size_t count, pictures = 0;
    struct demo_request *requests = demo_contents(arena, &count);
    struct buffer drawing;
    buffer_init(&drawing, 8192);
    for (size_t i = 0; i < count; i++) {
        if (requests[i].method != &catalog__catalog_service__import_products__method)
            continue;
        const char *at = (const char *)((const Catalog__ImportProductsRequest *)requests[i].message)->file.data;
        while ((at = strstr(at, "/media/demo/")) != NULL) {
            at += strlen("/media/demo/");
            struct text name = {at, strcspn(at, ".")};
            buffer_empty(&drawing);
            if (!picture_draw(name, &drawing) || drawing.overflowed)
                fail_msg("There is no picture `%.*s`.", (int)name.length, name.at);
            pictures++;
        }
    }
    assert_true(pictures > 300);
    assert_false(picture_draw(TEXT("mug"), &drawing));
    assert_false(picture_draw(TEXT("mug-"), &drawing));
    assert_false(picture_draw(TEXT("-indigo"), &drawing));
    assert_false(picture_draw(TEXT(""), &drawing));
    buffer_release(&drawing);
    arena_free(arena);
}

/* --- loading ------------------------------------------------------------------------------------------------------- */

struct world {
    struct loop *loop;
    struct shop *shop;
    struct task task;
    const char *error;
    int64_t products, stock_of_rug;
    bool reserves_rug;
};
static struct world world;

static void ask(const struct method_declaration *method, const ProtobufCMessage *request,
                void (*done)(struct call *call, const ProtobufCMessage *answer))
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct call *call = call_new(arena, world.loop);
    ProtobufCService *service = directory_find(shop_directory(world.shop), method->service);
    call->done = done;
    service->invoke(service, method->index, request, call_closure, call);
}

static void stop(void *data)
{
    (void)data;
    machine_loop_stop(world.loop);
}

static void on_availability(struct call *call, const ProtobufCMessage *answer)
{
    const Inventory__BatchGetAvailabilityResponse *availability = (const Inventory__BatchGetAvailabilityResponse *)answer;
    assert_non_null(answer);
    assert_int_equal(availability->n_items, 1);
    world.stock_of_rug = availability->items[0]->available;
    world.reserves_rug = availability->items[0]->reserves_in_cart;
    arena_free(call->arena);
    shop_drain(world.shop, world.loop, stop, NULL);
}

static void on_products(struct call *call, const ProtobufCMessage *answer)
{
    static Inventory__BatchGetAvailabilityRequest request;
    static const char *skus[] = {"FLARUG-BRI-7014"};
    assert_non_null(answer);
    world.products = (int64_t)((const Catalog__ListProductsResponse *)answer)->n_items;
    arena_free(call->arena);
    inventory__batch_get_availability_request__init(&request);
    request.skus = skus;
    request.n_skus = 1;
    ask(&inventory__inventory_service__batch_get_availability__method, &request.base, on_availability);
}

static void on_loaded(void *data, const char *error)
{
    static Catalog__ListProductsRequest request;
    (void)data;
    if (error != NULL)
        fail_msg("%s", error);
    catalog__list_products_request__init(&request);
    request.limit = LIMIT_PAGE_MAX;
    ask(&catalog__catalog_service__list_products__method, &request.base, on_products);
}

static void load(struct task *task)
{
    (void)task;
    demo_load(shop_directory(world.shop), world.loop, on_loaded, NULL);
}

/* Start, load, look, stop. The number of events that the catalogue has then. */
static int64_t load_into(const char *url)
{
    char error[512];
    world = (struct world){.loop = machine_loop_new(env_machine()), .task = {.run = load}};
    struct shop_options options = {
        .env = env_machine(), .loop = world.loop, .store_url = url, .services = "all", .reader_count = 1};
    world.shop = shop_start(&options, error);
    assert_non_null(world.shop);
    loop_post(world.loop, &world.task);
    machine_loop_run(world.loop);
    int64_t events = host_last_event(shop_host(world.shop, 0));
    shop_stop(world.shop);
    machine_loop_free(world.loop);
    return events;
}

static void it_loads_once(void **state)
{
    (void)state;
    char folder[] = "/tmp/souk-demo-XXXXXX", url[64], command[64];
    assert_non_null(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite:%s", folder);

    int64_t events = load_into(url);
    assert_true(world.products >= 60);
    assert_true(world.stock_of_rug > 0);
    assert_true(world.reserves_rug); /* its strategy is pessimistic */
    assert_int_equal(load_into(url), events);

    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_picture_that_products_name_can_be_drawn),
        cmocka_unit_test(it_loads_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
