/*
 * Inventory: locations, stock, reservations and allocations. See README.md.
 */
#ifndef SOUK_INVENTORY_H
#define SOUK_INVENTORY_H

#include "platform/service/service.h"

extern const struct service inventory_service;

#endif
