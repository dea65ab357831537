/*
 * What answers have in common, whatever the framing.
 */
#include "base/log.h"
#include "platform/http/http_internal.h"

#include <stdio.h>

bool http_response_is_clean(const struct http_response *response)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (!http1_is_field_value(response->headers[i].value)) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)response->headers[i].name.length, response->headers[i].name.at);
            LOG_ERROR("an answer's header holds a control character", log_text("header", name));
            return false;
        }
    }
    return true;
}

bool http_status_has_body(int status)
{
    return status != 204 && status != 304;
}

struct http_response http_problem(const struct http_handler *handler, struct arena *arena, int status, const char *detail)
{
    static const struct http_header headers[] = {{TEXT("content-type"), TEXT("application/problem+json")}};
    struct buffer body;
    buffer_init(&body, LIMIT_HTTP_BODY);
    handler->refuse(handler->data, status, detail, &body);
    char *copy = arena_strndup(arena, buffer_text(&body).at, body.length);
    size_t length = body.length;
    buffer_release(&body);
    return (struct http_response){.status = status, .headers = headers, .header_count = 1, .body = {copy, length}};
}
