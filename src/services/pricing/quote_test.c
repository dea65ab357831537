#include "services/pricing/quote_fixture_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <strings.h>

#include <cmocka.h>

#define PERCENT PRICING__PROMOTION_KIND__PROMOTION_KIND_PERCENT
#define AMOUNT PRICING__PROMOTION_KIND__PROMOTION_KIND_AMOUNT
#define FREE_SHIPPING PRICING__PROMOTION_KIND__PROMOTION_KIND_FREE_SHIPPING

static struct arena *arena;
static struct fixture shop;
static Pricing__Quote quote;

static int begin(void **state)
{
    (void)state;
    arena = arena_new(64 << 20);
    fixture_init(&shop, arena, "EUR");
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* What every quote must fulfil, whatever it is of. */
static void assert_adds_up(void)
{
    int64_t total = 0, line_discount = 0, line_tax = 0, taxes = 0, added = 0, discounts = 0, coupons = 0, with_code = 0;
    for (size_t i = 0; i < quote.n_lines; i++) {
        const Pricing__QuotedLine *line = quote.lines[i];
        assert_true(line->unit_price * shop.cart.lines[i]->quantity == line->total);
        assert_true(line->discount >= 0 && line->discount <= line->total);
        assert_true(line->tax >= 0);
        total += line->total;
        line_discount += line->discount;
        line_tax += line->tax;
    }
    for (size_t i = 0; i < quote.n_taxes; i++) {
        taxes += quote.taxes[i]->amount;
        added += quote.taxes[i]->included ? 0 : quote.taxes[i]->amount;
    }
    for (size_t i = 0; i < quote.n_discounts; i++) {
        discounts += quote.discounts[i]->amount;
        with_code += *quote.discounts[i]->code ? quote.discounts[i]->amount : 0;
    }
    for (size_t i = 0; i < quote.n_coupons; i++) {
        const Pricing__QuotedCoupon *coupon = quote.coupons[i];
        assert_true(coupon->applied == (*coupon->reason == '\0'));
        assert_true(coupon->applied || coupon->discount == 0);
        coupons += coupon->discount;
    }
    assert_true(total == quote.subtotal);
    assert_true(line_discount + quote.shipping_discount == quote.discount);
    assert_true(line_tax + quote.shipping_tax == quote.tax);
    assert_true(taxes == quote.tax);
    assert_true(added == quote.added_tax);
    assert_true(discounts == quote.discount);
    assert_true(coupons == with_code);
    assert_true(quote.shipping_discount >= 0 && quote.shipping_discount <= quote.shipping);
    assert_true(quote.subtotal - quote.discount + quote.shipping + quote.added_tax == quote.total);
}

static enum result compute(void)
{
    pricing__quote__init(&quote);
    return quote_cart(arena, &shop.terms, &quote);
}

static void quote_it(void)
{
    assert_int_equal(compute(), RESULT_OK);
    assert_adds_up();
}

/* --- prices --- */

static void an_empty_cart_costs_nothing(void **state)
{
    (void)state;
    fixture_tax(&shop, "DE", "", "", 190000, true);
    fixture_promotion(&shop, AMOUNT, 500, "");
    fixture_ship_to(&shop, "DE", "");
    fixture_flat_shipping(&shop, 490);
    quote_it();
    assert_int_equal(quote.total, 0);
    assert_false(quote.needs_shipping);
}

static void lines_without_a_price_say_so(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 2, 1990);
    fixture_line(&shop, "mystery", 3, -1);
    quote_it();
    assert_false(quote.lines[0]->not_priced);
    assert_true(quote.lines[1]->not_priced);
    assert_int_equal(quote.total, 3980);
}

static void lines_of_one_sku_reach_a_tier_together(void **state)
{
    (void)state;
    fixture_line(&shop, "cup", 6, -1);
    fixture_line(&shop, "cup", 4, -1);
    fixture_price(&shop, "cup", 500, 1, "");
    fixture_price(&shop, "cup", 450, 10, "");
    fixture_price(&shop, "cup", 400, 11, "");
    quote_it();
    assert_int_equal(quote.lines[0]->unit_price, 450);
    assert_int_equal(quote.lines[0]->total, 2700);
    assert_int_equal(quote.lines[1]->total, 1800);
}

/* --- the examples of the README, computed by hand --- */

