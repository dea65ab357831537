/*
 * Visiting the services of a store.
 */
#include "cli/stored.h"

#include "cli/command.h"

#include <stdio.h>

static bool visit_one(const struct config *config, const struct service *service, stored_visit visit, void *data)
{
    char error[512] = "";
    bool fine = visit(config, service, data, error);

    printf("%-12s %s\n", service->declaration->name, fine ? *error ? error : "fine" : error);
    fflush(stdout);
    return fine;
}

int stored_visit_services(const char *config_file, const char *name, stored_visit visit, void *data)
{
    struct arena *arena = arena_new(1 << 20);
    struct config config;
    bool fine = true;
    int code = EXIT_CONFIGURATION;

    if (name && !service_named(text_of(name))) {
        fprintf(stderr, "souk: there is no service called `%s`\n", name);
        code = EXIT_USAGE;
    } else if (command_config_read(&config, arena, config_file)) {
        if (name)
            fine = visit_one(&config, service_named(text_of(name)), visit, data);
        else
            for (size_t i = 0; i < SERVICE_COUNT; i++)
                fine = visit_one(&config, every_service[i], visit, data) && fine;
        code = fine ? EXIT_DONE : EXIT_FAILED;
    }
    arena_free(arena);
    return code;
}
