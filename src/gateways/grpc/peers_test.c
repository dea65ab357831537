/*
 * Our client and our private port over TLS: who is believed, what the others are told, and what the log says. Certificates are made here, by
 * openssl, as docs/operate.md makes them.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "gateways/grpc/grpc.h"
#include "platform/http/http.h"
#include "platform/rpc/grpc_client.h"
#include "platform/tls/tls_identity.h"
#include "souk/all.souk.h"
#include "souk/catalog/v1/catalog.pb-c.h"
#include "souk/catalog/v1/catalog.souk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* --- certificates ---------------------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/souk-peers-test-XXXXXX";

static void run_command(const char *format, ...)
{
    char command[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    assert_int_equal(system(command), 0);
}

static void make_authority(const char *name)
{
    run_command("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%s -out %s.pem -keyout %s.key"
                " 2>/dev/null", folder, name, name, name);
}

/* NAME.pem and NAME.key, for these alternatives, signed by the authority; valid until `days` from now. */
static void certify(const char *name, const char *authority, const char *alternatives, int days)
{
    run_command("cd %s && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=%s -keyout %s.key -out %s.csr 2>/dev/null &&"
                " printf 'subjectAltName=%s\\nextendedKeyUsage=serverAuth,clientAuth\\n' >%s.ext &&"
                " openssl x509 -req -in %s.csr -CA %s.pem -CAkey %s.key -days %d -extfile %s.ext -out %s.pem 2>/dev/null",
                folder, name, name, name, alternatives, name, name, authority, authority, days, name, name);
}

static int make_certificates(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    make_authority("authority");
    make_authority("other");
    certify("catalog", "authority", "DNS:souk-catalog,DNS:localhost,IP:127.0.0.1", 2);
    certify("gateway", "authority", "DNS:souk-gateway", 2);
    certify("spiffe", "authority", "URI:spiffe://shop/gateway", 2);
    certify("nobody", "authority", "DNS:souk-nobody", 2);
    certify("elsewhere", "authority", "DNS:souk-elsewhere", 2);
    certify("stranger", "other", "DNS:souk-gateway,IP:127.0.0.1", 2);
    certify("expired", "authority", "DNS:souk-gateway,IP:127.0.0.1", -1);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    run_command("rm -r %s", folder);
    return 0;
}

static struct tls_identity *identity_of(enum tls_role role, const char *name, const char *authority)
{
    char certificate[128], key[128], known[128], error[512];
    snprintf(certificate, sizeof certificate, "%s/%s.pem", folder, name);
    snprintf(key, sizeof key, "%s/%s.key", folder, name);
    snprintf(known, sizeof known, "%s/%s.pem", folder, authority);
    struct tls_identity *identity = tls_identity_new(
        &(struct tls_identity_options){.role = role,
                                       .certificate_file = certificate,
                                       .key_file = key,
                                       .authority_file = known,
                                       .callers = role == TLS_PEER_SERVER ? "souk-checkout, souk-gateway,spiffe://shop/gateway" : NULL},
        error);
    assert_non_null(identity);
    return identity;
}

/* --- both processes, on one loop --------------------------------------------------------------------------------------------------- */

static void invoke(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure, void *data)
{
    (void)service, (void)index, (void)closure;
    const Catalog__GetProductRequest *asked = (const void *)request;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    product.title = asked->product;
    call_answer(data, &product.base);
}

static ProtobufCService service = {.invoke = invoke};
static struct loop *loop;
static struct directory *directory;
static struct grpc *grpc;
static struct http_server *server;
static struct grpc_client *client;
static ProtobufCService *remote;
static struct arena *arena;
static struct buffer said; /* by the log */

static void note_line(void *data, struct text line)
{
    (void)data;
    buffer_add_text(&said, line);
    buffer_add_char(&said, '\n');
}

static void stop_running(void *data)
{
    (void)data;
    machine_loop_stop(loop);
}

/* Either identity may be NULL: in the clear. `host` is who the client wants. */
static void start(struct tls_identity *of_server, struct tls_identity *of_client, const char *host)
{
    char error[256], address[128];
    buffer_init(&said, 1 << 20);
    log_capture(note_line, NULL);
    loop = machine_loop_new(env_machine());
    directory = directory_new();
    directory_add(directory, "catalog", &service);
    grpc = grpc_new(&(struct grpc_options){
        .services = every_service_declaration, .service_count = every_service_count, .directory = directory, .is_private = true});
    struct http_handler handler = grpc_handler(grpc);
    server = http_server_start(loop, "127.0.0.1:0", &handler, error);
    assert_non_null(server);
    if (of_server != NULL)
        http_server_use_tls(server, of_server);
    client = grpc_client_new(env_machine());
    grpc_client_use_identity(client, of_client);
    snprintf(address, sizeof address, "%s%s:%d", of_client != NULL ? "grpcs://" : "", host, http_server_port(server));
    remote = grpc_client_service(client, address, &catalog_declaration);
    grpc_client_guard(remote);
    arena = arena_new(LIMIT_CALL_ARENA);
}

static void finish(struct tls_identity *of_server, struct tls_identity *of_client)
{
    grpc_client_close(client, loop);
    http_server_stop(server, stop_running, NULL);
    machine_loop_run(loop);
    grpc_client_free(client);
    machine_loop_free(loop);
    grpc_free(grpc);
    directory_free(directory);
    arena_free(arena);
    tls_identity_free(of_server);
    tls_identity_free(of_client);
    log_capture(NULL, NULL);
    buffer_release(&said);
}

