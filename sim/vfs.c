/*
 * A file is two contents, what is seen and what is durable, and the list of changes between them.
 */
#include "sim/vfs.h"

#include "base/assert.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512
#define SHM_SLOTS SQLITE_SHM_NLOCK
#define SHM_PAGES_MAX 64

struct content {
    uint8_t *bytes;
    int64_t size, room;
};

/* A write, or a truncation when it has no data. */
struct change {
    int64_t offset, count;
    uint8_t *data;
};

struct file {
    struct file *next;
    char *name; /* NULL: a temporary one, which nobody else sees */
    bool exists, exists_durably;
    struct content seen, durable;
    struct change *changes;
    size_t change_count, change_room;

    /* locks: of the file, as in sqlite3_io_methods.xLock, and of shared memory */
    unsigned shared;
    const void *reserved, *pending, *exclusive;
    unsigned shm_shared[SHM_SLOTS];
    const void *shm_exclusive[SHM_SLOTS];
    void *shm[SHM_PAGES_MAX];
};

/* An open file. */
struct handle {
    sqlite3_file base;
    struct disk *disk;
    struct file *file;
    unsigned generation; /* of the disk, when it was opened */
    int lock;
    unsigned shm_shared, shm_exclusive; /* bits */
};

struct disk {
    sqlite3_vfs vfs;
    struct world *world;
    struct disk_temper temper;
    struct file *files;
    unsigned generation;
    uint64_t changes;
    uint64_t crash_in;
    void (*crashed)(void *data);
    void *crashed_data;
    int64_t full_until_us;
};

/* --- contents --- */

static void content_resize(struct content *content, int64_t size)
{
    if (size > content->room) {
        content->room = size + size / 2 + 65536;
        content->bytes = realloc(content->bytes, (size_t)content->room);
        ASSERT(content->bytes);
    }
    if (size > content->size)
        memset(content->bytes + content->size, 0, (size_t)(size - content->size));
    content->size = size;
}

static void content_write(struct content *content, const void *data, int64_t offset, int64_t count)
{
    if (offset + count > content->size)
        content_resize(content, offset + count);
    memcpy(content->bytes + offset, data, (size_t)count);
}

static void forget_changes(struct file *file)
{
    for (size_t i = 0; i < file->change_count; i++)
        free(file->changes[i].data);
    file->change_count = 0;
}

static void note_change(struct file *file, const void *data, int64_t offset, int64_t count)
{
    if (file->change_count == file->change_room) {
        file->change_room = file->change_room * 2 + 64;
        file->changes = realloc(file->changes, file->change_room * sizeof *file->changes);
        ASSERT(file->changes);
    }
    struct change *change = &file->changes[file->change_count++];
    *change = (struct change){.offset = offset, .count = count};
    if (!data)
        return;
    change->data = malloc((size_t)count + 1);
    ASSERT(change->data);
    memcpy(change->data, data, (size_t)count);
}

/* The size after the first `count` changes. */
static int64_t size_after(const struct file *file, size_t count)
{
    int64_t size = file->durable.size;
    for (size_t i = 0; i < count; i++) {
        const struct change *change = &file->changes[i];
        if (!change->data)
            size = change->offset;
        else if (change->offset + change->count > size)
            size = change->offset + change->count;
    }
    return size;
}

/* Up to which change the last truncation among the first `count` is; 0: there is none. */
static size_t truncated_by(const struct file *file, size_t count)
{
    while (count > 0 && file->changes[count - 1].data)
        count--;
    return count;
}

static void make_durable(struct file *file)
{
    size_t begin = truncated_by(file, file->change_count);
    if (begin > 0)
        content_resize(&file->durable, 0);
    content_resize(&file->durable, file->seen.size);
    if (begin > 0 && file->seen.size > 0)
        memcpy(file->durable.bytes, file->seen.bytes, (size_t)file->seen.size);
    for (size_t i = begin; i < file->change_count; i++) {
        const struct change *change = &file->changes[i];
        memcpy(file->durable.bytes + change->offset, file->seen.bytes + change->offset, (size_t)change->count);
    }
    forget_changes(file);
}

