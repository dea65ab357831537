/*
 * Payments: authorised, captured, given back. See README.md.
 */
#ifndef SOUK_SERVICES_PAYMENT_H
#define SOUK_SERVICES_PAYMENT_H

#include "platform/service/service.h"
#include "services/payment/provider.h"

extern const struct service payment_service;

/* Who takes the money, from now on; before the service starts. The provider must outlive it. */
void payment_use_provider(struct payment_provider *provider);

#endif
