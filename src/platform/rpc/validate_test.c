#include "platform/rpc/validate.h"

#include "base/limits.h"
#include "souk/cart/v1/cart.souk.h"
#include "souk/catalog/v1/catalog.souk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct call call;

static int open_call(void **state)
{
    (void)state;
    call = (struct call){.arena = arena_new(LIMIT_CALL_ARENA)};
    return 0;
}

static int close_call(void **state)
{
    (void)state;
    arena_free(call.arena);
    return 0;
}

/* --- single strings ------------------------------------------------------------------------------------------------------ */

static const ProtobufCFieldDescriptor string_descriptor = {.name = "text", .type = PROTOBUF_C_TYPE_STRING};

/* The code of what is wrong, or "". */
static const char *judge(const struct field_declaration *rule, const char *string)
{
    struct validation validation = {.call = &call};
    struct field field = {&string_descriptor, rule};
    call.problem = (struct problem){.result = RESULT_OK};
    validate_value(&validation, field, &string, NULL);
    return call.problem.violations ? call.problem.violations->code : "";
}

static void knows_the_formats(void **state)
{
    (void)state;
    static const struct {
        enum field_format format;
        const char *good[10], *bad[20];
    } rows[] = {
        {FORMAT_EMAIL,
         {"a@b", "ann.lee+x@mail.example.org", "\xC3\xA4@\xC3\xB6.de"},
         {"a", "@b", "a@", "a@b@c", "a b@c", "a@b..c", "a@.b", "a@b.", "a,b@c", "<a@b>", "a@b\n", "a@[1.2.3.4]"}},
        {FORMAT_CURRENCY, {"EUR", "JPY"}, {"eur", "EU", "EURO", "XQZ"}},
        {FORMAT_COUNTRY, {"DE", "AD", "ZW"}, {"de", "D", "DEU", "XX", "A ", " A"}},
        {FORMAT_URL,
         {"https://a.example/b?c#d", "http://localhost:8080/", "/media/a.jpg"},
         {"javascript:alert(1)", "ftp://a", "//a.example/b", "https://", "http:///a", "a.jpg", "https://a b", "https://a/\"", "data:x"}},
        {FORMAT_SLUG, {"a", "a-b_1", "\xC3\xA4-1"}, {"A", "-a", "a b", "a/b", "a.b", "a%"}},
        {FORMAT_SKU, {"A", "a b", "a.b", "100%", "\xE2\x82\xAC"}, {"a/b", " a", "a ", "a\tb", ".", ".."}},
        {FORMAT_ID, {"01jd4w3h8s4v6x2y0z1a2b3c4d", "default", "a_b-c"}, {"a b", "a/b", "a.b", "\xC3\xA4"}},
        {FORMAT_LANGUAGE, {"de", "pt-BR", "zh-Hant-TW"}, {"d", "de-", "-de", "de--CH", "12", "germanlanguage", "de_CH"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field_declaration rule = {.format = rows[i].format};
        for (const char *const *good = rows[i].good; *good != NULL; good++)
            if (judge(&rule, *good)[0] != '\0')
                fail_msg("%s is refused", *good);
        for (const char *const *bad = rows[i].bad; *bad != NULL; bad++)
            if (strcmp(judge(&rule, *bad), "format") != 0)
                fail_msg("%s is taken", *bad);
    }
}

static void counts_code_points(void **state)
{
    (void)state;
    struct field_declaration rule = {.min_length = 2, .max_length = 3};
    assert_string_equal(judge(&rule, "\xC3\xA4"), "too_short");
    assert_string_equal(judge(&rule, "\xC3\xA4\xF0\x9F\x98\x80"), "");
    assert_string_equal(judge(&rule, "\xC3\xA4\xF0\x9F\x98\x80xy"), "too_long");
    assert_string_equal(judge(&rule, "\xFF"), "encoding");
}

static void matches_the_whole_text(void **state)
{
    (void)state;
    struct field_declaration rule = {.pattern = "[a-z]+|[0-9]+"};
    assert_string_equal(judge(&rule, "abc"), "");
    assert_string_equal(judge(&rule, "12"), "");
    assert_string_equal(judge(&rule, "a1"), "pattern");
    assert_string_equal(judge(&rule, "abc\n"), "pattern");
}

/* --- messages ------------------------------------------------------------------------------------------------------------- */

/* "pointer code" of every violation, a line each. */
static const char *judge_message(const struct message_declaration *declaration, const ProtobufCMessage *message)
{
    struct validation validation = {.call = &call};
    call.problem = (struct problem){.result = RESULT_OK};
    validate_message(&validation, declaration, message, NULL);
    const char *lines = "";
    for (const struct violation *violation = call.problem.violations; violation != NULL; violation = violation->next)
        lines = arena_printf(call.arena, "%s%s %s\n", lines, violation->pointer, violation->code);
    return lines;
}

static void walks_a_message(void **state)
{
    (void)state;
    Catalog__Variant variant = CATALOG__VARIANT__INIT, *variants[] = {&variant};
    Catalog__Variant__OptionsEntry option = CATALOG__VARIANT__OPTIONS_ENTRY__INIT, *options[] = {&option};
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    Catalog__CreateProductRequest request = CATALOG__CREATE_PRODUCT_REQUEST__INIT;
    assert_string_equal(judge_message(&catalog__create_product_request__declaration, &request.base), "/product required\n");

    char long_text[400];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    option.key = "a/b";
    option.value = long_text;
    variant.weight_grams = -1;
    variant.n_options = 1;
    variant.options = options;
    product.id = "mine";
    product.status = 99;
    product.n_variants = 1;
    product.variants = variants;
    request.product = &product;
    assert_string_equal(judge_message(&catalog__create_product_request__declaration, &request.base),
                        "/product/id read_only\n/product/title required\n/product/status unknown_value\n"
                        "/product/variants/0/sku required\n/product/variants/0/options/a~1b too_long\n"
                        "/product/variants/0/weightGrams too_small\n");
}

static void takes_zero_where_it_is_in_range(void **state)
{
    (void)state;
    Cart__UpdateLineRequest update = CART__UPDATE_LINE_REQUEST__INIT;
    update.cart = "c";
    update.line = "l";
    assert_string_equal(judge_message(&cart__update_line_request__declaration, &update.base), "");
    Cart__AddLineRequest add = CART__ADD_LINE_REQUEST__INIT;
    add.cart = "c";
    add.sku = "S";
    assert_string_equal(judge_message(&cart__add_line_request__declaration, &add.base), "/quantity too_small\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_call, close_call)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(knows_the_formats),
        TEST(counts_code_points),
        TEST(matches_the_whole_text),
        TEST(walks_a_message),
        TEST(takes_zero_where_it_is_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
