/*
 * The machine's sockets: TCP on libuv.
 *
 *     resolving --> connecting --> open --> over (`closed` was told)
 *         \_____________\____________\_______^
 *
 * Two owners let go of a socket before its memory goes: the user, with socket_close(), and libuv, when the handle is closed and neither
 * resolving nor writing is under way. Each thing of libuv's that is under way counts.
 */
#include "platform/env/env_machine_internal.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define RECEIVE_BYTES 65536

struct machine_socket {
    struct socket socket;
    const struct socket_events *events; /* NULL once nobody listens any more */
    void *data;
    uv_tcp_t tcp;
    uv_getaddrinfo_t resolving;
    uv_connect_t connecting;
    unsigned under_way; /* of libuv's; the handle itself is one */
    bool open, over, closed_by_user;
};

struct sending {
    uv_write_t uv;
    struct machine_socket *socket;
    char bytes[];
};

static uv_loop_t *uv_of(const struct machine_socket *socket)
{
    return machine_loop_uv(socket->socket.loop);
}

/* --- ending ------------------------------------------------------------------------------------------------------ */

static void let_go(struct machine_socket *socket)
{
    if (--socket->under_way == 0 && socket->closed_by_user)
        free(socket);
}

static void on_handle_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

static void close_handle(struct machine_socket *socket)
{
    socket->open = false;
    if (socket->over)
        return;
    socket->over = true;
    uv_close((uv_handle_t *)&socket->tcp, on_handle_closed);
}

static void fail(struct machine_socket *socket, const char *why)
{
    const struct socket_events *events = socket->events;
    socket->events = NULL;
    close_handle(socket);
    if (events != NULL)
        events->closed(socket->data, why);
}

void machine_socket_close(struct socket *of_any_env)
{
    struct machine_socket *socket = (struct machine_socket *)of_any_env;
    ASSERT(!socket->closed_by_user);
    socket->events = NULL;
    socket->closed_by_user = true;
    uv_cancel((uv_req_t *)&socket->resolving); /* does nothing when it is not resolving */
    close_handle(socket);
    if (socket->under_way == 0)
        free(socket);
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    static __thread char bytes[RECEIVE_BYTES]; /* one read at a time, and what it brings is handled at once */
    (void)handle, (void)suggested;
    *room = uv_buf_init(bytes, sizeof bytes);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes)
{
    struct machine_socket *socket = stream->data;
    if (count > 0 && socket->events != NULL)
        socket->events->received(socket->data, bytes->base, (size_t)count);
    else if (count < 0)
        fail(socket, count == UV_EOF ? "The other side closed the connection." : uv_strerror((int)count));
}

static void on_connected(uv_connect_t *connecting, int status)
{
    struct machine_socket *socket = connecting->data;
    if (status != 0 || socket->events == NULL) {
        fail(socket, uv_strerror(status));
        let_go(socket);
        return;
    }
    socket->open = true;
    uv_tcp_nodelay(&socket->tcp, 1);
    ASSERT(uv_read_start((uv_stream_t *)&socket->tcp, give_room, on_read) == 0);
    socket->events->opened(socket->data);
    let_go(socket);
}

static void on_resolved(uv_getaddrinfo_t *resolving, int status, struct addrinfo *found)
{
    struct machine_socket *socket = resolving->data;
    if (status == 0 && socket->events != NULL) {
        socket->connecting.data = socket;
        status = uv_tcp_connect(&socket->connecting, &socket->tcp, found->ai_addr, on_connected);
        socket->under_way += status == 0;
    }
    uv_freeaddrinfo(found);
    if (status != 0)
        fail(socket, uv_strerror(status));
    let_go(socket);
}

/* "host:port" in two. False when it is not of that form. */
static bool split(const char *address, char host[256], char port[8])
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || strlen(colon + 1) >= 8 || colon[1] == '\0')
        return false;
    size_t length = (size_t)(colon - address);
    if (length >= 2 && address[0] == '[' && colon[-1] == ']') {
        address++;
        length -= 2;
    }
    if (length == 0 || length >= 256)
        return false;
    snprintf(host, 256, "%.*s", (int)length, address);
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

/* What is wrong from the start is told like all else: later. */
static void refuse(struct machine_socket *socket)
{
    static const struct addrinfo nothing = {.ai_family = AF_UNSPEC, .ai_flags = AI_NUMERICHOST};
    ASSERT(uv_getaddrinfo(uv_of(socket), &socket->resolving, on_resolved, "not an address", "0", &nothing) == 0);
}

struct socket *machine_socket_open(struct loop *loop, const char *address, const struct socket_events *events, void *data)
{
    static const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char host[256], port[8];
    struct machine_socket *socket = calloc(1, sizeof *socket);
    ASSERT(socket != NULL);
    socket->socket.loop = loop;
    socket->events = events;
    socket->data = data;
    ASSERT(uv_tcp_init(uv_of(socket), &socket->tcp) == 0);
    socket->tcp.data = socket->resolving.data = socket;
    socket->under_way = 2; /* the handle, and resolving */
    if (!split(address, host, port) ||
        uv_getaddrinfo(uv_of(socket), &socket->resolving, on_resolved, host, port, &wanted) != 0)
        refuse(socket);
    return &socket->socket;
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void on_written(uv_write_t *write, int status)
{
    struct sending *sending = (struct sending *)write;
    struct machine_socket *socket = sending->socket;
    free(sending);
    if (status != 0)
        fail(socket, uv_strerror(status));
    let_go(socket);
}

void machine_socket_send(struct socket *of_any_env, const void *bytes, size_t count)
{
    struct machine_socket *socket = (struct machine_socket *)of_any_env;
    if (!socket->open || count == 0)
        return;
    /* Mostly the kernel takes it at once, and nothing is to be copied. */
    uv_buf_t whole = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)count);
    int written = socket->tcp.write_queue_size == 0 ? uv_try_write((uv_stream_t *)&socket->tcp, &whole, 1) : 0;
    size_t done = written > 0 ? (size_t)written : 0;
    if (done == count)
        return;
    struct sending *sending = malloc(sizeof *sending + count - done);
    ASSERT(sending != NULL);
    sending->socket = socket;
    memcpy(sending->bytes, (const char *)bytes + done, count - done);
    uv_buf_t rest = uv_buf_init(sending->bytes, (unsigned)(count - done));
    ASSERT(uv_write(&sending->uv, (uv_stream_t *)&socket->tcp, &rest, 1, on_written) == 0);
    socket->under_way++;
}