/* --- what becomes of what was not synced --- */

/* How many of the changes a sector has seen. */
struct fate {
    enum { FATE_ALL, FATE_NONE, FATE_IN_ORDER, FATE_BY_SECTOR } kind;
    uint64_t seed;
    size_t in_order;
};

static size_t changes_seen(const struct fate *fate, int64_t sector, size_t change_count)
{
    switch (fate->kind) {
    case FATE_ALL:
        return change_count;
    case FATE_NONE:
        return 0;
    case FATE_IN_ORDER:
        return fate->in_order;
    case FATE_BY_SECTOR:
        /* Mostly all or nothing, as a disk's cache has the last version; sometimes one between. */
        switch (random_mix(fate->seed ^ (uint64_t)sector) % 5) {
        case 0:
        case 1:
            return change_count;
        case 2:
        case 3:
            return 0;
        default:
            return random_mix(fate->seed + (uint64_t)sector) % (change_count + 1);
        }
    }
    return 0;
}

static void keep_change(struct file *file, const struct fate *fate, size_t i)
{
    const struct change *change = &file->changes[i];
    int64_t last = change->offset + change->count;
    for (int64_t at = change->offset, end; at < last; at = end) {
        end = (at / SECTOR + 1) * SECTOR;
        end = end < last ? end : last;
        if (i < changes_seen(fate, at / SECTOR, file->change_count))
            content_write(&file->durable, change->data + (at - change->offset), at, end - at);
    }
}

static void keep_some(struct file *file, const struct fate *fate)
{
    size_t sized = changes_seen(fate, -1, file->change_count);
    size_t begin = truncated_by(file, sized);
    int64_t size = size_after(file, sized);
    if (begin > 0)
        content_resize(&file->durable, file->changes[begin - 1].offset);
    for (size_t i = begin; i < file->change_count; i++)
        if (file->changes[i].data)
            keep_change(file, fate, i);
    content_resize(&file->durable, size);
    forget_changes(file);
}

static struct fate draw_fate(struct disk *disk, size_t change_count)
{
    struct random *random = world_random(disk->world);
    struct fate fate = {.seed = random_next(random), .in_order = random_below(random, change_count + 1)};
    switch (random_below(random, 6)) {
    case 0:
        fate.kind = FATE_NONE;
        break;
    case 1:
        fate.kind = FATE_ALL;
        break;
    case 2:
        fate.kind = FATE_IN_ORDER;
        break;
    default:
        fate.kind = FATE_BY_SECTOR;
    }
    return fate;
}

/* What the operating system has, but the disk may not, stays as it is: the next crash may still lose it. */
static void lose_some(struct disk *disk, struct file *file)
{
    struct fate fate = draw_fate(disk, file->change_count);
    if (file->change_count > 0)
        world_note(disk->world, "disk: %s had %zu changes not synced", file->name, file->change_count);
    keep_some(file, &fate);
    if (file->exists != file->exists_durably && random_chance(world_random(disk->world), 500000))
        file->exists = file->exists_durably;
    file->exists_durably = file->exists;
    content_resize(&file->seen, 0);
    if (file->durable.size > 0)
        content_write(&file->seen, file->durable.bytes, 0, file->durable.size);
}

static void forget_locks(struct file *file)
{
    file->shared = 0;
    file->reserved = file->pending = file->exclusive = NULL;
    memset(file->shm_shared, 0, sizeof file->shm_shared);
    memset(file->shm_exclusive, 0, sizeof file->shm_exclusive);
    memset(file->shm, 0, sizeof file->shm); /* the dead may still look at it: it is not freed */
}

