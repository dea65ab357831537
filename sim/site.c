/*
 * A crash leaves the old machine and all its memory behind, and a new one starts on the disk's remains.
 */
#include "sim/site.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

struct site {
    struct world *world;
    struct disk *disk;
    struct loop *outside;
    struct machine *machine;
    struct loop *loops[SITE_LOOPS];
    struct shop *shop;
    struct gateways *gateways; /* those of a machine that is gone are left behind with it */
    struct bus_temper bus;
    int64_t word_us; /* when who has missed a word is told again */
    bool draining, drained;
    unsigned starts;
    unsigned crashes_left;
    uint64_t changes_apart_max;
    uint64_t crash_step; /* of the world; 0: none planned */
};

#define CACHE_BYTES (1 << 20)

static void start(void *data);

static struct random *chance(const struct site *site)
{
    return world_random(site->world);
}

/* --- the bus between the services --- */

static unsigned carry(void *data)
{
    struct site *site = data;
    if (site->bus.lost_per_million && random_chance(chance(site), site->bus.lost_per_million))
        return 0;
    return site->bus.twice_per_million && random_chance(chance(site), site->bus.twice_per_million) ? 2 : 1;
}

static bool reach(void *data)
{
    struct site *site = data;
    return !site->bus.unreachable_per_million || !random_chance(chance(site), site->bus.unreachable_per_million);
}

/* A word that was lost arrives late, this way. */
static void tell_again(struct site *site)
{
    if (!site->shop || site->bus.silence_us_max == 0 || world_elapsed_us(site->world) < site->word_us)
        return;
    site->word_us = world_elapsed_us(site->world) + random_between(chance(site), 1, site->bus.silence_us_max);
    bus_embedded_tell_again(shop_bus(site->shop));
}

void site_be(struct site *site, const struct bus_temper *temper)
{
    site->bus = *temper;
    if (site->shop)
        bus_embedded_tell_again(shop_bus(site->shop));
}

/* --- crashing --- */

static void start_again(struct site *site)
{
    site->shop = NULL;
    site->gateways = NULL;
    site->draining = false;
    /* Mostly somebody restarts it at once. */
    int64_t down_us = random_chance(chance(site), 900000) ? 3000000 : 100000000;
    world_after(site->outside, random_between(chance(site), 1000, down_us), start, site);
}

static void crash(struct site *site)
{
    machine_crash(site->machine);
    /* Half of the crashes are of the process alone. */
    disk_crash(site->disk, random_chance(chance(site), 500000) ? DISK_LOSES : DISK_KEEPS);
    start_again(site);
}

static void on_disk_crash(void *data)
{
    struct site *site = data;
    world_note(site->world, "site: crash within a change of the disk");
    crash(site);
}

static void plan_next(struct site *site)
{
    if (site->crashes_left == 0)
        return;
    site->crashes_left--;
    if (random_chance(chance(site), 700000))
        disk_crash_at(site->disk, 1 + (uint64_t)random_skewed(chance(site), (int64_t)site->changes_apart_max), on_disk_crash,
                      site);
    else
        site->crash_step = world_steps(site->world) + 1 + (uint64_t)random_skewed(chance(site), (int64_t)site->changes_apart_max);
}

void site_crash(struct site *site)
{
    if (!site->shop)
        return;
    world_note(site->world, "site: crash between two pieces");
    crash(site);
}

void site_plan_crashes(struct site *site, unsigned count, uint64_t changes_apart_max)
{
    site->crashes_left = count;
    site->changes_apart_max = changes_apart_max;
    site->crash_step = 0;
    disk_crash_at(site->disk, 0, NULL, NULL);
    plan_next(site);
}

/* --- stopping --- */

static void on_drained(void *data)
{
    ((struct site *)data)->drained = true;
}

void site_stop(struct site *site)
{
    if (!site->shop || site->draining)
        return;
    world_note(site->world, "site: drain");
    site->draining = true;
    site->drained = false;
    shop_drain(site->shop, site->loops[0], on_drained, site);
}

void site_tick(struct site *site)
{
    tell_again(site);
    if (site->crash_step > 0 && world_steps(site->world) >= site->crash_step) {
        site->crash_step = 0;
        site_crash(site);
    }
    if (site->shop && site->draining && site->drained) {
        world_note(site->world, "site: stop");
        struct machine *machine = site->machine;
        shop_stop(site->shop);
        if (machine_is_dead(machine))
            return; /* it crashed in stopping */
        machine_crash(machine);
        start_again(site);
    }
}

/* --- starting --- */

static void touched(void *data, const char *resource, const char *key)
{
    const struct site *site = data;
    if (site->gateways && !machine_is_dead(site->machine))
        gateways_touched(site->gateways, resource, key);
}

static struct gateways *start_gateways(const struct shop *shop)
{
    static const struct service_declaration *declarations[SERVICE_COUNT];
    for (unsigned i = 0; i < SERVICE_COUNT; i++)
        declarations[i] = every_service[i]->declaration;
    return gateways_new(&(struct gateways_options){
        .services = declarations,
        .service_count = SERVICE_COUNT,
        .directory = shop_directory(shop),
        .admin_token = SITE_ADMIN_TOKEN,
        .version = "simulated",
        .cache_bytes = CACHE_BYTES,
    });
}

static void start(void *data)
{
    struct site *site = data;
    char error[512] = "";
    static const char *const names[SITE_LOOPS] = {"loop 0", "loop 1", "loop 2"};
    struct machine *machine = machine_new(site->world, "shop", disk_vfs(site->disk));
    site->machine = machine;
    site->starts++;
    if (site->starts > 1)
        plan_next(site);
    for (unsigned i = 0; i < SITE_LOOPS; i++)
        site->loops[i] = machine_add_loop(machine, names[i]);
    struct shop_options options = {
        .env = machine_env(machine),
        .loop = site->loops[0],
        .store_url = SITE_STORE,
        .services = "all",
        .reader_count = 2,
        .touched = touched,
        .touched_data = site,
    };
    struct shop *shop = shop_start(&options, error);
    if (machine_is_dead(machine))
        return; /* it crashed in starting */
    if (!shop) {
        world_note(site->world, "site: can't start: %s", error);
        machine_crash(machine);
        start_again(site);
        return;
    }
    world_note(site->world, "site: started");
    site->shop = shop;
    site->gateways = start_gateways(shop);
    bus_embedded_weather(shop_bus(shop), &(struct bus_weather){carry, reach, site});
}

struct site *site_new(struct world *world, struct disk *disk, struct loop *loop)
{
    struct site *site = calloc(1, sizeof *site);
    ASSERT(site);
    *site = (struct site){.world = world, .disk = disk, .outside = loop};
    world_after(loop, 0, start, site);
    return site;
}

struct shop *site_shop(const struct site *site)
{
    return site->shop;
}

struct gateways *site_gateways(const struct site *site)
{
    return site->gateways;
}

struct machine *site_machine(const struct site *site)
{
    return site->machine;
}

struct loop *site_loop(const struct site *site, unsigned index)
{
    return site->loops[index];
}

unsigned site_starts(const struct site *site)
{
    return site->starts;
}
