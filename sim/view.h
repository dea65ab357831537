/*
 * Looking into the shop from outside: each service's store through a connection of its own, between two pieces, when no transaction is open.
 *
 * What is seen is what is committed, of all services at one moment: nothing runs while we look.
 */
#ifndef SOUK_SIM_VIEW_H
#define SOUK_SIM_VIEW_H

#include "sim/site.h"

/* Where in every_service[] the service of that name is. */
unsigned service_index(const char *name);

/* The connections for looking; they are of the machine that the shop runs on now. */
struct views {
    struct site *site;
    unsigned starts;
    struct connection *connections[SERVICE_COUNT];
};

struct view {
    struct tx *tx;
    struct arena *arena;
};

/* False when the disk does not let us. */
bool view_begin(struct views *views, unsigned service, struct view *view);
void view_end(struct view *view);

#endif
