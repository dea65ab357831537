/*
 * One table under one lock, which is held for a look-up and never while a document is parsed. An entry is counted: one that is dropped while
 * requests use it goes with the last of them.
 */
#include "gateways/graphql/documents.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/graphql/validate/validate.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BUCKETS 4096 /* a power of two; the table never holds more than a few thousand */

struct entry {
    struct entry *next_in_bucket;
    struct entry *newer, *older; /* by when it was last asked for */
    uint64_t hash;
    const struct graphql_schema *schema; /* NULL: a text by its hash */
    struct text key;                     /* a document's text, or the hash of one */
    struct text text;                    /* of a hash */
    const struct document *document;
    struct arena *arena; /* all of it, this entry too */
    size_t bytes;
    atomic_size_t count;
};

struct documents {
    pthread_mutex_t lock;
    size_t bytes, bytes_max;
    struct entry *newest, *oldest;
    struct entry *buckets[BUCKETS];
};

struct documents *documents_new(size_t bytes_max)
{
    struct documents *documents = calloc(1, sizeof *documents);
    ASSERT(documents != NULL);
    ASSERT(pthread_mutex_init(&documents->lock, NULL) == 0);
    documents->bytes_max = bytes_max;
    return documents;
}

static void entry_drop(void *data)
{
    struct entry *entry = data;
    if (atomic_fetch_sub(&entry->count, 1) == 1)
        arena_free(entry->arena);
}

void documents_free(struct documents *documents)
{
    if (documents == NULL)
        return;
    for (struct entry *entry = documents->newest, *older; entry != NULL; entry = older) {
        older = entry->older;
        entry_drop(entry);
    }
    pthread_mutex_destroy(&documents->lock);
    free(documents);
}

/* --- the table, under the lock -------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct graphql_schema *schema, struct text key)
{
    return text_hash(key) ^ (uint64_t)(uintptr_t)schema * UINT64_C(0x9E3779B97F4A7C15);
}

static void unlink_use(struct documents *documents, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &documents->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &documents->oldest) = entry->newer;
}

static void link_newest(struct documents *documents, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = documents->newest;
    *(entry->older ? &entry->older->newer : &documents->oldest) = entry;
    documents->newest = entry;
}

static struct entry **place_of(struct documents *documents, uint64_t hash, const struct graphql_schema *schema, struct text key)
{
    struct entry **place = &documents->buckets[hash % BUCKETS];
    while (*place != NULL &&
           ((*place)->hash != hash || (*place)->schema != schema || !text_equal((*place)->key, key)))
        place = &(*place)->next_in_bucket;
    return place;
}

static void remove_entry(struct documents *documents, struct entry *entry)
{
    struct entry **place = place_of(documents, entry->hash, entry->schema, entry->key);
    *place = entry->next_in_bucket;
    unlink_use(documents, entry);
    documents->bytes -= entry->bytes;
    entry_drop(entry);
}

/* An entry with one count more, until the arena ends; NULL when it is not there. */
static struct entry *find_entry(struct documents *documents, const struct graphql_schema *schema, struct text key, struct arena *arena)
{
    uint64_t hash = hash_of(schema, key);
    pthread_mutex_lock(&documents->lock);
    struct entry *entry = *place_of(documents, hash, schema, key);
    if (entry != NULL) {
        atomic_fetch_add(&entry->count, 1);
        unlink_use(documents, entry);
        link_newest(documents, entry);
    }
    pthread_mutex_unlock(&documents->lock);
    if (entry != NULL)
        arena_cleanup(arena, entry_drop, entry);
    return entry;
}

/* Takes one count over. Another thread may have been faster with the same: then its entry stays. */
static void add_entry(struct documents *documents, struct entry *entry)
{
    entry->hash = hash_of(entry->schema, entry->key);
    entry->bytes = arena_used(entry->arena) + 4096; /* arenas are made of chunks */
    pthread_mutex_lock(&documents->lock);
    struct entry **place = place_of(documents, entry->hash, entry->schema, entry->key);
    bool is_new = *place == NULL && entry->bytes <= documents->bytes_max / 4; /* one may not drive all others out */
    if (is_new) {
        *place = entry;
        link_newest(documents, entry);
        documents->bytes += entry->bytes;
        while (documents->bytes > documents->bytes_max)
            remove_entry(documents, documents->oldest);
    }
    pthread_mutex_unlock(&documents->lock);
    if (!is_new)
        entry_drop(entry);
}

/* --- documents ------------------------------------------------------------------------------------------------------------- */

static const struct graphql_error *keep_error(const struct graphql_error *error, struct arena *arena)
{
    struct graphql_error *kept = ARENA_NEW(arena, struct graphql_error);
    *kept = *error;
    kept->next = NULL;
    kept->message = arena_strdup(arena, error->message);
    struct graphql_location *locations = ARENA_ARRAY(arena, struct graphql_location, error->location_count);
    for (size_t i = 0; i < error->location_count; i++)
        locations[i] = error->locations[i];
    kept->locations = locations;
    return kept;
}

/* False with `errors`, in the arena of the request. */
static bool read_document(const struct graphql_schema *schema, struct text text, const struct graphql_limits *limits,
                          struct entry *entry, struct arena *arena, const struct graphql_error **errors)
{
    struct document *document;
    struct graphql_error error;
    if (!graphql_parse(entry->arena, text, limits, &document, &error)) {
        *errors = keep_error(&error, arena);
        return false;
    }
    struct graphql_validation validation = graphql_validate(schema, document, LIMIT_GRAPHQL_ERRORS, arena);
    *errors = validation.errors;
    entry->document = document;
    entry->key = document->source;
    return validation.errors == NULL;
}

static struct entry *entry_new(const struct graphql_schema *schema)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct entry *entry = ARENA_NEW(arena, struct entry);
    entry->arena = arena;
    entry->schema = schema;
    atomic_init(&entry->count, 1);
    return entry;
}

const struct document *documents_take(struct documents *documents, const struct graphql_schema *schema, struct text text,
                                      const struct graphql_limits *limits, struct arena *arena, const struct graphql_error **errors)
{
    *errors = NULL;
    struct entry *entry = find_entry(documents, schema, text, arena);
    if (entry != NULL)
        return entry->document;
    entry = entry_new(schema);
    if (!read_document(schema, text, limits, entry, arena, errors)) {
        entry_drop(entry);
        return NULL;
    }
    const struct document *document = entry->document;
    atomic_fetch_add(&entry->count, 1);
    arena_cleanup(arena, entry_drop, entry);
    add_entry(documents, entry);
    return document;
}

/* --- texts by their hash ----------------------------------------------------------------------------------------------------- */

struct text documents_recall(struct documents *documents, struct text hash, struct arena *arena)
{
    struct entry *entry = find_entry(documents, NULL, hash, arena);
    return entry != NULL ? entry->text : (struct text){NULL, 0};
}

static struct text keep_text(struct text text, struct arena *arena)
{
    return (struct text){arena_strndup(arena, text.at, text.length), text.length};
}

void documents_remember(struct documents *documents, struct text hash, struct text text)
{
    struct entry *entry = entry_new(NULL);
    entry->key = keep_text(hash, entry->arena);
    entry->text = keep_text(text, entry->arena);
    add_entry(documents, entry);
}

void document_hash(struct text text, char out[DOCUMENT_HASH_LENGTH + 1])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)text.at, text.length, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    out[DOCUMENT_HASH_LENGTH] = '\0';
}
