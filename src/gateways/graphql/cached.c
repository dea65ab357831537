#include "gateways/graphql/cached.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/rest/headers.h"
#include "gateways/trace.h"
#include "guard/security_headers.h"

#include <stddef.h>

static struct cache *cache_of(const struct graphql_visit *visit)
{
    return visit->graphql->cache;
}

static int64_t now_of(const struct graphql_visit *visit)
{
    return env_monotonic_us(visit->exchange->loop->env);
}

/* The same address gives bytes of other types to those who accept others. */
static struct text key_of(const struct graphql_visit *visit)
{
    struct text target = visit->exchange->request.target;
    char *key = arena_alloc(visit->arena, target.length + 1);
    key[0] = visit->media == GRAPHQL_MEDIA_RESPONSE ? 'r' : 'j';
    memcpy(key + 1, target.at, target.length);
    return (struct text){key, target.length + 1};
}

static bool is_for_cache(const struct graphql_visit *visit)
{
    const struct http_request *request = &visit->exchange->request;
    return cache_of(visit) != NULL && text_is(request->method, "GET") && http_header(request, "authorization").at == NULL &&
           (visit->media == GRAPHQL_MEDIA_JSON || visit->media == GRAPHQL_MEDIA_RESPONSE);
}

/* --- from the cache ------------------------------------------------------------------------------------------------------ */

static const char *cache_control(struct arena *arena, int seconds)
{
    return arena_printf(arena, "public, max-age=0, s-maxage=%d, stale-while-revalidate=%d", seconds, seconds);
}

static void drop_shared(void *shared)
{
    http_shared_drop(shared);
}

static bool has_it(const struct graphql_visit *visit, struct text etag)
{
    struct text condition = http_header(&visit->exchange->request, "if-none-match");
    return condition.at != NULL && etag_matches(condition, etag);
}

static void answer_with(struct graphql_visit *visit, const struct cache_answer *answer)
{
    if (!has_it(visit, answer->etag)) {
        trace_name(visit->call, "GraphQL");
        trace_status(visit->call, "http.response.status_code", 200, false);
        struct http_header *trace = ARENA_NEW(visit->arena, struct http_header);
        *trace = (struct http_header){TEXT("traceparent"), text_of(visit->call->trace_parent)};
        http_respond(visit->exchange, &(struct http_response){.status = 200, .headers = trace, .header_count = 1, .prepared = answer->shared});
        return;
    }
    arena_cleanup(visit->arena, drop_shared, answer->shared); /* the tag is part of it */
    visit_add_header(visit, "ETag", answer->etag);
    visit_add_header(visit, "Cache-Control", text_of(cache_control(visit->arena, answer->seconds)));
    visit_add_header(visit, "Vary", TEXT("Accept, Authorization"));
    http_respond(visit->exchange,
                 &(struct http_response){.status = 304, .headers = visit->headers, .header_count = visit->header_count, .body = TEXT("")});
}

bool cached_answer(struct graphql_visit *visit)
{
    struct cache_answer answer;
    if (!is_for_cache(visit) || !cache_find(cache_of(visit), key_of(visit), now_of(visit), &answer))
        return false;
    answer_with(visit, &answer);
    return true;
}

/* --- flights ------------------------------------------------------------------------------------------------------------- */

static void on_flight_over(struct cache_waiter *waiter)
{
    struct graphql_visit *visit = (struct graphql_visit *)((char *)waiter - offsetof(struct graphql_visit, waiter));
    if (waiter->answer.shared != NULL)
        answer_with(visit, &waiter->answer);
    else
        visit->go_on(visit);
}

/* What another process made is kept here, as if this one had. */
static void on_looked(struct shared_lookup *lookup, const struct shared_found *found)
{
    struct graphql_visit *visit = (struct graphql_visit *)((char *)lookup - offsetof(struct graphql_visit, lookup));
    if (found == NULL) {
        visit->go_on(visit);
        return;
    }
    struct cache_answer answer = found->answer;
    http_shared_hold(answer.shared);
    cache_fill(visit->flight, &answer, found->tags, found->tag_count, found->made_us);
    visit->flight = NULL;
    answer_with(visit, &answer);
}

