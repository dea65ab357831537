/*
 * For tests: a client of HTTP/2 that does as it is told. nghttp2's client session over a socket, or over TLS; what came is kept by stream.
 */
#ifndef SOUK_PLATFORM_HTTP2_CLIENT_TEST_H
#define SOUK_PLATFORM_HTTP2_CLIENT_TEST_H

#include "platform/http/http_server_test.h"

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <poll.h>

#define ANSWERS_MAX 512

struct answer {
    int32_t id;
    int status;
    char head[4096];     /* "name: value\n" each, but for date; trailers too */
    char body[2048];     /* the first of it */
    size_t body_length;
    size_t body_in_order; /* bytes that follow the pattern of `large` */
    bool closed;
    uint32_t error;
};

struct client {
    int fd;
    SSL *ssl; /* NULL: in the clear */
    nghttp2_session *session;
    struct answer answers[ANSWERS_MAX];
    size_t answer_count;
    bool goaway;
    uint32_t goaway_error;
    int32_t goaway_last;
    bool ended;         /* the server closed the connection */
    bool settings_came;
    bool reads_no_data; /* opens no windows */
    struct arena *arena; /* for what is sent */
};

static inline struct answer *answer_of(struct client *client, int32_t id)
{
    for (size_t i = 0; i < client->answer_count; i++)
        if (client->answers[i].id == id)
            return &client->answers[i];
    assert_true(client->answer_count < ANSWERS_MAX);
    client->answers[client->answer_count] = (struct answer){.id = id};
    return &client->answers[client->answer_count++];
}

static inline int client_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                                   const uint8_t *value, size_t value_length, uint8_t flags, void *data)
{
    (void)session, (void)flags;
    struct answer *answer = answer_of(data, frame->hd.stream_id);
    if (name_length == 7 && memcmp(name, ":status", 7) == 0)
        answer->status = atoi((const char *)value);
    else if (!(name_length == 4 && memcmp(name, "date", 4) == 0))
        snprintf(answer->head + strlen(answer->head), sizeof answer->head - strlen(answer->head), "%.*s: %.*s\n", (int)name_length,
                 (const char *)name, (int)value_length, (const char *)value);
    return 0;
}

static inline int client_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t length, void *data)
{
    (void)flags;
    struct client *client = data;
    struct answer *answer = answer_of(client, id);
    for (size_t i = 0; i < length; i++) {
        size_t at = answer->body_length + i;
        answer->body_in_order += bytes[i] == (uint8_t)(at % 251);
        if (at < sizeof answer->body - 1)
            answer->body[at] = (char)bytes[i];
    }
    answer->body_length += length;
    if (!client->reads_no_data)
        nghttp2_session_consume(session, id, length);
    return 0;
}

static inline int client_on_close(nghttp2_session *session, int32_t id, uint32_t error, void *data)
{
    (void)session;
    struct answer *answer = answer_of(data, id);
    answer->closed = true;
    answer->error = error;
    return 0;
}

static inline int client_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    (void)session;
    struct client *client = data;
    if (frame->hd.type == NGHTTP2_SETTINGS)
        client->settings_came = true;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        client->goaway = true;
        client->goaway_error = frame->goaway.error_code;
        client->goaway_last = frame->goaway.last_stream_id;
    }
    return 0;
}

/* Everything that the session wants to say. */
static inline void client_say(struct client *client)
{
    const uint8_t *bytes;
    ssize_t length;
    while ((length = nghttp2_session_mem_send(client->session, &bytes)) > 0) {
        if (client->ssl)
            SSL_write(client->ssl, bytes, (int)length);
        else
            say_bytes(client->fd, (const char *)bytes, (size_t)length);
    }
}

/* What has come, or comes within so many milliseconds. False when nothing did. */
static inline bool client_hear(struct client *client, int wait_ms)
{
    static uint8_t bytes[1 << 16];
    struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};
    if (client->ended || (!(client->ssl && SSL_has_pending(client->ssl)) && poll(&poll_fd, 1, wait_ms) <= 0))
        return false;
    ssize_t count = client->ssl ? SSL_read(client->ssl, bytes, sizeof bytes) : recv(client->fd, bytes, sizeof bytes, 0);
    if (count <= 0) {
        client->ended = true;
        return false;
    }
    if (nghttp2_session_mem_recv(client->session, bytes, (size_t)count) < 0)
        client->ended = true;
    return true;
}

