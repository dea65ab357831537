/*
 * The world: time, chance and who runs next, made from a seed.
 *
 * Everything happens in one thread, one piece after the other: a task or timer of a loop, or a step of a worker. Whenever more than
 * one could go on, the seed decides which; between pieces a little time passes; now and then a thread is held up for long. So
 * one seed is one order of things, and the same seed is the same order again: world_trace() tells.
 *
 *     world     the clock, the chance, what may run
 *     machine   what a crash takes away: an environment (platform/env/env.h), its loops and workers. The shop runs on one, a new one after
 *               each crash; buyers and the payment provider have one that never crashes
 *
 * C has no way to take back the memory of code that is stopped in the middle. So a crashed machine is left as it is, its memory is
 * never looked at again, and the process ends soon.
 */
#ifndef SOUK_SIM_WORLD_H
#define SOUK_SIM_WORLD_H

#include "platform/env/env.h"
#include "sim/random.h"

struct world;
struct machine;

/* How the world behaves beside its chance. */
struct world_temper {
    unsigned stall_per_million; /* a thread is held up before its next piece */
    int64_t stall_us_max;
    int64_t piece_us_max; /* a piece takes at most so long, without its disk */
};

struct world *world_new(uint64_t seed);
void world_free(struct world *world);

struct random *world_random(struct world *world);
/* Since the world began. */
int64_t world_elapsed_us(const struct world *world);
/* Something took that long, within a piece. */
void world_pass(struct world *world, int64_t time_us);
/* How it behaves from now on. */
void world_be(struct world *world, const struct world_temper *temper);

/* Let one piece run; time jumps ahead when all sleep. False when nothing will ever happen again. */
bool world_step(struct world *world);
uint64_t world_steps(const struct world *world);

/* --- the trace --- */

/* Add to the trace what happened, in words that are the same on every machine. With world_tell() each is a line on standard output. */
void world_note(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As above, without words: numbers that would be too many lines. */
void world_note_number(struct world *world, uint64_t number);
void world_tell(struct world *world);
/* A number that is made of everything so far. */
uint64_t world_trace(const struct world *world);

/* --- machines --- */

struct machine *machine_new(struct world *world, const char *name, const char *vfs);
struct env *machine_env(struct machine *machine);
struct loop *machine_add_loop(struct machine *machine, const char *name);
/* From here on none of its pieces begins. The one that runs goes on to its end, and must find that nothing it does has an effect: whoever
 * brings effects out of a machine asks machine_is_dead(). */
void machine_crash(struct machine *machine);
bool machine_is_dead(const struct machine *machine);
struct machine *machine_of_loop(struct loop *loop);
/* Whether no piece of it could run now. */
bool machine_is_idle(const struct machine *machine);

/* Call after a time, on a loop, unless its machine crashes before. */
void world_after(struct loop *loop, int64_t time_us, void (*run)(void *data), void *data);

#endif
