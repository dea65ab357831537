/*
 * The URL of Redis. Name and password are percent-decoded; what has another meaning in a URL (`@`, `/`, `%`) is percent-encoded there.
 */
#include "platform/redis/redis.h"

#include <stdio.h>
#include <string.h>

#define SCHEME "redis://"
#define SCHEME_TLS "rediss://"
#define STANDARD_PORT 6379
#define STANDARD_WAIT_MS 5
#define WAIT_MS_MAX 10000
#define EXAMPLE "redis://:PASSWORD@127.0.0.1:6379/0"

bool redis_address_is(const char *url)
{
    return text_starts_with(text_of(url), SCHEME) || text_starts_with(text_of(url), SCHEME_TLS);
}

static bool refuse(char error[512], const char *sentence)
{
    snprintf(error, 512, "%s", sentence);
    return false;
}

/* Take what stands after the last such character off the end of the text. */
static bool take_after(struct text *text, char separator, struct text *after)
{
    const char *at = memrchr(text->at, separator, text->length);
    if (at == NULL)
        return false;
    *after = (struct text){at + 1, (size_t)(text->at + text->length - at - 1)};
    text->length = (size_t)(at - text->at);
    return true;
}

static int hex_digit(char character)
{
    const char *digits = "0123456789abcdefABCDEF", *at = character != '\0' ? strchr(digits, character) : NULL;
    return at == NULL ? -1 : at - digits < 16 ? (int)(at - digits) : (int)(at - digits - 6);
}

static bool decode(char out[REDIS_SECRET_BYTES], struct text text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.length && length + 1 < REDIS_SECRET_BYTES; i++) {
        bool encoded = text.at[i] == '%' && i + 2 < text.length && hex_digit(text.at[i + 1]) >= 0 && hex_digit(text.at[i + 2]) >= 0;
        out[length++] = encoded ? (char)(16 * hex_digit(text.at[i + 1]) + hex_digit(text.at[i + 2])) : text.at[i];
        i += encoded ? 2 : 0;
        if (out[length - 1] == '\0')
            return false;
    }
    out[length] = '\0';
    return length + 1 < REDIS_SECRET_BYTES;
}

/* "user:password" or ":password". */
static bool read_credentials(struct redis_address *address, struct text text)
{
    const char *colon = memchr(text.at, ':', text.length);
    if (colon == NULL)
        return false;
    struct text password = {colon + 1, text.length - (size_t)(colon + 1 - text.at)};
    return decode(address->user, (struct text){text.at, (size_t)(colon - text.at)}) && decode(address->password, password) &&
           *address->password != '\0';
}

/* "host", "host:port", "[::1]:port". */
static bool read_server(struct redis_address *address, struct text server)
{
    int64_t port = STANDARD_PORT;
    struct text number, host = server;
    bool bracketed = server.length > 0 && server.at[server.length - 1] == ']';
    if (!bracketed && take_after(&host, ':', &number) && (!text_to_int64(number, &port) || port < 1 || port > 65535))
        return false;
    if (host.length == 0 || host.length > 255 || memchr(host.at, ' ', host.length) != NULL)
        return false;
    if (host.at[0] != '[' && memchr(host.at, ':', host.length) != NULL)
        return false;
    snprintf(address->server, sizeof address->server, "%.*s:%d", (int)host.length, host.at, (int)port);
    return true;
}

static bool read_wait(struct redis_address *address, struct text query)
{
    const size_t name = strlen("wait_ms=");
    int64_t milliseconds;
    if (!text_starts_with(query, "wait_ms=") || !text_to_int64((struct text){query.at + name, query.length - name}, &milliseconds) ||
        milliseconds < 1 || milliseconds > WAIT_MS_MAX)
        return false;
    address->wait_us = milliseconds * 1000;
    return true;
}

static bool read_database(struct redis_address *address, struct text text)
{
    int64_t database = 0;
    if (text.length > 0 && (!text_to_int64(text, &database) || database < 0 || database > 1 << 20))
        return false;
    address->database = (int)database;
    return true;
}

bool redis_address_read(struct redis_address *address, const char *url, char error[512])
{
    struct text rest = text_of(url), credentials, part;
    *address = (struct redis_address){.wait_us = STANDARD_WAIT_MS * 1000};
    if (text_starts_with(rest, SCHEME_TLS))
        return refuse(error, "Souk speaks to Redis without TLS, so it can't be `rediss://`: use redis:// in a private network, or by way of "
                             "stunnel or another proxy beside this process");
    if (!text_starts_with(rest, SCHEME))
        return refuse(error, "an address of Redis begins with `redis://`, for example " EXAMPLE);
    rest = (struct text){rest.at + strlen(SCHEME), rest.length - strlen(SCHEME)};
    /* The password first: it may have any character. */
    struct text server = rest;
    if (take_after(&rest, '@', &server)) {
        credentials = rest;
        if (!read_credentials(address, credentials))
            return refuse(error, "what stands before `@` in an address of Redis is `user:password` or `:password`, for example " EXAMPLE);
    }
    if (take_after(&server, '?', &part) && !read_wait(address, part))
        return refuse(error, "after `?` in an address of Redis stands how long to wait for it, from wait_ms=1 to wait_ms=10000");
    if (take_after(&server, '/', &part) && !read_database(address, part))
        return refuse(error, "after the server of Redis stands the number of a database, for example " EXAMPLE);
    if (!read_server(address, server))
        return refuse(error, "the server of Redis is written host:port, for example " EXAMPLE);
    return true;
}