static void germany_includes_its_tax(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 2, 1990);
    fixture_tax(&shop, "DE", "", "", 190000, true);
    fixture_ship_to(&shop, "DE", "");
    fixture_flat_shipping(&shop, 490);
    quote_it();
    assert_int_equal(quote.subtotal, 3980);
    assert_int_equal(quote.shipping, 490);
    assert_int_equal(quote.tax, 714);         /* 44.70 * 19 / 119 = 7.137 */
    assert_int_equal(quote.shipping_tax, 78); /* 7.14 * 4.90 / 44.70 = 0.783, of the line 6.357: the larger rest goes to the line */
    assert_int_equal(quote.lines[0]->tax, 636);
    assert_int_equal(quote.added_tax, 0);
    assert_int_equal(quote.total, 4470);
}

static void germany_with_two_rates(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 2, 1990);
    fixture_line(&shop, "book", 1, 1200)->tax_category = "books";
    fixture_tax(&shop, "DE", "", "", 190000, true);
    fixture_tax(&shop, "DE", "", "books", 70000, true);
    fixture_ship_to(&shop, "DE", "");
    fixture_flat_shipping(&shop, 490);
    quote_it();
    /* Shipping is shared 39.80 : 12.00, that is 3.7649 and 1.1351: 3.76 and 1.14. */
    assert_int_equal(quote.n_taxes, 2);
    assert_int_equal(quote.taxes[0]->amount, 695); /* (39.80 + 3.76) * 19 / 119 = 6.955 */
    assert_int_equal(quote.taxes[1]->amount, 86);  /* (12.00 + 1.14) * 7 / 107 = 0.860 */
    assert_int_equal(quote.tax, 781);
    assert_int_equal(quote.total, 5670);
}

static void new_york_adds_its_tax(void **state)
{
    (void)state;
    shop.cart.currency = "USD";
    fixture_line(&shop, "mug", 3, 999);
    fixture_tax(&shop, "US", "NY", "", 88750, false);
    fixture_promotion(&shop, PERCENT, 100000, "TEN");
    fixture_ship_to(&shop, "US", "ny");
    quote_it();
    assert_int_equal(quote.added_tax, 266); /* 29.97 * 0.08875 = 2.6598 */
    assert_int_equal(quote.total, 3263);

    fixture_coupon(&shop, "ten");
    quote_it();
    assert_int_equal(quote.discount, 300);  /* 2.997 */
    assert_int_equal(quote.added_tax, 239); /* 26.97 * 0.08875 = 2.3936 */
    assert_int_equal(quote.total, 2936);
    assert_string_equal(quote.coupons[0]->code, "TEN");
}

static void japan_has_no_decimals(void **state)
{
    (void)state;
    shop.cart.currency = "JPY";
    fixture_line(&shop, "fan", 3, 333);
    fixture_tax(&shop, "JP", "", "", 100000, true);
    fixture_promotion(&shop, PERCENT, 100000, "");
    fixture_ship_to(&shop, "JP", "");
    quote_it();
    assert_int_equal(quote.discount, 100); /* 99.9 */
    assert_int_equal(quote.tax, 82);       /* 899 * 10 / 110 = 81.7 */
    assert_int_equal(quote.total, 899);
}

static void quebec_has_two_rates_at_once(void **state)
{
    (void)state;
    shop.cart.currency = "CAD";
    fixture_line(&shop, "jam", 1, 10000);
    fixture_tax(&shop, "CA", "", "", 50000, false); /* of the rest of Canada: not asked in a region that has its own */
    fixture_tax(&shop, "CA", "QC", "", 50000, false);
    fixture_tax(&shop, "CA", "QC", "", 99750, false);
    fixture_ship_to(&shop, "CA", "QC");
    quote_it();
    assert_int_equal(quote.n_taxes, 2);
    assert_int_equal(quote.taxes[0]->amount, 500);
    assert_int_equal(quote.taxes[1]->amount, 998); /* 9.975: half away from zero */
    assert_int_equal(quote.total, 11498);

    fixture_ship_to(&shop, "CA", "AB");
    quote_it();
    assert_int_equal(quote.total, 10500);
}