/* Talk until the condition holds, which it has to, or say what came. */
#define TALK_UNTIL(client, condition)                                                                    \
    do {                                                                                                 \
        int talk_tries = 0;                                                                              \
        client_say(client);                                                                              \
        while (!(condition) && !(client)->ended && talk_tries < 200) {                                   \
            talk_tries += !client_hear(client, 50);                                                      \
            client_say(client);                                                                          \
        }                                                                                                \
        assert_true(condition);                                                                          \
    } while (0)

static inline struct client *client_over(int fd, SSL *ssl)
{
    struct client *client = calloc(1, sizeof *client);
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *options;
    assert_true(client && fd >= 0);
    client->fd = fd;
    client->ssl = ssl;
    client->arena = arena_new(LIMIT_CALL_ARENA);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, client_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, client_on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, client_on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, client_on_frame);
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_max_send_header_block_length(options, 1 << 20);
    assert_int_equal(nghttp2_session_client_new2(&client->session, callbacks, client, options), 0);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, NULL, 0);
    return client;
}

static inline struct client *client_dial(const struct world *world)
{
    struct client *client = client_over(dial(world), NULL);
    TALK_UNTIL(client, client->settings_came);
    return client;
}

static inline void client_close(struct client *client)
{
    nghttp2_session_del(client->session);
    SSL_free(client->ssl);
    arena_free(client->arena);
    close(client->fd);
    free(client);
}

/* A body that is sent as the windows allow. */
struct upload {
    size_t left;
    bool ends; /* the stream, when nothing is left; otherwise more never comes */
};

static inline ssize_t client_read_upload(nghttp2_session *session, int32_t id, uint8_t *room, size_t length, uint32_t *flags,
                                         nghttp2_data_source *source, void *data)
{
    (void)session, (void)id, (void)data;
    struct upload *upload = source->ptr;
    size_t here = length < upload->left ? length : upload->left;
    memset(room, 'b', here);
    upload->left -= here;
    if (upload->left == 0 && upload->ends)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    else if (here == 0)
        return NGHTTP2_ERR_DEFERRED;
    return (ssize_t)here;
}

#define FIELDS_MAX 1200

/* Ask with exactly these fields: "name: value\n" each, pseudo-fields too (":path: /"). */
static inline int32_t client_ask_exactly(struct client *client, const char *fields, struct upload *upload)
{
    static nghttp2_nv list[FIELDS_MAX];
    size_t count = 0;
    fields = arena_strdup(client->arena, fields);
    while (*fields) {
        const char *colon = strchr(fields + 1, ':');
        size_t line = strcspn(fields, "\n");
        assert_true(count < FIELDS_MAX);
        list[count++] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)fields,
                                     .namelen = (size_t)(colon - fields),
                                     .value = (uint8_t *)(uintptr_t)(colon + 2),
                                     .valuelen = line - (size_t)(colon + 2 - fields),
                                     .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME}; /* or it would be put in lower case */
        fields += line + 1;
    }
    nghttp2_data_provider body = {.source.ptr = upload, .read_callback = client_read_upload};
    int32_t id = nghttp2_submit_request(client->session, NULL, list, count, upload ? &body : NULL, NULL);
    assert_true(id > 0);
    answer_of(client, id);
    return id;
}

static inline int32_t client_ask(struct client *client, const char *method, const char *path, const char *more,
                                 struct upload *upload)
{
    static char fields[1 << 18];
    snprintf(fields, sizeof fields, ":method: %s\n:scheme: http\n:authority: shop.example\n:path: %s\n%s", method, path, more);
    return client_ask_exactly(client, fields, upload);
}

/* The whole answer. */
static inline struct answer *client_get(struct client *client, const char *path)
{
    int32_t id = client_ask(client, "GET", path, "", NULL);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    return answer_of(client, id);
}

#endif
