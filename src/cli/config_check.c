/*
 * souk config check: say what holds, and whether it can be right.
 */
#include "cli/command.h"

#include "base/arena.h"
#include "cli/identities.h"

#include <stdio.h>
#include <string.h>

/* Whether a server could start with the certificates; says why not. */
static bool try_certificates(const struct config *config)
{
    char error[512];
    struct identities identities;
    bool fine = identities_load(&identities, config, error);

    if (!fine)
        fprintf(stderr, "souk: %s\n", error);
    identities_free(&identities);
    return fine;
}

int command_config(int count, char **arguments)
{
    const char *file = option_value_take(&count, arguments, "config");
    struct arena *arena = arena_new(1 << 20);
    struct config config;
    bool fine;

    if (option_left(count, arguments) || count != 1 || strcmp(arguments[0], "check") != 0) {
        fprintf(stderr, "usage: souk config check [--config FILE]\n");
        arena_free(arena);
        return EXIT_USAGE;
    }
    fine = command_config_read(&config, arena, file) && try_certificates(&config);
    if (fine)
        config_print(&config);
    arena_free(arena);
    return fine ? EXIT_DONE : EXIT_CONFIGURATION;
}
