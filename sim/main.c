/*
 * souk-sim: the real services in a world made from a seed.
 *
 *     souk-sim --seed N [--trace]     one world; prints the seed, the options drawn and a hash of everything that happened
 *     souk-sim --seeds A..B [--jobs N] many, each in a process of its own
 *
 * A world first furnishes the shop in peace; then buyers and staff come, and threads are held up, messages lost, disks fail, the
 * machine crashes; then there is peace again, until everything has come to rest. What must hold is looked at after each
 * commit (invariants.h). The same seed is the same world, so what was found once is found again.
 *
 * Exit codes: 0 everything held, 1 something did not, 2 wrong usage.
 */
#include "sim/invariants.h"

#include "base/assert.h"
#include "base/log.h"
#include "services/payment/payment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOUR_US INT64_C(3600000000)
/* Steps of the world that buyers and staff have; most worlds need a tenth. */
#define STEPS_MAX 400000
/* Longer than anything is held or waited for (LIMIT_CHECKOUT_HOLD_SECONDS) … */
#define REST_US (4 * HOUR_US)
/* … and so long that who is not answered by then never will be. */
#define REST_US_MAX (8 * HOUR_US)

/* --- what a world is like --- */

struct options {
    uint64_t seed;
    struct world_temper world;
    struct disk_temper disk;
    struct network_temper network;
    struct bank_temper bank;
    struct bus_temper bus;
    struct clients_temper clients;
    unsigned crashes;
    uint64_t changes_apart_max;
    bool stops;
};

/* Half of the worlds are without this trouble, the others have up to so much. */
static unsigned up_to(struct random *random, unsigned per_million)
{
    return random_chance(random, 500000) ? 0 : (unsigned)random_below(random, per_million + 1);
}

/* A shop that nothing holds up, and many people: what they see must be right at once. */
static void calm_down(struct options *options)
{
    options->world.stall_per_million = 0;
    options->disk = (struct disk_temper){.sync_us_max = options->disk.sync_us_max};
    options->bus = (struct bus_temper){0};
    options->crashes = 0;
    options->stops = false;
    options->clients.punctual = true;
}

static struct options draw(uint64_t seed)
{
    struct random chance, *random = &chance;
    random_init(random, random_mix(seed));
    struct options options = {.seed = seed};
    options.world = (struct world_temper){
        .stall_per_million = up_to(random, 20000),
        .stall_us_max = (int64_t)1000 << random_below(random, 14),
        .piece_us_max = 1 + (int64_t)random_below(random, 200),
    };
    options.disk = (struct disk_temper){
        .read_fails_per_million = random_chance(random, 800000) ? 0 : (unsigned)random_below(random, 2000),
        .write_fails_per_million = random_chance(random, 800000) ? 0 : 2000,
        .sync_fails_per_million = random_chance(random, 700000) ? 0 : (unsigned)random_below(random, 100000),
        .fills_per_million = random_chance(random, 800000) ? 0 : 300,
        .full_us_max = 5000000,
        .sync_us_max = 1 + (int64_t)random_below(random, 5000),
    };
    options.network = (struct network_temper){
        .request_lost_per_million = up_to(random, 50000),
        .answer_lost_per_million = up_to(random, 100000),
        .travel_us_max = (int64_t)1000 << random_below(random, 14),
    };
    options.bank = (struct bank_temper){
        .outage_per_million = up_to(random, 40000),
        .outage_us_max = 120000000,
        .request_lost_per_million = up_to(random, 200000),
        .answer_lost_per_million = up_to(random, 300000),
        .repeated_per_million = up_to(random, 100000),
        .travel_us_max = (int64_t)1000 << random_below(random, 15),
    };
    options.clients = (struct clients_temper){
        .buyers = 2 + (unsigned)random_below(random, 12),
        .staff_actions = (unsigned)random_below(random, 40),
        .think_us_max = (int64_t)1000 << random_below(random, 14),
        .twice_per_million = up_to(random, 300000),
        .by_http_per_million = (unsigned)random_below(random, 1000001),
    };
    options.bus = (struct bus_temper){
        .lost_per_million = up_to(random, 400000),
        .twice_per_million = up_to(random, 300000),
        .unreachable_per_million = up_to(random, 200000),
        .silence_us_max = (int64_t)1000 << random_below(random, 15),
    };
    options.crashes = random_chance(random, 250000) ? 0 : 1 + (unsigned)random_below(random, 8);
    bool is_calm = random_chance(random, 150000);
    options.changes_apart_max = UINT64_C(1) << (4 + random_below(random, 9));
    options.stops = random_chance(random, 200000);
    if (is_calm)
        calm_down(&options);
    return options;
}

