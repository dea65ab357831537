/*
 * What event_log.c and idempotency.c share.
 */
#ifndef SOUK_PLATFORM_EVENT_LOG_INTERNAL_H
#define SOUK_PLATFORM_EVENT_LOG_INTERNAL_H

#include "platform/store/event_log.h"

/* Store the answers that wait. */
void idempotency_flush(struct tx *tx);

#endif
