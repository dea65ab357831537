/*
 * Checkout as a service. It has no tables of its own: what it knows is how its sagas go, which the platform keeps.
 */
#include "services/checkout/checkout.h"

#include "services/checkout/checkout_internal.h"

static const char *const calls[] = {"cart", "catalog", "inventory", "order", "payment", "pricing", NULL};

const struct service checkout_service = {
    .declaration = &checkout_declaration,
    .calls = calls,
};
