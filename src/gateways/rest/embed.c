#include "gateways/rest/embed.h"

#include "base/assert.h"
#include "base/limits.h"
#include "guard/authenticate.h"

#define EMBEDDINGS_MAX 8 /* relations in one request; no resource has more that can be read */

struct embedding {
    struct visit *visit;
    const struct resource_link *link;
    struct call *call; /* in an arena of its own: the calls run at the same time */
    ProtobufCMessage *request;
    const ProtobufCMessage *answer;
    struct match *matches; /* open addressing by the text of what is matched; NULL: everything belongs to the one resource */
    size_t match_slots;
};

/* An answered item, by whose it is. */
struct match {
    struct text key;
    size_t item; /* from 1; 0 is an empty slot */
};

/* --- what is asked for ------------------------------------------------------------------------------------------------------ */

static const struct resource_link *link_named(const struct resource *resource, struct text rel)
{
    for (size_t i = 0; resource != NULL && i < resource->link_count; i++)
        if (text_is(rel, resource->links[i].declaration->rel))
            return &resource->links[i];
    return NULL;
}

static bool is_embedded(const struct visit *visit, const struct resource_link *link)
{
    for (size_t i = 0; i < visit->embedding_count; i++)
        if (visit->embeddings[i].link == link)
            return true;
    return false;
}

static void read_relation(struct visit *visit, const struct resource *resource, struct text rel,
                          struct validation *validation)
{
    struct pointer at = {.name = TEXT("embed"), .query = true};
    const struct resource_link *link = link_named(resource, rel);
    if (link == NULL || link->declaration->action)
        violation_add(validation, &at, "unknown", "Nothing called %.*s can be embedded here.", (int)rel.length, rel.at);
    else if (visit->route->items.descriptor != NULL && link->match_item.depth == 0)
        violation_add(validation, &at, "not_in_lists", "%.*s can only be embedded in one resource at a time.", (int)rel.length,
                      rel.at);
    else if (visit->call->as_of_us != 0 && link->declaration->method->history == NULL)
        violation_add(validation, &at, "no_history", "%.*s has no history to look at.", (int)rel.length, rel.at);
    else if (visit->embedding_count == EMBEDDINGS_MAX)
        violation_add(validation, &at, "too_many", "At most %d relations can be embedded.", EMBEDDINGS_MAX);
    else if (!is_embedded(visit, link) && authorize(visit->call, link->declaration->method->scope))
        visit->embeddings[visit->embedding_count++] = (struct embedding){.visit = visit, .link = link};
}

bool embed_read(struct visit *visit, struct text list)
{
    const struct resource *resource = resource_find(visit->rest->resources, visit_item_type(visit));
    struct validation validation = {.call = visit->call};
    visit->embeddings = ARENA_ARRAY(visit->arena, struct embedding, EMBEDDINGS_MAX);
    while (list.length > 0 && visit->call->problem.result == RESULT_OK) {
        const char *comma = memchr(list.at, ',', list.length);
        struct text rel = {list.at, comma ? (size_t)(comma - list.at) : list.length};
        size_t step = rel.length + (comma ? 1 : 0);
        list = (struct text){list.at + step, list.length - step};
        read_relation(visit, resource, rel, &validation);
    }
    return visit->call->problem.result == RESULT_OK;
}

int embed_cache_seconds(const struct visit *visit, int seconds)
{
    for (size_t i = 0; i < visit->embedding_count; i++) {
        int kept = visit->embeddings[i].link->declaration->method->cache_seconds;
        seconds = kept < seconds ? kept : seconds;
    }
    return seconds;
}

/* --- requests ----------------------------------------------------------------------------------------------------------------- */

struct binding_values {
    size_t count;
    size_t size;
    char *values; /* NULL: only count */
};

static void bind_value(void *data, struct field field, const void *value)
{
    (void)field;
    struct binding_values *bound = data;
    if (bound->values != NULL)
        memcpy(bound->values + bound->count * bound->size, value, bound->size);
    bound->count++;
}

static size_t bind_values(const struct message_path *from, const ProtobufCMessage *const *resources, size_t count, size_t size,
                          char *values)
{
    struct binding_values bound = {.size = size, .values = values};
    for (size_t i = 0; i < count; i++)
        message_path_each(from, resources[i], bind_value, &bound);
    return bound.count;
}

