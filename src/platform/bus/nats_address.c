/*
 * The URL of a NATS bus:
 *
 *     nats://[user:password@ | token@]host:port{,[nats://][…@]host:port}[/shop]        tls:// likewise
 *
 * Name and password are those of all servers, wherever in the list they stand. They are taken out of the addresses, and so are in nothing that the client
 * library, or we, say of a server. What has another meaning in a URL (`@`, `,`, `%`) is percent-encoded there.
 */
#include "platform/bus/nats.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define STANDARD_SHOP "souk"
#define EXAMPLE "nats://127.0.0.1:4222"

static bool refuse(char error[512], const char *sentence)
{
    snprintf(error, 512, "%s", sentence);
    return false;
}

static void skip(struct text *text, size_t length)
{
    text->at += length;
    text->length -= length;
}

/* --- the shop ---------------------------------------------------------------------------------------------------- */

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

/* Where the last server begins, without its scheme, name and password: these may have slashes, the rest of it has none. */
static size_t last_server_at(struct text list)
{
    const char *host = memrchr(list.at, '@', list.length), *comma = memrchr(list.at, ',', list.length);
    const char *from = host > comma ? host : comma;
    size_t before = from != NULL ? (size_t)(from - list.at) : 0;
    const char *scheme = memmem(list.at + before, list.length - before, "://", 3);
    return scheme != NULL ? (size_t)(scheme + 3 - list.at) : before;
}

/* "host:port,host:port/shop": take the shop off its end. */
static bool take_shop(struct nats_address *address, struct text *list)
{
    size_t before = last_server_at(*list);
    const char *slash = memchr(list->at + before, '/', list->length - before);
    if (slash == NULL)
        return true;
    struct text shop = {slash + 1, list->length - (size_t)(slash + 1 - list->at)};
    list->length = (size_t)(slash - list->at);
    return read_shop(address, shop);
}

/* --- who we are -------------------------------------------------------------------------------------------------- */

static int hex_digit(char character)
{
    const char *digits = "0123456789abcdefABCDEF", *at = character != '\0' ? strchr(digits, character) : NULL;
    return at == NULL ? -1 : at - digits < 16 ? (int)(at - digits) : (int)(at - digits - 6);
}

/* With percents undone. False where it is too long or no text. */
static bool decode(char out[NATS_SECRET_BYTES], struct text text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.length && length + 1 < NATS_SECRET_BYTES; i++) {
        bool encoded = text.at[i] == '%' && i + 2 < text.length && hex_digit(text.at[i + 1]) >= 0 && hex_digit(text.at[i + 2]) >= 0;
        out[length++] = encoded ? (char)(16 * hex_digit(text.at[i + 1]) + hex_digit(text.at[i + 2])) : text.at[i];
        i += encoded ? 2 : 0;
        if ((unsigned char)out[length - 1] < ' ')
            return false;
    }
    out[length] = '\0';
    return length > 0 && length + 1 < NATS_SECRET_BYTES;
}

/* "user:password" or "token". */
static bool read_credentials(struct nats_address *address, struct text text)
{
    const char *colon = memchr(text.at, ':', text.length);
    if (colon == NULL)
        return decode(address->token, text);
    struct text password = {colon + 1, text.length - (size_t)(colon + 1 - text.at)};
    return decode(address->user, (struct text){text.at, (size_t)(colon - text.at)}) && decode(address->password, password);
}

static bool same_credentials(const struct nats_address *a, const struct nats_address *b)
{
    return strcmp(a->user, b->user) == 0 && strcmp(a->password, b->password) == 0 && strcmp(a->token, b->token) == 0;
}

/* Take name and password off a server's front. */
static bool take_credentials(struct nats_address *address, struct text *server, char error[512])
{
    struct nats_address other = {.user = ""};
    const char *at = memrchr(server->at, '@', server->length);
    if (at == NULL)
        return true;
    if (!read_credentials(&other, (struct text){server->at, (size_t)(at - server->at)}))
        return refuse(error, "what stands before `@` in an address of NATS is `user:password` or a token, for example "
                             "nats://souk:PASSWORD@127.0.0.1:4222");
    if ((*address->user != '\0' || *address->token != '\0') && !same_credentials(address, &other))
        return refuse(error, "the servers of NATS share one name and password: write these once, as in "
                             "nats://souk:PASSWORD@10.0.0.1:4222,10.0.0.2:4222");
    memcpy(address->user, other.user, sizeof other.user);
    memcpy(address->password, other.password, sizeof other.password);
    memcpy(address->token, other.token, sizeof other.token);
    skip(server, (size_t)(at + 1 - server->at));
    return true;
}

/* --- the servers ------------------------------------------------------------------------------------------------- */

#define NO_SERVERS                                                                                          \
    "the servers of NATS are written host:port, up to 9 of them with commas between, for example "          \
    "nats://10.0.0.1:4222,10.0.0.2:4222,10.0.0.3:4222"
_Static_assert(NATS_SERVERS_MAX == 9, "the sentence says so");

static bool is_server(struct text server)
{
    const char *colon = memrchr(server.at, ':', server.length);
    int64_t port;
    if (colon == NULL)
        return false;
    size_t host_length = (size_t)(colon - server.at);
    struct text number = {colon + 1, server.length - host_length - 1};
    return host_length > 0 && memchr(server.at, ' ', host_length) == NULL && memchr(server.at, '/', host_length) == NULL &&
           text_to_int64(number, &port) && port > 0 && port < 65536;
}

static bool take_scheme(struct text *text, bool *secure)
{
    *secure = text_starts_with(*text, "tls://");
    if (!*secure && !text_starts_with(*text, "nats://"))
        return false;
    skip(text, *secure ? strlen("tls://") : strlen("nats://"));
    return true;
}

static bool add_server(struct nats_address *address, struct text server, char error[512])
{
    bool secure;
    if (take_scheme(&server, &secure) && secure != address->secure)
        return refuse(error, "either all servers of NATS are `tls://` or all `nats://`");
    if (!take_credentials(address, &server, error))
        return false;
    if (address->server_count == NATS_SERVERS_MAX || server.length + sizeof "nats://" > NATS_SERVER_BYTES || !is_server(server))
        return refuse(error, NO_SERVERS);
    snprintf(address->servers[address->server_count++], NATS_SERVER_BYTES, "%s://%.*s", address->secure ? "tls" : "nats", (int)server.length,
             server.at);
    return true;
}

static bool add_servers(struct nats_address *address, struct text servers, char error[512])
{
    for (;;) {
        const char *comma = memchr(servers.at, ',', servers.length);
        size_t length = comma != NULL ? (size_t)(comma - servers.at) : servers.length;
        if (!add_server(address, text_trim((struct text){servers.at, length}), error))
            return false;
        if (comma == NULL)
            return true;
        skip(&servers, length + 1);
    }
}

/* Nothing of the URL is in what is said of it: there may be a password in it. */
bool nats_address_read(struct nats_address *address, const char *url, char error[512])
{
    struct text rest = text_of(url);
    *address = (struct nats_address){.shop = STANDARD_SHOP};
    if (!take_scheme(&rest, &address->secure))
        return refuse(error, "an address of NATS begins with `nats://` or `tls://`, for example " EXAMPLE);
    if (!take_shop(address, &rest))
        return refuse(error, "a name of the shop behind the servers, of up to 32 of a-z 0-9 _ -, for example " EXAMPLE "/souk");
    return add_servers(address, rest, error);
}