void disk_crash(struct disk *disk, enum disk_crash how)
{
    disk->generation++;
    disk->crash_in = 0;
    disk->full_until_us = 0;
    world_note(disk->world, "disk: crash, what was not synced is %s", how == DISK_KEEPS ? "kept" : "lost");
    for (struct file *file = disk->files; file; file = file->next) {
        if (how == DISK_LOSES)
            lose_some(disk, file);
        forget_locks(file);
    }
}

/* --- changes --- */

static bool is_dead(const struct handle *handle)
{
    return handle->generation != handle->disk->generation;
}

/* Whether the crash is now. */
static bool crash_is_due(struct disk *disk)
{
    disk->changes++;
    return disk->crash_in > 0 && --disk->crash_in == 0;
}

static void crash_now(struct disk *disk)
{
    void (*crashed)(void *data) = disk->crashed;
    disk->crashed = NULL;
    crashed(disk->crashed_data);
}

static bool fails(struct disk *disk, unsigned per_million)
{
    return per_million && random_chance(world_random(disk->world), per_million);
}

static bool is_full(struct disk *disk)
{
    int64_t now_us = world_elapsed_us(disk->world);
    if (fails(disk, disk->temper.fills_per_million)) {
        disk->full_until_us = now_us + random_skewed(world_random(disk->world), disk->temper.full_us_max);
        world_note(disk->world, "disk: full");
    }
    return now_us < disk->full_until_us;
}

/* For the trace: a sum over what was written. */
static uint64_t sum_of(const void *data, int count)
{
    const uint8_t *at = data;
    uint64_t sum = 0, word;
    for (; count >= 8; count -= 8, at += 8) {
        memcpy(&word, at, sizeof word);
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    for (; count > 0; count--, at++)
        sum = (sum ^ *at) * UINT64_C(0x9e3779b97f4a7c15);
    return sum;
}

/* --- the methods of an open file, as sqlite3.h tells of them --- */

static int file_close(sqlite3_file *base)
{
    struct handle *handle = (struct handle *)base;
    struct file *file = handle->file;
    if (!file->name) {
        forget_changes(file);
        free(file->changes);
        free(file->seen.bytes);
        free(file->durable.bytes);
        free(file);
    }
    handle->file = NULL;
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *to, int count, sqlite3_int64 offset)
{
    struct handle *handle = (struct handle *)base;
    const struct content *seen = &handle->file->seen;
    if (is_dead(handle))
        return SQLITE_IOERR_READ;
    if (fails(handle->disk, handle->disk->temper.read_fails_per_million))
        return SQLITE_IOERR_READ;
    int64_t there = seen->size - offset;
    there = there < 0 ? 0 : there < count ? there : count;
    if (there > 0)
        memcpy(to, seen->bytes + offset, (size_t)there);
    memset((uint8_t *)to + there, 0, (size_t)(count - there));
    return there == count ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *data, int count, sqlite3_int64 offset)
{
    struct handle *handle = (struct handle *)base;
    struct disk *disk = handle->disk;
    struct file *file = handle->file;
    if (is_dead(handle))
        return SQLITE_IOERR_WRITE;
    bool crash = crash_is_due(disk);
    if (crash && random_chance(world_random(disk->world), 500000)) {
        crash_now(disk);
        return SQLITE_IOERR_WRITE;
    }
    if (!crash && fails(disk, disk->temper.write_fails_per_million))
        return SQLITE_IOERR_WRITE;
    if (!crash && is_full(disk))
        return SQLITE_FULL;
    content_write(&file->seen, data, offset, count);
    note_change(file, data, offset, count);
    world_note_number(disk->world, sum_of(data, count) ^ (uint64_t)offset);
    if (crash) {
        crash_now(disk);
        return SQLITE_IOERR_WRITE;
    }
    return SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct handle *handle = (struct handle *)base;
    if (is_dead(handle))
        return SQLITE_IOERR_TRUNCATE;
    if (crash_is_due(handle->disk)) {
        crash_now(handle->disk);
        return SQLITE_IOERR_TRUNCATE;
    }
    content_resize(&handle->file->seen, size);
    note_change(handle->file, NULL, size, 0);
    return SQLITE_OK;
}

static void make_names_durable(struct disk *disk)
{
    for (struct file *file = disk->files; file; file = file->next)
        file->exists_durably = file->exists;
}

static int file_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    struct handle *handle = (struct handle *)base;
    struct disk *disk = handle->disk;
    struct file *file = handle->file;
    if (is_dead(handle))
        return SQLITE_IOERR_FSYNC;
    bool crash = crash_is_due(disk);
    if (crash && random_chance(world_random(disk->world), 500000)) {
        crash_now(disk);
        return SQLITE_IOERR_FSYNC;
    }
    world_pass(disk->world, random_between(world_random(disk->world), 1, disk->temper.sync_us_max + 1));
    if (!crash && fails(disk, disk->temper.sync_fails_per_million)) {
        struct fate fate = draw_fate(disk, file->change_count);
        world_note(disk->world, "disk: a sync of %s fails", file->name ? file->name : "a temporary file");
        keep_some(file, &fate);
        return SQLITE_IOERR_FSYNC;
    }
    make_durable(file);
    make_names_durable(disk);
    if (crash) {
        crash_now(disk);
        return SQLITE_IOERR_FSYNC;
    }
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct handle *handle = (struct handle *)base;
    if (is_dead(handle))
        return SQLITE_IOERR_FSTAT;
    *size = handle->file->seen.size;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int operation, void *argument)
{
    (void)base, (void)operation, (void)argument;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096; /* what SQLite's own VFS says on Linux, whatever the disk does */
}