static void two_included_rates_share_the_price(void **state)
{
    (void)state;
    shop.cart.currency = "INR";
    fixture_line(&shop, "tea", 1, 11800);
    fixture_tax(&shop, "IN", "", "", 90000, true);
    fixture_tax(&shop, "IN", "", "", 90000, true);
    fixture_ship_to(&shop, "IN", "");
    quote_it();
    assert_int_equal(quote.taxes[0]->amount, 900);
    assert_int_equal(quote.taxes[1]->amount, 900);
    assert_int_equal(quote.total, 11800);
}

static void added_tax_is_not_on_included_tax(void **state)
{
    (void)state;
    fixture_line(&shop, "rum", 1, 12000);
    fixture_tax(&shop, "XK", "", "", 200000, true);
    fixture_tax(&shop, "XK", "", "", 100000, false);
    fixture_ship_to(&shop, "XK", "");
    quote_it();
    assert_int_equal(quote.taxes[0]->amount, 2000); /* in 120.00 */
    assert_int_equal(quote.taxes[1]->amount, 1000); /* on 100.00 */
    assert_int_equal(quote.total, 13000);

    fixture_flat_shipping(&shop, 1200);
    quote_it();
    assert_int_equal(quote.shipping_tax, 200 + 100);
    assert_int_equal(quote.total, 14300);
}

static void shipping_is_taxed_where_the_rate_says_so(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 1, 10000);
    Pricing__TaxRate *rate = fixture_tax(&shop, "US", "", "", 100000, false);
    fixture_ship_to(&shop, "US", "");
    fixture_flat_shipping(&shop, 1000);
    quote_it();
    assert_int_equal(quote.shipping_tax, 100);
    rate->on_shipping = false;
    quote_it();
    assert_int_equal(quote.shipping_tax, 0);
    assert_int_equal(quote.total, 12000);

    /* Of two included rates only one is on shipping: 10.00 has 10 % in it, 100.00 has 10 % and 15 %. */
    rate->included = true;
    rate->on_shipping = true;
    fixture_tax(&shop, "US", "", "", 150000, true)->on_shipping = false;
    quote_it();
    assert_int_equal(quote.shipping_tax, 91);      /* 10.00 * 10 / 110 */
    assert_int_equal(quote.lines[0]->tax, 2000);   /* 8.00 and 12.00 */
    assert_int_equal(quote.total, 11000);
}

static void shipping_has_the_rates_of_what_is_shipped(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 1, 1000);
    fixture_line(&shop, "download", 1, 3000)->tax_category = "books";
    shop.lines[1]->digital = true;
    fixture_tax(&shop, "DE", "", "", 190000, true);
    fixture_tax(&shop, "DE", "", "books", 70000, true);
    fixture_ship_to(&shop, "DE", "");
    fixture_flat_shipping(&shop, 490);
    quote_it();
    assert_int_equal(quote.taxes[0]->amount, 238); /* (10.00 + 4.90) * 19 / 119 = 2.379 */
    assert_int_equal(quote.taxes[1]->amount, 196); /* 30.00 * 7 / 107 = 1.963 */

    shop.prices[0]->prices[0]->amount = 0; /* a gift, still the only thing in the parcel */
    quote_it();
    assert_int_equal(quote.taxes[0]->amount, 78); /* 4.90 * 19 / 119 = 0.782 */
    assert_int_equal(quote.shipping_tax, 78);
}

static void categories_come_before_places(void **state)
{
    (void)state;
    fixture_line(&shop, "book", 1, 1000)->tax_category = "books";
    fixture_line(&shop, "wand", 1, 1000)->tax_category = "magic";
    fixture_tax(&shop, "US", "NY", "", 88750, false);
    fixture_tax(&shop, "US", "", "books", 0, false);
    fixture_ship_to(&shop, "US", "NY");
    quote_it();
    assert_int_equal(quote.lines[0]->tax, 0);
    assert_int_equal(quote.lines[1]->tax, 89); /* a category without rates has the standard ones: 0.8875 */
}

static void nobody_knows_the_tax_without_an_address(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 1, 1990);
    fixture_tax(&shop, "DE", "", "", 190000, true);
    quote_it();
    assert_int_equal(quote.tax, 0);
    fixture_ship_to(&shop, "CH", "");
    quote_it();
    assert_int_equal(quote.tax, 0);
    assert_int_equal(quote.total, 1990);
}

/* --- discounts --- */

