#include "gateways/rest/tags.h"

static bool has_tag(const struct tags *tags, struct text tag)
{
    for (size_t i = 0; i < tags->count; i++)
        if (text_equal(tags->tags[i], tag))
            return true;
    return false;
}

void tags_add_kind(struct tags *tags, struct text resource)
{
    if (has_tag(tags, resource))
        return;
    /* Room for kinds is never used up by single tags; there are far fewer kinds than this. */
    if (tags->count < TAGS_MAX)
        tags->tags[tags->count++] = resource;
}

/* Tags are separated by blanks in Surrogate-Key. */
static bool is_plain(struct text key)
{
    for (size_t i = 0; i < key.length; i++)
        if (key.at[i] <= ' ' || key.at[i] >= 0x7F)
            return false;
    return key.length > 0;
}

void tags_add(struct tags *tags, const char *resource, struct text key)
{
    size_t kind_length = strlen(resource);
    if (tags->count >= TAGS_MAX - 32 || kind_length + 1 + key.length >= TAG_BYTES_MAX || !is_plain(key)) {
        tags_add_kind(tags, text_of(resource));
        return;
    }
    char *tag = arena_alloc(tags->arena, kind_length + 1 + key.length + 1);
    memcpy(tag, resource, kind_length);
    tag[kind_length] = '/';
    memcpy(tag + kind_length + 1, key.at, key.length);
    struct text whole = {tag, kind_length + 1 + key.length};
    if (!has_tag(tags, whole))
        tags->tags[tags->count++] = whole;
}

/* --- by method ---------------------------------------------------------------------------------------------------------- */

struct stream_adding {
    struct tags *tags;
    const char *kind;
};

static void add_stream(void *data, struct field field, const void *value)
{
    struct stream_adding *adding = data;
    tags_add(adding->tags, adding->kind, field_value_text(field, value, adding->tags->arena));
}

/* "stock/{skus}", "category/" and a star: the kind, and a path in the answer or, failing that, in the request. */
static void add_history(struct tags *tags, const struct method_declaration *method, const char *history,
                        const ProtobufCMessage *request, const ProtobufCMessage *answer)
{
    const char *slash = strchr(history, '/'), *end = history + strlen(history) - 1;
    struct text kind = {history, (size_t)(slash - history)};
    if (slash[1] != '{') {
        tags_add_kind(tags, kind);
        return;
    }
    struct text name = {slash + 2, (size_t)(end - slash - 2)};
    struct message_path path = message_path(method->output, name);
    const ProtobufCMessage *from = answer;
    if (path.depth == 0) {
        path = message_path(method->input, name);
        from = request;
    }
    struct stream_adding adding = {.tags = tags, .kind = arena_strndup(tags->arena, kind.at, kind.length)};
    message_path_each(&path, from, add_stream, &adding);
}

/* "products/{category}": the lists of one category, or of all when none was asked for. */
static void add_declared(struct tags *tags, const struct method_declaration *method, const char *tag, const ProtobufCMessage *request)
{
    const char *slash = strchr(tag, '/'), *end = tag + strlen(tag) - 1;
    struct text kind = {tag, (size_t)(slash - tag)};
    size_t before = tags->count;
    if (slash[1] == '{') {
        struct message_path path = message_path(method->input, (struct text){slash + 2, (size_t)(end - slash - 2)});
        struct stream_adding adding = {.tags = tags, .kind = arena_strndup(tags->arena, kind.at, kind.length)};
        message_path_each(&path, request, add_stream, &adding);
    }
    if (tags->count == before)
        tags_add_kind(tags, kind);
}

void tags_add_method(struct tags *tags, const struct method_declaration *method, const ProtobufCMessage *request,
                     const ProtobufCMessage *answer)
{
    for (const char *const *history = method->history; history != NULL && *history != NULL; history++)
        add_history(tags, method, *history, request, answer);
    for (const char *const *tag = method->tags; tag != NULL && *tag != NULL; tag++)
        add_declared(tags, method, *tag, request);
    if (method->tags != NULL)
        return;
    struct field items = message_field(method->output, TEXT("items"));
    if (items.descriptor != NULL && items.declaration->message != NULL && items.declaration->message->resource != NULL)
        tags_add_kind(tags, text_of(items.declaration->message->resource));
}

/* --- writing -------------------------------------------------------------------------------------------------------------- */

void tags_write(const struct tags *tags, struct buffer *out)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (i > 0)
            buffer_add_char(out, ' ');
        buffer_add_text(out, tags->tags[i]);
    }
}
