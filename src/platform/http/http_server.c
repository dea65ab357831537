/*
 * The HTTP server of one loop: the listening socket, the connections, their time-outs, and the end. See http_internal.h for the
 * parts.
 *
 * Once a round, before the loop sleeps, the connections that were woken are advanced: what became ready in the round leaves
 * together. Once a second, while there are connections, a sweep looks at all of them: time-outs are in tens of seconds, so a
 * timer for each, restarted for each request, would buy nothing. The sweep also writes the Date line anew.
 *
 * Stopping: clients are sent away one by one, since one that keeps its connection may send a request at the very moment in which it is
 * closed, and would not know whether anybody has read it.
 *
 *     serving --http_server_stop--> farewell --all that were there have left,--> draining --all have left--> stopped
 *                                              or LIMIT_FAREWELL_MS
 *
 * In both states every answer says `Connection: close`, on HTTP/2 there is GOAWAY, and only a connection that has been silent for
 * LIMIT_FAREWELL_MS is closed unasked. During the farewell new connections are still taken, so that nobody waits for the slowest. Then
 * the listening socket is closed: what the kernel has accepted in our name is taken before, but for a socket that was handed over
 * (http_sockets.c), whose queue our successor finds. After LIMIT_DRAIN_MS what is left is cut.
 */
#include "base/assert.h"
#include "base/log.h"
#include "platform/http/http_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 1024
#define SWEEP_MS 1000
#define SWEEP_STOPPING_MS 50

/* --- the date --- */

static void write_date(struct http_server *server)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = (time_t)(env_now_us(server->loop->env) / 1000000);
    struct tm utc;
    gmtime_r(&now, &utc);
    int length = snprintf(server->date, sizeof server->date, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[utc.tm_wday],
                          utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    ASSERT(length == sizeof server->date - 1);
}

/* --- listening --- */

#define HOST_BYTES 256

/* "[::1]:8080": the host's colons are no port's. */
static bool is_bracketed(const char *address, const char *colon)
{
    return address[0] == '[' && colon > address + 1 && colon[-1] == ']';
}

bool http_address_is_valid(const char *address)
{
    const char *colon = strrchr(address, ':');
    int64_t port;
    if (!colon || !text_to_int64(text_of(colon + 1), &port) || port < 0 || port > 65535)
        return false;
    size_t length = (size_t)(colon - address);
    return length < HOST_BYTES && (is_bracketed(address, colon) || !memchr(address, ':', length));
}

struct addrinfo *http_resolve(const char *address, char error[256])
{
    char host[HOST_BYTES];
    if (!http_address_is_valid(address)) {
        snprintf(error, 256, "\"%s\" is not an address and a port, such as 127.0.0.1:8080 or [::1]:8080.", address);
        return NULL;
    }
    const char *colon = strrchr(address, ':');
    bool bracketed = is_bracketed(address, colon);
    size_t length = (size_t)(colon - address);
    snprintf(host, sizeof host, "%.*s", (int)(bracketed ? length - 2 : length), address + bracketed);

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found);
    if (failure != 0) {
        snprintf(error, 256, "Can't listen on %s: %s.", address, gai_strerror(failure));
        return NULL;
    }
    return found;
}

/* A bound socket, or -1 with a sentence. Sharing, each loop has a socket of its own on the same port, and the kernel deals the
 * connections out. */
