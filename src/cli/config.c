/*
 * Reading the configuration.
 */
#include "cli/config.h"

#include "guard/budget.h"
#include "platform/bus/nats.h"
#include "platform/http/http.h"
#include "platform/redis/redis.h"
#include "platform/trace/otlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096
#define TOKEN_LENGTH_MIN 32

/* The field with this name, or NULL. */
static const char **field_named(struct config *config, struct text name)
{
#define CONFIG_FIND(field, variable, standard, shown, meaning)                                           \
    if (text_is(name, variable))                                                                         \
        return &config->field;
    CONFIG_TABLE(CONFIG_FIND)
#undef CONFIG_FIND
    return NULL;
}

static struct text without_comment(struct text line)
{
    for (size_t i = 0; i < line.length; i++)
        if (line.at[i] == '#' && (i == 0 || line.at[i - 1] == ' ' || line.at[i - 1] == '\t'))
            line.length = i;
    return text_trim(line);
}

static bool read_line(struct config *config, struct arena *arena, struct text line, char error[512])
{
    const char *equals;
    struct text name, value;
    const char **field;

    line = without_comment(line);
    if (!line.length)
        return true;
    equals = memchr(line.at, '=', line.length);
    if (!equals) {
        snprintf(error, 512, "`%.*s` is not a line of the form NAME = value", (int)line.length, line.at);
        return false;
    }
    name = text_trim((struct text){line.at, (size_t)(equals - line.at)});
    value = text_trim((struct text){equals + 1, line.length - (size_t)(equals + 1 - line.at)});
    field = field_named(config, name);
    if (!field) {
        snprintf(error, 512, "there is no setting called `%.*s`; `souk config check` lists them", (int)name.length, name.at);
        return false;
    }
    *field = arena_strndup(arena, value.at, value.length);
    return true;
}

static bool read_file(struct config *config, struct arena *arena, const char *path, char error[512])
{
    char line[LINE_MAX_BYTES], reason[400] = "";
    FILE *file = fopen(path, "r");
    bool fine = true;

    if (!file) {
        snprintf(error, 512, "%s can't be read: %m", path);
        return false;
    }
    for (int number = 1; fine && fgets(line, sizeof line, file); number++) {
        char detail[512];

        fine = read_line(config, arena, text_of(line), detail);
        if (!fine) {
            snprintf(reason, sizeof reason, "%.390s", detail);
            snprintf(error, 512, "%.60s line %d: %s", path, number, reason);
        }
    }
    fclose(file);
    return fine;
}

static void read_environment(struct config *config)
{
#define CONFIG_READ(field, variable, standard, shown, meaning)                                           \
    if (getenv(variable))                                                                                \
        config->field = getenv(variable);
    CONFIG_TABLE(CONFIG_READ)
#undef CONFIG_READ
}

static bool is_rate(const char *value)
{
    struct budget_rate rate;
    return strcmp(value, "none") == 0 || budget_rate_read(&rate, text_of(value));
}

static bool is_switch(const char *value)
{
    return strcmp(value, "on") == 0 || strcmp(value, "off") == 0;
}

#define GRPC_SCHEME "grpc://"
#define GRPCS_SCHEME "grpcs://"

static bool has_scheme(const char *value, const char *scheme)
{
    return strncmp(value, scheme, strlen(scheme)) == 0;
}

/* The setting of a service's address; NULL for what is no service. */
static const char *address_setting(const struct config *config, const char *service)
{
    const struct {
        const char *service, *value;
    } settings[] = {
        {"catalog", config->catalog}, {"pricing", config->pricing}, {"inventory", config->inventory}, {"cart", config->cart},
        {"order", config->order},     {"payment", config->payment}, {"checkout", config->checkout},
    };
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (strcmp(settings[i].service, service) == 0)
            return settings[i].value;
    return NULL;
}

const char *config_address_of(const struct config *config, const char *service)
{
    const char *value = address_setting(config, service);

    if (!value || !*value)
        return NULL;
    return has_scheme(value, GRPCS_SCHEME) ? value : value + strlen(GRPC_SCHEME);
}

static bool is_wrong_address(const struct config *config, const char *value)
{
    (void)config;
    return *value && ((!has_scheme(value, GRPC_SCHEME) && !has_scheme(value, GRPCS_SCHEME)) || !strrchr(strchr(value, '/'), ':'));
}

static bool lacks_certificate(const struct config *config, const char *value)
{
    return has_scheme(value, GRPCS_SCHEME) && !*config->grpc_certificate;
}

/* The first of the services' addresses of which that holds, or NULL. */
static const char *address_that(const struct config *config, bool (*holds)(const struct config *config, const char *value))
{
    const char *const values[] = {config->catalog, config->pricing, config->inventory, config->cart,
                                  config->order,   config->payment, config->checkout};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (holds(config, values[i]))
            return values[i];
    return NULL;
}

static bool is_loopback(const char *address)
{
    return has_scheme(address, "127.") || has_scheme(address, "localhost:") || has_scheme(address, "[::1]:");
}

