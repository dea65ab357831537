#include "gateways/rest/page.h"

#include "gateways/rest/docs.h"
#include "gateways/rest/headers.h"
#include "gateways/rest/openapi.h"
#include "gateways/rest/visit.h"

/* --- entry points ------------------------------------------------------------------------------------------------------- */

static void write_entry_link(struct json_writer *json, const char *rel, const char *href, const char *verb)
{
    json_write_key(json, rel);
    json_write_object_open(json);
    json_write_key(json, "href");
    json_write_string(json, href);
    if (verb != NULL) {
        json_write_key(json, "method");
        json_write_string(json, verb);
    }
    json_write_object_close(json);
}

static bool is_open(const struct route *route, const struct actor *actor)
{
    if (route->method == NULL || route->variable_count > 0)
        return false;
    const char *scope = route->method->scope;
    return scope == NULL || (actor->scopes & scope_named(text_of(scope))) != 0;
}

/* What can be read is named as its last segment, "products" of "/v1/products"; what begins something as its operation, "createCart". */
static void write_route_link(struct json_writer *json, const struct route *route, struct arena *arena)
{
    if (route->verb == VERB_GET)
        write_entry_link(json, strrchr(route->path, '/') + 1, route->path, NULL);
    else if (route->verb == VERB_POST)
        write_entry_link(json, route_operation_id(route, arena), route->path, verb_name(route->verb));
}

static void entry_page(struct visit *visit)
{
    struct buffer *body = visit_buffer(visit);
    struct json_writer json;
    json_write_init(&json, body);
    json_write_object_open(&json);
    json_write_key(&json, "name");
    json_write_string(&json, "Souk");
    json_write_key(&json, "version");
    json_write_string(&json, visit->rest->options.version);
    json_write_key(&json, "_links");
    json_write_object_open(&json);
    write_entry_link(&json, "self", visit->route->path, NULL);
    for (const struct route *route = route_first(visit->rest->routes); route != NULL; route = route->next)
        if (is_open(route, &visit->call->actor))
            write_route_link(&json, route, visit->arena);
    write_entry_link(&json, "graphql", "/graphql", NULL);
    write_entry_link(&json, "service-desc", "/openapi.json", NULL);
    write_entry_link(&json, "service-doc", "/docs", NULL);
    json_write_object_close(&json);
    json_write_object_close(&json);
    visit_send(visit, 200, "application/json", buffer_text(body));
}

/* --- health ------------------------------------------------------------------------------------------------------------- */

static void health_page(struct visit *visit)
{
    visit_send(visit, 200, "application/json", TEXT("{\"status\":\"alive\"}"));
}

static void readiness_page(struct visit *visit)
{
    const struct rest_options *options = &visit->rest->options;
    struct buffer *body = visit_buffer(visit), *checks = visit_buffer(visit);
    struct json_writer json, inner;
    json_write_init(&inner, checks);
    json_write_object_open(&inner);
    bool ready = options->ready == NULL || options->ready(options->data, &inner);
    json_write_object_close(&inner);

    json_write_init(&json, body);
    json_write_object_open(&json);
    json_write_key(&json, "status");
    json_write_string(&json, ready ? "ready" : "not_ready");
    json_write_key(&json, "checks");
    json_write_raw(&json, buffer_text(checks));
    json_write_object_close(&json);
    visit_send(visit, ready ? 200 : 503, "application/json", buffer_text(body));
}

static void write_cache_metrics(struct cache *cache, struct buffer *out)
{
    struct cache_counts counts = cache_counts(cache);
    const struct {
        const char *name, *kind;
        uint64_t value;
    } rows[] = {
        {"souk_cache_hits_total", "counter", counts.hits},       {"souk_cache_misses_total", "counter", counts.misses},
        {"souk_cache_fills_total", "counter", counts.fills},     {"souk_cache_refused_total", "counter", counts.refused},
        {"souk_cache_purged_total", "counter", counts.purged},   {"souk_cache_evicted_total", "counter", counts.evicted},
        {"souk_cache_entries", "gauge", counts.entries},         {"souk_cache_bytes", "gauge", counts.bytes},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        buffer_printf(out, "# TYPE %s %s\n%s %llu\n", rows[i].name, rows[i].kind, rows[i].name,
                      (unsigned long long)rows[i].value);
}

static void metrics_page(struct visit *visit)
{
    const struct rest_options *options = &visit->rest->options;
    struct buffer *body = visit_buffer(visit);
    metrics_write(visit->rest->metrics, body);
    if (visit->rest->cache != NULL)
        write_cache_metrics(visit->rest->cache, body);
    if (options->metrics != NULL)
        options->metrics(options->data, body);
    visit_send(visit, 200, visit->route->page_type, buffer_text(body));
}

/* --- the reference: written at start, the same until the end -------------------------------------------------------------- */

static void send_reference(struct visit *visit, struct text body)
{
    struct text etag = text_of(etag_make(visit->arena, false, 0, body));
    struct text condition = http_header(&visit->exchange->request, "if-none-match");
    visit_header(visit, "ETag", etag);
    visit_header(visit, "Cache-Control", TEXT("public, max-age=60"));
    if (text_starts_with(text_of(visit->route->page_type), "text/html"))
        visit_header(visit, "Content-Security-Policy", TEXT(DOCS_SECURITY_POLICY));
    if (condition.at != NULL && etag_matches(condition, etag))
        visit_send(visit, 304, NULL, TEXT(""));
    else
        visit_send(visit, 200, visit->route->page_type, body);
}

static void openapi_page(struct visit *visit)
{
    send_reference(visit, buffer_text(&visit->rest->openapi));
}

static void docs_page(struct visit *visit)
{
    send_reference(visit, buffer_text(&visit->rest->docs));
}

static void problems_page(struct visit *visit)
{
    send_reference(visit, buffer_text(&visit->rest->docs_problems));
}

void pages_add(struct route_table *routes)
{
    const char *json = "application/json", *html = "text/html; charset=utf-8", *text = "text/plain; version=0.0.4; charset=utf-8";
    route_add_page(routes, "/", entry_page, json, "Where to begin.");
    route_add_page(routes, "/v1", entry_page, json, "Where to begin: links to all collections, to what can be created, and to GraphQL.");
    route_add_page(routes, "/openapi.json", openapi_page, "application/openapi+json", "This reference, for programs: OpenAPI 3.1.");
    route_add_page(routes, "/docs", docs_page, html, "This reference, for people.");
    route_add_page(routes, "/docs/problems", problems_page, html, "What can go wrong, by the codes of problem documents.");
    route_add_page(routes, "/healthz", health_page, json, "Whether the process is alive.");
    route_add_page(routes, "/readyz", readiness_page, json, "Whether it can serve, dependency by dependency; 503 when it can't.");
    route_add_page(routes, "/metrics", metrics_page, text, "What is counted, for Prometheus.");
}
