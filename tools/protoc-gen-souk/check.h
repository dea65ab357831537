/*
 * Refusals: what is wrong with a contract, where, and what to do about it.
 */
#ifndef SOUK_GENERATOR_CHECK_H
#define SOUK_GENERATOR_CHECK_H

#include "model.h"

/* Every refusal as a line "file:line: sentences", or NULL when the contracts may become tables. */
const char *check_model(const struct model *model);

/* A whole decimal number of 64 bits. */
bool check_int64(const char *text, int64_t *number);

#endif
