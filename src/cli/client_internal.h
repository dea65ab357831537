/*
 * The two backs of a client: client_server.c and client_store.c.
 */
#ifndef SOUK_CLI_CLIENT_INTERNAL_H
#define SOUK_CLI_CLIENT_INTERNAL_H

#include "cli/client.h"

#define CLIENT_WATCH_MS 200

struct client_operations {
    bool (*ask)(struct client *client, const struct client_request *request, struct client_answer *answer, char error[512]);
    /* How far the services are; `behind` is 0 when all have followed. */
    void (*measure)(struct client *client, struct client_progress *progress);
    /* Let a moment pass. */
    void (*rest)(struct client *client);
    void (*close)(struct client *client);
    bool is_remote;
    /* As client_follow(); of a server only. */
    bool (*follow)(struct client *client, const char *target, const char *last,
                   void (*each)(void *data, struct text id, struct text event), void *data, char error[512]);
};

/* Each back's struct begins with this. */
struct client {
    const struct client_operations *operations;
    void (*watch)(void *data, const struct client_progress *progress);
    void *watch_data;
    struct client_progress progress;
};

/* Measure and tell the watcher. */
void client_tick(struct client *client);

/* NULL when nobody listens there; with a sentence in `error` and an exit code when somebody does who can't be asked. */
struct client *client_server_open(const struct config *config, int *code, char error[512]);
struct client *client_store_open(const struct config *config, int *code, char error[512]);

#endif
