/*
 * A client of a running server, by libcurl.
 *
 * A second connection asks for /metrics while a long request is under way: that is how far it is.
 */
#include "cli/client_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "cli/command.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A server on this machine that does not even take the connection by then is none. */
#define CONNECT_MS 1000
#define METRICS_MS 2000

struct client_server {
    struct client base;
    char *origin; /* "http://127.0.0.1:8080", or with https */
    char *authorization;
    CURL *asking, *measuring;
    struct buffer body, metrics;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct buffer *body = data;
    buffer_add(body, bytes, size * count);
    return body->overflowed ? 0 : size * count;
}

static int on_progress(void *data, curl_off_t to_receive, curl_off_t received, curl_off_t to_send, curl_off_t sent)
{
    struct client *client = data;
    (void)to_receive;
    (void)received;
    client->progress.sent = (uint64_t)sent;
    client->progress.to_send = (uint64_t)to_send;
    return 0;
}

/* With TLS the certificate itself is what the server is known by: its names are those of the shop, not of this address. */
static CURL *handle_new(const struct config *config, struct buffer *body)
{
    CURL *handle = curl_easy_init();
    ASSERT(handle != NULL);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (*config->tls_certificate) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, config->tls_certificate);
        curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return handle;
}

static void set_url(const struct client_server *server, CURL *handle, const char *target)
{
    size_t size = strlen(server->origin) + strlen(target) + 1;
    char *url = malloc(size);
    ASSERT(url != NULL);
    snprintf(url, size, "%s%s", server->origin, target);
    curl_easy_setopt(handle, CURLOPT_URL, url); /* copied */
    free(url);
}

/* --- how far it is ------------------------------------------------------------------------------------------------- */

/* The sum of a metric over all services. */
static uint64_t metric_sum(const char *metrics, const char *name)
{
    uint64_t sum = 0;
    size_t length = strlen(name);
    for (const char *at = strstr(metrics, name); at != NULL; at = strstr(at + 1, name)) {
        const char *value = at[length] == '{' ? strchr(at, '}') : NULL;
        if (value != NULL)
            sum += strtoull(value + 1, NULL, 10);
    }
    return sum;
}

static void measure(struct client *client, struct client_progress *progress)
{
    struct client_server *server = (struct client_server *)client;
    buffer_empty(&server->metrics);
    set_url(server, server->measuring, "/metrics");
    if (curl_easy_perform(server->measuring) != CURLE_OK)
        return; /* busy; the next time, then */
    buffer_add_char(&server->metrics, '\0');
    const char *metrics = server->metrics.at;
    progress->under_way = metric_sum(metrics, "souk_events_under_way");
    progress->expected = metric_sum(metrics, "souk_events_expected");
    progress->behind = metric_sum(metrics, "souk_events_behind");
}

static void rest(struct client *client)
{
    (void)client;
    usleep(1000 * CLIENT_WATCH_MS);
}

/* --- asking -------------------------------------------------------------------------------------------------------- */

/* Drive the request, and look at how far it is now and then. */
static CURLcode perform(struct client_server *server)
{
    CURLM *multi = curl_multi_init();
    CURLcode outcome = CURLE_FAILED_INIT;
    int running = 1, left;
    ASSERT(multi != NULL);
    curl_multi_add_handle(multi, server->asking);
    while (running > 0) {
        curl_multi_perform(multi, &running);
        if (running == 0)
            break;
        int ready = 0;
        curl_multi_poll(multi, NULL, 0, CLIENT_WATCH_MS, &ready);
        if (server->base.progress.sent == server->base.progress.to_send && ready == 0)
            client_tick(&server->base);
        else if (server->base.watch != NULL)
            server->base.watch(server->base.watch_data, &server->base.progress);
    }
    for (CURLMsg *message = curl_multi_info_read(multi, &left); message != NULL; message = curl_multi_info_read(multi, &left))
        if (message->msg == CURLMSG_DONE)
            outcome = message->data.result;
    curl_multi_remove_handle(multi, server->asking);
    curl_multi_cleanup(multi);
    return outcome;
}

