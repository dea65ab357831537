/*
 * Pricing: what things cost. Price lists, quantity tiers, promotions, tax, shipping, and the quote that adds them up to the cent.
 */
#ifndef SOUK_SERVICES_PRICING_H
#define SOUK_SERVICES_PRICING_H

#include "platform/service/service.h"

extern const struct service pricing_service;

#endif
