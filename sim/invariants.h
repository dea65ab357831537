/*
 * What must hold: some of it after every commit, the rest when everything has come to rest.
 */
#ifndef SOUK_SIM_INVARIANTS_H
#define SOUK_SIM_INVARIANTS_H

#include "sim/clients.h"
#include "sim/provider.h"
#include "sim/site.h"

struct invariants {
    struct site *site;
    struct clients *clients;
    struct bank *bank;
    struct verdict *verdict;
    /* connections for looking, of the machine `starts` */
    unsigned starts;
    struct connection *connections[SERVICE_COUNT];
    uint64_t changes_seen;
};

/* What each service says must always hold in its tables. Cheap. */
void invariants_always(struct invariants *invariants);
/* Nothing is under way in the shop that would end by itself. */
bool invariants_is_at_rest(struct invariants *invariants);
/* Everything, at rest: sagas, money, stock, orders, coupons, the chains, and tables made anew. */
void invariants_at_rest(struct invariants *invariants);

#endif
