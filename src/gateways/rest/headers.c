#include "gateways/rest/headers.h"

#include "base/limits.h"
#include "guard/budget.h"

/* --- Idempotency-Key ------------------------------------------------------------------------------------------------ */

static bool is_visible(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return true;
}

static bool read_key(struct visit *visit)
{
    struct call *call = visit->call;
    struct text key = http_header(&visit->exchange->request, "idempotency-key");
    bool is_unsafe = visit->route->verb != VERB_GET;
    if (key.at == NULL && is_unsafe && visit->route->method->key_required) {
        call_refuse(call, RESULT_IDEMPOTENCY_KEY_REQUIRED, "Send an Idempotency-Key, a fresh one for each thing you want done, and the "
                                                           "same one when you ask again.");
        return false;
    }
    if (key.at == NULL || !is_unsafe)
        return true;
    if (key.length == 0 || key.length > LIMIT_IDEMPOTENCY_KEY || !is_visible(key)) {
        call_refuse(call, RESULT_BAD_REQUEST, "An Idempotency-Key is 1 to %d visible characters of ASCII.", LIMIT_IDEMPOTENCY_KEY);
        return false;
    }
    const struct http_request *request = &visit->exchange->request;
    call->idempotency_key = arena_strndup(call->arena, key.at, key.length);
    call->from = client_address(call->arena, request->peer, http_header(request, "x-forwarded-for"));
    return true;
}

/* --- entity tags ------------------------------------------------------------------------------------------------------ */

/* By hand: printf() took longer than the rest of it. */
static char *write_hex(char *at, uint64_t number)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[number >> shift & 15];
    return at;
}

const char *etag_make(struct arena *arena, bool has_version, int64_t version, struct text body)
{
    char *tag = arena_alloc(arena, sizeof "\"-\"" + TEXT_INT64_BYTES + 16), *at = tag;
    *at++ = '"';
    if (has_version) {
        at += text_write_int64(at, version);
        *at++ = '-';
    }
    at = write_hex(at, text_checksum(body));
    *at = '"';
    return tag;
}

/* Take the next tag, with its quotes and without W/, off a list. False at the end, and where it is not a list of tags. */
static bool next_tag(struct text *list, struct text *tag, bool *weak)
{
    while (list->length > 0 && (list->at[0] == ',' || list->at[0] == ' ' || list->at[0] == '\t'))
        *list = (struct text){list->at + 1, list->length - 1};
    *weak = text_starts_with(*list, "W/");
    if (*weak)
        *list = (struct text){list->at + 2, list->length - 2};
    if (!text_starts_with(*list, "\""))
        return false;
    const char *end = memchr(list->at + 1, '"', list->length - 1);
    if (end == NULL)
        return false;
    *tag = (struct text){list->at, (size_t)(end + 1 - list->at)};
    *list = (struct text){end + 1, list->length - tag->length};
    return true;
}

bool etag_matches(struct text if_none_match, struct text etag)
{
    struct text tag;
    bool weak;
    if (text_is(text_trim(if_none_match), "*"))
        return true;
    while (next_tag(&if_none_match, &tag, &weak))
        if (text_equal(tag, etag))
            return true;
    return false;
}

/* The version in "\"7-0f3a…\""; what is no version of ours is one that nothing has. */
static int64_t version_of(struct text tag)
{
    struct text inside = {tag.at + 1, tag.length - 2};
    const char *dash = memchr(inside.at, '-', inside.length);
    if (dash != NULL)
        inside.length = (size_t)(dash - inside.at);
    int64_t version;
    return text_to_int64(inside, &version) && version >= 0 ? version : INT64_MAX;
}

/* A resource has one version, so of several tags at most one can fit; we take one, and ask for it to be strong. */
static bool read_condition(struct visit *visit)
{
    struct call *call = visit->call;
    struct text condition = http_header(&visit->exchange->request, "if-match");
    if (condition.at == NULL || visit->route->verb == VERB_GET || visit->route->verb == VERB_POST)
        return true;
    if (text_is(text_trim(condition), "*"))
        return true;
    struct text tag, further;
    bool weak, further_weak;
    if (!next_tag(&condition, &tag, &weak) || weak || next_tag(&condition, &further, &further_weak) || condition.length > 0) {
        call_refuse(call, RESULT_BAD_REQUEST, "If-Match takes one strong ETag as we gave it, in quotes, or *.");
        return false;
    }
    call->if_version = version_of(tag);
    return true;
}

/* --- together ----------------------------------------------------------------------------------------------------------- */

bool headers_read(struct visit *visit)
{
    /* Where the time went is for those who run the shop: a `Server-Timing` header of any value asks for it. */
    visit->timed = http_header(&visit->exchange->request, "server-timing").at != NULL &&
                   (visit->call->actor.scopes & SCOPE_OPERATIONS) != 0;
    if (visit->route->method == NULL)
        return true;
    return read_key(visit) && read_condition(visit);
}
