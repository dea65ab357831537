/*
 * How commands talk to the shop: to the server, when one runs on SOUK_LISTEN, and otherwise to services that they start themselves on the
 * store. Either way it is the REST interface, so a command is written once.
 */
#ifndef SOUK_CLI_CLIENT_H
#define SOUK_CLI_CLIENT_H

#include "base/text.h"
#include "cli/config.h"

struct client;

/* NULL with an exit code and a sentence in `error`. */
struct client *client_open(const struct config *config, int *code, char error[512]);
void client_close(struct client *client);
/* Whether it is a server that answers. */
bool client_is_remote(const struct client *client);

/* How far things are. */
struct client_progress {
    uint64_t sent, to_send;       /* bytes of the request; 0 when there is nothing to send over a wire */
    uint64_t under_way, expected; /* events of a long command; 0 until it knows */
    uint64_t behind;              /* events that other services have yet to follow */
};
/* Called several times a second while a request or client_settle() takes. */
void client_watch(struct client *client, void (*watch)(void *data, const struct client_progress *progress), void *data);

struct client_request {
    const char *method;       /* "POST" */
    const char *target;       /* "/v1/imports?dryRun=true" */
    const char *content_type; /* of the body; NULL for none */
    struct text body;
};
struct client_answer {
    int status;
    struct text body; /* until the next request; a NUL follows */
};
/* As the administrator. False with a sentence in `error` when there was no answer. */
bool client_ask(struct client *client, const struct client_request *request, struct client_answer *answer, char error[512]);

/* Server-sent events of a running server, from behind the id `last` (NULL: from where the target says), until the stream ends or breaks. `each`
 * gets an event's id and data. False with a sentence in `error` when the server refuses, and nothing is to be had by asking again; true when
 * it may be asked again, from behind the last id. */
bool client_follow(struct client *client, const char *target, const char *last,
                   void (*each)(void *data, struct text id, struct text event), void *data, char error[512]);

/* Wait until all services have followed each other's events. */
void client_settle(struct client *client);

#endif
