#include "gateways/graphql/trusted.h"

#include "base/limits.h"
#include "base/lookup.h"
#include "gateways/graphql/documents.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* All of them together. */
#define TRUSTED_BYTES_MAX (64 << 20)

struct trusted {
    struct arena *arena;
    struct lookup names; /* and hashes: places in `texts` */
    struct text *texts;
    size_t count;
};

static void add_name(struct trusted *trusted, const char *name, size_t place)
{
    if (lookup_find(&trusted->names, text_of(name)) == NULL)
        lookup_put(&trusted->names, text_of(arena_strdup(trusted->arena, name)), place);
}

/* Takes the text as it is in the arena. */
static void add_document(struct trusted *trusted, const char *name, struct text text)
{
    char hash[DOCUMENT_HASH_LENGTH + 1];
    document_hash(text, hash);
    ARENA_ROOM(trusted->arena, trusted->texts, trusted->count);
    trusted->texts[trusted->count] = text;
    add_name(trusted, hash, trusted->count);
    add_name(trusted, name, trusted->count);
    trusted->count++;
}

/* --- a folder ------------------------------------------------------------------------------------------------------------- */

static bool read_file(struct trusted *trusted, const char *path, struct text *text, char error[512])
{
    struct stat status;
    if (stat(path, &status) == 0 && status.st_size > LIMIT_GRAPHQL_TRUSTED_BYTES) {
        snprintf(error, 512, "%.200s is larger than a trusted document may be.", path);
        return false;
    }
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        snprintf(error, 512, "%.200s can't be read: %m", path);
        return false;
    }
    char *bytes = arena_alloc(trusted->arena, (size_t)status.st_size);
    *text = (struct text){bytes, fread(bytes, 1, (size_t)status.st_size, file)};
    fclose(file);
    return true;
}

static bool has_ending(const char *name, const char *ending)
{
    size_t length = strlen(name), wanted = strlen(ending);
    return length > wanted && strcmp(name + length - wanted, ending) == 0;
}

static bool load_folder(struct trusted *trusted, const char *path, char error[512])
{
    DIR *folder = opendir(path);
    bool loaded = folder != NULL;
    if (!loaded)
        snprintf(error, 512, "%.200s can't be read: %m", path);
    for (const struct dirent *entry; loaded && (entry = readdir(folder)) != NULL;) {
        struct text text;
        if (!has_ending(entry->d_name, ".graphql"))
            continue;
        loaded = read_file(trusted, arena_printf(trusted->arena, "%s/%s", path, entry->d_name), &text, error);
        if (loaded)
            add_document(trusted, entry->d_name, text);
    }
    if (folder != NULL)
        closedir(folder);
    return loaded;
}

/* --- a file ---------------------------------------------------------------------------------------------------------------- */

static bool load_manifest(struct trusted *trusted, const char *path, char error[512])
{
    json_error_t where;
    json_t *manifest = json_load_file(path, JSON_REJECT_DUPLICATES, &where), *text;
    const char *name;
    bool loaded = json_is_object(manifest);
    if (!loaded)
        snprintf(error, 512, "%.200s is no JSON object of documents by their names: %.200s", path, manifest ? "" : where.text);
    if (loaded) {
        json_object_foreach (manifest, name, text) {
            if (json_is_string(text))
                add_document(trusted, name,
                             (struct text){arena_strndup(trusted->arena, json_string_value(text), json_string_length(text)),
                                           json_string_length(text)});
        }
    }
    json_decref(manifest);
    return loaded;
}

/* --- together -------------------------------------------------------------------------------------------------------------- */

struct trusted *trusted_load(const char *path, char error[512])
{
    struct arena *arena = arena_new(TRUSTED_BYTES_MAX);
    struct trusted *trusted = ARENA_NEW(arena, struct trusted);
    struct stat status;
    trusted->arena = arena;
    lookup_init(&trusted->names, arena);
    bool is_folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    bool loaded = is_folder ? load_folder(trusted, path, error) : load_manifest(trusted, path, error);
    if (loaded && trusted->count == 0)
        snprintf(error, 512, "%.200s has no documents.", path);
    if (loaded && trusted->count > 0)
        return trusted;
    arena_free(arena);
    return NULL;
}

void trusted_free(struct trusted *trusted)
{
    if (trusted != NULL)
        arena_free(trusted->arena);
}

struct text trusted_find(const struct trusted *trusted, struct text name)
{
    const size_t *place = lookup_find(&trusted->names, name);
    return place != NULL ? trusted->texts[*place] : (struct text){NULL, 0};
}

bool trusted_has(const struct trusted *trusted, struct text document)
{
    char hash[DOCUMENT_HASH_LENGTH + 1];
    document_hash(document, hash);
    return lookup_find(&trusted->names, text_of(hash)) != NULL;
}
