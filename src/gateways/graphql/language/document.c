/*
 * Places of a document, and the names that its parts have in the specification.
 */
#include "gateways/graphql/language/document.h"

#include "base/assert.h"

const char *const document_directive_location_names[DOCUMENT_DIRECTIVE_LOCATION_COUNT] = {
#define LOCATION_NAME(name) #name,
    DOCUMENT_DIRECTIVE_LOCATIONS(LOCATION_NAME)
#undef LOCATION_NAME
};

static bool is_continuation(char byte)
{
    return ((uint8_t)byte & 0xc0) == 0x80;
}

struct graphql_location document_locate(const struct document *document, uint32_t at)
{
    const char *source = document->source.at;
    struct graphql_location location = {.line = 1, .column = 1};
    for (uint32_t i = 0; i < at && i < document->source.length; i++) {
        if (source[i] == '\n' || (source[i] == '\r' && !(i + 1 < document->source.length && source[i + 1] == '\n'))) {
            location.line++;
            location.column = 1;
        } else if (!is_continuation(source[i])) {
            location.column++;
        }
    }
    return location;
}

uint32_t document_place_of(const struct document *document, struct text name)
{
    ASSERT(name.at >= document->source.at && name.at + name.length <= document->source.at + document->source.length);
    return (uint32_t)(name.at - document->source.at);
}