static int device_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- locks --- */

static bool others_share(const struct file *file, const struct handle *handle)
{
    return file->shared > (handle->lock >= SQLITE_LOCK_SHARED ? 1u : 0u);
}

static int lock_shared(struct file *file, struct handle *handle)
{
    if (file->pending || file->exclusive)
        return SQLITE_BUSY;
    file->shared++;
    handle->lock = SQLITE_LOCK_SHARED;
    return SQLITE_OK;
}

static int lock_reserved(struct file *file, struct handle *handle)
{
    if (file->reserved && file->reserved != handle)
        return SQLITE_BUSY;
    file->reserved = handle;
    handle->lock = SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

static int lock_exclusive(struct file *file, struct handle *handle)
{
    if ((file->reserved && file->reserved != handle) || (file->pending && file->pending != handle))
        return SQLITE_BUSY;
    file->pending = handle;
    handle->lock = SQLITE_LOCK_PENDING;
    if (others_share(file, handle))
        return SQLITE_BUSY;
    file->exclusive = handle;
    handle->lock = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
    struct handle *handle = (struct handle *)base;
    if (is_dead(handle))
        return SQLITE_IOERR_LOCK;
    if (handle->lock >= level)
        return SQLITE_OK;
    switch (level) {
    case SQLITE_LOCK_SHARED:
        return lock_shared(handle->file, handle);
    case SQLITE_LOCK_RESERVED:
        return lock_reserved(handle->file, handle);
    default:
        return lock_exclusive(handle->file, handle);
    }
}

static int file_unlock(sqlite3_file *base, int level)
{
    struct handle *handle = (struct handle *)base;
    struct file *file = handle->file;
    if (is_dead(handle) || handle->lock <= level)
        return SQLITE_OK;
    if (file->reserved == handle)
        file->reserved = NULL;
    if (file->pending == handle)
        file->pending = NULL;
    if (file->exclusive == handle)
        file->exclusive = NULL;
    if (level == SQLITE_LOCK_NONE)
        file->shared--;
    handle->lock = level;
    return SQLITE_OK;
}

static int check_reserved_lock(sqlite3_file *base, int *reserved)
{
    struct handle *handle = (struct handle *)base;
    *reserved = handle->file->reserved != NULL;
    return SQLITE_OK;
}

/* --- shared memory --- */

static int shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **at)
{
    struct handle *handle = (struct handle *)base;
    struct file *file = handle->file;
    *at = NULL;
    if (is_dead(handle) || page >= SHM_PAGES_MAX)
        return SQLITE_IOERR_SHMMAP;
    if (!file->shm[page] && extend) {
        file->shm[page] = calloc(1, (size_t)size);
        ASSERT(file->shm[page]);
    }
    *at = file->shm[page];
    return SQLITE_OK;
}

