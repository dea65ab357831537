/*
 * What must hold: most of it after every commit, the rest when everything has come to rest.
 */
#ifndef SOUK_SIM_INVARIANTS_H
#define SOUK_SIM_INVARIANTS_H

#include "sim/clients.h"
#include "sim/archive.h"
#include "sim/provider.h"
#include "sim/view.h"

struct invariants {
    struct site *site;
    struct clients *clients;
    struct bank *bank;
    struct verdict *verdict;
    struct views views;
    struct archive archive;
    /* What has been looked at: the commits of each service, on the machine `starts`. */
    unsigned starts;
    uint64_t commits[SERVICE_COUNT];
};

/* After each step: what must hold at every moment, if anything was committed in it. */
void invariants_after_step(struct invariants *invariants);
/* Nothing is under way in the shop that would end by itself. */
bool invariants_is_at_rest(struct invariants *invariants);
/* Everything, at rest: sagas, money, stock, orders, coupons, the chains, and tables made anew. */
void invariants_at_rest(struct invariants *invariants);

#endif