/* Between the processes of a shop everything is believed. So who they are is known, or nobody else can come. */
static bool check_grpc(const struct config *config, char error[512])
{
    size_t files = !!*config->grpc_certificate + !!*config->grpc_key + !!*config->grpc_authority;

    if (files != 0 && files != 3)
        snprintf(error, 512, "SOUK_GRPC_CERT, SOUK_GRPC_KEY and SOUK_GRPC_CA go together, and %s is not set",
                 !*config->grpc_certificate ? "SOUK_GRPC_CERT" : !*config->grpc_key ? "SOUK_GRPC_KEY" : "SOUK_GRPC_CA");
    else if (strcmp(config->grpc_plain, "loopback") != 0 && strcmp(config->grpc_plain, "anywhere") != 0)
        snprintf(error, 512, "SOUK_GRPC_PLAIN is `%s`; it is `loopback` or `anywhere`", config->grpc_plain);
    else if (files == 0 && *config->grpc_listen && !is_loopback(config->grpc_listen) && strcmp(config->grpc_plain, "anywhere") != 0)
        snprintf(error, 512, "SOUK_GRPC_LISTEN is `%s`, and whoever reaches it there would be believed. Give SOUK_GRPC_CERT, SOUK_GRPC_KEY and "
                 "SOUK_GRPC_CA (docs/operate.md makes them), or SOUK_GRPC_PLAIN=anywhere where nobody else is in that network", config->grpc_listen);
    else if (files == 3 && *config->grpc_listen && !*config->grpc_callers)
        snprintf(error, 512, "SOUK_GRPC_CALLERS is not set, so nobody may call SOUK_GRPC_LISTEN: name who may, as their certificates do, or `*`");
    else if (address_that(config, lacks_certificate))
        snprintf(error, 512, "`%s` is reached over TLS, and SOUK_GRPC_CERT, SOUK_GRPC_KEY and SOUK_GRPC_CA are not set",
                 address_that(config, lacks_certificate));
    else
        return true;
    return false;
}

static bool is_readable(const char *name, const char *path, char error[512])
{
    if (!*path || access(path, R_OK) == 0)
        return true;
    snprintf(error, 512, "%s: %.400s can't be read: %m", name, path);
    return false;
}

bool config_nats_address(const struct config *config, struct nats_address *address, char error[512])
{
    char detail[512];

    if (!nats_address_read(address, config->bus, detail)) {
        snprintf(error, 512, "SOUK_BUS can't be used: %.400s; without NATS it is `embedded:`", detail);
        return false;
    }
    if (!*config->bus_certificate != !*config->bus_key) {
        snprintf(error, 512, "SOUK_BUS_CERT and SOUK_BUS_KEY go together, and only %s is set", *config->bus_key ? "SOUK_BUS_KEY" : "SOUK_BUS_CERT");
        return false;
    }
    address->credentials = config->bus_credentials;
    address->authorities = config->bus_authorities;
    address->certificate = config->bus_certificate;
    address->key = config->bus_key;
    return is_readable("SOUK_BUS_CREDENTIALS", config->bus_credentials, error) && is_readable("SOUK_BUS_CA", config->bus_authorities, error) &&
           is_readable("SOUK_BUS_CERT", config->bus_certificate, error) && is_readable("SOUK_BUS_KEY", config->bus_key, error);
}

static bool is_share(const char *value)
{
    char *end;
    double share = strtod(value, &end);

    return *value && !*end && share >= 0 && share <= 1;
}

int64_t config_otlp_millionths(const struct config *config)
{
    return *config->otlp ? (int64_t)(strtod(config->otlp_ratio, NULL) * 1e6 + 0.5) : 0;
}

