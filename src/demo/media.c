/*
 * GET /media/demo/mug-indigo.svg
 */
#include "demo/demo.h"
#include "demo/picture.h"

#define FOLDER "/media/demo/"
/* The largest drawing has 2 KB. */
#define PICTURE_BYTES_MAX 8192

static void respond(struct http_exchange *exchange, int status, struct text type, struct text body)
{
    const struct http_header headers[] = {
        {TEXT("content-type"), type},
        {TEXT("cache-control"), TEXT("public, max-age=86400")},
        {TEXT("x-content-type-options"), TEXT("nosniff")},
        {TEXT("content-security-policy"), TEXT("default-src 'none'; style-src 'unsafe-inline'")},
    };
    http_respond(exchange, &(struct http_response){
                               .status = status,
                               .headers = headers,
                               .header_count = sizeof headers / sizeof *headers,
                               .body = body,
                           });
}

/* "/media/demo/mug-indigo.svg" as "mug-indigo"; empty for what is no picture. */
static struct text picture_name(struct text path)
{
    size_t folder = sizeof FOLDER - 1, ending = sizeof ".svg" - 1;
    if (path.length < folder + ending || memcmp(path.at + path.length - ending, ".svg", ending) != 0)
        return TEXT("");
    return (struct text){path.at + folder, path.length - folder - ending};
}

bool demo_media_respond(struct http_exchange *exchange)
{
    const struct http_request *request = &exchange->request;
    if (!text_starts_with(request->path, FOLDER) || !(text_is(request->method, "GET") || text_is(request->method, "HEAD")))
        return false;

    struct buffer drawing;
    buffer_init(&drawing, PICTURE_BYTES_MAX);
    if (picture_draw(picture_name(request->path), &drawing)) {
        char *body = arena_strndup(exchange->arena, drawing.at, drawing.length);
        respond(exchange, 200, TEXT("image/svg+xml"), (struct text){body, drawing.length});
    } else {
        respond(exchange, 404, TEXT("text/plain; charset=utf-8"), TEXT("There is no such picture.\n"));
    }
    buffer_release(&drawing);
    return true;
}
