/*
 * A disk for SQLite, in memory, that keeps only what it was told to keep.
 *
 * What is written is seen at once by whoever reads, and is durable after a sync of its file. In between it may be kept or lost, sector
 * by sector (512 octets), in any order: disk_crash() lets chance decide for each. A sync that fails has lost some of it for good, and a later
 * one that succeeds does not bring it back, as Linux does it. A new or removed file is durable with the next sync of any.
 *
 * Handles opened before a crash see a dead disk: every operation fails, nothing has an effect.
 *
 * What store_sqlite.c asks of a VFS is in its head.
 */
#ifndef SOUK_SIM_VFS_H
#define SOUK_SIM_VFS_H

#include "sim/world.h"

struct disk;

/* How a disk behaves; all zero is a good one. */
struct disk_temper {
    unsigned read_fails_per_million, write_fails_per_million, sync_fails_per_million;
    unsigned fills_per_million; /* of writes: the disk is full from there on, for a while */
    int64_t full_us_max;
    int64_t sync_us_max; /* a sync takes at most so long */
};

/* Register it as the SQLite VFS `disk_vfs()`. */
struct disk *disk_new(struct world *world);
/* No connection of a living machine is open any more. */
void disk_free(struct disk *disk);
const char *disk_vfs(const struct disk *disk);
/* How it behaves from now on. */
void disk_be(struct disk *disk, const struct disk_temper *temper);

/* Writes, syncs, truncations and removals so far. */
uint64_t disk_changes(const struct disk *disk);
/* Crash at the `count`th change from now (1: the next), before, within or after it, and call `crashed` in the midst of it. 0: not. */
void disk_crash_at(struct disk *disk, uint64_t count, void (*crashed)(void *data), void *data);

/* What was not synced is kept or lost. */
enum disk_crash {
    DISK_LOSES, /* the power went */
    DISK_KEEPS, /* the process was killed: the operating system has it all */
};
void disk_crash(struct disk *disk, enum disk_crash how);

#endif