static bool shm_is_free(const struct file *file, const struct handle *handle, int slot, bool exclusive)
{
    unsigned bit = 1u << slot;
    if (file->shm_exclusive[slot] && file->shm_exclusive[slot] != handle)
        return false;
    return !exclusive || file->shm_shared[slot] == (handle->shm_shared & bit ? 1u : 0u);
}

static void shm_take(struct file *file, struct handle *handle, int slot, bool exclusive)
{
    unsigned bit = 1u << slot;
    if (exclusive) {
        file->shm_exclusive[slot] = handle;
        handle->shm_exclusive |= bit;
    } else if (!(handle->shm_shared & bit)) {
        file->shm_shared[slot]++;
        handle->shm_shared |= bit;
    }
}

static void shm_give(struct file *file, struct handle *handle, int slot)
{
    unsigned bit = 1u << slot;
    if (handle->shm_exclusive & bit)
        file->shm_exclusive[slot] = NULL;
    if (handle->shm_shared & bit)
        file->shm_shared[slot]--;
    handle->shm_exclusive &= ~bit;
    handle->shm_shared &= ~bit;
}

static int shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    struct handle *handle = (struct handle *)base;
    struct file *file = handle->file;
    bool exclusive = flags & SQLITE_SHM_EXCLUSIVE;
    if (is_dead(handle))
        return flags & SQLITE_SHM_UNLOCK ? SQLITE_OK : SQLITE_IOERR_SHMLOCK;
    if (flags & SQLITE_SHM_LOCK)
        for (int slot = offset; slot < offset + count; slot++)
            if (!shm_is_free(file, handle, slot, exclusive))
                return SQLITE_BUSY;
    for (int slot = offset; slot < offset + count; slot++)
        if (flags & SQLITE_SHM_LOCK)
            shm_take(file, handle, slot, exclusive);
        else
            shm_give(file, handle, slot);
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int shm_unmap(sqlite3_file *base, int remove)
{
    struct handle *handle = (struct handle *)base;
    if (is_dead(handle))
        return SQLITE_OK;
    for (int slot = 0; slot < SHM_SLOTS; slot++)
        shm_give(handle->file, handle, slot);
    for (int page = 0; remove && page < SHM_PAGES_MAX; page++) {
        free(handle->file->shm[page]);
        handle->file->shm[page] = NULL;
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* --- the VFS --- */

static struct file *file_find(const struct disk *disk, const char *name)
{
    struct file *file = disk->files;
    while (file && strcmp(file->name, name) != 0)
        file = file->next;
    return file;
}

static struct file *file_new(struct disk *disk, const char *name)
{
    struct file *file = calloc(1, sizeof *file);
    ASSERT(file);
    if (!name)
        return file;
    file->name = strdup(name);
    file->next = disk->files;
    disk->files = file;
    return file;
}

/* A removed file whose removal is not durable may come back, so its place is kept; who makes it anew begins with nothing. */
static void file_create(struct file *file)
{
    file->exists = true;
    content_resize(&file->seen, 0);
    note_change(file, NULL, 0, 0);
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
    struct disk *disk = vfs->pAppData;
    struct handle *handle = (struct handle *)base;
    struct file *file = name ? file_find(disk, name) : NULL;
    base->pMethods = NULL;
    if ((!file || !file->exists) && name && !(flags & SQLITE_OPEN_CREATE))
        return SQLITE_CANTOPEN;
    if (!file)
        file = file_new(disk, name);
    if (!file->exists)
        file_create(file);
    *handle = (struct handle){.base.pMethods = &methods, .disk = disk, .file = file, .generation = disk->generation};
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    struct disk *disk = vfs->pAppData;
    struct file *file = file_find(disk, name);
    if (!file || !file->exists)
        return SQLITE_IOERR_DELETE_NOENT;
    if (crash_is_due(disk)) {
        crash_now(disk);
        return SQLITE_IOERR_DELETE;
    }
    file->exists = false;
    if (sync_folder)
        file->exists_durably = false;
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *there)
{
    (void)flags;
    const struct file *file = file_find(vfs->pAppData, name);
    /* Of files, SQLite asks for journals, which are only there when they hold something. */
    *there = file && file->exists && file->seen.size > 0;
    return SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int room, char *path)
{
    (void)vfs;
    return snprintf(path, (size_t)room, "%s", name) < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *vfs, int count, char *bytes)
{
    struct disk *disk = vfs->pAppData;
    for (int i = 0; i < count; i++)
        bytes[i] = (char)random_next(world_random(disk->world));
    return count;
}

/* Nobody else runs meanwhile: what SQLite waits for will not happen, and it gives up in time. */
static int vfs_sleep(sqlite3_vfs *vfs, int time_us)
{
    struct disk *disk = vfs->pAppData;
    world_pass(disk->world, time_us);
    return time_us;
}

static int vfs_current_time(sqlite3_vfs *vfs, sqlite3_int64 *milliseconds)
{
    struct disk *disk = vfs->pAppData;
    *milliseconds = INT64_C(212000000000000) + world_elapsed_us(disk->world) / 1000;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int room, char *text)
{
    (void)vfs, (void)room, (void)text;
    return 0;
}

/* SQLite's own chance makes the salt of its journals. It takes no VFS's, but a seed for tests, of 32 bits, not 0. */
static void seed_sqlite(struct world *world)
{
    int seed = (int)(random_next(world_random(world)) >> 33) | 1;
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, (sqlite3 *)NULL);
}

struct disk *disk_new(struct world *world)
{
    struct disk *disk = calloc(1, sizeof *disk);
    ASSERT(disk);
    disk->world = world;
    disk->temper.sync_us_max = 100;
    disk->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct handle),
        .mxPathname = 512,
        .zName = "world",
        .pAppData = disk,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_pathname,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTimeInt64 = vfs_current_time,
        .xGetLastError = vfs_last_error,
    };
    ASSERT(sqlite3_vfs_register(&disk->vfs, 0) == SQLITE_OK);
    seed_sqlite(world);
    return disk;
}

void disk_free(struct disk *disk)
{
    sqlite3_vfs_unregister(&disk->vfs);
    while (disk->files) {
        struct file *file = disk->files;
        disk->files = file->next;
        forget_changes(file);
        for (int page = 0; page < SHM_PAGES_MAX; page++)
            free(file->shm[page]);
        free(file->changes);
        free(file->seen.bytes);
        free(file->durable.bytes);
        free(file->name);
        free(file);
    }
    free(disk);
}

const char *disk_vfs(const struct disk *disk)
{
    return disk->vfs.zName;
}

void disk_be(struct disk *disk, const struct disk_temper *temper)
{
    disk->temper = *temper;
    disk->full_until_us = 0;
}

uint64_t disk_changes(const struct disk *disk)
{
    return disk->changes;
}

void disk_crash_at(struct disk *disk, uint64_t count, void (*crashed)(void *data), void *data)
{
    disk->crash_in = count;
    disk->crashed = crashed;
    disk->crashed_data = data;
}
