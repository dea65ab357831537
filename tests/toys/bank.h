/*
 * The bank: no service, but a table that answers as the test says. It keeps what was deposited by idempotency key, as a
 * service would, so that a test can tell whether an effect happened once.
 */
#ifndef SOUK_TESTS_BANK_H
#define SOUK_TESTS_BANK_H

#include "platform/rpc/call.h"

enum bank_mood {
    BANK_OPEN,
    BANK_REFUSES,      /* 409, without effect */
    BANK_IS_AWAY,      /* 503, without effect */
    BANK_LOSES_ANSWERS /* the effect, but 504 */
};

#define BANK_DEEDS_MAX 256
struct bank {
    ProtobufCService base;
    struct env *env;
    enum bank_mood moods[3]; /* by method: look in, deposit, withdraw */
    unsigned moods_left[3];  /* how many calls it lasts; 0: for ever */
    unsigned calls[3];
    struct bank_deed {
        bool deposit;
        char key[128], purpose[32];
    } deeds[BANK_DEEDS_MAX]; /* each key once */
    unsigned deed_count;
};

enum { BANK_LOOK_IN, BANK_DEPOSIT, BANK_WITHDRAW };

void bank_init(struct bank *bank, struct env *env);
/* The next `calls` calls of a method (0: all) find it in this mood. */
void bank_is(struct bank *bank, unsigned method, enum bank_mood mood, unsigned calls);
/* How often this was deposited, or withdrawn. */
unsigned bank_deposits(const struct bank *bank, const char *purpose);
unsigned bank_withdrawals(const struct bank *bank, const char *purpose);

#endif
