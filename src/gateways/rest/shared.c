#include "gateways/rest/shared.h"

#include "base/assert.h"
#include "base/id.h"
#include "gateways/rest/headers.h"
#include "gateways/trace.h"
#include "guard/security_headers.h"

/* --- from the cache ------------------------------------------------------------------------------------------------------ */

static const char *cache_control(struct arena *arena, int seconds)
{
    static const char first[] = "public, max-age=0, s-maxage=", second[] = ", stale-while-revalidate=";
    char *text = arena_alloc(arena, sizeof first + sizeof second + 2 * TEXT_INT64_BYTES), *at = stpcpy(text, first);
    at += text_write_int64(at, seconds);
    at = stpcpy(at, second);
    text_write_int64(at, seconds);
    return text;
}

void shared_headers(struct visit *visit, const struct tags *tags)
{
    struct buffer *keys = visit_buffer(visit);
    tags_write(tags, keys);
    visit_header(visit, "Cache-Control", text_of(cache_control(visit->arena, visit->cache_seconds)));
    visit_header(visit, "Vary", TEXT("Authorization")); /* whoever signs in may see more */
    visit_header(visit, "Surrogate-Key", buffer_text(keys));
}

/* What is each exchange's own, even where the answer is everybody's: its trace, and for clients that trace its id, which nobody else would
 * note. */
#define OWN_HEADERS 2
static const struct http_header *own_headers(const struct http_exchange *exchange, const char *operation, int status, bool traced)
{
    struct http_header *headers = ARENA_ARRAY(exchange->arena, struct http_header, OWN_HEADERS);
    headers[0] = (struct http_header){TEXT("traceparent"), text_of(trace_begin_alone(exchange, operation, status))};
    if (!traced)
        return headers;
    char *id = arena_alloc(exchange->arena, ID_LENGTH + 1);
    env_new_id(exchange->loop->env, id);
    headers[1] = (struct http_header){TEXT("x-request-id"), {id, ID_LENGTH}};
    return headers;
}

static void drop_shared(void *shared)
{
    http_shared_drop(shared);
}

static void answer_not_modified(struct http_exchange *exchange, const struct cache_answer *answer)
{
    const struct route *route = answer->label;
    struct http_header *headers = ARENA_ARRAY(exchange->arena, struct http_header, 4);
    headers[0] = (struct http_header){TEXT("ETag"), answer->etag};
    headers[1] = (struct http_header){TEXT("Cache-Control"), text_of(cache_control(exchange->arena, answer->seconds))};
    headers[2] = (struct http_header){TEXT("Vary"), TEXT("Authorization")};
    headers[3] = (struct http_header){TEXT("traceparent"), text_of(trace_begin_alone(exchange, route->method->full_name, 304))};
    arena_cleanup(exchange->arena, drop_shared, answer->shared); /* the tag is part of it */
    http_respond(exchange, &(struct http_response){.status = 304, .headers = headers, .header_count = 4, .body = TEXT("")});
}

/* What the headers say that matters for an answer that everybody gets. */
struct asking {
    bool anonymous, traced;
    struct text if_none_match;
};

/* One pass over the headers. */
static struct asking asking_of(const struct http_request *request)
{
    struct asking asking = {.anonymous = true};
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (header->name.length == 11 && memcmp(header->name.at, "traceparent", 11) == 0)
            asking.traced = true;
        if (header->name.length != 13)
            continue;
        if (memcmp(header->name.at, "authorization", 13) == 0)
            asking.anonymous = false;
        if (memcmp(header->name.at, "if-none-match", 13) == 0)
            asking.if_none_match = header->value;
    }
    return asking;
}

static void answer_cached(struct http_exchange *exchange, const struct cache_answer *answer, const struct asking *asking, int64_t now_us)
{
    bool unchanged = asking->if_none_match.at != NULL && etag_matches(asking->if_none_match, answer->etag);
    const struct route *route = answer->label;
    metrics_count(route->metrics, unchanged ? 304 : 200, now_us - exchange->request.started_us);
    if (unchanged) {
        answer_not_modified(exchange, answer);
        return;
    }
    struct http_response response = {.status = 200, .prepared = answer->shared};
    response.headers = own_headers(exchange, route->method->full_name, 200, asking->traced);
    response.header_count = asking->traced ? OWN_HEADERS : 1;
    http_respond(exchange, &response);
}

bool shared_answer(struct rest *rest, struct http_exchange *exchange)
{
    const struct http_request *request = &exchange->request;
    struct cache_answer answer;
    if (rest->cache == NULL || !text_is(request->method, "GET"))
        return false;
    struct asking asking = asking_of(request);
    int64_t now_us = env_monotonic_us(exchange->loop->env);
    if (!asking.anonymous || !cache_find(rest->cache, request->target, now_us, &answer))
        return false;
    answer_cached(exchange, &answer, &asking, now_us);
    return true;
}

