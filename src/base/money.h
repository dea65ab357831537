/*
 * Money: whole minor units and the currency that travels with them.
 *
 * Amounts are int64 minor units (cents); all arithmetic is checked and parts add up to the whole. Currency
 * codes and their minor units are those of ISO 4217.
 */
#ifndef SOUK_BASE_MONEY_H
#define SOUK_BASE_MONEY_H

#include "base/text.h"

/* The largest amount that is taken or shown: 2^53 - 1, beyond which readers of JSON whose numbers are doubles round (RFC 7493). The contracts
 * say the same of each field. */
#define MONEY_MAX INT64_C(9007199254740991)

/* Digits after the point of an ISO 4217 currency in use, or -1 for a code that is not one. Upper case only. */
int currency_exponent(struct text code);

/* a + b, a - b, a * b; false and *sum untouched on overflow. */
bool money_add(int64_t a, int64_t b, int64_t *sum);
bool money_subtract(int64_t a, int64_t b, int64_t *difference);
bool money_multiply(int64_t a, int64_t b, int64_t *product);

/* amount * numerator / denominator, rounded half away from zero. The denominator is positive. False on overflow
 * of the result; the product itself is taken in 128 bits. */
bool money_scale(int64_t amount, int64_t numerator, int64_t denominator, int64_t *scaled);

/* Share `total` among `count` parts in proportion to `weights` (none negative) by the largest remainder, ties to
 * the earlier part, so that the parts add up to the total exactly. With all weights zero the shares are as even
 * as can be. count > 0. */
void money_allocate(int64_t total, const int64_t *weights, size_t count, int64_t *parts);

/* "19.90" in EUR is 1990. Optional minus, digits, optional point and up to the currency's digits (further zeros
 * are fine); no blanks, no thousands separators. False otherwise. */
bool money_parse(struct text decimal, int exponent, int64_t *amount);

/* 1990 with exponent 2 as "19.90". */
void money_format(int64_t amount, int exponent, char out[32]);

#endif
