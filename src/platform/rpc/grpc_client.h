/*
 * The gRPC client: services that run in other processes, behind the same table as those that run here.
 *
 *     ProtobufCService *inventory = grpc_client_service(client, "inventory:7001", &inventory_declaration);
 *     directory_add(directory, "inventory", inventory);
 *
 * What a caller sees is what a local service would have told: the answer, or the problem with its detail, violations and numbers, whether it
 * was replayed, and where to look when it goes on. What a call bears travels with it: actor, request, trace, key, deadline, time
 * and version. The other side believes that on its private port only.
 *
 * Each loop has a connection of its own to each address, made when the first call needs it, kept with pings, and made again, later and
 * later, when it is lost. A call that was not sent yet waits for a connection that is being made; one that was sent and not answered is
 * sent again if that does no harm (a query, or a command with an idempotency key) and the budget allows it: one retry for ten calls, so
 * that a process in trouble is not asked twice as much.
 *
 * A call that a process does not answer is refused with the result that names its service ("inventory_unavailable"), call->is_away, and, where
 * that is known, call->not_begun. A guarded service has a circuit breaker, a bulkhead and a deadline of its own (dependency.h).
 */
#ifndef SOUK_PLATFORM_GRPC_CLIENT_H
#define SOUK_PLATFORM_GRPC_CLIENT_H

#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"
#include "platform/rpc/dependency.h"

struct grpc_client;
struct tls_identity;
struct grpc_client *grpc_client_new(struct env *env);
/* Who this process is to those whose address begins with grpcs:// (platform/tls), a peer client. Before there are any; it outlives the client. */
void grpc_client_use_identity(struct grpc_client *client, struct tls_identity *identity);

/* The table of a service at "host:port", or "grpcs://host:port" over TLS, where both sides must be who they say. It lives as long as the client. Calls are to be made on their home loop. Before the loops run. */
ProtobufCService *grpc_client_service(struct grpc_client *client, const char *address, const struct service_declaration *declaration);

/* Guard calls through this table. What is told of it lives as long as the client. Before the loops run. */
struct dependency *grpc_client_guard(ProtobufCService *service);

/* Whether the last try to reach the address, from whichever loop, succeeded. Any thread. */
bool grpc_client_reaches(const struct grpc_client *client, const char *address);

/* Whether any did since the start. Any thread. */
bool grpc_client_has_reached(const struct grpc_client *client, const char *address);

/* This process knows of what had changed at the address up to a number. From the first time on, answers that
 * bear a later number (souk-touched) are held until it is said again, or LIMIT_TOUCH_WAIT_MS. Any thread. */
void grpc_client_has_seen(struct grpc_client *client, const char *address, int64_t number);

/* End the connections of one loop, on its thread; calls that are under way are refused with UNAVAILABLE. */
void grpc_client_close(struct grpc_client *client, struct loop *loop);
/* When the connections of all loops are closed. NULL is fine. */
void grpc_client_free(struct grpc_client *client);

#endif
