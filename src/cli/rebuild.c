/*
 * souk rebuild [SERVICE] [--verify]: compute tables again from events, and compare, or put them in place.
 */
#include "cli/command.h"
#include "cli/stored.h"

#include <stdio.h>

static bool rebuild(const struct config *config, const struct service *service, void *replace, char error[512])
{
    bool done = service_rebuild(every_service, SERVICE_COUNT, service, env_machine(), config->store, *(const bool *)replace, error);

    if (done)
        snprintf(error, 512, *(const bool *)replace ? "computed again" : "the same when computed again");
    return done;
}

int command_rebuild(int count, char **arguments)
{
    const char *file = option_value_take(&count, arguments, "config");
    bool replace = !option_take(&count, arguments, "verify");

    if (option_left(count, arguments) || count > 1) {
        fprintf(stderr, "usage: souk rebuild [SERVICE] [--verify] [--config FILE]\n");
        return EXIT_USAGE;
    }
    return stored_visit_services(file, count ? arguments[0] : NULL, rebuild, &replace);
}
