#include "sim/view.h"

#include "base/assert.h"
#include "base/limits.h"

#include <string.h>

unsigned service_index(const char *name)
{
    for (unsigned i = 0; i < SERVICE_COUNT; i++)
        if (strcmp(every_service[i]->declaration->name, name) == 0)
            return i;
    ASSERT(!"a service of that name");
    return 0;
}

/* NULL when the disk does not let us. */
static struct connection *connection_to(struct views *views, unsigned service)
{
    char error[512];
    if (views->starts != site_starts(views->site))
        memset(views->connections, 0, sizeof views->connections); /* of a machine that is no more */
    views->starts = site_starts(views->site);
    if (views->connections[service])
        return views->connections[service];
    struct env *env = machine_env(site_machine(views->site));
    struct store *store = store_open(env, SITE_STORE, every_service[service]->declaration->name, error);
    ASSERT(store);
    struct connection *connection = connection_open(store, CONNECTION_READER, error);
    if (!connection)
        store_close(store);
    views->connections[service] = connection;
    return connection;
}

bool view_begin(struct views *views, unsigned service, struct view *view)
{
    struct connection *connection = connection_to(views, service);
    if (!connection)
        return false;
    view->arena = arena_new(LIMIT_BULK_ARENA);
    view->tx = tx_begin(connection);
    view->tx->arena = view->arena;
    return true;
}

void view_end(struct view *view)
{
    tx_rollback(view->tx);
    arena_free(view->arena);
}