static void an_amount_is_shared_to_the_cent(void **state)
{
    (void)state;
    fixture_line(&shop, "a", 1, 999);
    fixture_line(&shop, "b", 1, 999);
    fixture_line(&shop, "c", 1, 999);
    fixture_promotion(&shop, AMOUNT, 1000, "");
    quote_it();
    assert_int_equal(quote.lines[0]->discount, 334);
    assert_int_equal(quote.lines[1]->discount, 333);
    assert_int_equal(quote.lines[2]->discount, 333);
    assert_int_equal(quote.total, 1997);
}

static void an_amount_is_never_more_than_its_lines(void **state)
{
    (void)state;
    fixture_line(&shop, "a", 1, 300);
    fixture_line(&shop, "b", 1, 9000);
    fixture_only_sku(&shop, fixture_promotion(&shop, AMOUNT, 1000, ""), "a");
    fixture_promotion(&shop, AMOUNT, 500, "FIVE");
    fixture_coupon(&shop, "FIVE");
    quote_it();
    assert_int_equal(quote.lines[0]->discount, 300);
    assert_int_equal(quote.lines[1]->discount, 500);
}

static void percents_come_before_amounts_whatever_their_age(void **state)
{
    (void)state;
    fixture_line(&shop, "a", 1, 10000);
    fixture_promotion(&shop, AMOUNT, 1000, "MINUS10");
    fixture_promotion(&shop, PERCENT, 500000, "HALF");
    fixture_promotion(&shop, PERCENT, 100000, "");
    fixture_coupon(&shop, "MINUS10");
    fixture_coupon(&shop, "HALF");
    quote_it();
    /* 100.00 - 10 % for everyone = 90.00, - 50 % = 45.00, - 10.00 = 35.00 */
    assert_int_equal(quote.total, 3500);
    assert_int_equal(quote.n_discounts, 3);
    assert_int_equal(quote.discounts[0]->amount, 1000);
    assert_int_equal(quote.discounts[1]->amount, 4500);
    assert_int_equal(quote.discounts[2]->amount, 1000);
    assert_int_equal(quote.coupons[0]->discount, 1000);
    assert_int_equal(quote.coupons[1]->discount, 4500);
}

