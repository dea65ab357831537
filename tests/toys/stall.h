/*
 * A stall: the toys put up in a world, or on the machine, for a test to call.
 */
#ifndef SOUK_TESTS_STALL_H
#define SOUK_TESTS_STALL_H

#include "toys/bank.h"
#include "toys/tally.h"
#include "toys/till.h"
#include "toys/world.h"

struct stall {
    struct world *world; /* NULL: on the machine */
    struct env *env;
    struct loop *loop;
    char folder[64], url[80];
    struct bus *bus;
    struct directory *directory;
    struct readers *readers;
    struct host *till, *tally; /* NULL: not put up */
    struct operations *operations; /* of both */
    struct bank *bank;         /* outlives crashes */
    bool (*event_is_known)(const char *producer, const char *name); /* as in struct host_options; of hosts put up from now on */
    unsigned touches;          /* resources that the hosts said have changed */
};

/* The SQLite VFS of stalls opened from now on; NULL is the machine's. */
extern const char *stall_vfs;

/* Put up in a new folder. */
struct stall *stall_open(uint64_t seed, bool with_tally);
struct stall *stall_open_on_machine(void);
/* Drain and stop everything; the folder stays until stall_free. */
void stall_close(struct stall *stall);
void stall_free(struct stall *stall);
/* Put up again what was closed, on the same files. */
struct stall *stall_put_up(struct stall *stall, bool with_tally);
/* Close and put up again. */
struct stall *stall_reopen(struct stall *stall, bool with_tally);
/* Die now, and put up again on the files as they are. */
struct stall *stall_crash(struct stall *stall, uint64_t seed, bool with_tally);

/* A call under way. */
struct asked {
    struct stall *stall;
    struct call *call;
    bool answered;
    const ProtobufCMessage *answer; /* NULL: call->problem */
    bool sent;
    struct asked *next_lost;
    unsigned *waiting;              /* counted down; the loop of the machine stops at 0 */
};
/* A call to be filled (actor, key …) and then sent. Free it with asked_free(), also when it was lost in a crash. */
struct asked *ask(struct stall *stall);
void asked_send(struct asked *asked, const struct method_declaration *method, const ProtobufCMessage *request);
/* Send and wait; the result. */
enum result asked_wait(struct asked *asked, const struct method_declaration *method, const ProtobufCMessage *request);
void asked_free(struct asked *asked);

/* Shorthands; a key of NULL is none. */
enum result put_coins(struct stall *stall, const char *jar, int64_t coins, const char *key);
int64_t coins_in(struct stall *stall, const char *jar); /* -1: no such jar */
Tally__GetTallyResponse tally_now(struct stall *stall);

#endif
