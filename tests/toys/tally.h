/*
 * The tally: sums of what falls into jars (proto/toy/tally.proto).
 */
#ifndef SOUK_TESTS_TALLY_H
#define SOUK_TESTS_TALLY_H

#include "platform/service/service.h"

#include "toy/tally.pb-c.h"
#include "toy/tally.souk.h"

extern const struct service tally;

/* Reacts to thirteen coins by refusing; at first it does. */
extern bool tally_fears_thirteen;

#endif