static void a_coupon_that_does_not_hold_says_why(void **state)
{
    (void)state;
    static const Google__Protobuf__Timestamp past = {PROTOBUF_C_MESSAGE_INIT(&google__protobuf__timestamp__descriptor), 1700000000, 0};
    static const Google__Protobuf__Timestamp future = {PROTOBUF_C_MESSAGE_INIT(&google__protobuf__timestamp__descriptor), 1900000000, 0};
    fixture_line(&shop, "a", 2, 2500);
    Google__Protobuf__Timestamp before = past, after = future;

    fixture_promotion(&shop, PERCENT, 100000, "GOOD");
    fixture_promotion(&shop, PERCENT, 100000, "OFF")->disabled = true;
    fixture_promotion(&shop, PERCENT, 100000, "EARLY")->starts_at = &after;
    fixture_promotion(&shop, PERCENT, 100000, "LATE")->ends_at = &before;
    Pricing__Promotion *used_up = fixture_promotion(&shop, PERCENT, 100000, "USED");
    used_up->usage_limit = used_up->used = 5;
    fixture_minimum(&shop, fixture_promotion(&shop, PERCENT, 100000, "LARGE"), 5001, "EUR");
    fixture_minimum(&shop, fixture_promotion(&shop, PERCENT, 100000, "DOLLAR"), 1, "USD");
    fixture_only_sku(&shop, fixture_promotion(&shop, PERCENT, 100000, "OTHER"), "b");
    fixture_promotion(&shop, AMOUNT, 100, "YEN")->amounts[0]->currency = "JPY";
    fixture_promotion(&shop, FREE_SHIPPING, 0, "SHIP");
    static const struct {
        const char *code, *reason;
    } rows[] = {
        {"GOOD", ""},
        {"good", "It is in the cart already."},
        {"NONE", "There is no such coupon."},
        {"OFF", "It is not valid at the moment."},
        {"EARLY", "It is not valid yet."},
        {"LATE", "It is not valid any more."},
        {"USED", "It has been used up."},
        {"LARGE", "It needs goods for at least 50.01 EUR."},
        {"DOLLAR", "It does not hold in EUR."},
        {"OTHER", "It does not hold for anything in this cart."},
        {"YEN", "It does not hold in EUR."},
        {"SHIP", "Nothing in this cart is shipped."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        fixture_coupon(&shop, rows[i].code);
    quote_it();
    assert_int_equal(quote.n_coupons, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(quote.coupons[i]->reason, rows[i].reason);
    assert_int_equal(quote.discount, 500);
}

static void minimums_look_at_lines_before_discounts(void **state)
{
    (void)state;
    fixture_line(&shop, "a", 2, 2500);
    fixture_promotion(&shop, PERCENT, 100000, "");
    fixture_minimum(&shop, fixture_promotion(&shop, AMOUNT, 100, ""), 5000, "EUR");
    quote_it();
    assert_int_equal(quote.discount, 600);
}

static void nothing_is_taken_off_what_is_free_already(void **state)
{
    (void)state;
    fixture_line(&shop, "a", 1, 1000);
    fixture_promotion(&shop, PERCENT, 1000000, "");
    fixture_promotion(&shop, AMOUNT, 100, "MORE");
    fixture_coupon(&shop, "MORE");
    quote_it();
    assert_int_equal(quote.total, 0);
    assert_string_equal(quote.coupons[0]->reason, "There is nothing left to take it off.");
}

/* --- shipping --- */

static void zones_and_weights(void **state)
{
    (void)state;
    fixture_line(&shop, "stone", 3, 100)->weight_grams = 700;
    fixture_line(&shop, "song", 9, 100)->digital = true;
    shop.lines[1]->weight_grams = 100000; /* of no matter */
    Pricing__ShippingMethod *post = fixture_method(&shop, "post");
    fixture_rate(&shop, fixture_zone(&shop, post, NULL), 2000, 0, 0);
    Pricing__ShippingZone *home = fixture_zone(&shop, post, "DE");
    fixture_rate(&shop, home, 400, 2099, 0);
    fixture_rate(&shop, home, 600, 2100, 0);
    fixture_rate(&shop, home, 800, 5000, 0);
    shop.cart.shipping_method = "post";

    quote_it();
    assert_true(quote.needs_shipping);
    assert_int_equal(quote.shipping, 0); /* nobody knows where to */
    assert_string_equal(quote.shipping_method_name, "");

    fixture_ship_to(&shop, "DE", "");
    quote_it();
    assert_int_equal(quote.shipping, 600);
    assert_string_equal(quote.shipping_method_name, "By post");
    fixture_ship_to(&shop, "NZ", "");
    quote_it();
    assert_int_equal(quote.shipping, 2000);

    fixture_ship_to(&shop, "DE", "");
    shop.lines[0]->weight_grams = 5001;
    quote_it();
    assert_string_equal(quote.shipping_method_name, ""); /* too heavy */
    post->disabled = true;
    quote_it();
    assert_true(quote.needs_shipping); /* a shop whose only method is off does not ship for nothing */
    shop.cart.shipping_method = "stork";
    quote_it();
    assert_string_equal(quote.shipping_method_name, "");

    /* No zone for everywhere else: it goes where it says and nowhere else. */
    fixture_rate(&shop, fixture_zone(&shop, fixture_method(&shop, "van"), "FR"), 900, 0, 0);
    shop.cart.shipping_method = "van";
    quote_it();
    assert_string_equal(quote.shipping_method_name, "");
}

static void a_shop_without_shipping_methods_needs_none(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 1, 1990);
    fixture_ship_to(&shop, "DE", "");
    quote_it();
    assert_false(quote.needs_shipping);
}

static void shipping_is_free_from_an_amount_after_discounts(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 1, 5000);
    fixture_rate(&shop, fixture_zone(&shop, fixture_method(&shop, "post"), NULL), 490, 0, 5000);
    shop.cart.shipping_method = "post";
    fixture_ship_to(&shop, "DE", "");
    quote_it();
    assert_int_equal(quote.shipping, 0);
    fixture_promotion(&shop, AMOUNT, 1, "");
    quote_it();
    assert_int_equal(quote.shipping, 490);
}

static void free_shipping_takes_off_the_shipping_alone(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 1, 5000);
    fixture_promotion(&shop, FREE_SHIPPING, 0, "SHIP");
    fixture_promotion(&shop, FREE_SHIPPING, 0, "AGAIN");
    fixture_coupon(&shop, "SHIP");
    fixture_tax(&shop, "DE", "", "", 190000, true);
    fixture_flat_shipping(&shop, 490);
    quote_it();
    assert_true(quote.coupons[0]->applied); /* holds already, though no address says what it takes off */

    fixture_ship_to(&shop, "DE", "");
    fixture_coupon(&shop, "AGAIN");
    quote_it();
    assert_int_equal(quote.shipping, 490);
    assert_int_equal(quote.shipping_discount, 490);
    assert_int_equal(quote.lines[0]->discount, 0);
    assert_int_equal(quote.shipping_tax, 0);
    assert_int_equal(quote.total, 5000);
    assert_int_equal(quote.coupons[0]->discount, 490);
    assert_string_equal(quote.coupons[1]->reason, "Shipping is free already.");
}

