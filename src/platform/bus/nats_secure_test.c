/*
 * Names, passwords and certificates, against servers of NATS that this test starts itself, one after the other on one port; it is skipped where the tests run
 * without NATS. Certificates are made when it begins.
 */
#include "platform/bus/nats.h"

#include "base/assert.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#define WAIT_MS_MAX 30000
#define LOGGED_BYTES 65536
/* What must be nowhere in the log. */
#define SECRET "hush"

static char folder[] = "/tmp/souk-nats-secure-XXXXXX";
static int port;

/* --- what the log says ------------------------------------------------------------------------------------------- */

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char logged[LOGGED_BYTES];

static void on_line(void *data, struct text line)
{
    (void)data;
    pthread_mutex_lock(&log_lock);
    size_t length = strlen(logged);
    snprintf(logged + length, sizeof logged - length, "%.*s\n", (int)line.length, line.at);
    pthread_mutex_unlock(&log_lock);
}

static bool is_said(const char *words)
{
    pthread_mutex_lock(&log_lock);
    bool said = strstr(logged, words) != NULL;
    pthread_mutex_unlock(&log_lock);
    return said;
}

static void forget_said(void)
{
    pthread_mutex_lock(&log_lock);
    *logged = '\0';
    pthread_mutex_unlock(&log_lock);
}

/* --- servers ----------------------------------------------------------------------------------------------------- */

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    char command[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (system(command) != 0) {
        print_error("%s\n", command);
        ASSERT(false);
    }
}

#define CERTIFY "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%s"

/* An authority, and what it vouches for: a server at 127.0.0.1, one elsewhere, and us; and another authority. */
static void make_certificates(void)
{
    static const char *const names[][2] = {{"server", "IP:127.0.0.1"}, {"elsewhere", "DNS:elsewhere.example"}, {"client", "DNS:souk"}};
    run("cd %s && " CERTIFY " -out ca.pem -keyout ca.key 2>/dev/null", folder, "authority");
    run("cd %s && " CERTIFY " -out stranger.pem -keyout stranger.key 2>/dev/null", folder, "stranger");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        run("cd %s && " CERTIFY " -addext subjectAltName=%s -CA ca.pem -CAkey ca.key -out %s.pem -keyout %s.key 2>/dev/null", folder, names[i][0],
            names[i][1], names[i][0], names[i][0]);
}

static void stop_server(void)
{
    run("cd %s && if [ -e pid ]; then kill -KILL $(cat pid); while kill -0 $(cat pid) 2>/dev/null; do sleep 0.01; done; rm -f pid; fi", folder);
}

/* One with these lines in its configuration; whatever was there before is gone, and what JetStream had, too. */
static void start_server(const char *lines)
{
    char path[256];
    stop_server();
    snprintf(path, sizeof path, "%s/conf", folder);
    FILE *file = fopen(path, "w");
    ASSERT(file != NULL);
    fprintf(file, "listen: 127.0.0.1:%d\njetstream { store_dir: \"%s/store\" }\n%s\n", port, folder, lines);
    fclose(file);
    run("cd %s && rm -rf store && (setsid nats-server -c conf >>log 2>&1 </dev/null & echo $! >pid)", folder);
}

static void start_tls_server(const char *name, const char *more)
{
    char lines[1024];
    snprintf(lines, sizeof lines, "tls { cert_file: \"%s/%s.pem\", key_file: \"%s/%s.key\" %s }", folder, name, folder, name, more);
    start_server(lines);
}

/* --- the world --------------------------------------------------------------------------------------------------- */

struct world {
    struct bus *bus;
    struct loop *loop;
    pthread_t thread;
    struct nats_bus *nats;
    struct task stop;
    struct nats_address address;
    char files[4][256];
};

static int64_t feed_read(void *data, int64_t after, int64_t limit, bool (*each)(void *data, const struct event *event), void *each_data)
{
    (void)data;
    for (int64_t number = after + 1; number <= after + limit; number++) {
        struct event event = {.number = number, .stream = "sack/1", .key = "1", .stream_version = number, .name = "mill.Milled", .schema_version = 1,
                              .at_us = number, .actor = "staff:admin", .request_id = "r", .cause = "call", .data = {"x", 1}};
        if (!each(each_data, &event))
            return number;
    }
    return after + limit;
}

static bool feed_read_past(void *data, const struct past *past, bool (*each)(void *data, const struct event *event), void *each_data)
{
    (void)data, (void)past, (void)each, (void)each_data;
    return false;
}

