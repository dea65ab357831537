#include "gateways/rest/shared.h"

#include "base/assert.h"
#include "gateways/rest/headers.h"
#include "guard/security_headers.h"

/* --- from the cache ------------------------------------------------------------------------------------------------------ */

static const char *cache_control(struct arena *arena, int seconds)
{
    return arena_printf(arena, "public, max-age=0, s-maxage=%d, stale-while-revalidate=%d", seconds, seconds);
}

void shared_headers(struct visit *visit, const struct tags *tags)
{
    struct buffer *keys = visit_buffer(visit);
    tags_write(tags, keys);
    visit_header(visit, "Cache-Control", text_of(cache_control(visit->arena, visit->cache_seconds)));
    visit_header(visit, "Vary", TEXT("Authorization")); /* whoever signs in may see more */
    visit_header(visit, "Surrogate-Key", buffer_text(keys));
}

static void drop_shared(void *shared)
{
    http_shared_drop(shared);
}

static void answer_not_modified(struct http_exchange *exchange, const struct cache_answer *answer)
{
    struct http_header *headers = ARENA_ARRAY(exchange->arena, struct http_header, 3);
    headers[0] = (struct http_header){TEXT("ETag"), answer->etag};
    headers[1] = (struct http_header){TEXT("Cache-Control"), text_of(cache_control(exchange->arena, answer->seconds))};
    headers[2] = (struct http_header){TEXT("Vary"), TEXT("Authorization")};
    arena_cleanup(exchange->arena, drop_shared, answer->shared); /* the tag is part of it */
    http_respond(exchange, &(struct http_response){.status = 304, .headers = headers, .header_count = 3, .body = TEXT("")});
}

static void answer_cached(struct http_exchange *exchange, const struct cache_answer *answer, struct text if_none_match)
{
    bool unchanged = if_none_match.at != NULL && etag_matches(if_none_match, answer->etag);
    const struct route *route = answer->label;
    metrics_count(route->metrics, unchanged ? 304 : 200,
                  env_monotonic_us(exchange->loop->env) - exchange->request.started_us);
    if (unchanged)
        answer_not_modified(exchange, answer);
    else
        http_respond(exchange, &(struct http_response){.status = 200, .prepared = answer->shared});
}

/* One pass over the headers for the two that matter here; both names have 13 letters. False when the client is somebody. */
static bool is_anonymous(const struct http_request *request, struct text *if_none_match)
{
    *if_none_match = (struct text){NULL, 0};
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (header->name.length != 13)
            continue;
        if (memcmp(header->name.at, "authorization", 13) == 0)
            return false;
        if (memcmp(header->name.at, "if-none-match", 13) == 0)
            *if_none_match = header->value;
    }
    return true;
}

bool shared_answer(struct rest *rest, struct http_exchange *exchange)
{
    const struct http_request *request = &exchange->request;
    struct text if_none_match;
    struct cache_answer answer;
    if (rest->cache == NULL || !text_is(request->method, "GET") || !is_anonymous(request, &if_none_match) ||
        !cache_find(rest->cache, request->target, env_monotonic_us(exchange->loop->env), &answer))
        return false;
    answer_cached(exchange, &answer, if_none_match);
    return true;
}

/* --- flights ------------------------------------------------------------------------------------------------------------- */

static void answer_visit(struct visit *visit, const struct cache_answer *answer)
{
    answer_cached(visit->exchange, answer, http_header(&visit->exchange->request, "if-none-match"));
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
        return false;
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
    cache_fill(flight, &answer, tags->tags, tags->count, env_monotonic_us(visit->exchange->loop->env));
}

void shared_give_up(struct visit *visit)
{
    if (visit->flight != NULL)
        cache_give_up(visit->flight);
    visit->flight = NULL;
}
