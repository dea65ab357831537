/*
 * souk: a headless commerce engine. The command line; the only file that knows every part.
 */
#include "base/text.h"
#include "cli/command.h"
#include "platform/env/env.h"

#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*run)(int count, char **arguments);
    const char *usage, *help;
} commands[] = {
    {"serve", command_serve, "[--config FILE] [--services a,b] [--demo]", "run the shop"},
    {"import", command_import, "FILE... [--format F] [--dry-run] [--skip-bad-rows] [--currency EUR] | --undo ID",
     "take over products from Shopify's, Spree's or DummyJSON's files, or souk's own; - is standard input"},
    {"export", command_export, "products|orders|events [--format shopify|souk] [--currency EUR]",
     "products as a file to import; orders and events as a JSON line each"},
    {"rebuild", command_rebuild, "[SERVICE] [--verify]", "compute tables again from events; --verify only compares"},
    {"verify", command_verify, "[SERVICE]", "check hash chains, invariants and tables"},
    {"events", command_events, "[--service S] [--stream K] [--after N] [--follow] | dead [list | retry ID | drop ID]",
     "what happened, a JSON line each; dead: what services refused to react to"},
    {"backup", command_backup, "DIR", "copy every store, beside a running server, and check the copies"},
    {"restore", command_restore, "DIR", "put a backup in place of a store that is not there"},
    {"move", command_move, "--from URL --to URL [--services a,b]", "copy all stores, from SQLite to PostgreSQL or back, and verify the copies"},
    {"schema", command_schema, "graphql [--admin]", "the schema of /graphql, or of /admin/graphql with every scope"},
    {"topology", command_topology, "[--json] [--services a,b]", "which services there are, where they run, and who knows whom"},
    {"config", command_config, "check [--config FILE]", "say what is configured, and whether it can be right"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
    fprintf(out, "souk %s: a headless commerce engine\n\n", SOUK_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  souk %s %s\n        %s\n", commands[i].name, commands[i].usage, commands[i].help);
    fprintf(out, "\nEvery setting is an environment variable; `souk config check` lists them.\n");
}

/* Nobody outside shall know which keys meet in our tables. */
static void seed_tables(void)
{
    uint64_t key[2];

    env_random(env_machine(), key, sizeof key);
    text_hash_seed(key);
}

int main(int count, char **arguments)
{
    const char *name = count > 1 ? arguments[1] : "";

    seed_tables();

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(count - 2, arguments + 2);
    if (strcmp(name, "--version") == 0) {
        printf("souk %s\n", SOUK_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (*name)
        fprintf(stderr, "souk: there is no command `%s`.\n\n", name);
    print_help(stderr);
    return EXIT_USAGE;
}