static void print_options(const struct options *options)
{
    printf("seed %" PRIu64 "\n", options->seed);
    printf("  threads   held up %u per million, up to %" PRId64 " us\n", options->world.stall_per_million, options->world.stall_us_max);
    printf("  disk      fails per million: reads %u, writes %u, syncs %u; fills %u\n", options->disk.read_fails_per_million,
           options->disk.write_fails_per_million, options->disk.sync_fails_per_million, options->disk.fills_per_million);
    printf("  crashes   %u, up to %" PRIu64 " changes apart%s\n", options->crashes, options->changes_apart_max,
           options->stops ? "; and an ordinary stop" : "");
    printf("  network   lost per million: requests %u, answers %u; up to %" PRId64 " us\n",
           options->network.request_lost_per_million, options->network.answer_lost_per_million, options->network.travel_us_max);
    printf("  bank      out %u per million; lost: requests %u, answers %u; repeated %u; up to %" PRId64 " us\n",
           options->bank.outage_per_million, options->bank.request_lost_per_million, options->bank.answer_lost_per_million, options->bank.repeated_per_million,
           options->bank.travel_us_max);
    printf("  bus       per million: lost %u, twice %u, feeds out of reach %u; heard after up to %" PRId64 " us\n",
           options->bus.lost_per_million, options->bus.twice_per_million, options->bus.unreachable_per_million,
           options->bus.silence_us_max);
    printf("  people    %u buyers, %u things for staff to do, thinking up to %" PRId64 " us; per million sent twice %u, by HTTP %u\n",
           options->clients.buyers, options->clients.staff_actions, options->clients.think_us_max, options->clients.twice_per_million,
           options->clients.by_http_per_million);
}

/* --- one world --- */

struct simulation {
    struct options options;
    struct world *world;
    struct disk *disk;
    struct site *site;
    struct network *network;
    struct bank *bank;
    struct clients *clients;
    struct verdict verdict;
    struct invariants invariants;
};

static void on_log(void *data, struct text line)
{
    struct simulation *simulation = data;
    world_note(simulation->world, "log: %.*s", (int)line.length, line.at);
}

static int64_t log_now_us(void *data)
{
    return world_elapsed_us(((struct simulation *)data)->world);
}

static void simulation_init(struct simulation *simulation, uint64_t seed, bool tells)
{
    simulation->options = draw(seed);
    struct world *world = simulation->world = world_new(seed);
    if (tells)
        world_tell(world);
    log_setup(LOG_LEVEL_INFO, 1);
    log_capture(on_log, simulation);
    log_clock(log_now_us, simulation);
    struct loop *outside = machine_add_loop(machine_new(world, "outside", NULL), "outside");
    simulation->disk = disk_new(world);
    simulation->bank = bank_new(world, outside);
    payment_use_provider(bank_provider(simulation->bank));
    simulation->site = site_new(world, simulation->disk, outside);
    simulation->network = network_new(world, simulation->site, outside);
    simulation->verdict.world = world;
    simulation->clients = clients_new(world, simulation->network, outside, &simulation->verdict);
    simulation->invariants = (struct invariants){
        .site = simulation->site,
        .views.site = simulation->site,
        .clients = simulation->clients,
        .bank = simulation->bank,
        .verdict = &simulation->verdict,
    };
}

static void step(struct simulation *simulation)
{
    ASSERT(world_step(simulation->world));
    site_tick(simulation->site);
    invariants_after_step(&simulation->invariants);
}

static void furnish(struct simulation *simulation)
{
    clients_furnish(simulation->clients);
    while (!clients_furnished(simulation->clients) && !simulation->verdict.broken)
        step(simulation);
}

static void trouble(struct simulation *simulation)
{
    const struct options *options = &simulation->options;
    world_be(simulation->world, &options->world);
    disk_be(simulation->disk, &options->disk);
    network_be(simulation->network, &options->network);
    bank_be(simulation->bank, &options->bank);
    site_be(simulation->site, &options->bus);
    site_plan_crashes(simulation->site, options->crashes, options->changes_apart_max);
    clients_begin(simulation->clients, &options->clients);
    uint64_t until = world_steps(simulation->world) + STEPS_MAX;
    uint64_t stop_at = options->stops ? world_steps(simulation->world) + random_below(world_random(simulation->world), 10000) : 0;
    while (!clients_done(simulation->clients) && world_steps(simulation->world) < until && !simulation->verdict.broken) {
        step(simulation);
        if (stop_at && world_steps(simulation->world) >= stop_at) {
            site_stop(simulation->site);
            stop_at = 0;
        }
    }
}

static void rest(struct simulation *simulation)
{
    world_note(simulation->world, "peace");
    world_be(simulation->world, &(struct world_temper){.piece_us_max = 10});
    disk_be(simulation->disk, &(struct disk_temper){.sync_us_max = 100});
    network_be(simulation->network, &(struct network_temper){.travel_us_max = 1000});
    bank_be(simulation->bank, &(struct bank_temper){.travel_us_max = 10000});
    site_be(simulation->site, &(struct bus_temper){0});
    site_plan_crashes(simulation->site, 0, 0);
    clients_hurry(simulation->clients);
    int64_t began_us = world_elapsed_us(simulation->world);
    int64_t passed_us = 0;
    while (!simulation->verdict.broken && (passed_us < REST_US || (passed_us < REST_US_MAX && !clients_done(simulation->clients)))) {
        step(simulation);
        passed_us = world_elapsed_us(simulation->world) - began_us;
    }
    if (simulation->verdict.broken)
        return;
    if (!clients_done(simulation->clients))
        verdict_broken(&simulation->verdict, "whoever asks is answered in the end: some were not");
    else if (!invariants_is_at_rest(&simulation->invariants))
        verdict_broken(&simulation->verdict, "everything comes to rest: something is still under way");
    invariants_at_rest(&simulation->invariants);
}

