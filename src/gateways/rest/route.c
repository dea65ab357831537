/*
 * Routes: a tree with a node per segment.
 *
 *     "v1" ── "products" ── {} ── "variants"
 *                 │          └─ "price"          a nested link
 *                 GET POST   GET PATCH PUT DELETE
 *
 * Variables have no name in the tree, as PATCH /v1/products/{id} and GET /v1/products/{product} are one place; each route knows which
 * fields its own variables fill. Finding goes back where a literal led nowhere, which costs little: paths have at most 6 segments.
 */
#include "gateways/rest/route.h"

#include "base/assert.h"

#include <stdlib.h>

struct node {
    struct text segment;   /* of a literal */
    struct node *literals; /* first child of its list */
    struct node *variable;
    struct node *next; /* among its siblings */
    struct route *routes[VERB_COUNT];
};

struct route_table {
    struct arena *arena;
    struct metrics *metrics;
    struct node root;
    struct route *first, *last;
};

#define ROUTE_TABLE_BYTES_MAX (16 << 20)

struct route_table *route_table_new(struct metrics *metrics)
{
    struct arena *arena = arena_new(ROUTE_TABLE_BYTES_MAX);
    struct route_table *table = ARENA_NEW(arena, struct route_table);
    table->arena = arena;
    table->metrics = metrics;
    return table;
}

void route_table_free(struct route_table *table)
{
    if (table != NULL)
        arena_free(table->arena);
}

const struct route *route_first(const struct route_table *table)
{
    return table->first;
}

/* --- verbs ------------------------------------------------------------------------------------------------------- */

