/*
 * What both backs share.
 */
#include "cli/client_internal.h"

#include "cli/command.h"

struct client *client_open(const struct config *config, int *code, char error[512])
{
    *code = EXIT_DONE;
    struct client *client = client_server_open(config, code, error);
    if (client == NULL && *code == EXIT_DONE)
        client = client_store_open(config, code, error);
    return client;
}

void client_close(struct client *client)
{
    if (client != NULL)
        client->operations->close(client);
}

bool client_is_remote(const struct client *client)
{
    return client->operations->is_remote;
}

void client_watch(struct client *client, void (*watch)(void *data, const struct client_progress *progress), void *data)
{
    client->watch = watch;
    client->watch_data = data;
}

void client_tick(struct client *client)
{
    if (client->watch == NULL)
        return;
    client->operations->measure(client, &client->progress);
    client->watch(client->watch_data, &client->progress);
}

bool client_ask(struct client *client, const struct client_request *request, struct client_answer *answer, char error[512])
{
    client->progress = (struct client_progress){0};
    return client->operations->ask(client, request, answer, error);
}

bool client_follow(struct client *client, const char *target, const char *last,
                   void (*each)(void *data, struct text id, struct text event), void *data, char error[512])
{
    return client->operations->follow(client, target, last, each, data, error);
}

void client_settle(struct client *client)
{
    for (;;) {
        client->operations->measure(client, &client->progress);
        if (client->watch != NULL)
            client->watch(client->watch_data, &client->progress);
        if (client->progress.behind == 0)
            return;
        client->operations->rest(client);
    }
}
