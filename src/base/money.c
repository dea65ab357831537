/*
 * Money: checked arithmetic on minor units, and the currencies of ISO 4217.
 *
 * Products are taken in 128 bits: an amount times a rate never loses its low digits, whatever the order of the operations.
 */
#include "base/money.h"

#include "base/assert.h"

#include <stdlib.h>

typedef unsigned __int128 wide;

/* --- currencies -------------------------------------------------------------------------------------------------- */

/* ISO 4217 list one, without what nobody pays with: precious metals, units of account (XDR, UYW, CLF …), fund codes
 * (BOV, CHE, CHW, COU, MXV, USN), testing (XTS) and none (XXX). In the order of the alphabet, by exponent. */
static const char without_digits[] =
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ";
static const char with_two_digits[] =
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK "
    "DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD "
    "KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP "
    "PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
    "USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ";
static const char with_three_digits[] = "BHD IQD JOD KWD LYD OMR TND ";

#define CODE_STRIDE 4 /* three letters and a blank */

static bool list_has(const char *list, size_t length, struct text code)
{
    size_t low = 0, high = length / CODE_STRIDE;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(code.at, list + middle * CODE_STRIDE, code.length);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

int currency_exponent(struct text code)
{
    if (code.length != CODE_STRIDE - 1)
        return -1;
    if (list_has(with_two_digits, sizeof with_two_digits - 1, code))
        return 2;
    if (list_has(without_digits, sizeof without_digits - 1, code))
        return 0;
    if (list_has(with_three_digits, sizeof with_three_digits - 1, code))
        return 3;
    return -1;
}

/* --- arithmetic -------------------------------------------------------------------------------------------------- */

/* The builtins store the wrapped value, too: keep it from the caller. */
static bool store_unless(bool overflowed, int64_t value, int64_t *out)
{
    if (!overflowed)
        *out = value;
    return !overflowed;
}

bool money_add(int64_t a, int64_t b, int64_t *sum)
{
    int64_t value;
    bool overflowed = __builtin_add_overflow(a, b, &value);
    return store_unless(overflowed, value, sum);
}

bool money_subtract(int64_t a, int64_t b, int64_t *difference)
{
    int64_t value;
    bool overflowed = __builtin_sub_overflow(a, b, &value);
    return store_unless(overflowed, value, difference);
}

bool money_multiply(int64_t a, int64_t b, int64_t *product)
{
    int64_t value;
    bool overflowed = __builtin_mul_overflow(a, b, &value);
    return store_unless(overflowed, value, product);
}

static uint64_t magnitude(int64_t number)
{
    return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

/* The number of that magnitude and sign; false when it does not fit. */
static bool with_sign(wide magnitude, bool negative, int64_t *number)
{
    if (magnitude > (wide)INT64_MAX + negative)
        return false;
    *number = (int64_t)(negative ? -(uint64_t)magnitude : (uint64_t)magnitude);
    return true;
}

bool money_scale(int64_t amount, int64_t numerator, int64_t denominator, int64_t *scaled)
{
    ASSERT(denominator > 0);
    wide product = (wide)magnitude(amount) * magnitude(numerator);
    wide rounded = (2 * product + (wide)denominator) / (2 * (wide)denominator);
    return with_sign(rounded, (amount < 0) != (numerator < 0), scaled);
}

/* --- sharing ----------------------------------------------------------------------------------------------------- */

struct remainder {
    wide left;
    size_t part;
};

/* The largest first, the earlier part first among equals. */
static int compare_remainders(const void *a, const void *b)
{
    const struct remainder *one = a, *other = b;
    if (one->left != other->left)
        return one->left > other->left ? -1 : 1;
    return one->part < other->part ? -1 : 1;
}

void money_allocate(int64_t total, const int64_t *weights, size_t count, int64_t *parts)
{
    ASSERT(count > 0);
    wide weight_sum = 0;
    for (size_t i = 0; i < count; i++) {
        ASSERT(weights[i] >= 0);
        weight_sum += (uint64_t)weights[i];
    }
    bool evenly = weight_sum == 0;
    if (evenly)
        weight_sum = count;

    struct remainder *remainders = malloc(count * sizeof *remainders);
    ASSERT(remainders != NULL);
    uint64_t left = magnitude(total);
    for (size_t i = 0; i < count; i++) {
        wide share = (wide)magnitude(total) * (evenly ? 1 : (uint64_t)weights[i]);
        remainders[i] = (struct remainder){.left = share % weight_sum, .part = i};
        left -= (uint64_t)(share / weight_sum);
        ASSERT(with_sign(share / weight_sum, total < 0, &parts[i]));
    }

    /* What rounding down left over is less than one unit a part. */
    ASSERT(left < count);
    qsort(remainders, count, sizeof *remainders, compare_remainders);
    for (size_t i = 0; i < left; i++)
        parts[remainders[i].part] += total < 0 ? -1 : 1;
    free(remainders);
}

/* --- text -------------------------------------------------------------------------------------------------------- */

/* Take the digits off the front of the text. */
static struct text take_digits(struct text *text)
{
    struct text digits = {text->at, 0};
    while (digits.length < text->length && text->at[digits.length] >= '0' && text->at[digits.length] <= '9')
        digits.length++;
    text->at += digits.length;
    text->length -= digits.length;
    return digits;
}

static bool take_char(struct text *text, char character)
{
    if (text->length == 0 || text->at[0] != character)
        return false;
    text->at++;
    text->length--;
    return true;
}

static bool append_digit(wide *value, char digit)
{
    *value = *value * 10 + (wide)(digit - '0');
    return *value <= (wide)INT64_MAX + 1;
}

bool money_parse(struct text decimal, int exponent, int64_t *amount)
{
    ASSERT(exponent >= 0);
    bool negative = take_char(&decimal, '-');
    struct text whole = take_digits(&decimal);
    bool has_point = take_char(&decimal, '.');
    struct text fraction = take_digits(&decimal);
    if (whole.length == 0 || has_point != (fraction.length > 0) || decimal.length > 0)
        return false;

    wide value = 0;
    for (size_t i = 0; i < whole.length; i++)
        if (!append_digit(&value, whole.at[i]))
            return false;
    for (size_t i = 0; i < (size_t)exponent; i++)
        if (!append_digit(&value, i < fraction.length ? fraction.at[i] : '0'))
            return false;
    for (size_t i = (size_t)exponent; i < fraction.length; i++)
        if (fraction.at[i] != '0')
            return false;
    return with_sign(value, negative, amount);
}

void money_format(int64_t amount, int exponent, char out[32])
{
    ASSERT(exponent >= 0 && exponent <= 18);
    char reversed[32];
    size_t length = 0;
    uint64_t rest = magnitude(amount);
    for (int digit = 0; digit <= exponent || rest > 0; digit++) {
        if (digit == exponent && exponent > 0)
            reversed[length++] = '.';
        reversed[length++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (amount < 0)
        reversed[length++] = '-';
    for (size_t i = 0; i < length; i++)
        out[i] = reversed[length - 1 - i];
    out[length] = '\0';
}