static const char *const verb_names[VERB_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

enum verb verb_named(struct text name)
{
    enum verb verb = VERB_GET;
    while (verb < VERB_COUNT && !text_is(name, verb_names[verb]))
        verb++;
    return verb;
}

const char *verb_name(enum verb verb)
{
    ASSERT(verb < VERB_COUNT);
    return verb_names[verb];
}

const char *route_allow_header(unsigned allowed, struct arena *arena)
{
    const char *header = "";
    for (enum verb verb = VERB_GET; verb < VERB_COUNT; verb++)
        if (allowed & 1u << verb)
            header = arena_printf(arena, "%s%s, ", header, verb == VERB_GET ? "GET, HEAD" : verb_names[verb]);
    return arena_printf(arena, "%sOPTIONS", header);
}

/* --- making the tree --------------------------------------------------------------------------------------------- */

/* Take the segment up to the next slash off a path that begins with one. */
static struct text next_segment(struct text *path)
{
    struct text rest = {path->at + 1, path->length - 1};
    const char *slash = memchr(rest.at, '/', rest.length);
    struct text segment = {rest.at, slash ? (size_t)(slash - rest.at) : rest.length};
    *path = (struct text){rest.at + segment.length, rest.length - segment.length};
    return segment;
}

static struct node *child_literal(const struct node *node, struct text segment)
{
    struct node *child = node->literals;
    while (child != NULL && !text_equal(child->segment, segment))
        child = child->next;
    return child;
}

static struct node *child_made(struct route_table *table, struct node *node, struct text segment)
{
    if (text_starts_with(segment, "{")) {
        if (node->variable == NULL)
            node->variable = ARENA_NEW(table->arena, struct node);
        return node->variable;
    }
    struct node *child = child_literal(node, segment);
    if (child == NULL) {
        child = ARENA_NEW(table->arena, struct node);
        *child = (struct node){.segment = segment, .next = node->literals};
        node->literals = child;
    }
    return child;
}

static struct node *node_made(struct route_table *table, const char *path)
{
    struct node *node = &table->root;
    struct text rest = text_of(path);
    while (rest.length > 0)
        node = child_made(table, node, next_segment(&rest));
    return node;
}

static struct route *route_add(struct route_table *table, enum verb verb, const char *path)
{
    struct node *node = node_made(table, path);
    ASSERT(verb < VERB_COUNT);
    ASSERT(node->routes[verb] == NULL); /* the generator refuses two of one shape */
    struct route *route = ARENA_NEW(table->arena, struct route);
    route->verb = verb;
    route->path = path;
    route->metrics = metrics_route_new(table->metrics, verb_names[verb], path);
    node->routes[verb] = route;
    if (table->last != NULL)
        table->last->next = route;
    else
        table->first = route;
    table->last = route;
    return route;
}

/* --- what a route fills ------------------------------------------------------------------------------------------- */

static void find_variables(struct route *route, const struct message_declaration *input)
{
    struct text rest = text_of(route->path);
    while (rest.length > 0) {
        struct text segment = next_segment(&rest);
        if (!text_starts_with(segment, "{"))
            continue;
        ASSERT(route->variable_count < LIMIT_ROUTE_VARIABLES);
        struct text name = {segment.at + 1, segment.length - 2};
        struct field field = message_field(input, name);
        ASSERT(field.descriptor != NULL);
        route->variables[route->variable_count++] = field;
    }
}

static struct field find_mask(const struct message_declaration *input)
{
    for (unsigned i = 0; i < input->descriptor->n_fields; i++)
        if (field_is_mask(message_field_at(input, i)))
            return message_field_at(input, i);
    return (struct field){0};
}

static void find_body(struct route *route)
{
    const char *body = route->http->body;
    if (body == NULL)
        return;
    route->body_is_whole = strcmp(body, "*") == 0;
    if (!route->body_is_whole)
        route->body = message_field(route->method->input, text_of(body));
}

/* A list is an answer with a repeated message `items`. */
static void find_items(struct route *route)
{
    struct field items = message_field(route->method->output, TEXT("items"));
    if (items.descriptor == NULL || !field_is_list(items) || !field_is_message(items))
        return;
    route->items = items;
    route->next_cursor = message_field(route->method->output, TEXT("next_cursor"));
}

static void add_http(struct route_table *table, const struct method_declaration *method,
                     const struct http_declaration *http, ProtobufCService *service)
{
    struct route *route = route_add(table, verb_named(text_of(http->verb)), http->path);
    route->method = method;
    route->http = http;
    route->service = service;
    route->mask = find_mask(method->input);
    find_variables(route, method->input);
    find_body(route);
    find_items(route);
}

void route_add_service(struct route_table *table, const struct service_declaration *declaration, ProtobufCService *service)
{
    for (size_t i = 0; i < declaration->method_count; i++) {
        const struct method_declaration *method = declaration->methods[i];
        for (size_t j = 0; j < method->http_count && !method->internal; j++)
            add_http(table, method, &method->http[j], service);
    }
}

void route_add_page(struct route_table *table, const char *path, void (*page)(struct visit *visit), const char *type,
                    const char *comment)
{
    struct route *route = route_add(table, VERB_GET, path);
    route->page = page;
    route->page_type = type;
    route->page_comment = comment;
}

const struct route *route_of(const struct route_table *table, const struct method_declaration *method)
{
    const struct route *route = table->first;
    while (route != NULL && (route->method != method || route->verb != VERB_GET || route->link != NULL))
        route = route->next;
    return route;
}

/* --- nested links -------------------------------------------------------------------------------------------------- */

static void add_link(struct route_table *table, const struct route *parent, const struct link_declaration *link,
                     ProtobufCService *service)
{
    char *path = arena_printf(table->arena, "%s/%s", parent->path, link->rel);
    if (node_made(table, path)->routes[VERB_GET] != NULL)
        return; /* somebody declared that very path by hand */
    struct route *route = route_add(table, VERB_GET, path);
    route->method = link->method;
    route->service = service;
    route->link = link;
    route->parent = parent;
    find_variables(route, parent->method->input);
    find_items(route);
}

/* Links of the resources that a route gets: those that read, and have no route of their own. */
static void add_links_of(struct route_table *table, const struct route *route, const struct directory *directory)
{
    const struct message_declaration *resource = route->method->output;
    for (size_t i = 0; i < resource->link_count; i++) {
        const struct link_declaration *link = &resource->links[i];
        ProtobufCService *service = directory_find(directory, link->method->service);
        if (!link->action && link->method->http_count == 0 && !link->method->internal && service != NULL)
            add_link(table, route, link, service);
    }
}

void route_add_links(struct route_table *table, const struct directory *directory)
{
    const struct route *last = table->last;
    for (const struct route *route = table->first; route != NULL; route = route->next) {
        if (route->method != NULL && route->method == route->method->output->get && route->http == &route->method->http[0])
            add_links_of(table, route, directory);
        if (route == last)
            break;
    }
}

/* --- percent-encoding ------------------------------------------------------------------------------------------------ */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

const char *percent_decode(struct text text, bool form, struct arena *arena)
{
    char *out = arena_alloc(arena, text.length + 1);
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (c == '%') {
            if (text.length - i < 3)
                return NULL;
            int high = hex_value(text.at[i + 1]), low = hex_value(text.at[i + 2]);
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && form) {
            c = ' ';
        }
        out[length++] = c;
    }
    return text_is_utf8((struct text){out, length}) ? out : NULL;
}