static bool check(const struct config *config, char error[512])
{
    size_t token_length = strlen(config->admin_token);
    struct nats_address nats;
    struct redis_address redis;
    char detail[512], shown[CONFIG_SHOWN_BYTES];

    if (token_length && token_length < TOKEN_LENGTH_MIN)
        snprintf(error, 512, "SOUK_ADMIN_TOKEN has %zu characters; it needs at least %d, for example from `openssl rand -hex 32`",
                 token_length, TOKEN_LENGTH_MIN);
    else if (!http_address_is_valid(config->listen))
        snprintf(error, 512, "SOUK_LISTEN is `%s`; it is an address and a port, such as 127.0.0.1:8080 or [::1]:8080", config->listen);
    else if (*config->grpc_listen && !http_address_is_valid(config->grpc_listen))
        snprintf(error, 512, "SOUK_GRPC_LISTEN is `%s`; it is an address and a port, such as 127.0.0.1:7001", config->grpc_listen);
    else if (!*config->tls_certificate != !*config->tls_key)
        snprintf(error, 512, "SOUK_TLS_CERT and SOUK_TLS_KEY go together, and only %s is set",
                 *config->tls_key ? "SOUK_TLS_KEY" : "SOUK_TLS_CERT");
    else if (strncmp(config->store, "sqlite:", 7) != 0 && strncmp(config->store, "postgres://", 11) != 0)
        snprintf(error, 512, "SOUK_STORE is `%.300s`; it must begin with `sqlite:` or `postgres://`, for example sqlite:./data",
                 config_shown(shown, config->store));
    else if (strcmp(config->bus, "embedded:") != 0 && !config_nats_address(config, &nats, detail))
        snprintf(error, 512, "%.511s", detail);
    else if (redis_address_is(config->cache) && !redis_address_read(&redis, config->cache, detail))
        snprintf(error, 512, "SOUK_CACHE can't be used: %.400s; without Redis it is `memory:`", detail);
    else if (!redis_address_is(config->cache) && strcmp(config->cache, "memory:") != 0 && strcmp(config->cache, "none") != 0)
        snprintf(error, 512, "SOUK_CACHE is `%.300s`; it is `memory:`, redis://host:port or `none`", config_shown(shown, config->cache));
    else if (!is_rate(config->client_rate) || !is_rate(config->staff_rate))
        snprintf(error, 512, "SOUK_CLIENT_RATE is `%s`, SOUK_STAFF_RATE `%s`; a rate is two numbers, the points of a full budget (at least %d) and "
                 "those restored each second, such as 10000:1000, or `none`", config->client_rate, config->staff_rate, BUDGET_MAXIMUM_MIN);
    else if (!is_switch(config->graphql_introspection))
        snprintf(error, 512, "SOUK_GRAPHQL_INTROSPECTION is `%s`; it is `on` or `off`", config->graphql_introspection);
    else if (!is_switch(config->graphiql))
        snprintf(error, 512, "SOUK_GRAPHIQL is `%s`; it is `on` or `off`", config->graphiql);
    else if (strcmp(config->payment_provider, "test") != 0 && strcmp(config->payment_provider, "none") != 0)
        snprintf(error, 512, "SOUK_PAYMENT_PROVIDER is `%s`; this version knows `test` and `none`", config->payment_provider);
    else if (address_that(config, is_wrong_address))
        snprintf(error, 512, "`%s` is not where a service can be; write it as grpcs://host:port, or grpc://host:port without TLS",
                 address_that(config, is_wrong_address));
    else if (*config->otlp && !otlp_address_is_valid(config->otlp))
        snprintf(error, 512, "SOUK_OTLP is `%s`; it is the address of a collector, such as http://127.0.0.1:4318", config->otlp);
    else if (!is_share(config->otlp_ratio))
        snprintf(error, 512, "SOUK_OTLP_RATIO is `%s`; it is a number from 0 to 1, such as 0.1", config->otlp_ratio);
    else
        return check_grpc(config, error);
    return false;
}

bool config_read(struct config *config, struct arena *arena, const char *file, char error[512])
{
    *config = (struct config){
#define CONFIG_DEFAULT(field, variable, standard, shown, meaning) .field = (standard),
        CONFIG_TABLE(CONFIG_DEFAULT)
#undef CONFIG_DEFAULT
    };
    if (file && !read_file(config, arena, file, error))
        return false;
    read_environment(config);
    return check(config, error);
}

/* Of "user:password" the user; of a token, which is all that NATS has there, nothing. */
static size_t shown_user(struct text user, bool may_be_token)
{
    const char *colon = memchr(user.at, ':', user.length);

    return colon ? (size_t)(colon - user.at) : may_be_token ? 0 : user.length;
}

/* One of the servers of a URL, without its secrets. */
static void show_server(struct buffer *shown, struct text server, bool is_nats)
{
    const char *scheme = memmem(server.at, server.length, "://", 3);
    size_t before = scheme ? (size_t)(scheme + 3 - server.at) : 0;
    const char *at = memrchr(server.at + before, '@', server.length - before);
    struct text user = {server.at + before, at ? (size_t)(at - server.at) - before : 0};
    size_t length = shown_user(user, is_nats);

    buffer_add(shown, server.at, before + length);
    if (length < user.length)
        buffer_add_string(shown, length ? ":***" : "***");
    buffer_add(shown, server.at + before + user.length, server.length - before - user.length);
}

const char *config_shown(char shown[CONFIG_SHOWN_BYTES], const char *value)
{
    bool is_redis = redis_address_is(value), is_nats = strncmp(value, "nats://", 7) == 0 || strncmp(value, "tls://", 6) == 0;
    struct buffer servers;

    buffer_init(&servers, CONFIG_SHOWN_BYTES - 1);
    for (;;) {
        size_t length = is_redis ? strlen(value) : strcspn(value, ","); /* of Redis there is one server */

        show_server(&servers, (struct text){value, length}, is_nats || is_redis);
        if (!value[length])
            break;
        buffer_add_char(&servers, ',');
        value += length + 1;
    }
    memcpy(shown, buffer_text(&servers).at, servers.length);
    shown[servers.length] = '\0';
    buffer_release(&servers);
    return shown;
}

void config_print(const struct config *config)
{
    char without[CONFIG_SHOWN_BYTES];

#define CONFIG_PRINT(field, variable, standard, shown, meaning)                                          \
    printf("%-24s %-24s %s\n", (variable), (shown) ? config_shown(without, config->field) : *config->field ? "(set)" : "(not set)", (meaning));
    CONFIG_TABLE(CONFIG_PRINT)
#undef CONFIG_PRINT
}