static void *loop_main(void *loop)
{
    machine_loop_run(loop);
    return NULL;
}

static const char *file_named(struct world *world, size_t index, const char *name)
{
    if (name == NULL)
        return NULL;
    snprintf(world->files[index], sizeof world->files[index], "%s/%s", folder, name);
    return world->files[index];
}

/* A relay of ten events to our server, as a shop of its own there; with files of these names (NULL: none). */
static struct world *open_world(const char *before, const char *authorities, const char *own, const char *credentials)
{
    static unsigned count;
    char url[512], error[512], key[64];
    struct world *world = calloc(1, sizeof *world);
    ASSERT(world != NULL);
    forget_said();
    snprintf(url, sizeof url, "%s127.0.0.1:%d/mill%u", before, port, ++count);
    ASSERT(nats_address_read(&world->address, url, error));
    world->address.authorities = file_named(world, 0, authorities);
    snprintf(key, sizeof key, "%s.key", own != NULL ? own : "");
    world->address.key = file_named(world, 1, own != NULL ? key : NULL);
    snprintf(key, sizeof key, "%s.pem", own != NULL ? own : "");
    world->address.certificate = file_named(world, 2, own != NULL ? key : NULL);
    world->address.credentials = file_named(world, 3, credentials);
    world->loop = machine_loop_new(env_machine());
    world->bus = bus_embedded_new(env_machine());
    const struct feed feed = {.read = feed_read, .read_past = feed_read_past};
    bus_add_producer(world->bus, "mill", &feed);
    bus_publish(world->bus, "mill", 10);
    world->nats = nats_bus_new(env_machine(), world->bus, world->loop, &world->address);
    nats_bus_relay(world->nats, "mill");
    nats_bus_start(world->nats);
    ASSERT(pthread_create(&world->thread, NULL, loop_main, world->loop) == 0);
    return world;
}

static void on_stop(struct task *task)
{
    struct world *world = (struct world *)((char *)task - offsetof(struct world, stop));
    nats_bus_drain(world->nats);
    machine_loop_stop(world->loop);
}

/* Whatever was said, no secret was. */
static void close_world(struct world *world)
{
    world->stop.run = on_stop;
    loop_post(world->loop, &world->stop);
    pthread_join(world->thread, NULL);
    nats_bus_stop(world->nats);
    bus_remove_producer(world->bus, "mill");
    bus_free(world->bus);
    machine_loop_free(world->loop);
    free(world);
    assert_false(is_said(SECRET));
}

static bool events_arrive(struct world *world)
{
    for (int waited = 0; waited < WAIT_MS_MAX; waited += 10) {
        struct nats_counts counts = nats_bus_counts(world->nats);
        if (counts.ready && counts.relayed >= 10)
            return true;
        usleep(10000);
    }
    print_error("%s", logged);
    return false;
}

static bool says(const char *words)
{
    for (int waited = 0; waited < WAIT_MS_MAX; waited += 10) {
        if (is_said(words))
            return true;
        usleep(10000);
    }
    print_error("%s", logged);
    return false;
}

static void works(const char *before, const char *authorities, const char *own, const char *credentials)
{
    struct world *world = open_world(before, authorities, own, credentials);
    assert_true(events_arrive(world));
    close_world(world);
}

