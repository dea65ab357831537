/*
 * souk backup DIR, souk restore DIR: copies of every service's database.
 *
 * A backup is made beside a running server, from one snapshot of each store, all taken within microseconds, and in an order that makes them fit:
 * who calls comes before whom it calls, so that a saga is never further than those it has called (repeating a call is fine, missing one
 * is not). No listener may be ahead of the service it listens to, or it would take that one's next events for ones it knows; should that
 * happen, the snapshots are taken again.
 */
#include "cli/command.h"
#include "cli/stored.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPSHOT_TRIES 20

/* Who calls before whom it calls. */
static const char *const order_of_snapshots[SERVICE_COUNT] = {"checkout", "order", "cart", "payment",
                                                              "inventory", "pricing", "catalog"};

struct snapshot {
    const struct service *service;
    struct store *store;
    struct connection *connection;
    struct tx *tx;
    struct event_log_head head;
};

static bool snapshots_open(struct snapshot *snapshots, const char *url, char error[512])
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        struct snapshot *snapshot = &snapshots[i];

        snapshot->service = service_named(text_of(order_of_snapshots[i]));
        snapshot->store = store_open(env_machine(), url, order_of_snapshots[i], error);
        if (snapshot->store)
            snapshot->connection = connection_open(snapshot->store, CONNECTION_READER, error);
        if (!snapshot->connection)
            return false;
    }
    return true;
}

static void snapshots_take(struct snapshot *snapshots, struct arena *arena)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        snapshots[i].tx = tx_begin(snapshots[i].connection);
        snapshots[i].tx->arena = arena;
        event_log_head(snapshots[i].tx, &snapshots[i].head); /* a snapshot is of the first read */
    }
}

static void snapshots_drop(struct snapshot *snapshots)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        if (snapshots[i].tx)
            tx_rollback(snapshots[i].tx);
        snapshots[i].tx = NULL;
    }
}

static void snapshots_close(struct snapshot *snapshots)
{
    snapshots_drop(snapshots);
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        if (snapshots[i].connection)
            connection_close(snapshots[i].connection);
        if (snapshots[i].store)
            store_close(snapshots[i].store);
    }
}

static bool nobody_is_ahead(const struct snapshot *snapshots)
{
    for (size_t listener = 0; listener < SERVICE_COUNT; listener++)
        for (size_t producer = 0; producer < SERVICE_COUNT; producer++)
            if (inbox_position(snapshots[listener].tx, order_of_snapshots[producer]) > snapshots[producer].head.number)
                return false;
    return true;
}

static bool snapshots_fit(struct snapshot *snapshots, struct arena *arena)
{
    for (int tries = 0; tries < SNAPSHOT_TRIES; tries++) {
        snapshots_take(snapshots, arena);
        if (nobody_is_ahead(snapshots))
            return true;
        snapshots_drop(snapshots);
    }
    return false;
}

static bool copy_out(const struct snapshot *snapshot, const char *folder, char error[512])
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s.db", folder, snapshot->service->declaration->name);
    if (!store_copy(snapshot->tx, path, error))
        return false;
    printf("%-12s %lld events\n", snapshot->service->declaration->name, (long long)snapshot->head.number);
    return true;
}

static bool backup(const char *url, const char *folder, char error[512])
{
    struct snapshot snapshots[SERVICE_COUNT] = {0};
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    bool done = snapshots_open(snapshots, url, error);

    if (done && !snapshots_fit(snapshots, arena)) {
        snprintf(error, 512, "the services change too fast for copies that fit together; try again at a quieter time");
        done = false;
    }
    for (size_t i = 0; done && i < SERVICE_COUNT; i++)
        done = copy_out(&snapshots[i], folder, error);
    snapshots_close(snapshots);
    arena_free(arena);
    return done;
}