static void shipping_options_are_the_cheapest_first(void **state)
{
    (void)state;
    fixture_line(&shop, "shirt", 1, 5000)->weight_grams = 500;
    fixture_rate(&shop, fixture_zone(&shop, fixture_method(&shop, "express"), "DE"), 1290, 0, 0);
    fixture_rate(&shop, fixture_zone(&shop, fixture_method(&shop, "post"), NULL), 490, 0, 0);
    fixture_rate(&shop, fixture_zone(&shop, fixture_method(&shop, "letter"), NULL), 190, 100, 0);
    fixture_rate(&shop, fixture_zone(&shop, fixture_method(&shop, "off"), NULL), 1, 0, 0);
    shop.methods[3]->disabled = true;

    Pricing__QuoteShippingResponse answer = PRICING__QUOTE_SHIPPING_RESPONSE__INIT;
    assert_int_equal(quote_shipping(arena, &shop.terms, &answer), RESULT_OK);
    assert_int_equal(answer.n_items, 0); /* nobody knows where to */

    fixture_ship_to(&shop, "DE", "");
    pricing__quote_shipping_response__init(&answer);
    assert_int_equal(quote_shipping(arena, &shop.terms, &answer), RESULT_OK);
    assert_int_equal(answer.n_items, 2);
    assert_string_equal(answer.items[0]->id, "post");
    assert_int_equal(answer.items[0]->price->amount, 490);
    assert_string_equal(answer.items[0]->price->currency, "EUR");
    assert_string_equal(answer.items[1]->id, "express");

    fixture_promotion(&shop, FREE_SHIPPING, 0, "");
    pricing__quote_shipping_response__init(&answer);
    assert_int_equal(quote_shipping(arena, &shop.terms, &answer), RESULT_OK);
    assert_int_equal(answer.items[0]->price->amount, 0);
    assert_int_equal(answer.items[1]->price->amount, 0);
    assert_string_equal(answer.items[0]->id, "express"); /* the same price: as they are sorted by id */
}

/* --- numbers that are too large --- */

static void what_does_not_fit_is_an_overflow(void **state)
{
    (void)state;
    const int64_t huge = MONEY_MAX / 2;
    fixture_line(&shop, "moon", 2, huge);
    quote_it(); /* just fits */
    fixture_ship_to(&shop, "US", "");
    fixture_tax(&shop, "US", "", "", 1000000, false);
    assert_int_equal(compute(), RESULT_OVERFLOW); /* total */
    shop.terms.tax_rate_count = 0;
    fixture_line(&shop, "sun", 1, 2);
    assert_int_equal(compute(), RESULT_OVERFLOW); /* subtotal */
    shop.lines[0]->quantity = 3;
    assert_int_equal(compute(), RESULT_OVERFLOW); /* line */
    shop.lines[0]->quantity = 1;
    shop.lines[0]->weight_grams = INT64_MAX;
    shop.lines[1]->weight_grams = 1;
    fixture_flat_shipping(&shop, 1);
    assert_int_equal(compute(), RESULT_OVERFLOW); /* weight */
    Pricing__QuoteShippingResponse answer = PRICING__QUOTE_SHIPPING_RESPONSE__INIT;
    assert_int_equal(quote_shipping(arena, &shop.terms, &answer), RESULT_OVERFLOW);
    shop.lines[0]->weight_grams = 0;
    fixture_line(&shop, "moon", INT64_MAX, -1);
    assert_int_equal(compute(), RESULT_OVERFLOW); /* pieces of a SKU */
}

