/*
 * A table of places, each for whichever stream of its hash was written last. Forgetting everything is counting on.
 */
#include "platform/store/stream_versions.h"

#include "base/assert.h"
#include "base/text.h"

#include <stdlib.h>

/* A busy service writes to some hundreds of streams at a time: carts, orders, sagas that are under way. */
#define PLACES 512
/* A kind, a slash and a key; longer ones are asked for. */
#define NAME_BYTES 104

struct place {
    char stream[NAME_BYTES];
    int64_t version;
    uint64_t age; /* it counts when it is that of the table */
};

struct stream_versions {
    uint64_t age;
    struct place places[PLACES];
};

struct stream_versions *stream_versions_new(void)
{
    struct stream_versions *versions = calloc(1, sizeof *versions);
    ASSERT(versions);
    versions->age = 1;
    return versions;
}

void stream_versions_free(struct stream_versions *versions)
{
    free(versions);
}

int64_t stream_versions_find(const struct stream_versions *versions, const char *stream)
{
    const struct place *place = &versions->places[text_hash(text_of(stream)) % PLACES];
    return place->age == versions->age && strcmp(place->stream, stream) == 0 ? place->version : 0;
}

void stream_versions_put(struct stream_versions *versions, const char *stream, int64_t version)
{
    struct text name = text_of(stream);
    if (name.length >= NAME_BYTES)
        return;
    struct place *place = &versions->places[text_hash(name) % PLACES];
    memcpy(place->stream, stream, name.length + 1);
    place->version = version;
    place->age = versions->age;
}

void stream_versions_forget(struct stream_versions *versions)
{
    if (versions)
        versions->age++;
}
