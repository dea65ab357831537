/*
 * What a shop is until its settings say otherwise.
 */
#ifndef SOUK_SERVICES_SHOP_DEFAULTS_H
#define SOUK_SERVICES_SHOP_DEFAULTS_H

/* ISO 4217: prices and carts where the request names no currency. */
#define SHOP_DEFAULT_CURRENCY "EUR"

#endif