int command_backup(int count, char **arguments)
{
    const char *file = option_value_take(&count, arguments, "config");
    struct arena *arena = arena_new(1 << 20);
    struct config config;
    char error[512];
    int code = EXIT_DONE;

    if (option_left(count, arguments) || count != 1) {
        fprintf(stderr, "usage: souk backup DIR [--config FILE]\n");
        code = EXIT_USAGE;
    } else if (!command_config_read(&config, arena, file))
        code = EXIT_CONFIGURATION;
    else if (mkdir(arguments[0], 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "souk: %s can't be made: %m\n", arguments[0]);
        code = EXIT_FAILED;
    } else if (!backup(config.store, arguments[0], error)) {
        fprintf(stderr, "souk: %s\n", error);
        code = EXIT_FAILED;
    }
    arena_free(arena);
    return code;
}

/* --- restore --- */

static bool copy_bytes(int from, int to)
{
    char bytes[65536];
    ssize_t got;

    while ((got = read(from, bytes, sizeof bytes)) > 0)
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(to, bytes + done, (size_t)(got - done));

            if (put < 0)
                return false;
            done += put;
        }
    return got == 0 && fsync(to) == 0;
}

static bool copy_file(const char *from, const char *to, char error[512])
{
    int source = open(from, O_RDONLY | O_CLOEXEC);
    int target = source < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = target >= 0 && copy_bytes(source, target);

    if (!done)
        snprintf(error, 512, "%.200s can't be copied to %.200s: %m", from, to);
    if (source >= 0)
        close(source);
    if (target >= 0)
        close(target);
    return done;
}

/* Whether the store is of this version; in `why`, if not, what it lacks. */
static bool is_present(const struct config *config, const struct service *service, char why[512])
{
    struct store *store = store_open(env_machine(), config->store, service->declaration->name, why);
    struct connection *reader = store ? connection_open(store, CONNECTION_READER, why) : NULL;
    bool present = false;

    if (reader) {
        struct tx *tx = tx_begin(reader);

        present = event_log_is_current(tx, service->migrations, service->migration_count, why);
        tx_rollback(tx);
        connection_close(reader);
    }
    if (store)
        store_close(store);
    return present;
}

/* What an older version has written, in the form of this one, as the server would bring it when it starts. */
static bool bring_up(const struct config *config, const struct service *service, char error[512])
{
    struct store *store = store_open(env_machine(), config->store, service->declaration->name, error);
    struct connection *writer = store ? connection_open(store, CONNECTION_WRITER, error) : NULL;
    bool done = writer && event_log_migrate(writer, service->migrations, service->migration_count, error);

    if (writer)
        connection_close(writer);
    if (store)
        store_close(store);
    return done;
}

static bool take_in(const struct config *config, const struct service *service, char error[512])
{
    bool is_old = !is_present(config, service, error);

    if ((is_old && !bring_up(config, service, error)) || !service_verify(service, env_machine(), config->store, error))
        return false;
    snprintf(error, 512, is_old ? "restored from an older version, migrated and verified" : "restored and verified");
    return true;
}

static bool copy_in(const struct config *config, const struct service *service, void *folder, char error[512])
{
    const char *name = service->declaration->name;
    const char *data = config->store + strlen("sqlite:");
    char from[1024], to[1024];

    if (mkdir(data, 0700) != 0 && errno != EEXIST) {
        snprintf(error, 512, "%.400s can't be made: %m", data);
        return false;
    }
    snprintf(from, sizeof from, "%s/%s.db", (const char *)folder, name);
    snprintf(to, sizeof to, "%s/%s.db", data, name);
    if (access(to, F_OK) == 0) {
        snprintf(error, 512, "%.400s is there already; move it away first", to);
        return false;
    }
    return copy_file(from, to, error) && take_in(config, service, error);
}

int command_restore(int count, char **arguments)
{
    const char *file = option_value_take(&count, arguments, "config");

    if (option_left(count, arguments) || count != 1) {
        fprintf(stderr, "usage: souk restore DIR [--config FILE]\n");
        return EXIT_USAGE;
    }
    return stored_visit_services(file, NULL, copy_in, arguments[0]);
}