static unsigned open_calls;

static void on_done(struct call *call, const ProtobufCMessage *answer)
{
    const Catalog__Product *product = (const void *)answer;
    if (answer != NULL)
        assert_string_equal(product->title, "prod1");
    (void)call;
    if (--open_calls == 0)
        machine_loop_stop(loop);
}

static struct call *begin_call(void)
{
    static Catalog__GetProductRequest request = CATALOG__GET_PRODUCT_REQUEST__INIT;
    struct call *call = call_new(arena, loop);
    request.product = (char *)(uintptr_t)"prod1";
    call->done = on_done;
    open_calls++;
    remote->invoke(remote, catalog__catalog_service__get_product__method.index, &request.base, call_closure, call);
    return call;
}

static struct call *ask(void)
{
    struct call *call = begin_call();
    machine_loop_run(loop);
    return call;
}

static bool log_says(const char *sentence)
{
    buffer_add_char(&said, '\0');
    said.length--;
    if (strstr(said.at, sentence) == NULL)
        print_message("The log does not say “%s”, but:\n%s", sentence, said.at);
    return strstr(said.at, sentence) != NULL;
}

/* --- tests ------------------------------------------------------------------------------------------------------------------------- */

static void those_who_know_each_other_talk(void **state)
{
    (void)state;
    static const char *const callers[] = {"gateway", "spiffe"}, *const hosts[] = {"127.0.0.1", "localhost"};
    for (size_t i = 0; i < 2; i++) {
        struct tls_identity *of_server = identity_of(TLS_PEER_SERVER, "catalog", "authority");
        struct tls_identity *of_client = identity_of(TLS_PEER_CLIENT, callers[i], "authority");
        start(of_server, of_client, hosts[i]);
        assert_int_equal(ask()->problem.result, RESULT_OK);
        assert_int_equal(ask()->problem.result, RESULT_OK);
        finish(of_server, of_client);
    }
}

/* What is wrong at one of them is told at both, and the caller hears which service does not answer. */
static void others_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *server, *server_knows, *client, *client_knows, *client_log, *server_log;
    } cases[] = {
        {"catalog", "authority", "nobody", "authority", "its SOUK_GRPC_CALLERS has no name that our certificate bears",
         "bears no name that SOUK_GRPC_CALLERS has"},
        {"catalog", "authority", "stranger", "authority", "does not know the authority that has signed our certificate",
         "not signed by the authority that we know"},
        {"catalog", "authority", "expired", "authority", "says that our certificate has expired", "Its certificate has expired"},
        {"stranger", "authority", "gateway", "authority", "not signed by the authority that we know",
         "does not know the authority that has signed our certificate"},
        {"expired", "authority", "gateway", "authority", "Its certificate has expired", "says that our certificate has expired"},
        {"elsewhere", "authority", "gateway", "authority", "not for the name it was called by", "our certificate is not for it"},
        {"catalog", "authority", NULL, NULL, "its address is to be written grpcs://", "It does not speak TLS"},
        {NULL, NULL, "gateway", "authority", "It does not speak TLS", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tls_identity *of_server = cases[i].server ? identity_of(TLS_PEER_SERVER, cases[i].server, cases[i].server_knows) : NULL;
        struct tls_identity *of_client = cases[i].client ? identity_of(TLS_PEER_CLIENT, cases[i].client, cases[i].client_knows) : NULL;
        start(of_server, of_client, "127.0.0.1");
        const struct call *call = ask();
        assert_int_equal(call->problem.result, RESULT_CATALOG_UNAVAILABLE);
        assert_true(call->is_away && call->not_begun);
        assert_true(log_says(cases[i].client_log));
        assert_true(cases[i].server_log == NULL || log_says(cases[i].server_log));
        finish(of_server, of_client);
    }
}

/* Files are read again while calls are under way: none fails, and who comes from then on is judged by what they say. */
static void certificates_are_renewed(void **state)
{
    (void)state;
    char error[512];
    certify("renewed", "authority", "DNS:souk-catalog,IP:127.0.0.1", 2);
    struct tls_identity *of_server = identity_of(TLS_PEER_SERVER, "renewed", "authority");
    struct tls_identity *of_client = identity_of(TLS_PEER_CLIENT, "gateway", "authority");
    struct call *calls[20];
    start(of_server, of_client, "127.0.0.1");
    assert_int_equal(ask()->problem.result, RESULT_OK);

    certify("renewed", "authority", "DNS:souk-catalog,IP:127.0.0.1", 2);
    assert_true(tls_identity_reload(of_server, error));
    for (size_t i = 0; i < 20; i++) {
        calls[i] = begin_call();
        if (i == 10)
            http_server_renew(server);
    }
    machine_loop_run(loop);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(calls[i]->problem.result, RESULT_OK);

    certify("renewed", "other", "DNS:souk-catalog,IP:127.0.0.1", 2);
    assert_true(tls_identity_reload(of_server, error));
    http_server_renew(server);
    while (ask()->problem.result == RESULT_OK) /* those on the old connection are answered */
        ;
    assert_true(log_says("not signed by the authority that we know"));
    finish(of_server, of_client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_know_each_other_talk),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(certificates_are_renewed),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