/* --- thousands of carts --- */

static uint64_t seed;

static uint64_t draw(uint64_t below) /* splitmix64 */
{
    uint64_t x = seed += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return (x ^ x >> 31) % below;
}

static const char *draw_of(const char *const *words, size_t count)
{
    return words[draw(count)];
}

static const char *const skus[] = {"a", "b", "c", "d", "e", "f"};
static const char *const categories[] = {"", "books", "food"};
static const char *const countries[] = {"DE", "US"};
static const char *const regions[] = {"", "NY"};
static const char *const codes[] = {"", "ONE", "two", "Three", "four"};
#define DRAW_OF(words) draw_of(words, sizeof words / sizeof *words)

static int64_t draw_amount(void)
{
    switch (draw(8)) {
    case 0:
        return 0;
    case 1:
        return (int64_t)draw(10);
    case 2:
        return (int64_t)draw(1000000000000);
    default:
        return (int64_t)draw(20000);
    }
}

static void begin_again(void)
{
    arena_free(arena);
    arena = arena_new(4 << 20);
    fixture_init(&shop, arena, "EUR");
}

static void draw_cart(void)
{
    bool with_tax = draw(8) > 0;
    for (size_t i = draw(8); i > 0; i--) {
        Pricing__QuoteLine *line = fixture_line(&shop, DRAW_OF(skus), 1 + (int64_t)draw(5), draw(10) ? draw_amount() : -1);
        line->tax_category = DRAW_OF(categories);
        line->digital = draw(4) == 0;
        line->weight_grams = (int64_t)draw(3000);
    }
    for (size_t i = draw(6); i > 0; i--) {
        Pricing__PromotionKind kind = (Pricing__PromotionKind)(1 + draw(3));
        int64_t worth = kind == PERCENT ? (int64_t)draw(1000001) : draw_amount();
        const char *code = DRAW_OF(codes);
        for (size_t k = 0; k < shop.terms.promotion_count; k++) { /* codes are unique */
            if (*code && strcasecmp(shop.promotions[k]->code, code) == 0)
                code = "";
        }
        Pricing__Promotion *promotion = fixture_promotion(&shop, kind, worth, code);
        if (draw(3) == 0)
            fixture_only_sku(&shop, promotion, DRAW_OF(skus));
        if (draw(4) == 0)
            fixture_minimum(&shop, promotion, draw_amount(), draw(5) ? "EUR" : "USD");
    }
    for (size_t i = draw(4); i > 0; i--)
        fixture_coupon(&shop, draw(6) ? codes[1 + draw(4)] : "NONSENSE");
    for (size_t i = with_tax ? draw(8) : 0; i > 0; i--) {
        Pricing__TaxRate *rate = fixture_tax(&shop, DRAW_OF(countries), DRAW_OF(regions), DRAW_OF(categories),
                                             draw(10) ? (int64_t)draw(300000) : (int64_t)draw(1000001), draw(2));
        rate->on_shipping = draw(3) > 0;
    }
    if (draw(5))
        fixture_ship_to(&shop, DRAW_OF(countries), DRAW_OF(regions));
    if (draw(5)) {
        fixture_rate(&shop, fixture_zone(&shop, fixture_method(&shop, "post"), draw(2) ? "DE" : NULL), draw_amount(),
                     draw(2) ? 5000 : 0, draw(3) ? 0 : draw_amount());
        shop.cart.shipping_method = draw(5) ? "post" : "";
    }
}

/* Coupons are taken in the order of the computation, not in the order they were typed. */
static void assert_order_of_coupons_does_not_matter(void)
{
    Pricing__Quote before = quote;
    for (size_t i = 0, k = shop.cart.n_coupons; i + 1 < k; i++) {
        const char *first = shop.coupons[i];
        shop.coupons[i] = shop.coupons[--k];
        shop.coupons[k] = first;
    }
    quote_it();
    assert_true(quote.total == before.total && quote.tax == before.tax && quote.discount == before.discount);
    for (size_t i = 0; i < quote.n_lines; i++)
        assert_true(quote.lines[i]->discount == before.lines[i]->discount);
}