/* --- flights ------------------------------------------------------------------------------------------------------------- */

static void answer_visit(struct visit *visit, const struct cache_answer *answer)
{
    struct asking asking = asking_of(&visit->exchange->request);
    answer_cached(visit->exchange, answer, &asking, env_monotonic_us(visit->exchange->loop->env));
}

/* What another's flight brought. Nothing: then each asks for itself, rather than all wait for the next one again. */
static void on_flight_over(struct cache_waiter *waiter)
{
    struct visit *visit = (struct visit *)((char *)waiter - offsetof(struct visit, waiter));
    if (waiter->answer.shared != NULL)
        answer_visit(visit, &waiter->answer);
    else
        visit_call(visit);
}

/* What another process made is kept here, as if this one had. */
static void on_looked(struct shared_lookup *lookup, const struct shared_found *found)
{
    struct visit *visit = (struct visit *)((char *)lookup - offsetof(struct visit, lookup));
    if (found == NULL) {
        visit_call(visit);
        return;
    }
    struct cache_answer answer = found->answer;
    answer.label = visit->route;
    http_shared_hold(answer.shared);
    cache_fill(visit->flight, &answer, found->tags, found->tag_count, found->made_us);
    visit->flight = NULL;
    answer_visit(visit, &answer);
}

static bool look_elsewhere(struct visit *visit, struct text key)
{
    struct shared_cache *second = visit->rest->options.shared_cache;
    char *name = arena_alloc(visit->arena, key.length + 2);
    if (second == NULL)
        return false;
    memcpy(name, "r:", 2);
    memcpy(name + 2, key.at, key.length);
    visit->lookup = (struct shared_lookup){.done = on_looked, .loop = visit->exchange->loop, .key = {name, key.length + 2}};
    return shared_cache_look(second, &visit->lookup);
}

bool shared_take(struct visit *visit)
{
    if (visit->rest->cache == NULL || visit->cache_seconds == 0 || !text_is(visit->exchange->request.method, "GET"))
        return false;
    struct buffer *key = visit_buffer(visit);
    visit_write_target(visit, NULL, key);
    visit->waiter = (struct cache_waiter){.loop = visit->exchange->loop, .resume = on_flight_over};
    struct cache_answer answer;
    switch (cache_take(visit->rest->cache, buffer_text(key), env_monotonic_us(visit->exchange->loop->env), &answer,
                       &visit->waiter, &visit->flight)) {
    case CACHE_FOUND:
        answer_visit(visit, &answer);
        return true;
    case CACHE_WAIT:
        return true;
    case CACHE_LEAD:
        return look_elsewhere(visit, buffer_text(key));
    }
    ASSERT(!"a turn of enum cache_turn");
}

/* --- filling ------------------------------------------------------------------------------------------------------------- */

/* The whole answer but for what is one exchange's own; the tag comes first. */
static struct http_shared *prepare(const struct visit *visit, struct text body, struct text etag)
{
    struct http_header headers[3 + SECURITY_HEADER_COUNT + VISIT_HEADERS_MAX] = {
        {TEXT("ETag"), etag},
        {TEXT("Content-Type"), TEXT("application/json")},
        {TEXT("Content-Security-Policy"), TEXT(SECURITY_POLICY_OF_DATA)},
    };
    size_t count = 3;
    for (size_t i = 0; i < SECURITY_HEADER_COUNT; i++)
        headers[count++] = security_headers[i];
    for (size_t i = 0; i < visit->header_count; i++)
        if (!text_is(visit->headers[i].name, "ETag"))
            headers[count++] = visit->headers[i];
    return http_shared_prepare(headers, count, body);
}

void shared_fill(struct visit *visit, struct text body, struct text etag, const struct tags *tags)
{
    struct cache_flight *flight = visit->flight;
    if (flight == NULL)
        return;
    visit->flight = NULL;
    size_t header_count;
    struct http_shared *shared = prepare(visit, body, etag);
    struct cache_answer answer = {
        .shared = shared,
        .etag = http_shared_headers(shared, &header_count)[0].value,
        .label = visit->route,
        .seconds = visit->cache_seconds,
    };
    shared_cache_fill(&visit->lookup, &answer, tags->tags, tags->count);
    cache_fill(flight, &answer, tags->tags, tags->count, env_monotonic_us(visit->exchange->loop->env));
}

void shared_give_up(struct visit *visit)
{
    if (visit->flight != NULL)
        cache_give_up(visit->flight);
    visit->flight = NULL;
}
