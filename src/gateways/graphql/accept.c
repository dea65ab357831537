/*
 * Each of our types gets the weight of the media range that fits it best; the heaviest wins. Of types that weigh the same, one that is
 * named wins over one that a wildcard lets in, and among those the order of `candidates`.
 */
#include "gateways/graphql/accept.h"

#include "platform/http/http.h"

static const struct candidate {
    enum graphql_media media;
    const char *type;
    const char *group;
    bool by_wildcard; /* `*` may mean it */
} candidates[] = {
    {GRAPHQL_MEDIA_RESPONSE, "application/graphql-response+json", "application/*", false},
    {GRAPHQL_MEDIA_JSON, "application/json", "application/*", true},
    {GRAPHQL_MEDIA_EVENTS, "text/event-stream", "text/*", false},
    {GRAPHQL_MEDIA_PAGE, "text/html", "text/*", false},
};
#define CANDIDATE_COUNT (sizeof candidates / sizeof candidates[0])

const char *graphql_media_type(enum graphql_media media)
{
    switch (media) {
    case GRAPHQL_MEDIA_RESPONSE:
        return "application/graphql-response+json; charset=utf-8";
    case GRAPHQL_MEDIA_EVENTS:
        return "text/event-stream; charset=utf-8";
    case GRAPHQL_MEDIA_PAGE:
        return "text/html; charset=utf-8";
    case GRAPHQL_MEDIA_NONE:
    case GRAPHQL_MEDIA_JSON:
        break;
    }
    return "application/json; charset=utf-8";
}

/* Take what is before the separator off the front of a list. */
static struct text take(struct text *list, char separator)
{
    const char *end = list->length > 0 ? memchr(list->at, separator, list->length) : NULL;
    struct text taken = {list->at, end ? (size_t)(end - list->at) : list->length};
    size_t step = taken.length + (end ? 1 : 0);
    *list = (struct text){list->at + step, list->length - step};
    return text_trim(taken);
}

/* "0.8" in thousandths; what is no weight counts as 1. */
static int weight_of(struct text text)
{
    if (text.length == 0 || text.at[0] != '0')
        return 1000;
    int weight = 0, unit = 100;
    for (size_t i = 2; i < text.length && unit > 0; i++, unit /= 10)
        if (text.at[i] >= '0' && text.at[i] <= '9')
            weight += (text.at[i] - '0') * unit;
    return weight;
}

struct range {
    struct text type;
    int weight;
    bool other_charset; /* one that we do not write */
};

static struct range read_range(struct text text)
{
    struct range range = {.type = take(&text, ';'), .weight = 1000};
    while (text.length > 0) {
        struct text parameter = take(&text, ';'), name = take(&parameter, '=');
        if (text_equal_ignoring_case(name, TEXT("q")))
            range.weight = weight_of(text_trim(parameter));
        else if (text_equal_ignoring_case(name, TEXT("charset")))
            range.other_charset = !text_equal_ignoring_case(text_trim(parameter), TEXT("utf-8")) &&
                                  !text_equal_ignoring_case(text_trim(parameter), TEXT("\"utf-8\""));
    }
    return range;
}

/* How well the range fits: 3 by name, 2 by its group, 1 as anything, 0 not at all. */
static int fit_of(const struct range *range, const struct candidate *candidate)
{
    if (range->other_charset)
        return 0;
    if (text_equal_ignoring_case(range->type, text_of(candidate->type)))
        return 3;
    if (candidate->by_wildcard && text_equal_ignoring_case(range->type, text_of(candidate->group)))
        return 2;
    return candidate->by_wildcard && text_is(range->type, "*/*") ? 1 : 0;
}

struct standing {
    int fit, weight;
};

static bool is_better(struct standing one, struct standing other)
{
    if (one.weight != other.weight)
        return one.weight > other.weight;
    return (one.fit == 3) > (other.fit == 3);
}

enum graphql_media graphql_accept(struct text accept, bool has_page)
{
    if (text_trim(accept).length == 0)
        return GRAPHQL_MEDIA_JSON;
    struct standing standings[CANDIDATE_COUNT] = {0};
    while (accept.length > 0) {
        struct range range = read_range(take(&accept, ','));
        for (size_t i = 0; i < CANDIDATE_COUNT; i++) {
            int fit = fit_of(&range, &candidates[i]);
            if (fit > standings[i].fit)
                standings[i] = (struct standing){.fit = fit, .weight = range.weight};
        }
    }
    enum graphql_media best = GRAPHQL_MEDIA_NONE;
    struct standing best_standing = {0};
    for (size_t i = 0; i < CANDIDATE_COUNT; i++) {
        if (candidates[i].media == GRAPHQL_MEDIA_PAGE && !has_page)
            continue;
        if (standings[i].weight > 0 && is_better(standings[i], best_standing)) {
            best = candidates[i].media;
            best_standing = standings[i];
        }
    }
    return best;
}
