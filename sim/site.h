/*
 * The shop's machine room: the real services on a machine that crashes and starts again, over one disk.
 */
#ifndef SOUK_SIM_SITE_H
#define SOUK_SIM_SITE_H

#include "cli/shop.h"
#include "gateways/gateways.h"
#include "sim/vfs.h"

#define SITE_STORE "sqlite:disk"
#define SITE_LOOPS 3

struct site;

/* How word of commits travels between services; all zero is at once. */
struct bus_temper {
    unsigned lost_per_million, twice_per_million;
    unsigned unreachable_per_million; /* of reads of a feed */
    int64_t silence_us_max;           /* who has missed a word hears of it after at most so long */
};

/* `loop` is one of a machine that never crashes. Starts the shop soon. */
struct site *site_new(struct world *world, struct disk *disk, struct loop *loop);

/* The shop, or NULL while it is down. */
struct shop *site_shop(const struct site *site);
/* Its way in by HTTP, with a cache; NULL while it is down. */
struct gateways *site_gateways(const struct site *site);
#define SITE_ADMIN_TOKEN "an administrator of the simulated shop"
struct machine *site_machine(const struct site *site);
/* The loops that gateways would run on. */
struct loop *site_loop(const struct site *site, unsigned index);
unsigned site_starts(const struct site *site);

/* How its bus behaves from now on, also after crashes. */
void site_be(struct site *site, const struct bus_temper *temper);
/* Crash so many times more: in the midst of a change of the disk, or between two pieces. */
void site_plan_crashes(struct site *site, unsigned count, uint64_t changes_apart_max);
/* Once after each step of the world. */
void site_tick(struct site *site);
void site_crash(struct site *site);
/* Stop as an operator does, with everything finished or parked, and start again soon. */
void site_stop(struct site *site);

#endif
