/*
 * The HTTP server alone, on one loop, with one page of 2 KB: what bench/http_against_nginx measures.
 *
 *     http_page ADDRESS       /composed has its head written for each request; everything else is prepared
 */
#include "base/assert.h"
#include "platform/http/http.h"

#include <stdio.h>
#include <string.h>

#define PAGE_BYTES 2048

static char body[PAGE_BYTES];
static struct http_shared *page;
static const struct http_header headers[] = {
    {TEXT("Content-Type"), TEXT("text/html; charset=utf-8")},
    {TEXT("ETag"), TEXT("\"0123456789abcdef\"")},
    {TEXT("Cache-Control"), TEXT("public, max-age=0, must-revalidate")},
};
#define HEADER_COUNT (sizeof headers / sizeof headers[0])

static size_t body_maximum(void *data, const struct http_request *request)
{
    (void)data;
    (void)request;
    return 0;
}

static void handle(void *data, struct http_exchange *exchange)
{
    (void)data;
    struct http_response response = {
        .status = 200, .headers = headers, .header_count = HEADER_COUNT, .body = {body, PAGE_BYTES}};
    if (!text_is(exchange->request.path, "/composed"))
        response = (struct http_response){.prepared = http_shared_hold(page)};
    http_respond(exchange, &response);
}

static void refuse(void *data, int status, const char *detail, struct buffer *problem)
{
    (void)data;
    buffer_printf(problem, "{\"status\":%d,\"detail\":\"%s\"}", status, detail);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: http_page ADDRESS\n");
        return 2;
    }
    memset(body, 'x', sizeof body);
    page = http_shared_prepare(headers, HEADER_COUNT, (struct text){body, sizeof body});

    char error[256];
    struct loop *loop = machine_loop_new(env_machine());
    const struct http_handler handler = {.body_maximum = body_maximum, .handle = handle, .refuse = refuse};
    if (!http_server_start(loop, arguments[1], &handler, error)) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    machine_loop_run(loop);
    return 0;
}
