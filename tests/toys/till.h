/*
 * The till: jars with coins in them (proto/toy/till.proto).
 */
#ifndef SOUK_TESTS_TILL_H
#define SOUK_TESTS_TILL_H

#include "platform/service/service.h"

#include "toy/till.pb-c.h"
#include "toy/till.souk.h"

extern const struct service till;
/* How many steps and undos of sagas have run, for tests to compare. */
extern unsigned till_steps_run, till_undos_run;
/* Sagas that ask the bank again and again until this is true. */
extern bool till_bank_is_ready;
/* Whether there is a place to look how a saga goes. */
extern bool till_has_a_place_to_look;

#endif
