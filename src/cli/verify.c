/*
 * souk verify: hash chains, invariants, and that every table is what its events say.
 */
#include "cli/command.h"
#include "cli/stored.h"

#include <stdio.h>

static bool verify(const struct config *config, const struct service *service, void *data, char error[512])
{
    (void)data;
    if (!service_verify(service, env_machine(), config->store, error) ||
        !service_rebuild(every_service, SERVICE_COUNT, service, env_machine(), config->store, false, error))
        return false;
    snprintf(error, 512, "hash chain, invariants and tables hold");
    return true;
}

int command_verify(int count, char **arguments)
{
    const char *file = option_value_take(&count, arguments, "config");

    if (option_left(count, arguments) || count > 1) {
        fprintf(stderr, "usage: souk verify [SERVICE] [--config FILE]\n");
        return EXIT_USAGE;
    }
    return stored_visit_services(file, count ? arguments[0] : NULL, verify, NULL);
}
