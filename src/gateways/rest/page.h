/*
 * The gateway's own pages: the entry point, the reference, health and metrics.
 */
#ifndef SOUK_REST_PAGE_H
#define SOUK_REST_PAGE_H

#include "gateways/rest/route.h"

void pages_add(struct route_table *routes);

#endif
