/*
 * The URL of a NATS bus.
 */
#include "platform/bus/nats.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define SCHEME "nats://"
#define STANDARD_SHOP "souk"

/* The shop's name is that of a stream and the first word of subjects. */
static bool read_shop(struct nats_address *address, struct text name)
{
    if (name.length == 0 || name.length >= NATS_SHOP_BYTES)
        return false;
    for (size_t i = 0; i < name.length; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", name.at[i]) == NULL)
            return false;
    memcpy(address->shop, name.at, name.length);
    address->shop[name.length] = '\0';
    return true;
}

static bool is_server(struct text server)
{
    const char *colon = memrchr(server.at, ':', server.length), *at = memrchr(server.at, '@', server.length);
    int64_t port;
    if (colon == NULL || (at != NULL && colon < at))
        return false;
    struct text host = {at != NULL ? at + 1 : server.at, 0};
    host.length = (size_t)(colon - host.at);
    struct text number = {colon + 1, server.length - (size_t)(colon + 1 - server.at)};
    return host.length > 0 && memchr(host.at, ' ', host.length) == NULL && text_to_int64(number, &port) && port > 0 && port < 65536;
}

static bool add_server(struct nats_address *address, struct text server)
{
    if (text_starts_with(server, SCHEME)) {
        server.at += strlen(SCHEME);
        server.length -= strlen(SCHEME);
    }
    if (address->server_count == NATS_SERVERS_MAX || server.length + sizeof SCHEME > NATS_SERVER_BYTES || !is_server(server))
        return false;
    snprintf(address->servers[address->server_count++], NATS_SERVER_BYTES, SCHEME "%.*s", (int)server.length, server.at);
    return true;
}

static bool add_servers(struct nats_address *address, struct text servers)
{
    for (;;) {
        const char *comma = memchr(servers.at, ',', servers.length);
        size_t length = comma != NULL ? (size_t)(comma - servers.at) : servers.length;
        if (!add_server(address, text_trim((struct text){servers.at, length})))
            return false;
        if (comma == NULL)
            return true;
        servers.at += length + 1;
        servers.length -= length + 1;
    }
}

/* Nothing of the URL is in what is said of it: there may be a password in it. */
bool nats_address_read(struct nats_address *address, const char *url, char error[512])
{
    struct text rest = text_of(url);
    *address = (struct nats_address){.shop = STANDARD_SHOP};
    if (!text_starts_with(rest, SCHEME)) {
        snprintf(error, 512, "an address of NATS begins with `nats://`, for example nats://127.0.0.1:4222");
        return false;
    }
    rest.at += strlen(SCHEME);
    rest.length -= strlen(SCHEME);
    const char *host = memrchr(rest.at, '@', rest.length); /* a password may have a slash */
    size_t before = host != NULL ? (size_t)(host - rest.at) : 0;
    /* each further server may repeat the scheme */
    const char *last = memrchr(rest.at, ',', rest.length);
    if (last != NULL && (size_t)(last - rest.at) > before)
        before = (size_t)(last - rest.at);
    const char *scheme = memmem(rest.at + before, rest.length - before, SCHEME, strlen(SCHEME));
    if (scheme != NULL)
        before = (size_t)(scheme - rest.at) + strlen(SCHEME);
    const char *slash = memchr(rest.at + before, '/', rest.length - before);
    if (slash != NULL) {
        struct text shop = {slash + 1, rest.length - (size_t)(slash + 1 - rest.at)};
        rest.length = (size_t)(slash - rest.at);
        if (!read_shop(address, shop)) {
            snprintf(error, 512, "a name of the shop behind the servers, of up to %d of a-z 0-9 _ -, for example "
                     "nats://127.0.0.1:4222/souk", NATS_SHOP_BYTES - 1);
            return false;
        }
    }
    if (!add_servers(address, rest)) {
        snprintf(error, 512, "the servers of NATS are written host:port, up to %d of them with commas between, for example "
                 "nats://10.0.0.1:4222,10.0.0.2:4222,10.0.0.3:4222", NATS_SERVERS_MAX);
        return false;
    }
    return true;
}
