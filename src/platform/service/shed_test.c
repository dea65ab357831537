#include "platform/service/shed.h"

#include "base/limits.h"
#include "souk/cart/v1/cart.souk.h"
#include "souk/catalog/v1/catalog.souk.h"
#include "souk/checkout/v1/checkout.souk.h"
#include "souk/order/v1/order.souk.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#define MS_US INT64_C(1000)

static const struct method_declaration *method(const struct service_declaration *service, const char *name)
{
    for (size_t i = 0; i < service->method_count; i++)
        if (strcmp(service->methods[i]->name, name) == 0)
            return service->methods[i];
    fail_msg("no method %s", name);
    return NULL;
}

static const char *urgency(const struct service_declaration *service, const char *name)
{
    struct call call = {.actor = {.kind = ACTOR_ANONYMOUS, .id = ""}};
    return urgency_name(call_urgency(&call, method(service, name)));
}

static void what_is_asked_says_how_urgent_it_is(void **state)
{
    (void)state;
    assert_string_equal(urgency(&checkout_declaration, "PlaceOrder"), "pay");
    assert_string_equal(urgency(&checkout_declaration, "GetCheckout"), "pay");
    assert_string_equal(urgency(&cart_declaration, "AddLine"), "cart");
    assert_string_equal(urgency(&catalog_declaration, "GetProduct"), "browse");
    assert_string_equal(urgency(&catalog_declaration, "CreateProduct"), "report");
    assert_string_equal(urgency(&order_declaration, "ListOrders"), "report");
}

static void what_has_begun_goes_on(void **state)
{
    (void)state;
    struct call call = {.actor = {.kind = ACTOR_SYSTEM, .id = "checkout/01jd"}};
    assert_int_equal(call_urgency(&call, method(&catalog_declaration, "GetProduct")), URGENCY_PAY);
}

static void who_pays_is_never_given_up(void **state)
{
    (void)state;
    assert_false(shed_gives_up(URGENCY_BROWSE, LIMIT_SHED_GIVE_UP * LIMIT_SHED_BROWSE_MS * MS_US));
    assert_true(shed_gives_up(URGENCY_BROWSE, LIMIT_SHED_GIVE_UP * LIMIT_SHED_BROWSE_MS * MS_US + 1));
    assert_true(shed_gives_up(URGENCY_REPORT, LIMIT_SHED_GIVE_UP * LIMIT_SHED_REPORT_MS * MS_US + 1));
    assert_false(shed_gives_up(URGENCY_PAY, 3600 * 1000 * MS_US));
}

static void the_least_urgent_goes_first(void **state)
{
    (void)state;
    static const struct {
        int64_t age_ms;
        const char *refused; /* by urgency, from the least */
    } rows[] = {
        {0, "...."},
        {LIMIT_SHED_REPORT_MS, "...."},
        {LIMIT_SHED_REPORT_MS + 1, "x..."},
        {LIMIT_SHED_BROWSE_MS + 1, "xx.."},
        {LIMIT_SHED_CART_MS + 1, "xxx."},
        {LIMIT_SHED_PAY_MS + 1, "xxxx"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned one = URGENCY_REPORT; one < URGENCY_COUNT; one++)
            assert_int_equal(shed_refuses(one, rows[i].age_ms * MS_US), rows[i].refused[one - URGENCY_REPORT] == 'x');
}

/* --- how long the first has waited, in a time of our own --- */

static int64_t now_us;
static int64_t monotonic_us(struct env *env)
{
    (void)env;
    return now_us;
}

static void a_long_queue_is_as_old_as_its_first(void **state)
{
    (void)state;
    static const struct env_operations operations = {.monotonic_us = monotonic_us};
    struct env env = {.operations = &operations};
    struct queue_age age = {0};
    now_us = 1000 * MS_US;
    assert_int_equal(queue_age_us(&age, &env), 0);
    queue_age_set(&age, LIMIT_SHED_QUEUE - 1, 1 * MS_US);
    assert_int_equal(queue_age_us(&age, &env), 0); /* a few who wait long are one slow request's */
    queue_age_set(&age, LIMIT_SHED_QUEUE, 900 * MS_US);
    assert_int_equal(queue_age_us(&age, &env), 100 * MS_US);
    now_us += 50 * MS_US;
    assert_int_equal(queue_age_us(&age, &env), 150 * MS_US);
    queue_age_set(&age, 0, 0);
    assert_int_equal(queue_age_us(&age, &env), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_says_how_urgent_it_is),
        cmocka_unit_test(what_has_begun_goes_on),
        cmocka_unit_test(who_pays_is_never_given_up),
        cmocka_unit_test(the_least_urgent_goes_first),
        cmocka_unit_test(a_long_queue_is_as_old_as_its_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
