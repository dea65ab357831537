/*
 * What all commands share: options and configuration.
 */
#include "cli/command.h"

#include "cli/config.h"

#include <stdio.h>
#include <string.h>

static void remove_arguments(int *count, char **arguments, int at, int removed)
{
    for (int i = at; i + removed < *count; i++)
        arguments[i] = arguments[i + removed];
    *count -= removed;
}

static bool is_option(const char *argument, const char *name)
{
    return argument[0] == '-' && argument[1] == '-' && strcmp(argument + 2, name) == 0;
}

const char *option_value_take(int *count, char **arguments, const char *name)
{
    for (int i = 0; i + 1 < *count; i++)
        if (is_option(arguments[i], name)) {
            const char *value = arguments[i + 1];

            remove_arguments(count, arguments, i, 2);
            return value;
        }
    return NULL;
}

bool option_take(int *count, char **arguments, const char *name)
{
    for (int i = 0; i < *count; i++)
        if (is_option(arguments[i], name)) {
            remove_arguments(count, arguments, i, 1);
            return true;
        }
    return false;
}

bool option_left(int count, char **arguments)
{
    for (int i = 0; i < count; i++)
        if (arguments[i][0] == '-' && arguments[i][1] == '-') {
            fprintf(stderr, "souk: `%s` is not an option here, or lacks its value; see `souk --help`\n", arguments[i]);
            return true;
        }
    return false;
}

bool command_config_read(struct config *config, struct arena *arena, const char *file)
{
    char error[512];

    if (config_read(config, arena, file, error))
        return true;
    fprintf(stderr, "souk: configuration: %s\n", error);
    return false;
}