static void fails(const char *words, const char *before, const char *authorities, const char *own, const char *credentials)
{
    struct world *world = open_world(before, authorities, own, credentials);
    assert_true(says(words));
    assert_false(nats_bus_counts(world->nats).ready);
    close_world(world);
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

#define NEEDS_SERVER                              \
    do {                                          \
        (void)state;                              \
        if (getenv("SOUK_TEST_NATS") == NULL)     \
            skip();                               \
    } while (0)

static void a_name_and_its_password(void **state)
{
    NEEDS_SERVER;
    start_server("authorization { user: \"so:uk\", password: \"" SECRET "@,/%\" }");
    works("nats://so%3auk:" SECRET "%40%2c/%25@", NULL, NULL, NULL);
    fails("correct them in SOUK_BUS", "nats://so%3auk:" SECRET "@", NULL, NULL, NULL);
    fails("the server wants to know who we are", "nats://", NULL, NULL, NULL);
    fails("correct it in SOUK_BUS", "nats://" SECRET "@", NULL, NULL, NULL);
}

static void a_token(void **state)
{
    NEEDS_SERVER;
    start_server("authorization { token: \"" SECRET "\" }");
    works("nats://" SECRET "@", NULL, NULL, NULL);
    fails("correct it in SOUK_BUS", "nats://" SECRET "2@", NULL, NULL, NULL);
}

/* The pair that the documentation of NATS gives as an example. */
static void an_nkey(void **state)
{
    NEEDS_SERVER;
    start_server("authorization { users: [ { nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4 } ] }");
    run("cd %s && printf '# " SECRET "\\nSUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY\\n' >seed && echo " SECRET " >noise", folder);
    works("nats://", NULL, NULL, "seed");
    fails("is neither a .creds file nor the seed", "nats://", NULL, NULL, "noise");
    fails("can't be read: No such file", "nats://", NULL, NULL, "nowhere");
}

/* A password is put right, on the server: nothing is lost, nothing restarted. */
static void a_refusal_is_tried_again(void **state)
{
    NEEDS_SERVER;
    start_server("authorization { user: souk, password: other }");
    struct world *world = open_world("nats://souk:" SECRET "@", NULL, NULL, NULL);
    assert_true(says("correct them in SOUK_BUS"));
    start_server("authorization { user: souk, password: " SECRET " }");
    assert_true(events_arrive(world));
    start_server("authorization { user: souk, password: other }");
    forget_said();
    assert_true(says("correct them in SOUK_BUS"));
    close_world(world);
}

static void what_a_user_may_not_do_is_said(void **state)
{
    NEEDS_SERVER;
    start_server("authorization { users: [ { user: souk, password: " SECRET ", permissions: { publish: \"other\", subscribe: \"_INBOX.>\" } } ] }");
    fails("the server does not let our user do what we need", "nats://souk:" SECRET "@", NULL, NULL, NULL);
}

static void a_server_without_jetstream(void **state)
{
    NEEDS_SERVER;
    start_server("accounts { A { users: [ { user: souk, password: " SECRET " } ] } }");
    fails("without JetStream, or our user may not use it", "nats://souk:" SECRET "@", NULL, NULL, NULL);
}

static void nobody_there(void **state)
{
    NEEDS_SERVER;
    stop_server();
    fails("no server answers at the addresses in SOUK_BUS", "nats://", NULL, NULL, NULL);
}

static void certificates_are_checked(void **state)
{
    NEEDS_SERVER;
    start_tls_server("server", "");
    works("tls://", "ca.pem", NULL, NULL);
    works("nats://", "ca.pem", NULL, NULL); /* the server wants it so */
    fails("see to SOUK_BUS_CA", "tls://", NULL, NULL, NULL);
    fails("see to SOUK_BUS_CA", "tls://", "stranger.pem", NULL, NULL);
    fails("can't be read as a file of certificates", "tls://", "seed", NULL, NULL);
    start_tls_server("elsewhere", "");
    fails("IP address mismatch", "tls://", "ca.pem", NULL, NULL);
}

static void nothing_goes_in_the_clear(void **state)
{
    NEEDS_SERVER;
    start_server("");
    fails("the server has no TLS", "tls://", "ca.pem", NULL, NULL);
}

static void servers_may_ask_for_ours(void **state)
{
    char authority[512];
    NEEDS_SERVER;
    snprintf(authority, sizeof authority, ", ca_file: \"%s/ca.pem\", verify: true", folder);
    start_tls_server("server", authority);
    works("tls://", "ca.pem", "client", NULL);
    fails("see to SOUK_BUS_CERT", "tls://", "ca.pem", NULL, NULL);
    fails("can't be read as a certificate and its key", "tls://", "ca.pem", "nowhere", NULL);
}

static int begin(void **state)
{
    (void)state;
    if (getenv("SOUK_TEST_NATS") == NULL)
        return 0;
    ASSERT(mkdtemp(folder) != NULL);
    port = 20000 + (int)(getpid() * 7 % 12000); /* below those that the kernel gives out */
    make_certificates();
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (getenv("SOUK_TEST_NATS") == NULL)
        return 0;
    stop_server();
    run("rm -rf %s", folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_and_its_password),
        cmocka_unit_test(a_token),
        cmocka_unit_test(an_nkey),
        cmocka_unit_test(a_refusal_is_tried_again),
        cmocka_unit_test(what_a_user_may_not_do_is_said),
        cmocka_unit_test(a_server_without_jetstream),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(certificates_are_checked),
        cmocka_unit_test(nothing_goes_in_the_clear),
        cmocka_unit_test(servers_may_ask_for_ours),
    };
    log_setup(LOG_LEVEL_WARNING, true);
    log_capture(on_line, NULL);
    return cmocka_run_group_tests(tests, begin, end);
}
