/*
 * Places of a document, and the names that its parts have in the specification.
 */
#include "gateways/graphql/language/document.h"

#include "base/assert.h"

#include <stdlib.h>

const char *const document_directive_location_names[DOCUMENT_DIRECTIVE_LOCATION_COUNT] = {
#define LOCATION_NAME(name) #name,
    DOCUMENT_DIRECTIVE_LOCATIONS(LOCATION_NAME)
#undef LOCATION_NAME
};

static bool is_continuation(char byte)
{
    return ((uint8_t)byte & 0xc0) == 0x80;
}

/* Count on from one place, whose location is known, to a later one. */
static void count_on(struct text source, uint32_t from, uint32_t to, struct graphql_location *location)
{
    for (uint32_t i = from; i < to && i < source.length; i++) {
        bool before_line_feed = i + 1 < source.length && source.at[i + 1] == '\n';
        if (source.at[i] == '\n' || (source.at[i] == '\r' && !before_line_feed)) {
            location->line++;
            location->column = 1;
        } else if (!is_continuation(source.at[i])) {
            location->column++;
        }
    }
}

struct graphql_location document_locate(const struct document *document, uint32_t at)
{
    struct graphql_location location = {.line = 1, .column = 1};
    count_on(document->source, 0, at, &location);
    return location;
}

static int compare_places(const void *a, const void *b)
{
    const struct document_place *left = a, *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

void document_locate_all(const struct document *document, struct document_place *places, size_t count)
{
    struct graphql_location location = {.line = 1, .column = 1};
    uint32_t at = 0;
    if (count > 1)
        qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 0; i < count; i++) {
        count_on(document->source, at, places[i].at, &location);
        at = places[i].at;
        *places[i].location = location;
    }
}

uint32_t document_place_of(const struct document *document, struct text name)
{
    ASSERT(name.at >= document->source.at && name.at + name.length <= document->source.at + document->source.length);
    return (uint32_t)(name.at - document->source.at);
}
