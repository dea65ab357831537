/*
 * souk schema graphql: the schema that GraphQL clients see, as SDL, for their tools. It needs neither a server nor a store.
 */
#include "cli/command.h"

#include "base/limits.h"
#include "gateways/graphql/schema/derive.h"
#include "gateways/graphql/schema/sdl.h"
#include "platform/rpc/call.h"
#include "souk/all.souk.h"

#include <stdio.h>
#include <string.h>

static int print_schema(unsigned scopes)
{
    struct buffer sdl;
    buffer_init(&sdl, LIMIT_ANSWER_BYTES);
    struct graphql_schema *schema = graphql_schema_derive(every_service_declaration, every_service_count, scopes);
    graphql_schema_print(schema, &sdl);
    graphql_schema_free(schema);
    bool written = fwrite(sdl.at, 1, sdl.length, stdout) == sdl.length && fflush(stdout) == 0;
    buffer_release(&sdl);
    if (!written)
        perror("souk: the schema could not be written");
    return written ? EXIT_DONE : EXIT_FAILED;
}

int command_schema(int count, char **arguments)
{
    bool admin = option_take(&count, arguments, "admin");
    if (option_left(count, arguments) || count != 1 || strcmp(arguments[0], "graphql") != 0) {
        fprintf(stderr, "usage: souk schema graphql [--admin]\n");
        return EXIT_USAGE;
    }
    return print_schema(admin ? SCOPE_EVERY : 0);
}
