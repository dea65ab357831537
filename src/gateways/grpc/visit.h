/*
 * A visit: one gRPC call on its way through the gateway. What its files share.
 *
 *     grpc.c        the way in: method, metadata, who asks; unary calls
 *     method.c      the methods by path
 *     metadata.c    what the headers say about the call
 *     request.c     from the frame to a message that is all right
 *     stream.c      methods that return the items of a list, as they come
 *     answer.c      the way out: messages, status, trailers
 *     hide.c        what not everybody may see of an answer
 *     health.c      grpc.health.v1
 *     reflection.c  grpc.reflection.v1, from what contracts.c has
 */
#ifndef SOUK_GRPC_VISIT_H
#define SOUK_GRPC_VISIT_H

#include "base/lookup.h"
#include "gateways/grpc/contracts.h"
#include "gateways/grpc/grpc.h"
#include "guard/budget.h"
#include "platform/rpc/grpc_frame.h"

struct grpc_visit;

/* What stands at a path. */
struct grpc_method {
    const char *path; /* "/souk.catalog.v1.Catalog/GetProduct" */
    const struct method_declaration *declaration; /* NULL: one of gRPC's own */
    ProtobufCService *service;
    bool hides;                              /* parts of its answer are not for everybody */
    void (*serve)(struct grpc_visit *visit); /* gRPC's own, and streams; NULL: it is called */
    bool converses;                          /* its requests are streamed */
};

struct grpc {
    struct grpc_options options;
    struct arena *arena;
    struct grpc_method *methods;
    size_t method_count;
    struct lookup by_path;
    struct contracts *contracts;
    _Atomic bool stopping;
};

struct grpc_visit {
    const struct grpc *grpc;
    struct http_exchange *exchange;
    struct arena *arena; /* the exchange's; the call's too */
    struct call *call;
    const struct grpc_method *method; /* NULL when there is none */
    struct text authorization;
    int64_t until_us; /* monotonic: when who asks stops waiting, also for the end of a stream; INT64_MAX never */
    enum grpc_encoding encoding; /* of the request's messages */
    bool takes_gzip;
    bool from_peer; /* another process of ours, which has checked the request */
    bool is_known;  /* who asks */
    struct budget_payment payment;
    bool begun;     /* the head of the answer is sent */
    void *serving;  /* of gRPC's own methods */
};

/* --- method.c --- */

void grpc_add_methods(struct grpc *grpc);
const struct grpc_method *grpc_find_method(const struct grpc *grpc, struct text path);

/* --- metadata.c --- */

/* False with the problem in the call. */
bool grpc_read_metadata(struct grpc_visit *visit);

/* --- request.c --- */

/* The one message of the request; NULL with the problem in the call. */
ProtobufCMessage *grpc_read_request(struct grpc_visit *visit, const ProtobufCMessageDescriptor *type);
/* Whether it keeps what its .proto declares. False with the problem in the call. */
bool grpc_check_request(struct grpc_visit *visit, const ProtobufCMessage *request);

/* --- answer.c --- */

/* The end, as call->problem says. Nothing may touch the visit after it. */
void grpc_answer_end(struct grpc_visit *visit);
/* One message and the end. */
void grpc_answer_message(struct grpc_visit *visit, const ProtobufCMessage *message);
/* The head of an answer of several messages. */
void grpc_answer_begin(struct grpc_visit *visit);
/* One message of several, packed in an arena that may end thereafter. False when the client is gone or does not take them: then end. */
bool grpc_answer_part(struct grpc_visit *visit, struct arena *arena, const ProtobufCMessage *message);

/* --- hide.c --- */

/* Whether some part of messages of this type is not for everybody. */
bool grpc_hides_something(const struct message_declaration *declaration);
/* Take out what the actor may not see. */
void grpc_hide(const struct message_declaration *declaration, ProtobufCMessage *message, const struct actor *actor);

/* --- stream.c --- */

void grpc_stream(struct grpc_visit *visit);

/* --- health.c, reflection.c --- */

void grpc_health_check(struct grpc_visit *visit);
void grpc_health_watch(struct grpc_visit *visit);
void grpc_reflect(struct grpc_visit *visit);

#endif
