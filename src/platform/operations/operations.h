/*
 * Operations: what those who run the shop ask of every service alike: its events, its sagas, its dead letters.
 *
 * It is declared like a service (proto/souk/operations/v1) and called like one, but has no store: a call goes to the hosts of this process,
 * and its handlers run there, on the tables of the service that is asked about; for a service of another process, to the operations
 * there. What names a service goes to that one; a list of all is asked of each, one after the other, and merged; one thing of
 * unknown whereabouts is looked for.
 *
 *     operations.c   the way to the hosts and back
 *     events.c       ListEvents       dead_letter.c   ListDeadLetters …       sagas.c   ListSagas …
 */
#ifndef SOUK_PLATFORM_OPERATIONS_H
#define SOUK_PLATFORM_OPERATIONS_H

#include "platform/service/service.h"

struct operations;
struct operations *operations_new(void);
/* When nobody calls any more. */
void operations_free(struct operations *operations);
/* Answer for this host, too. Before the first call. */
void operations_add(struct operations *operations, struct host *host);
/* And for that service, which runs where these operations are. The name must outlive it. Before the first call. */
void operations_add_elsewhere(struct operations *operations, const char *service, ProtobufCService *there);
/* For the directory, as "operations". */
ProtobufCService *operations_service(struct operations *operations);

#endif
