/*
 * A small world for tests: one thread, virtual time, and chance that decides who runs next.
 *
 * Workers and loops run in turns of one step or task each. When nobody has anything to do the time jumps to the next timer. The same
 * seed gives the same turns. A crash is what is left when the world is forgotten: the files (world_copy_files).
 */
#ifndef SOUK_TESTS_WORLD_H
#define SOUK_TESTS_WORLD_H

#include "platform/env/env.h"

struct world;

struct world *world_new(uint64_t seed);
void world_free(struct world *world);
struct env *world_env(struct world *world);
struct loop *world_loop_new(struct world *world);

/* One turn; false when nothing will ever happen again. */
bool world_turn(struct world *world);
/* Turns until `*flag`, or for so long; whether it came to be. */
bool world_run_until(struct world *world, const bool *flag, int64_t limit_us);
void world_run_for(struct world *world, int64_t time_us);
/* Nobody in it runs any more: what they own is kept from leak checks, and lost. */
void world_forget(struct world *world);

/* Make a folder under /tmp; the files of `from`, as they are now, in it unless that is NULL. `out` is its path. */
void folder_new(char out[64], const char *from);
void folder_remove(const char *folder);

#endif
