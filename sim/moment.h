/*
 * What holds at every moment, whatever is under way: between services, between the shop and the bank, between the shop and what it told people.
 */
#ifndef SOUK_SIM_MOMENT_H
#define SOUK_SIM_MOMENT_H

#include "sim/invariants.h"

/* The committed state of all services and the bank's books, as they are now. */
void moment_check(struct invariants *invariants);

#endif
