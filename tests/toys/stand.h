/*
 * A stand: what stands in for a service in a test of the sagas that call it.
 *
 * It acts at once, on books of the test's own, and like a real service once for each idempotency key: the same key again gets the same
 * answer. Its moods are the ways in which a call goes wrong. It outlives crashes of the world that calls it.
 */
#ifndef SOUK_TESTS_STAND_H
#define SOUK_TESTS_STAND_H

#include "platform/rpc/call.h"

enum stand_mood {
    STAND_OPEN,
    STAND_REFUSES,       /* 409 state_forbids, without effect */
    STAND_IS_AWAY,       /* 503, without effect */
    STAND_LOSES_ANSWERS, /* the effect, but 504 */
};

#define STAND_METHODS_MAX 40
#define STAND_KEYS_MAX 1024

struct stand {
    ProtobufCService base;
    void *data; /* the test's */
    enum result (*serve)(struct stand *stand, unsigned method, struct call *call, const ProtobufCMessage *request,
                         ProtobufCMessage *answer);
    enum stand_mood moods[STAND_METHODS_MAX];
    unsigned moods_left[STAND_METHODS_MAX]; /* how many calls it lasts; 0: for ever */
    unsigned calls[STAND_METHODS_MAX];
    struct stand_answer {
        char key[128];
        void *packed;
        size_t length;
    } answers[STAND_KEYS_MAX];
    unsigned answer_count;
};

void stand_init(struct stand *stand, const ProtobufCServiceDescriptor *descriptor,
                enum result (*serve)(struct stand *stand, unsigned method, struct call *call,
                                     const ProtobufCMessage *request, ProtobufCMessage *answer),
                void *data);
void stand_release(struct stand *stand);
/* The next `calls` calls of a method (0: all) find it in this mood. */
void stand_is(struct stand *stand, unsigned method, enum stand_mood mood, unsigned calls);

#endif
