/*
 * The configuration: a file of `NAME = value` lines, overridden by environment variables of the same names (twelve-factor).
 *
 *     SOUK_LISTEN = 127.0.0.1:8080
 *     SOUK_STORE  = sqlite:./data      # and so on: `souk config check` prints what holds
 */
#ifndef SOUK_CLI_CONFIG_H
#define SOUK_CLI_CONFIG_H

#include "base/arena.h"
#include "base/text.h"

/* name, default, may be shown, what it is */
#define CONFIG_TABLE(ROW)                                                                                              \
    ROW(listen, "SOUK_LISTEN", "127.0.0.1:8080", true, "address of REST, GraphQL and pages")                           \
    ROW(tls_certificate, "SOUK_TLS_CERT", "", true, "file with the certificate and its chain (PEM): turns TLS on")     \
    ROW(tls_key, "SOUK_TLS_KEY", "", true, "file with the certificate's key (PEM); both are read again on SIGHUP")     \
    ROW(store, "SOUK_STORE", "sqlite:./data", true, "where services keep their data")                                  \
    ROW(bus, "SOUK_BUS", "embedded:", true, "how events travel between processes: `embedded:`, nats://host:port,… or tls://…") \
    ROW(bus_credentials, "SOUK_BUS_CREDENTIALS", "", true, "file that says who we are to NATS: .creds, or the seed of an nkey") \
    ROW(bus_authorities, "SOUK_BUS_CA", "", true, "file of those who may certify its servers (PEM), besides the machine's own") \
    ROW(bus_certificate, "SOUK_BUS_CERT", "", true, "file with our certificate (PEM), for servers of NATS that ask for one") \
    ROW(bus_key, "SOUK_BUS_KEY", "", true, "file with its key (PEM)")                                                   \
    ROW(cache, "SOUK_CACHE", "memory:", true, "where rendered answers are kept; redis://… also shares them, and limits, between processes; `none`: nowhere")                      \
    ROW(admin_token, "SOUK_ADMIN_TOKEN", "", false, "bearer token with every scope, at least 32 characters")           \
    ROW(services, "SOUK_SERVICES", "all", true, "services that run in this process, separated by commas")              \
    ROW(grpc_listen, "SOUK_GRPC_LISTEN", "", true, "address for other processes of this shop, not for the world; none: no others") \
    ROW(grpc_certificate, "SOUK_GRPC_CERT", "", true, "file with this process's certificate for the others (PEM): turns TLS between them on") \
    ROW(grpc_key, "SOUK_GRPC_KEY", "", true, "file with its key; all three are read again on SIGHUP")                   \
    ROW(grpc_authority, "SOUK_GRPC_CA", "", true, "file with the authority that signs the certificates of this shop's processes") \
    ROW(grpc_callers, "SOUK_GRPC_CALLERS", "", true, "names in certificates that may call here, separated by commas; `*`: every one the authority signs") \
    ROW(grpc_plain, "SOUK_GRPC_PLAIN", "loopback", true, "where SOUK_GRPC_LISTEN may be without certificates: `loopback`, `anywhere`") \
    ROW(catalog, "SOUK_CATALOG", "", true, "where the service runs, as grpcs:// or grpc://host:port of that process's SOUK_GRPC_LISTEN") \
    ROW(pricing, "SOUK_PRICING", "", true, "likewise; a service with such an address is no part of `all`")                          \
    ROW(inventory, "SOUK_INVENTORY", "", true, "likewise")                                                              \
    ROW(cart, "SOUK_CART", "", true, "likewise")                                                                        \
    ROW(order, "SOUK_ORDER", "", true, "likewise")                                                                      \
    ROW(payment, "SOUK_PAYMENT", "", true, "likewise")                                                                  \
    ROW(checkout, "SOUK_CHECKOUT", "", true, "likewise")                                                                \
    ROW(client_rate, "SOUK_CLIENT_RATE", "10000:1000", true,                                                           \
        "points an address or customer may have : gets back a second (a query 1, a change 10); `none`: no limit")      \
    ROW(staff_rate, "SOUK_STAFF_RATE", "2000000:200000", true, "the same for staff and for programs on this machine")  \
    ROW(graphql_documents, "SOUK_GRAPHQL_DOCUMENTS", "", true,                                                         \
        "folder of *.graphql or JSON file of names and texts: only these documents are executed")                      \
    ROW(graphql_introspection, "SOUK_GRAPHQL_INTROSPECTION", "on", true, "whether GraphQL tells its schema: on, off")   \
    ROW(graphiql, "SOUK_GRAPHIQL", "on", true, "whether browsers get GraphiQL at /graphql: on in development, else off") \
    ROW(payment_provider, "SOUK_PAYMENT_PROVIDER", "test", true, "who takes the money: `test` is built in, for demos")  \
    ROW(otlp, "SOUK_OTLP", "", true, "collector of traces, http://host:4318 (OTLP over HTTP); none: nothing is collected")   \
    ROW(otlp_ratio, "SOUK_OTLP_RATIO", "1", true, "share of the traces begun here that is sampled, 0 to 1; who comes with a traceparent has decided") \
    ROW(log_level, "SOUK_LOG", "info", true, "debug, info, warning or error")

struct config {
#define CONFIG_FIELD(field, name, standard, shown, meaning) const char *field;
    CONFIG_TABLE(CONFIG_FIELD)
#undef CONFIG_FIELD
};

/* Read `file` (NULL: none), then the environment. False with a sentence in `error` for a line that can't be read, a name that is not
 * known or a value that can't be right. Strings live in the arena. */
bool config_read(struct config *config, struct arena *arena, const char *file, char error[512]);

/* Where a service runs ("127.0.0.1:7001", "grpcs://10.0.0.2:7001" over TLS), if not here; NULL when nothing says so. */
const char *config_address_of(const struct config *config, const char *service);

/* Where NATS is, with the files that are named beside; they are checked to be there. False with a sentence in `error`. */
struct nats_address;
bool config_nats_address(const struct config *config, struct nats_address *address, char error[512]);

/* The share of new traces that is sampled, in millionths; 0 where nobody collects them. */
int64_t config_otlp_millionths(const struct config *config);

/* A value as it may be shown: without the passwords of its URLs. */
#define CONFIG_SHOWN_BYTES 1024
const char *config_shown(char shown[CONFIG_SHOWN_BYTES], const char *value);

/* One line per setting: name, value (secrets as "set" or "not set"), meaning. */
void config_print(const struct config *config);

#endif
