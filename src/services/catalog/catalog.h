/*
 * The catalogue: what the shop offers. See README.md.
 */
#ifndef SOUK_SERVICES_CATALOG_H
#define SOUK_SERVICES_CATALOG_H

#include "platform/service/service.h"

extern const struct service catalog_service;

#endif
