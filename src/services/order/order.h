/*
 * Orders: what was bought, and what became of it. See README.md.
 */
#ifndef SOUK_SERVICES_ORDER_H
#define SOUK_SERVICES_ORDER_H

#include "platform/service/service.h"

extern const struct service order_service;

#endif
