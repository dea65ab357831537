/*
 * For tests: a SQLite VFS that is the machine's, but whose nth write or sync fails, and all after it until it is mended.
 */
#ifndef SOUK_PLATFORM_STORE_FAULTY_VFS_TEST_H
#define SOUK_PLATFORM_STORE_FAULTY_VFS_TEST_H

#include <sqlite3.h>
#include <stdlib.h>

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real; /* follows this struct */
};

static long faulty_countdown = -1; /* changes until the first failure; -1: none will fail */
static long faulty_changes;        /* writes and syncs so far */
static int faulty_code = SQLITE_IOERR_WRITE;

static inline int faulty_strike(void)
{
    faulty_changes++;
    if (faulty_countdown < 0)
        return SQLITE_OK;
    if (faulty_countdown > 0) {
        faulty_countdown--;
        return SQLITE_OK;
    }
    return faulty_code;
}

#define FAULTY_REAL(file) (((struct faulty_file *)(file))->real)
#define FAULTY_PASS(name, parameters, ...)                                                                             \
    static inline int faulty_##name parameters { return FAULTY_REAL(file)->pMethods->x##name(__VA_ARGS__); }

FAULTY_PASS(Close, (sqlite3_file * file), FAULTY_REAL(file))
FAULTY_PASS(Read, (sqlite3_file * file, void *at, int count, sqlite3_int64 offset), FAULTY_REAL(file), at, count, offset)
FAULTY_PASS(Truncate, (sqlite3_file * file, sqlite3_int64 size), FAULTY_REAL(file), size)
FAULTY_PASS(FileSize, (sqlite3_file * file, sqlite3_int64 *size), FAULTY_REAL(file), size)
FAULTY_PASS(Lock, (sqlite3_file * file, int level), FAULTY_REAL(file), level)
FAULTY_PASS(Unlock, (sqlite3_file * file, int level), FAULTY_REAL(file), level)
FAULTY_PASS(CheckReservedLock, (sqlite3_file * file, int *out), FAULTY_REAL(file), out)
FAULTY_PASS(FileControl, (sqlite3_file * file, int operation, void *argument), FAULTY_REAL(file), operation, argument)
FAULTY_PASS(SectorSize, (sqlite3_file * file), FAULTY_REAL(file))
FAULTY_PASS(DeviceCharacteristics, (sqlite3_file * file), FAULTY_REAL(file))
FAULTY_PASS(ShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile **at), FAULTY_REAL(file), page, size,
            extend, at)
FAULTY_PASS(ShmLock, (sqlite3_file * file, int offset, int count, int flags), FAULTY_REAL(file), offset, count, flags)
FAULTY_PASS(ShmUnmap, (sqlite3_file * file, int remove), FAULTY_REAL(file), remove)

static inline void faulty_ShmBarrier(sqlite3_file *file)
{
    FAULTY_REAL(file)->pMethods->xShmBarrier(FAULTY_REAL(file));
}

static inline int faulty_Write(sqlite3_file *file, const void *at, int count, sqlite3_int64 offset)
{
    int code = faulty_strike();
    return code == SQLITE_OK ? FAULTY_REAL(file)->pMethods->xWrite(FAULTY_REAL(file), at, count, offset) : code;
}

static inline int faulty_Sync(sqlite3_file *file, int flags)
{
    int code = faulty_strike();
    return code == SQLITE_OK ? FAULTY_REAL(file)->pMethods->xSync(FAULTY_REAL(file), flags) : code;
}

static inline int faulty_Open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = faulty_Close,
        .xRead = faulty_Read,
        .xWrite = faulty_Write,
        .xTruncate = faulty_Truncate,
        .xSync = faulty_Sync,
        .xFileSize = faulty_FileSize,
        .xLock = faulty_Lock,
        .xUnlock = faulty_Unlock,
        .xCheckReservedLock = faulty_CheckReservedLock,
        .xFileControl = faulty_FileControl,
        .xSectorSize = faulty_SectorSize,
        .xDeviceCharacteristics = faulty_DeviceCharacteristics,
        .xShmMap = faulty_ShmMap,
        .xShmLock = faulty_ShmLock,
        .xShmBarrier = faulty_ShmBarrier,
        .xShmUnmap = faulty_ShmUnmap,
    };
    sqlite3_vfs *machine = vfs->pAppData;
    struct faulty_file *faulty = (struct faulty_file *)file;
    faulty->real = (sqlite3_file *)(faulty + 1);
    int code = machine->xOpen(machine, name, faulty->real, flags, out_flags);
    file->pMethods = faulty->real->pMethods ? &methods : NULL;
    return code;
}

/* Register it, once per program, and give its name. */
static inline const char *faulty_vfs(void)
{
    static sqlite3_vfs vfs;
    if (vfs.zName)
        return vfs.zName;
    sqlite3_vfs *machine = sqlite3_vfs_find(NULL);
    vfs = *machine;
    vfs.zName = "faulty";
    vfs.pNext = NULL;
    vfs.pAppData = machine;
    vfs.szOsFile = (int)sizeof(struct faulty_file) + machine->szOsFile;
    vfs.xOpen = faulty_Open;
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
        abort();
    return vfs.zName;
}

#endif
