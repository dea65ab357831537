/*
 * Sockets that whoever started us has opened: LISTEN_FDS and LISTEN_PID, as systemd has it (sd_listen_fds(3)) and others after it.
 *
 * Such a socket outlives the process. While one Souk stops and the next one starts, the kernel goes on taking connections in its name and keeps
 * them for whoever accepts next: a restart makes clients wait and turns nobody away. Which socket is for what, its address says.
 *
 * Every loop has a duplicate of its own. With one socket for an address all loops take from the same queue; where there are several
 * (ReusePort=yes), the kernel deals out, and every one must be listened to, so there are at least as many loops.
 */
#include "base/assert.h"
#include "platform/http/http_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */
#define SOCKETS_MAX 64 /* as many as there may be loops, which must listen to each */

static int sockets[SOCKETS_MAX];
static size_t socket_count;
static size_t next_of[SOCKETS_MAX]; /* how often each was given to a loop */

static bool variable_is(const char *name, int64_t *value)
{
    const char *text = getenv(name);

    return text && text_to_int64(text_of(text), value);
}

static bool listens_at(int fd, const struct addrinfo *at)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof own;

    if (getsockname(fd, (struct sockaddr *)&own, &length) != 0 || own.ss_family != at->ai_family)
        return false;
    if (own.ss_family == AF_INET) {
        const struct sockaddr_in *left = (const void *)&own, *right = (const void *)at->ai_addr;
        return left->sin_port == right->sin_port && left->sin_addr.s_addr == right->sin_addr.s_addr;
    }
    const struct sockaddr_in6 *left = (const void *)&own, *right = (const void *)at->ai_addr;
    return left->sin6_port == right->sin6_port && memcmp(&left->sin6_addr, &right->sin6_addr, sizeof left->sin6_addr) == 0;
}

/* An address may have several meanings: ":8080" is 0.0.0.0 and [::]. */
static bool is_at(int fd, const char *address)
{
    char error[256];
    struct addrinfo *all = http_resolve(address, error);
    bool found = false;

    for (const struct addrinfo *at = all; at; at = at->ai_next)
        found = found || listens_at(fd, at);
    if (all)
        freeaddrinfo(all);
    return found;
}

static void say_where(int fd, char text[80])
{
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    char host[INET6_ADDRSTRLEN], port[8];

    if (getsockname(fd, (struct sockaddr *)&own, &length) == 0 && own.ss_family != AF_UNIX &&
        getnameinfo((struct sockaddr *)&own, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(text, 80, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
    else
        snprintf(text, 80, "something that is no port");
}

bool http_sockets_take(const char *const *addresses, size_t address_count, char error[256])
{
    int64_t process, count;

    ASSERT(socket_count == 0);
    if (!variable_is("LISTEN_PID", &process) || process != getpid() || !variable_is("LISTEN_FDS", &count))
        return true;
    if (count < 0 || count > SOCKETS_MAX) {
        snprintf(error, 256, "LISTEN_FDS is %lld; at most %d sockets can be handed over.", (long long)count, SOCKETS_MAX);
        return false;
    }
    for (int fd = FIRST_FD; fd < FIRST_FD + (int)count; fd++) {
        bool wanted = false;
        char where[80];

        for (size_t i = 0; i < address_count; i++)
            wanted = wanted || (*addresses[i] && is_at(fd, addresses[i]));
        if (!wanted) {
            say_where(fd, where);
            snprintf(error, 256, "A socket on %s was handed over, which is neither SOUK_LISTEN nor SOUK_GRPC_LISTEN.", where);
            return false;
        }
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        sockets[socket_count++] = fd;
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return true;
}

size_t http_sockets_at(const char *address)
{
    size_t count = 0;

    for (size_t i = 0; i < socket_count; i++)
        count += is_at(sockets[i], address);
    return count;
}

int http_socket_duplicate(const char *address)
{
    size_t least = SOCKETS_MAX;

    for (size_t i = 0; i < socket_count; i++)
        if (is_at(sockets[i], address) && (least == SOCKETS_MAX || next_of[i] < next_of[least]))
            least = i;
    if (least == SOCKETS_MAX)
        return -1;
    next_of[least]++;
    return fcntl(sockets[least], F_DUPFD_CLOEXEC, 0);
}