void link_bind(const struct resource_link *link, const ProtobufCMessage *const *resources, size_t count,
               ProtobufCMessage *request, struct arena *arena)
{
    for (size_t i = 0; i < link->binding_count; i++) {
        const struct link_binding *binding = &link->bindings[i];
        size_t size = field_value_size(binding->to), values = bind_values(&binding->from, resources, count, size, NULL);
        if (field_is_list(binding->to))
            bind_values(&binding->from, resources, count, size, field_fill_list(binding->to, request, arena, values));
        else if (values > 0)
            bind_values(&binding->from, resources, 1, size, field_fill(binding->to, request));
    }
}

/* What was asked of the resources holds for what is embedded: their currency, say. Where to begin and how many does not. */
static bool is_passed_on(const struct resource_link *link, struct field to, struct field from)
{
    if (from.descriptor == NULL || from.descriptor->type != to.descriptor->type || field_is_list(from) || field_is_list(to) ||
        field_is_message(to) || strcmp(to.descriptor->name, "limit") == 0 || strcmp(to.descriptor->name, "cursor") == 0)
        return false;
    for (size_t i = 0; i < link->binding_count; i++)
        if (link->bindings[i].to.descriptor == to.descriptor)
            return false;
    return true;
}

static void pass_on(const struct visit *visit, const struct resource_link *link, ProtobufCMessage *request)
{
    const struct message_declaration *input = link->declaration->method->input;
    for (unsigned i = 0; i < input->descriptor->n_fields; i++) {
        struct field to = message_field_at(input, i);
        struct field from = message_field(visit->route->method->input, text_of(to.descriptor->name));
        if (is_passed_on(link, to, from) && field_count(from, visit->request) > 0)
            memcpy(field_fill(to, request), field_value(from, visit->request, 0), field_value_size(to));
    }
}

/* The resources of the answer: its items, or itself. */
static size_t resources_of(const struct visit *visit, const ProtobufCMessage *const **resources)
{
    struct field items = visit->route->items;
    if (items.descriptor == NULL) {
        *resources = &visit->answer;
        return 1;
    }
    *resources = field_value(items, visit->answer, 0);
    return field_count(items, visit->answer);
}

static bool is_too_much(const struct embedding *embedding)
{
    for (size_t i = 0; i < embedding->link->binding_count; i++) {
        struct field to = embedding->link->bindings[i].to;
        if (field_is_list(to) && to.declaration->max_items > 0 &&
            field_count(to, embedding->request) > (size_t)to.declaration->max_items)
            return true;
    }
    return false;
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

static bool prepare(struct visit *visit, struct embedding *embedding, const ProtobufCMessage *const *resources, size_t count)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    arena_cleanup(visit->arena, free_arena, arena);
    embedding->call = call_child(visit->call, arena);
    embedding->call->data = embedding;
    embedding->request = message_new(arena, embedding->link->declaration->method->input->descriptor);
    pass_on(visit, embedding->link, embedding->request);
    link_bind(embedding->link, resources, count, embedding->request, arena);
    if (!is_too_much(embedding))
        return true;
    struct validation validation = {.call = visit->call};
    struct pointer at = {.name = TEXT("embed"), .query = true};
    violation_add(&validation, &at, "too_many", "That is too much %s for one answer. Ask for fewer with ?limit=.",
                  embedding->link->declaration->rel);
    return false;
}

/* --- calls -------------------------------------------------------------------------------------------------------------------- */

static void index_matches(struct embedding *embedding);

static void on_embedded(struct call *call, const ProtobufCMessage *answer)
{
    struct embedding *embedding = call->data;
    struct visit *visit = embedding->visit;
    embedding->answer = answer;
    if (answer == NULL)
        visit->call->problem = call->problem; /* of several any one; its texts live as long as the exchange */
    if (--visit->embeddings_open > 0)
        return;
    if (visit->call->problem.result != RESULT_OK) {
        visit_refuse(visit);
        return;
    }
    for (size_t i = 0; i < visit->embedding_count; i++)
        index_matches(&visit->embeddings[i]);
    visit_answer(visit);
}

void embed_call(struct visit *visit)
{
    const ProtobufCMessage *const *resources;
    size_t count = resources_of(visit, &resources);
    if (count == 0) {
        visit->embedding_count = 0;
        visit_answer(visit);
        return;
    }
    for (size_t i = 0; i < visit->embedding_count; i++) {
        if (!prepare(visit, &visit->embeddings[i], resources, count)) {
            visit_refuse(visit);
            return;
        }
    }
    /* The last answer may come before the loop ends, and the visit be over with it. */
    struct embedding *embeddings = visit->embeddings;
    size_t open = visit->embeddings_open = visit->embedding_count;
    for (size_t i = 0; i < open; i++)
        visit_invoke(embeddings[i].call, embeddings[i].link->service, embeddings[i].link->declaration->method,
                     embeddings[i].request, on_embedded);
}