static struct curl_slist *headers_of(const struct client_server *server, const struct client_request *request)
{
    struct curl_slist *headers = curl_slist_append(NULL, server->authorization);
    char type[128];
    headers = curl_slist_append(headers, "Expect:"); /* a refusal comes early enough without asking first */
    if (request->content_type != NULL) {
        snprintf(type, sizeof type, "Content-Type: %s", request->content_type);
        headers = curl_slist_append(headers, type);
    }
    ASSERT(headers != NULL);
    return headers;
}

static bool ask(struct client *client, const struct client_request *request, struct client_answer *answer, char error[512])
{
    struct client_server *server = (struct client_server *)client;
    struct curl_slist *headers = headers_of(server, request);
    buffer_empty(&server->body);
    set_url(server, server->asking, request->target);
    curl_easy_setopt(server->asking, CURLOPT_HTTPHEADER, headers);
    if (request->content_type != NULL) {
        curl_easy_setopt(server->asking, CURLOPT_POST, 1L);
        curl_easy_setopt(server->asking, CURLOPT_POSTFIELDS, request->body.at);
        curl_easy_setopt(server->asking, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
    } else {
        curl_easy_setopt(server->asking, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(server->asking, CURLOPT_CUSTOMREQUEST, request->method);

    CURLcode outcome = perform(server);
    curl_easy_setopt(server->asking, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (outcome != CURLE_OK) {
        snprintf(error, 512, "The server at %s did not answer: %s.", server->origin, curl_easy_strerror(outcome));
        return false;
    }
    long status = 0;
    curl_easy_getinfo(server->asking, CURLINFO_RESPONSE_CODE, &status);
    buffer_add_char(&server->body, '\0');
    *answer = (struct client_answer){.status = (int)status, .body = {server->body.at, server->body.length - 1}};
    return true;
}

/* --- following ----------------------------------------------------------------------------------------------------- */

struct following {
    CURL *handle;
    struct buffer text; /* what has come and is no whole event yet */
    void (*each)(void *data, struct text id, struct text event);
    void *data;
};

/* The value of the line that begins with `name`, of an event as the server writes them. */
static struct text line_of(struct text block, const char *name)
{
    while (block.length > 0) {
        const char *end = memchr(block.at, '\n', block.length);
        size_t length = end != NULL ? (size_t)(end - block.at) : block.length;
        struct text line = {block.at, length};
        if (text_starts_with(line, name))
            return (struct text){line.at + strlen(name), line.length - strlen(name)};
        length += end != NULL ? 1 : 0;
        block = (struct text){block.at + length, block.length - length};
    }
    return (struct text){NULL, 0};
}

static void take_blocks(struct following *following)
{
    for (;;) {
        struct text all = buffer_text(&following->text);
        const char *blank = memmem(all.at, all.length, "\n\n", 2);
        if (blank == NULL)
            return;
        struct text block = {all.at, (size_t)(blank - all.at)};
        struct text id = line_of(block, "id: "), event = line_of(block, "data: ");
        if (event.at != NULL)
            following->each(following->data, id, event);
        buffer_consume(&following->text, block.length + 2);
    }
}

static size_t on_stream(char *bytes, size_t size, size_t count, void *data)
{
    struct following *following = data;
    long status = 0;
    curl_easy_getinfo(following->handle, CURLINFO_RESPONSE_CODE, &status);
    buffer_add(&following->text, bytes, size * count);
    if (status == 200)
        take_blocks(following);
    return following->text.overflowed ? 0 : size * count;
}

static struct curl_slist *headers_to_follow(const struct client_server *server, const char *last)
{
    char line[1100];
    struct curl_slist *headers = curl_slist_append(NULL, server->authorization);
    headers = curl_slist_append(headers, "Accept: text/event-stream");
    snprintf(line, sizeof line, "Last-Event-ID: %s", last != NULL ? last : "");
    if (last != NULL)
        headers = curl_slist_append(headers, line);
    ASSERT(headers != NULL);
    return headers;
}

static bool follow(struct client *client, const char *target, const char *last,
                   void (*each)(void *data, struct text id, struct text event), void *data, char error[512])
{
    struct client_server *server = (struct client_server *)client;
    struct following following = {.each = each, .data = data};
    buffer_init(&following.text, LIMIT_ANSWER_BYTES);
    following.handle = curl_easy_duphandle(server->asking);
    ASSERT(following.handle != NULL);
    struct curl_slist *headers = headers_to_follow(server, last);
    set_url(server, following.handle, target);
    curl_easy_setopt(following.handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(following.handle, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(following.handle, CURLOPT_WRITEFUNCTION, on_stream);
    curl_easy_setopt(following.handle, CURLOPT_WRITEDATA, &following);
    /* Heartbeats come more often than this; without them the line is dead. */
    curl_easy_setopt(following.handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(following.handle, CURLOPT_LOW_SPEED_TIME, 3L * LIMIT_HEARTBEAT_MS / 1000);
    curl_easy_perform(following.handle);
    long status = 0;
    curl_easy_getinfo(following.handle, CURLINFO_RESPONSE_CODE, &status);
    bool refused = status >= 400 && status < 500;
    if (refused)
        snprintf(error, 512, "The server refused with status %ld: %.*s", status, (int)(following.text.length < 400 ? following.text.length : 400),
                 buffer_text(&following.text).at);
    curl_slist_free_all(headers);
    curl_easy_cleanup(following.handle);
    buffer_release(&following.text);
    return !refused;
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

static void close_server(struct client *client)
{
    struct client_server *server = (struct client_server *)client;
    curl_easy_cleanup(server->asking);
    curl_easy_cleanup(server->measuring);
    buffer_release(&server->body);
    buffer_release(&server->metrics);
    free(server->origin);
    free(server->authorization);
    free(server);
    curl_global_cleanup();
}

static const struct client_operations operations = {ask, measure, rest, close_server, true, follow};

static char *joined(const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 1;
    char *both = malloc(size);
    ASSERT(both != NULL);
    snprintf(both, size, "%s%s", a, b);
    return both;
}

static bool is_alive(struct client_server *server)
{
    buffer_empty(&server->metrics);
    set_url(server, server->measuring, "/healthz");
    CURLcode outcome = curl_easy_perform(server->measuring);
    bool alive = outcome == CURLE_OK || outcome == CURLE_PEER_FAILED_VERIFICATION; /* a server, and the next request will say why */
    curl_easy_setopt(server->measuring, CURLOPT_TIMEOUT_MS, (long)METRICS_MS);
    return alive;
}

struct client *client_server_open(const struct config *config, int *code, char error[512])
{
    struct client_server *server = calloc(1, sizeof *server);
    ASSERT(server != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    server->base.operations = &operations;
    buffer_init(&server->body, LIMIT_ANSWER_BYTES);
    buffer_init(&server->metrics, LIMIT_HTTP_BODY);
    server->asking = handle_new(config, &server->body);
    server->measuring = handle_new(config, &server->metrics);
    server->origin = joined(*config->tls_certificate ? "https://" : "http://", config->listen);
    server->authorization = joined("Authorization: Bearer ", config->admin_token);
    curl_easy_setopt(server->asking, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(server->asking, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(server->asking, CURLOPT_XFERINFODATA, server);
    bool alive = is_alive(server);
    if (alive && *config->admin_token != '\0')
        return &server->base;
    if (alive) {
        *code = EXIT_CONFIGURATION;
        snprintf(error, 512, "A server runs on %s. Set SOUK_ADMIN_TOKEN to the token that it was started with.", config->listen);
    }
    close_server(&server->base);
    return NULL;
}
