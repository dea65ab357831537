/*
 * The buyers' way to the shop: requests and answers travel, arrive late or never. Nobody there means no answer, soon.
 *
 * A request goes in by HTTP, through the gateways and their caches, or directly to the service that it is for, as another program's would by
 * RPC.
 */
#ifndef SOUK_SIM_NETWORK_H
#define SOUK_SIM_NETWORK_H

#include "platform/rpc/declaration.h"
#include "platform/rpc/result.h"
#include "sim/site.h"

struct network;

struct network_temper {
    unsigned request_lost_per_million, answer_lost_per_million;
    int64_t travel_us_max;
};

/* What came back. Lives during the callback. */
struct reply {
    bool arrived; /* false: no answer, and nobody knows whether it was done */
    enum result result;
    const char *location;           /* of a 202; NULL otherwise */
    const ProtobufCMessage *answer; /* of RESULT_OK */
    struct text packed;             /* the answer or the problem as it came: a message, or HTTP's body, octet by octet */
    bool replayed;                  /* HTTP says so */
};

struct network *network_new(struct world *world, struct site *site, struct loop *loop);
void network_be(struct network *network, const struct network_temper *temper);

struct request {
    const struct method_declaration *method;
    const ProtobufCMessage *message; /* read before network_send() returns */
    const char *key;                 /* Idempotency-Key, "" none */
    bool staff;
    bool by_http; /* of operations that have a way in there */
    int64_t patience_us; /* then it counts as not answered */
    void (*done)(void *data, const struct reply *reply);
    void *data;
};
void network_send(struct network *network, const struct request *request);

#endif
