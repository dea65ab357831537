/*
 * souk config check: say what holds, and whether it can be right.
 */
#include "cli/command.h"

#include "base/arena.h"
#include "cli/config.h"
#include "platform/http/http.h"

#include <stdio.h>
#include <string.h>

/* Whether a server could start with the certificate; says why not. */
static bool try_certificate(const struct config *config)
{
    char error[512];
    struct http_tls *tls;

    if (!*config->tls_certificate)
        return true;
    tls = http_tls_new(config->tls_certificate, config->tls_key, error);
    if (!tls)
        fprintf(stderr, "souk: %s\n", error);
    http_tls_free(tls);
    return tls;
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
    fine = command_config_read(&config, arena, file) && try_certificate(&config);
    if (fine)
        config_print(&config);
    arena_free(arena);
    return fine ? EXIT_DONE : EXIT_CONFIGURATION;
}
