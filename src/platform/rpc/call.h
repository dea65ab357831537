/*
 * Calls: one request to one operation, from whichever gateway, saga or test, to wherever its service runs.
 *
 * The service table that protobuf-c generates is the interface. A caller makes a `struct call`, fills a request message in
 * the call's arena, and invokes the service with call_done as closure and the call as closure data:
 *
 *     call->done = on_product;
 *     catalog__catalog__get_product(service, &request, (Catalog__Product_Closure)call_closure, call);
 *
 * Whoever serves the call (rpc_local.c, later a gRPC client) answers exactly once, on the call's home loop, with the
 * answer or NULL and call->problem. The request must live until then; the answer lives in the call's arena.
 */
#ifndef SOUK_PLATFORM_CALL_H
#define SOUK_PLATFORM_CALL_H

#include "base/arena.h"
#include "base/text.h"
#include "platform/env/env.h"
#include "platform/rpc/result.h"

#include <protobuf-c/protobuf-c.h>

/* --- who asks --- */

/* Permissions, a bit each. An operation names the one it needs in its .proto. */
#define SCOPE_TABLE(ROW)                                                                                 \
    ROW(CATALOG, "catalog")                                                                              \
    ROW(PRICING, "pricing")                                                                              \
    ROW(INVENTORY, "inventory")                                                                          \
    ROW(ORDERS, "orders")                                                                                \
    ROW(PROCUREMENT, "procurement")                                                                      \
    ROW(OPERATIONS, "operations")                                                                        \
    ROW(AUDIT, "audit")                                                                                  \
    ROW(SETTINGS, "settings")                                                                            \
    ROW(CUSTOMERS, "customers")

enum scope_bit {
#define SCOPE_ENUM(name, wire) SCOPE_BIT_##name,
    SCOPE_TABLE(SCOPE_ENUM)
#undef SCOPE_ENUM
        SCOPE_BIT_COUNT
};
enum scope {
#define SCOPE_VALUE(name, wire) SCOPE_##name = 1 << SCOPE_BIT_##name,
    SCOPE_TABLE(SCOPE_VALUE)
#undef SCOPE_VALUE
        SCOPE_EVERY = (1 << SCOPE_BIT_COUNT) - 1
};
/* The scope of that name, or 0. */
unsigned scope_named(struct text name);
/* The name of exactly one scope. */
const char *scope_name(unsigned scope);

struct actor {
    enum { ACTOR_ANONYMOUS, ACTOR_CUSTOMER, ACTOR_STAFF, ACTOR_SYSTEM } kind;
    const char *id;  /* "" for anonymous; a saga's or timer's name for the system */
    unsigned scopes; /* enum scope, or-ed */
};

/* --- what went wrong --- */

/* One field that is not right. */
struct violation {
    const char *pointer; /* RFC 6901, into the request's body, or "?name" for a query parameter */
    const char *code;    /* stable, snake_case */
    const char *detail;  /* a sentence */
    struct violation *next;
};
/* A number that a program needs to go on, such as `available` with out_of_stock. */
struct problem_number {
    const char *name;
    int64_t value;
    struct problem_number *next;
};
struct problem {
    enum result result;
    const char *detail; /* what happened this time, what to do; NULL when the title says it all */
    struct violation *violations;
    struct problem_number *numbers;
};

/* --- the call --- */

struct call {
    struct arena *arena; /* request and answer live here; belongs to whichever thread works on the call */
    struct loop *home;   /* the answer comes on this loop */
    void (*done)(struct call *call, const ProtobufCMessage *answer);
    void *data; /* the caller's own */

    struct actor actor;
    const char *from;            /* the network address that an anonymous caller asks from, to tell strangers apart; "" where nobody does */
    const char *request_id;      /* for the log and the events; never NULL */
    const char *trace_parent;    /* W3C (platform/trace); "" when there is none */
    const char *trace_state;     /* beside it, as it came; "" when there is none */
    struct span *span;           /* of whoever made the call, while it lasts; NULL: nobody notes it */
    const char *idempotency_key; /* "" when there is none */
    bool key_alone; /* the key says what is asked, whatever the request says: a saga that begins anew may find the world changed by
                       what it did before, and say the same thing in other words */
    int64_t deadline_us;         /* env_monotonic_us() */
    int64_t as_of_us;            /* answer as of this time; 0 is now */
    int64_t if_version;          /* refuse unless the resource has this version; -1 any */

    struct problem problem; /* result OK, or why there is no answer */
    bool is_away;           /* not the service has refused: its process does not answer */
    bool not_begun;         /* refused before the service heard of it: nothing has happened */
    bool replayed;          /* the answer was given before under the same idempotency key */
    _Atomic bool cancelled; /* nobody waits for the answer any more: see call_cancel() */
    void (*cancel)(struct call *call); /* the transport's: stop waiting for another process; NULL when there is nothing to stop */
    const char *accepted_location; /* not NULL: it is still going on, look there (202 + Location); the answer is empty */
    const char *accepted_action; /* beside it: where whoever asked must go meanwhile, such as a bank's page; NULL: nowhere */
    void *inside;           /* the transport's own */
};

/* A call with an arena to fill: anonymous, no key, LIMIT_CALL_MS from now. Everything in it lives in `arena`. */
struct call *call_new(struct arena *arena, struct loop *home);
/* A call on behalf of `parent`: its actor, request, trace, deadline, time and home, in `arena`; no idempotency key, any version. */
struct call *call_child(const struct call *parent, struct arena *arena);
/* Answer as of a time that a client names. Times are shown in milliseconds: one that names no smaller part means all of that millisecond, as
 * far as it has passed. */
void call_ask_as_of(struct call *call, int64_t time_us, int64_t now_us);
/* The closure to hand to the generated stubs: calls call->done. */
void call_closure(const ProtobufCMessage *answer, void *call);
/* Answer now. NULL means call->problem says why not. On the home loop only. */
void call_answer(struct call *call, const ProtobufCMessage *answer);

/* Nobody waits any more: what has not begun will not, and the call is refused with CANCELLED; what has begun goes on to its end and is answered. Of
 * a saga that has begun, all of it. On the home loop; the answer still comes. */
void call_cancel(struct call *call);

/* Record why not, and return `result` for `return call_refuse(…)`. The detail is a format, copied to the arena. */
enum result call_refuse(struct call *call, enum result result, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));
/* Record one field that is not right; the result is VALIDATION_FAILED. */
enum result call_violation(struct call *call, const char *pointer, const char *code, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));
void call_problem_number(struct call *call, const char *name, int64_t value);

/* --- who answers --- */

/* The services that can be called from here, by name ("catalog"), local or remote. */
struct directory;
struct directory *directory_new(void);
void directory_free(struct directory *directory);
void directory_add(struct directory *directory, const char *name, ProtobufCService *service);
/* NULL when the configuration has no such service. */
ProtobufCService *directory_find(const struct directory *directory, const char *name);

#endif
