/*
 * souk config check: say what holds, and whether it can be right.
 */
#include "cli/command.h"

#include "base/arena.h"
#include "cli/config.h"

#include <stdio.h>
#include <string.h>

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
    fine = command_config_read(&config, arena, file);
    if (fine)
        config_print(&config);
    arena_free(arena);
    return fine ? EXIT_DONE : EXIT_CONFIGURATION;
}