/* --- finding --------------------------------------------------------------------------------------------------------- */

struct search {
    enum verb verb;
    struct text segments[LIMIT_PATH_SEGMENTS]; /* decoded */
    size_t count;
    const char *variables[LIMIT_ROUTE_VARIABLES];
    unsigned allowed;
};

static const struct route *find_below(struct search *search, const struct node *node, size_t depth, size_t variable_count)
{
    if (depth == search->count) {
        for (enum verb verb = VERB_GET; verb < VERB_COUNT; verb++)
            if (node->routes[verb] != NULL)
                search->allowed |= 1u << verb;
        return search->verb < VERB_COUNT ? node->routes[search->verb] : NULL;
    }
    struct text segment = search->segments[depth];
    const struct node *literal = child_literal(node, segment);
    const struct route *found = literal ? find_below(search, literal, depth + 1, variable_count) : NULL;
    if (found != NULL || node->variable == NULL || segment.length == 0 || variable_count == LIMIT_ROUTE_VARIABLES)
        return found;
    search->variables[variable_count] = segment.at;
    return find_below(search, node->variable, depth + 1, variable_count + 1);
}

/* Variables must be terminated by NUL, so every segment is copied, decoded or not. An encoded slash is refused: proxies do not agree
 * on what it means. */
static bool decode_segment(struct text raw, struct arena *arena, struct text *segment)
{
    const char *decoded = percent_decode(raw, false, arena);
    if (decoded == NULL || strchr(decoded, '/') != NULL)
        return false;
    *segment = text_of(decoded);
    return true;
}

enum route_result route_find(const struct route_table *table, enum verb verb, struct text path, struct arena *arena,
                             struct route_match *match)
{
    struct search search = {.verb = verb};
    *match = (struct route_match){0};
    if (!text_starts_with(path, "/"))
        return ROUTE_NOT_FOUND; /* OPTIONS * */
    while (path.length > 0) {
        if (search.count == LIMIT_PATH_SEGMENTS)
            return ROUTE_NOT_FOUND;
        if (!decode_segment(next_segment(&path), arena, &search.segments[search.count++]))
            return ROUTE_BAD_PATH;
    }
    match->route = find_below(&search, &table->root, 0, 0);
    match->allowed = search.allowed;
    memcpy(match->variables, search.variables, sizeof search.variables);
    if (match->route != NULL)
        return ROUTE_FOUND;
    return search.allowed != 0 ? ROUTE_OTHER_VERBS : ROUTE_NOT_FOUND;
}
