/*
 * souk move --from URL --to URL: all services' stores into others, from SQLite to PostgreSQL and back.
 *
 * It is for the hour in which a shop changes over: nobody writes to the source while it lasts (a source in use is refused, since what is sold
 * after the copy would be missing from it), and the source stays as it was. The targets are marked, filled, compared and finished one after
 * the other (store_move.h), each step for every service before the next step begins. Interrupted between the first and the last to be
 * finished, some are whole already and others marked: run again, those that are whole are compared only.
 */
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/shop.h"

#include "base/limits.h"
#include "platform/store/store_move.h"

#include <stdio.h>
#include <string.h>

struct side {
    struct store *store;
    struct connection *writer; /* nobody else writes meanwhile */
    struct connection *reader;
};

enum target_state { TARGET_FRESH, TARGET_UNFINISHED, TARGET_FILLED };

struct move {
    const struct service *service;
    struct side from, to;
    enum target_state state;
};

struct moves {
    struct move each[SERVICE_COUNT];
    size_t count;
    const char *from, *to;
    struct arena *arena;
    char *error; /* 512 bytes */
};

/* --- opening --- */

static bool refuse(struct moves *moves, const char *service, const char *why)
{
    snprintf(moves->error, 512, "%.20s: %.480s", service, why);
    return false;
}

/* A writer makes what is not there, and here that is a mistake; so the reader comes first. */
static bool open_source(struct moves *moves, struct move *move)
{
    const char *name = move->service->declaration->name;
    char error[512];

    move->from.store = store_open(env_machine(), moves->from, name, error);
    if (move->from.store)
        move->from.reader = connection_open(move->from.store, CONNECTION_READER, error);
    if (move->from.reader)
        move->from.writer = connection_open(move->from.store, CONNECTION_WRITER, error);
    return move->from.writer || refuse(moves, name, error);
}

static bool check_source(struct moves *moves, const struct move *move)
{
    struct tx *tx = tx_begin(move->from.reader);
    struct table *tables;
    char error[512] = "";
    bool fine;

    tx->arena = moves->arena;
    fine = store_every_table(tx, false, &tables) > 0;
    if (!fine)
        snprintf(error, sizeof error, "There is no shop in the store that is moved from.");
    fine = fine && event_log_is_current(tx, move->service->migrations, move->service->migration_count, error);
    tx_rollback(tx);
    return fine || refuse(moves, move->service->declaration->name, error);
}

static bool open_target(struct moves *moves, struct move *move)
{
    const char *name = move->service->declaration->name;
    char error[512];

    move->to.store = store_open(env_machine(), moves->to, name, error);
    if (move->to.store)
        move->to.writer = connection_open(move->to.store, CONNECTION_WRITER, error);
    return move->to.writer || refuse(moves, name, error);
}

static bool look_at_target(struct moves *moves, struct move *move)
{
    struct tx *tx = tx_begin(move->to.writer);
    bool fine;

    tx->arena = moves->arena;
    move->state = move_is_unfinished(tx) ? TARGET_UNFINISHED : move_is_empty(tx) ? TARGET_FRESH : TARGET_FILLED;
    fine = !tx->failed;
    tx_rollback(tx);
    return fine || refuse(moves, move->service->declaration->name, "The store that is moved to can't be read; the log says why.");
}

static bool open_all(struct moves *moves)
{
    for (size_t i = 0; i < moves->count; i++)
        if (!open_source(moves, &moves->each[i]) || !check_source(moves, &moves->each[i]))
            return false;
    for (size_t i = 0; i < moves->count; i++)
        if (!open_target(moves, &moves->each[i]) || !look_at_target(moves, &moves->each[i]))
            return false;
    return true;
}

static void close_side(struct side *side)
{
    if (side->reader)
        connection_close(side->reader);
    if (side->writer)
        connection_close(side->writer);
    if (side->store)
        store_close(side->store);
}

static void close_all(struct moves *moves)
{
    for (size_t i = 0; i < moves->count; i++) {
        close_side(&moves->each[i].from);
        close_side(&moves->each[i].to);
    }
}

/* --- the steps --- */

/* What is in a target was not put there by a move that somebody interrupted. */
static bool check_targets(struct moves *moves)
{
    bool is_unfinished = false;
    const struct move *filled = NULL;

    for (size_t i = 0; i < moves->count; i++) {
        is_unfinished = is_unfinished || moves->each[i].state == TARGET_UNFINISHED;
        if (moves->each[i].state == TARGET_FILLED && !filled)
            filled = &moves->each[i];
    }
    return !filled || is_unfinished ||
           refuse(moves, filled->service->declaration->name,
                  "The store that is moved to is not empty. Name another folder or database, or remove what is there.");
}

