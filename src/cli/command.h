/*
 * The commands of the program: one file each, one row each in main.c.
 */
#ifndef SOUK_CLI_COMMAND_H
#define SOUK_CLI_COMMAND_H

#include <stdbool.h>

/* Exit codes: programs rely on them. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONFIGURATION = 3 };

int command_serve(int count, char **arguments);
int command_import(int count, char **arguments);
int command_export(int count, char **arguments);
int command_rebuild(int count, char **arguments);
int command_verify(int count, char **arguments);
int command_events(int count, char **arguments);
int command_backup(int count, char **arguments);
int command_restore(int count, char **arguments);
int command_move(int count, char **arguments);
int command_schema(int count, char **arguments);
int command_topology(int count, char **arguments);
int command_config(int count, char **arguments);

/* Options of commands: the value after `--name`, taken out of the arguments; NULL when it is absent. `*count` shrinks. */
const char *option_value_take(int *count, char **arguments, const char *name);
/* Whether `--name` is there; taken out, too. */
bool option_take(int *count, char **arguments, const char *name);
/* Whatever is left and begins with `--` is not known: says so and gives true. */
bool option_left(int count, char **arguments);

/* Read the configuration, or say on standard error what is wrong with it. */
struct arena;
struct config;
bool command_config_read(struct config *config, struct arena *arena, const char *file);

#endif
