/*
 * Carts: what shoppers are about to buy. See README.md.
 */
#ifndef SOUK_SERVICES_CART_H
#define SOUK_SERVICES_CART_H

#include "platform/service/service.h"

extern const struct service cart_service;

#endif