static bool mark(struct moves *moves)
{
    for (size_t i = 0; i < moves->count; i++)
        if (moves->each[i].state != TARGET_FILLED && !move_begin(moves->each[i].to.writer, moves->error))
            return false;
    return true;
}

static void show(void *data, int64_t rows, int64_t total)
{
    struct progress *progress = data;

    progress_show(progress, "copying", (uint64_t)rows, (uint64_t)total);
}

static bool copy(struct moves *moves, struct move *move)
{
    const char *name = move->service->declaration->name;
    struct progress shown;
    struct move_progress progress = {.show = show, .data = &shown};
    char error[512];
    bool done;

    progress_init(&shown, name);
    connection_expect_much(move->to.writer, true);
    struct tx *tx = tx_begin(move->from.reader);
    tx->arena = moves->arena;
    done = move_copy(tx, move->to.writer, move->service->migrations, move->service->migration_count, &progress, error);
    tx_rollback(tx);
    progress_clear(&shown);
    connection_expect_much(move->to.writer, false);
    return done || refuse(moves, name, error);
}

static bool compare(struct moves *moves, struct move *move)
{
    const char *name = move->service->declaration->name;
    struct tx *from = tx_begin(move->from.reader);
    struct tx *to = tx_begin(move->to.writer);
    struct progress shown;
    struct move_summary summary;
    char error[512];
    bool same;

    progress_init(&shown, name);
    progress_show(&shown, "comparing", 0, 0);
    from->arena = to->arena = moves->arena;
    same = move_compare(from, to, &summary, error);
    tx_rollback(to);
    tx_rollback(from);
    progress_clear(&shown);
    if (same)
        printf("%-12s %lld events, %lld rows in %zu tables: hash chain holds, digests are equal (%.16s)\n", name, (long long)summary.events,
               (long long)summary.rows, summary.tables, summary.digest);
    fflush(stdout);
    if (!same && move->state == TARGET_FILLED)
        return refuse(moves, name, "The store that is moved to holds something else than the one that is moved from. Name another folder or"
                                   " database, or remove what is there.");
    return same || refuse(moves, name, error);
}

static bool move_all(struct moves *moves)
{
    if (!check_targets(moves) || !mark(moves))
        return false;
    for (size_t i = 0; i < moves->count; i++)
        if (moves->each[i].state != TARGET_FILLED && !copy(moves, &moves->each[i]))
            return false;
    for (size_t i = 0; i < moves->count; i++)
        if (!compare(moves, &moves->each[i]))
            return false;
    for (size_t i = 0; i < moves->count; i++)
        if (!move_finish(moves->each[i].to.writer, moves->error))
            return false;
    return true;
}

/* --- the command --- */

static bool urls_fit(const char *from, const char *to)
{
    const char *wrong = strncmp(from, "sqlite::", 8) == 0 ? from : strncmp(to, "sqlite::", 8) == 0 ? to : NULL;

    if (wrong)
        fprintf(stderr, "souk: %s is gone when the program ends; name a folder or a database\n", wrong);
    else if (strcmp(from, to) == 0)
        fprintf(stderr, "souk: a store can't be moved to where it is; name another folder or database\n");
    return !wrong && strcmp(from, to) != 0;
}

int command_move(int count, char **arguments)
{
    char error[512] = "";
    struct moves moves = {.from = option_value_take(&count, arguments, "from"), .to = option_value_take(&count, arguments, "to"), .error = error};
    const char *services = option_value_take(&count, arguments, "services");
    bool done;

    if (option_left(count, arguments) || count != 0 || !moves.from || !moves.to) {
        fprintf(stderr, "usage: souk move --from URL --to URL [--services a,b]\n");
        return EXIT_USAGE;
    }
    if (!urls_fit(moves.from, moves.to))
        return EXIT_USAGE;
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        if (services_have(services ? services : "all", every_service[i]->declaration->name))
            moves.each[moves.count++].service = every_service[i];
    if (moves.count == 0) {
        fprintf(stderr, "souk: there is no service called `%s`\n", services);
        return EXIT_USAGE;
    }
    moves.arena = arena_new(LIMIT_BULK_ARENA);
    done = open_all(&moves) && move_all(&moves);
    close_all(&moves);
    arena_free(moves.arena);
    if (done)
        printf("Moved and verified. Set SOUK_STORE to the new place; the old one is as it was, so let nobody sell from it.\n");
    else
        fprintf(stderr, "souk: nothing is moved. %s\n", error);
    return done ? EXIT_DONE : EXIT_FAILED;
}
