/*
 * The gRPC gateway: from HTTP/2 exchanges to typed calls and back, by the declarations alone.
 *
 *     exchange ─ method ─ metadata, who asks ─ frame → message, checked ─ call ─ message → frame, trailers
 *
 * One gateway serves all loops and is constant once it is made. A server has one for everybody and, where it is configured, one for
 * the other processes of the same shop: on that port internal methods are there, and who calls may say on whose behalf
 * (souk-caller-bin). docs/grpc.md is what clients may rely on.
 */
#ifndef SOUK_GRPC_H
#define SOUK_GRPC_H

#include "platform/http/http.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

struct budget;
struct grpc;
struct watches;

struct grpc_options {
    /* Every service there is; those that the directory does not have are unknown. All must outlive the gateway. */
    const struct service_declaration *const *services;
    size_t service_count;
    const struct directory *directory;
    const char *admin_token; /* NULL: nobody is the administrator */
    struct budget *budget;   /* what each client may ask; NULL: as much as they like */
    struct watches *watches; /* for methods that return streams; NULL: there are none of those */
    bool is_private;         /* whoever comes is another process of ours */
    /* Whether the service of that name in the directory takes calls now; NULL asks for all of them. NULL: always. Any thread. */
    bool (*serving)(void *data, const char *service);
    /* The private port's: the number of the newest change in this process, told with each answer. NULL: none. Any thread. */
    int64_t (*last_touch)(void *data);
    void *data;
};

struct grpc *grpc_new(const struct grpc_options *options);
/* The server stops: streams end by themselves, soon. Any thread. */
void grpc_stop(struct grpc *grpc);
/* When no exchange is open any more. NULL is fine. */
void grpc_free(struct grpc *grpc);

/* Whether a request is for this gateway: its content-type begins with application/grpc. */
bool grpc_is_for(const struct http_request *request);

/* Answer, now or later, on the exchange's loop. `grpc` is a struct grpc. */
void grpc_handle(void *grpc, struct http_exchange *exchange);
/* The same with its companions, for http_server_start(). */
struct http_handler grpc_handler(struct grpc *grpc);

#endif