/* --- whose is what -------------------------------------------------------------------------------------------------------------- */

struct match_adding {
    struct embedding *embedding;
    struct arena *arena;
    size_t item;
};

static void add_match(void *data, struct field field, const void *value)
{
    struct match_adding *adding = data;
    struct embedding *embedding = adding->embedding;
    struct text key = field_value_text(field, value, adding->arena);
    size_t slot = text_hash(key) % embedding->match_slots;
    while (embedding->matches[slot].item != 0)
        slot = (slot + 1) % embedding->match_slots;
    embedding->matches[slot] = (struct match){.key = key, .item = adding->item};
}

static void index_matches(struct embedding *embedding)
{
    const struct visit *visit = embedding->visit;
    if (visit->route->items.descriptor == NULL)
        return;
    size_t count = field_count(embedding->link->items, embedding->answer);
    size_t keys = count == 0 ? 0 : bind_values(&embedding->link->match_item, field_value(embedding->link->items, embedding->answer, 0),
                                               count, 0, NULL);
    embedding->match_slots = 2 * keys + 1;
    embedding->matches = ARENA_ARRAY(visit->arena, struct match, embedding->match_slots);
    for (size_t i = 0; i < count; i++) {
        struct match_adding adding = {.embedding = embedding, .arena = visit->arena, .item = i + 1};
        message_path_each(&embedding->link->match_item, field_value_message(embedding->link->items, embedding->answer, i),
                          add_match, &adding);
    }
}

/* --- writing -------------------------------------------------------------------------------------------------------------------- */

struct match_writing {
    const struct embedding *embedding;
    struct rendering *rendering;
    size_t written;
};

static void write_item(struct match_writing *writing, size_t index)
{
    struct field items = writing->embedding->link->items;
    if (writing->written++ > 0 && writing->embedding->link->declaration->single)
        return;
    render_message(writing->rendering, items.declaration->message,
                   field_value_message(items, writing->embedding->answer, index), &field_choice_whole);
}

static void write_matches(void *data, struct field field, const void *value)
{
    struct match_writing *writing = data;
    const struct embedding *embedding = writing->embedding;
    struct text key = field_value_text(field, value, embedding->visit->arena);
    for (size_t slot = text_hash(key) % embedding->match_slots; embedding->matches[slot].item != 0;
         slot = (slot + 1) % embedding->match_slots)
        if (text_equal(embedding->matches[slot].key, key))
            write_item(writing, embedding->matches[slot].item - 1);
}

static void write_items(struct match_writing *writing, const ProtobufCMessage *resource)
{
    const struct embedding *embedding = writing->embedding;
    if (embedding->matches != NULL) {
        message_path_each(&embedding->link->match_resource, resource, write_matches, writing);
        return;
    }
    for (size_t i = 0; i < field_count(embedding->link->items, embedding->answer); i++)
        write_item(writing, i);
}

static void write_relation(const struct embedding *embedding, struct rendering *rendering, const ProtobufCMessage *resource)
{
    const struct resource_link *link = embedding->link;
    struct match_writing writing = {.embedding = embedding, .rendering = rendering};
    json_write_key(&rendering->json, link->declaration->rel);
    if (link->items.descriptor == NULL) {
        render_message(rendering, link->declaration->method->output, embedding->answer, &field_choice_whole);
        return;
    }
    if (!link->declaration->single)
        json_write_array_open(&rendering->json);
    write_items(&writing, resource);
    if (!link->declaration->single)
        json_write_array_close(&rendering->json);
    else if (writing.written == 0)
        json_write_null(&rendering->json);
}

void embed_write(const struct visit *visit, struct rendering *rendering, const ProtobufCMessage *resource)
{
    if (visit->embedding_count == 0)
        return;
    json_write_key(&rendering->json, "_embedded");
    json_write_object_open(&rendering->json);
    for (size_t i = 0; i < visit->embedding_count; i++)
        write_relation(&visit->embeddings[i], rendering, resource);
    json_write_object_close(&rendering->json);
}

void embed_tags(const struct visit *visit, struct tags *tags)
{
    for (size_t i = 0; i < visit->embedding_count; i++) {
        const struct embedding *embedding = &visit->embeddings[i];
        tags_add_method(tags, embedding->link->declaration->method, embedding->request, embedding->answer);
    }
}