static bool look_elsewhere(struct graphql_visit *visit)
{
    struct shared_cache *second = visit->graphql->options.shared_cache;
    struct text key = key_of(visit);
    char *name = arena_alloc(visit->arena, key.length + 2);
    if (second == NULL)
        return false;
    memcpy(name, "g:", 2);
    memcpy(name + 2, key.at, key.length);
    visit->lookup = (struct shared_lookup){.done = on_looked, .loop = visit->exchange->loop, .key = {name, key.length + 2}};
    return shared_cache_look(second, &visit->lookup);
}

bool cached_take(struct graphql_visit *visit, void (*go_on)(struct graphql_visit *visit))
{
    if (!is_for_cache(visit) || visit->operation->kind != DOCUMENT_QUERY || execution_cache_seconds_planned(visit->execution) == 0)
        return false;
    visit->go_on = go_on;
    visit->waiter = (struct cache_waiter){.loop = visit->exchange->loop, .resume = on_flight_over};
    struct cache_answer answer;
    switch (cache_take(cache_of(visit), key_of(visit), now_of(visit), &answer, &visit->waiter, &visit->flight)) {
    case CACHE_FOUND:
        answer_with(visit, &answer);
        return true;
    case CACHE_WAIT:
        return true;
    case CACHE_LEAD:
        return look_elsewhere(visit);
    }
    ASSERT(!"a turn of enum cache_turn");
}

bool cached_is_shared(const struct graphql_visit *visit)
{
    return visit->is_get && visit->operation->kind == DOCUMENT_QUERY && visit->call->actor.kind == ACTOR_ANONYMOUS &&
           http_header(&visit->exchange->request, "authorization").at == NULL && execution_cache_seconds(visit->execution) > 0;
}

/* --- filling ------------------------------------------------------------------------------------------------------------- */

static void tell_shared_caches(struct graphql_visit *visit)
{
    struct buffer *keys = answer_buffer(visit);
    tags_write(execution_tags(visit->execution), keys);
    visit_add_header(visit, "Cache-Control", text_of(cache_control(visit->arena, execution_cache_seconds(visit->execution))));
    visit_add_header(visit, "Vary", TEXT("Accept, Authorization"));
    visit_add_header(visit, "Surrogate-Key", buffer_text(keys));
}

/* The whole answer but for what is one exchange's own; the tag comes first. */
static struct http_shared *prepare(const struct graphql_visit *visit, struct text body, struct text etag)
{
    struct http_header headers[3 + SECURITY_HEADER_COUNT + ANSWER_HEADERS_MAX] = {
        {TEXT("ETag"), etag},
        {TEXT("Content-Type"), text_of(graphql_media_type(visit->media))},
        {TEXT("Content-Security-Policy"), TEXT(SECURITY_POLICY_OF_DATA)},
    };
    size_t count = 3;
    for (size_t i = 0; i < SECURITY_HEADER_COUNT; i++)
        headers[count++] = security_headers[i];
    for (size_t i = 0; i < visit->header_count; i++)
        headers[count++] = visit->headers[i];
    return http_shared_prepare(headers, count, body);
}

bool cached_fill(struct graphql_visit *visit, struct text body)
{
    struct text etag = text_of(etag_make(visit->arena, false, 0, body));
    tell_shared_caches(visit);
    if (visit->flight != NULL) {
        const struct tags *tags = execution_tags(visit->execution);
        size_t header_count;
        struct http_shared *shared = prepare(visit, body, etag);
        struct cache_answer answer = {
            .shared = shared,
            .etag = http_shared_headers(shared, &header_count)[0].value,
            .seconds = execution_cache_seconds(visit->execution),
        };
        shared_cache_fill(&visit->lookup, &answer, tags->tags, tags->count);
        cache_fill(visit->flight, &answer, tags->tags, tags->count, now_of(visit));
        visit->flight = NULL;
    }
    visit_add_header(visit, "ETag", etag);
    return has_it(visit, etag);
}

void cached_give_up(struct graphql_visit *visit)
{
    if (visit->flight != NULL)
        cache_give_up(visit->flight);
    visit->flight = NULL;
}