static int simulate(uint64_t seed, bool tells, bool quiet)
{
    struct simulation *simulation = calloc(1, sizeof *simulation);
    ASSERT(simulation);
    simulation_init(simulation, seed, tells);
    if (!quiet)
        print_options(&simulation->options);
    furnish(simulation);
    trouble(simulation);
    rest(simulation);
    const struct verdict *verdict = &simulation->verdict;
    if (!quiet)
        printf("  steps     %" PRIu64 ", %" PRIu64 " changes of the disk, %u starts, %.3f s of the world\n",
               world_steps(simulation->world), disk_changes(simulation->disk), site_starts(simulation->site),
               (double)world_elapsed_us(simulation->world) / 1e6);
    if (!quiet || verdict->broken)
        printf("%s %" PRIu64 ", trace %016" PRIx64 "\n", verdict->broken ? "BROKEN: seed" : "held: seed", seed,
               world_trace(simulation->world));
    if (verdict->broken)
        printf("  at step %" PRIu64 " (%.6f s): %s\n", verdict->step, (double)verdict->at_us / 1e6, verdict->sentence);
    fflush(stdout);
    return verdict->broken ? 1 : 0;
}

/* --- many worlds --- */

#define JOBS_MAX 64
/* A world that hangs is a finding, too; most take half a second. */
#define WORLD_SECONDS_MAX 120

struct worlds {
    struct {
        pid_t process;
        uint64_t seed;
    } running[JOBS_MAX];
    unsigned count;
    uint64_t held, broken;
};

/* Each in a process of its own: a crashed machine leaves its memory behind, and an assertion ends one world only. */
static void begin_world(struct worlds *worlds, uint64_t seed)
{
    fflush(stdout);
    pid_t child = fork();
    ASSERT(child >= 0);
    if (child == 0) {
        alarm(WORLD_SECONDS_MAX);
        _exit(simulate(seed, false, true));
    }
    worlds->running[worlds->count].process = child;
    worlds->running[worlds->count++].seed = seed;
}

static void await_world(struct worlds *worlds)
{
    int status;
    pid_t child = wait(&status);
    unsigned i = 0;
    while (i < worlds->count && worlds->running[i].process != child)
        i++;
    ASSERT(i < worlds->count);
    bool held = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (WIFSIGNALED(status))
        printf("BROKEN: seed %" PRIu64 " ended with signal %d (%s)\n", worlds->running[i].seed, WTERMSIG(status),
               strsignal(WTERMSIG(status)));
    *(held ? &worlds->held : &worlds->broken) += 1;
    worlds->running[i] = worlds->running[--worlds->count];
}

static int simulate_many(uint64_t first, uint64_t last, unsigned jobs, bool until_broken)
{
    struct worlds worlds = {0};
    for (uint64_t seed = first; seed <= last && !(until_broken && worlds.broken); seed++) {
        begin_world(&worlds, seed);
        if (worlds.count == jobs)
            await_world(&worlds);
    }
    while (worlds.count > 0)
        await_world(&worlds);
    printf("%" PRIu64 " worlds held, %" PRIu64 " broke\n", worlds.held, worlds.broken);
    return worlds.broken > 0;
}

/* --- the command line --- */

static int usage(void)
{
    fprintf(stderr, "usage: souk-sim --seed N [--trace]\n"
                    "       souk-sim --seeds A..B [--jobs N] [--until-broken]\n");
    return 2;
}

int main(int count, char **arguments)
{
    uint64_t first = 0, last = 0;
    unsigned jobs = 2;
    bool tells = false, many = false, one = false, until_broken = false;
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        if (strcmp(arguments[i], "--seed") == 0 && sscanf(value, "%" SCNu64, &first) == 1)
            one = true, i++;
        else if (strcmp(arguments[i], "--seeds") == 0 && sscanf(value, "%" SCNu64 "..%" SCNu64, &first, &last) == 2)
            many = true, i++;
        else if (strcmp(arguments[i], "--jobs") == 0 && sscanf(value, "%u", &jobs) == 1 && jobs > 0 && jobs <= JOBS_MAX)
            i++;
        else if (strcmp(arguments[i], "--trace") == 0)
            tells = true;
        else if (strcmp(arguments[i], "--until-broken") == 0)
            until_broken = true;
        else
            return usage();
    }
    if (one == many)
        return usage();
    return one ? simulate(first, tells, false) : simulate_many(first, last, jobs, until_broken);
}
