/*
 * The verdict: the first thing found that must not be. Later ones are mostly its consequences.
 */
#ifndef SOUK_SIM_VERDICT_H
#define SOUK_SIM_VERDICT_H

#include "sim/world.h"

struct verdict {
    struct world *world;
    bool broken;
    uint64_t step;
    int64_t at_us;
    char sentence[1024];
};

void verdict_broken(struct verdict *verdict, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
