/*
 * The directory: a list, because there are thirteen services, and whoever calls one looks it up once.
 */
#include "base/assert.h"
#include "platform/rpc/call.h"

#include <stdlib.h>

struct entry {
    struct entry *next;
    char *name;
    ProtobufCService *service;
};

struct directory {
    struct entry *entries;
};

struct directory *directory_new(void)
{
    struct directory *directory = calloc(1, sizeof *directory);
    ASSERT(directory != NULL);
    return directory;
}

void directory_free(struct directory *directory)
{
    if (directory == NULL)
        return;
    while (directory->entries != NULL) {
        struct entry *entry = directory->entries;
        directory->entries = entry->next;
        free(entry->name);
        free(entry);
    }
    free(directory);
}

void directory_add(struct directory *directory, const char *name, ProtobufCService *service)
{
    ASSERT(directory_find(directory, name) == NULL);
    struct entry *entry = malloc(sizeof *entry);
    ASSERT(entry != NULL);
    *entry = (struct entry){.next = directory->entries, .name = strdup(name), .service = service};
    ASSERT(entry->name != NULL);
    directory->entries = entry;
}

ProtobufCService *directory_find(const struct directory *directory, const char *name)
{
    for (const struct entry *entry = directory->entries; entry != NULL; entry = entry->next)
        if (strcmp(entry->name, name) == 0)
            return entry->service;
    return NULL;
}