/* The net that an included tax leaves and the tax itself give the gross; and each rate is right to the unit. A rate alone in its class is
 * compared with what long doubles say of the sum that it is on. */
static void assert_tax_is_right_for_a_single_rate(void)
{
    if (shop.terms.tax_rate_count != 1 || quote.n_taxes != 1 || *shop.tax_rates[0]->tax_category != '\0')
        return;
    const Pricing__TaxRate *rate = shop.tax_rates[0];
    long double sum = rate->on_shipping ? (long double)(quote.shipping - quote.shipping_discount) : 0;
    for (size_t i = 0; i < quote.n_lines; i++)
        sum += (long double)(quote.lines[i]->total - quote.lines[i]->discount);
    long double divisor = rate->included ? 1000000 + (long double)rate->rate_ppm : 1000000;
    long double exact = sum * (long double)rate->rate_ppm / divisor;
    long double difference = (long double)quote.tax - exact;
    assert_true(difference <= 0.5001L && difference >= -0.5001L);
}

static void thousands_of_carts_add_up(void **state)
{
    (void)state;
    size_t discounted = 0, taxed = 0, shipped = 0, single = 0;
    for (uint64_t cart = 1; cart <= 20000; cart++) {
        seed = cart;
        begin_again();
        draw_cart();
        quote_it();
        discounted += quote.discount > 0;
        taxed += quote.tax > 0;
        shipped += quote.shipping > 0;
        single += shop.terms.tax_rate_count == 1 && quote.n_taxes == 1;
        assert_tax_is_right_for_a_single_rate();
        assert_order_of_coupons_does_not_matter();
    }
    /* The carts are worth looking at. */
    assert_in_range(discounted, 5000, 19000);
    assert_in_range(taxed, 4000, 19000);
    assert_in_range(shipped, 2000, 19000);
    assert_in_range(single, 200, 19000);
}

static void carts_at_the_end_of_the_numbers_add_up_or_overflow(void **state)
{
    (void)state;
    size_t overflows = 0;
    for (uint64_t cart = 1; cart <= 5000; cart++) {
        seed = cart;
        begin_again();
        draw_cart();
        for (size_t i = 0; i < shop.cart.n_lines; i++) {
            for (size_t k = 0; shop.prices[i] && k < shop.prices[i]->n_prices; k++) {
                if (draw(2) == 0)
                    shop.prices[i]->prices[k]->amount = draw(4) == 0 ? INT64_MAX >> draw(8) : MONEY_MAX >> draw(8);
            }
        }
        enum result result = compute();
        assert_true(result == RESULT_OK || result == RESULT_OVERFLOW);
        if (result == RESULT_OK)
            assert_adds_up();
        overflows += result == RESULT_OVERFLOW;
    }
    assert_in_range(overflows, 500, 4500);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_cart_costs_nothing),
        TEST(lines_without_a_price_say_so),
        TEST(lines_of_one_sku_reach_a_tier_together),
        TEST(germany_includes_its_tax),
        TEST(germany_with_two_rates),
        TEST(new_york_adds_its_tax),
        TEST(japan_has_no_decimals),
        TEST(quebec_has_two_rates_at_once),
        TEST(two_included_rates_share_the_price),
        TEST(added_tax_is_not_on_included_tax),
        TEST(shipping_is_taxed_where_the_rate_says_so),
        TEST(shipping_has_the_rates_of_what_is_shipped),
        TEST(categories_come_before_places),
        TEST(nobody_knows_the_tax_without_an_address),
        TEST(an_amount_is_shared_to_the_cent),
        TEST(an_amount_is_never_more_than_its_lines),
        TEST(percents_come_before_amounts_whatever_their_age),
        TEST(a_coupon_that_does_not_hold_says_why),
        TEST(minimums_look_at_lines_before_discounts),
        TEST(nothing_is_taken_off_what_is_free_already),
        TEST(zones_and_weights),
        TEST(a_shop_without_shipping_methods_needs_none),
        TEST(shipping_is_free_from_an_amount_after_discounts),
        TEST(free_shipping_takes_off_the_shipping_alone),
        TEST(shipping_options_are_the_cheapest_first),
        TEST(what_does_not_fit_is_an_overflow),
        TEST(thousands_of_carts_add_up),
        TEST(carts_at_the_end_of_the_numbers_add_up_or_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
