/*
 * Checkout: the saga from cart to order. See README.md.
 */
#ifndef SOUK_SERVICES_CHECKOUT_H
#define SOUK_SERVICES_CHECKOUT_H

#include "platform/service/service.h"

extern const struct service checkout_service;

#endif