static int open_socket(const char *address, bool sharing, char error[256])
{
    struct addrinfo *at = http_resolve(address, error);
    if (!at)
        return -1;
    int yes = 1, share = sharing;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                 setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof share) == 0 &&
                 bind(fd, at->ai_addr, at->ai_addrlen) == 0;
    freeaddrinfo(at);
    if (bound)
        return fd;
    snprintf(error, 256, "Can't listen on %s: %s.", address, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool http_address_is_free(const char *address, char error[256])
{
    if (http_sockets_at(address) > 0)
        return true; /* it is ours already */
    int fd = open_socket(address, false, error);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int bound_port(const uv_tcp_t *listener)
{
    struct sockaddr_storage address;
    int length = sizeof address;
    ASSERT(uv_tcp_getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct http_server *server = listener->data;
    if (status < 0)
        server->accept_failures++; /* out of file descriptors; libuv turns the client away */
    else
        connection_accept(server, -1);
}

/* --- connections --- */

static void on_sweep(uv_timer_t *timer);

bool server_make_room(struct http_server *server)
{
    if (atomic_load_explicit(&server->open, memory_order_relaxed) < server->patience.connections_max)
        return true;
    struct connection *connection;
    TAILQ_FOREACH(connection, &server->connections, in_all) {
        if (connection_is_idle(connection)) {
            http_connection_close(connection);
            return true;
        }
    }
    return false;
}

void server_add_connection(struct http_server *server, struct connection *connection)
{
    connection->came_late = server->stopping;
    server->guests += !server->stopping;
    TAILQ_INSERT_TAIL(&server->connections, connection, in_all);
    http_count(&server->open, 1);
    if (!uv_is_active((uv_handle_t *)&server->sweep)) {
        write_date(server);
        uv_timer_start(&server->sweep, on_sweep, server->patience.sweep_ms, server->patience.sweep_ms);
    }
}

static void go_on_stopping(struct http_server *server);

void server_remove_connection(struct http_server *server, bool came_late)
{
    http_count(&server->open, -1);
    server->guests -= !came_late;
    if (server->stopping)
        go_on_stopping(server);
    else if (atomic_load_explicit(&server->open, memory_order_relaxed) == 0)
        uv_timer_stop(&server->sweep); /* with nobody there the loop sleeps on */
}

/* The round ends: let what became ready go. Advancing one may wake it again, or another. */
static void on_before_sleep(uv_prepare_t *prepare)
{
    struct http_server *server = prepare->data;
    struct connection *connection;
    while ((connection = TAILQ_FIRST(&server->awake)) != NULL) {
        TAILQ_REMOVE(&server->awake, connection, in_awake);
        connection->awake = false;
        connection_advance(connection);
    }
}

/* A connection that is closed leaves the list at once, so the next is taken beforehand; it can't be closed by its neighbour. */
static void sweep(struct http_server *server, uint64_t now_ms)
{
    bool cut = server->stopping && now_ms - server->stopping_since_ms > server->patience.drain_ms;
    for (struct connection *connection = TAILQ_FIRST(&server->connections), *next; connection; connection = next) {
        next = TAILQ_NEXT(connection, in_all);
        if (cut)
            http_connection_close(connection);
        else if (server->stopping || connection->is_old)
            connection_stop(connection);
        if (!connection->closing)
            connection_check_time(connection, now_ms);
    }
}

static void on_sweep(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    write_date(server);
    sweep(server, uv_now(server->uv));
    if (server->accept_failures > 0)
        LOG_WARNING("connections could not be taken", log_int("count", (int64_t)server->accept_failures));
    server->accept_failures = 0;
    if (server->stopping)
        go_on_stopping(server);
}

/* --- start and stop --- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->handles > 0)
        return;
    void (*stopped)(void *data) = server->stopped;
    void *data = server->stopped_data;
    free(server);
    if (stopped)
        stopped(data);
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_handle_closed);
}

static void close_own_handles(struct http_server *server)
{
    close_handle(&server->listener);
    close_handle(&server->before_sleep);
    close_handle(&server->sweep);
}

static void init_handles(struct http_server *server)
{
    ASSERT(uv_tcp_init(server->uv, &server->listener) == 0);
    ASSERT(uv_prepare_init(server->uv, &server->before_sleep) == 0);
    ASSERT(uv_timer_init(server->uv, &server->sweep) == 0);
    server->listener.data = server->before_sleep.data = server->sweep.data = server;
    server->handles = 3;
}

struct http_server *http_server_start(struct loop *loop, const char *address, const struct http_handler *handler,
                                      char error[256])
{
    int fd = http_socket_duplicate(address);
    bool handed_over = fd >= 0;
    if (!handed_over)
        fd = open_socket(address, true, error);
    if (fd < 0)
        return NULL;

    struct http_server *server = calloc(1, sizeof *server);
    ASSERT(server);
    *server = (struct http_server){
        .loop = loop,
        .uv = machine_loop_uv(loop),
        .handler = *handler,
        .handed_over = handed_over,
        .patience = {LIMIT_HTTP_HEAD_MS, LIMIT_HTTP_BODY_MS, LIMIT_HTTP_IDLE_MS, LIMIT_HTTP_WRITE_MS, LIMIT_HTTP_LINGER_MS,
                     LIMIT_DRAIN_MS, SWEEP_MS, LIMIT_HTTP_CONNECTIONS, LIMIT_FAREWELL_MS,
                     LIMIT_HTTP2_SILENCE_MS},
    };
    /* Writing to a client that has gone is a result, not a signal; libuv leaves that to its user. */
    signal(SIGPIPE, SIG_IGN);
    TAILQ_INIT(&server->connections);
    TAILQ_INIT(&server->awake);
    init_handles(server);
    uv_prepare_start(&server->before_sleep, on_before_sleep);
    ASSERT(uv_tcp_open(&server->listener, fd) == 0); /* which owns the socket from here */
    int failure = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    if (failure != 0) {
        snprintf(error, 256, "Can't listen on %s: %s.", address, uv_strerror(failure));
        close_own_handles(server);
        return NULL;
    }
    server->port = bound_port(&server->listener);
    return server;
}

/* What the kernel has accepted in our name would be reset with the listening socket. */
static void accept_the_last(struct http_server *server)
{
    int listener;
    ASSERT(uv_fileno((uv_handle_t *)&server->listener, &listener) == 0);
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
        connection_accept(server, fd);
}

static bool farewell_is_over(const struct http_server *server)
{
    return server->guests == 0 || uv_now(server->uv) - server->stopping_since_ms > server->patience.farewell_ms;
}

static void go_on_stopping(struct http_server *server)
{
    if (!uv_is_closing((uv_handle_t *)&server->listener) && farewell_is_over(server)) {
        if (!server->handed_over)
            accept_the_last(server);
        close_handle(&server->listener);
    }
    if (uv_is_closing((uv_handle_t *)&server->listener) && atomic_load_explicit(&server->open, memory_order_relaxed) == 0)
        close_own_handles(server);
}

void http_server_stop(struct http_server *server, void (*stopped)(void *data), void *data)
{
    ASSERT(!server->stopping);
    server->stopping = true;
    server->stopping_since_ms = uv_now(server->uv);
    server->stopped = stopped;
    server->stopped_data = data;
    uv_timer_start(&server->sweep, on_sweep, SWEEP_STOPPING_MS, SWEEP_STOPPING_MS);
    go_on_stopping(server);
}

void http_server_use_tls(struct http_server *server, struct tls_identity *identity)
{
    server->tls = identity;
}

void http_server_renew(struct http_server *server)
{
    struct connection *connection;
    TAILQ_FOREACH(connection, &server->connections, in_all)
        connection->is_old = true;
    sweep(server, uv_now(server->uv));
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

struct http_counts http_server_counts(const struct http_server *server)
{
    return (struct http_counts){
        .connections = atomic_load_explicit(&server->open, memory_order_relaxed),
        .answered = atomic_load_explicit(&server->answered, memory_order_relaxed),
        .refused = atomic_load_explicit(&server->refused, memory_order_relaxed),
    };
}
