/*
 * TLS under both framings, through real sockets, with certificates made here.
 */
#include "platform/http/http2_client_test.h"

#include <openssl/err.h>

/* --- certificates --- */

static char folder[] = "/tmp/souk-tls-test-XXXXXX";
static char certificate[64], key[64];

static void certify(const char *name)
{
    char command[512];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%s -out %s -keyout %s 2>/dev/null",
             name, certificate, key);
    assert_int_equal(system(command), 0);
}

static int make_certificate(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(certificate, sizeof certificate, "%s/cert.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    certify("first");
    return 0;
}

static int remove_certificate(void **state)
{
    (void)state;
    unlink(certificate);
    unlink(key);
    rmdir(folder);
    return 0;
}

/* --- the client's side --- */

/* `protocols` as ALPN has them, NULL: none are offered. NULL when hands are not shaken. */
static SSL *shake_hands(int fd, const char *protocols, int version_max)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0); /* so that old versions are the server's to refuse */
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    if (version_max)
        SSL_CTX_set_max_proto_version(context, version_max);
    if (protocols)
        SSL_CTX_set_alpn_protos(context, (const unsigned char *)protocols, (unsigned)strlen(protocols));
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    ERR_clear_error();
    return NULL;
}

static void whose(SSL *ssl, char name[64])
{
    X509 *shown = SSL_get1_peer_certificate(ssl);
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, 64);
    X509_free(shown);
}

/* Everything until the server says that it is done; it must say so, or the end could be anybody's. */
static const char *hear_all_of(SSL *ssl, int fd)
{
    static char text[1 << 14];
    size_t length = 0;
    int count;
    while ((count = SSL_read(ssl, text + length, (int)(sizeof text - 1 - length))) > 0)
        length += (size_t)count;
    assert_int_equal(SSL_get_error(ssl, count), SSL_ERROR_ZERO_RETURN);
    text[length] = '\0';
    forget_dates(text);
    SSL_free(ssl);
    close(fd);
    return text;
}

static struct tls_identity *website(const char *certificate_file, const char *key_file, char error[512])
{
    return tls_identity_new(&(struct tls_identity_options){.certificate_file = certificate_file, .key_file = key_file}, error);
}

static void start_tls(struct world *world, const struct http_patience *patience, struct tls_identity **tls)
{
    char error[512];
    *tls = website(certificate, key, error);
    assert_non_null(*tls);
    start_world(world, patience, *tls);
}

static void stop_tls(struct world *world, struct tls_identity *tls)
{
    stop(world);
    tls_identity_free(tls);
}

/* --- tests --- */

#define SECURITY "Strict-Transport-Security: " HTTP_TRANSPORT_SECURITY "\r\n"

static void http1_is_spoken_with_alpn_and_without(void **state)
{
    (void)state;
    static const struct {
        const char *protocols;
        int version_max;
    } ways[] = {{NULL, 0}, {"\x08http/1.1", 0}, {NULL, TLS1_2_VERSION}};
    struct world world;
    struct tls_identity *tls;
    start_tls(&world, NULL, &tls);
    for (size_t i = 0; i < 3; i++) {
        int fd = dial(&world);
        SSL *ssl = shake_hands(fd, ways[i].protocols, ways[i].version_max);
        assert_non_null(ssl);
        const char *request = "GET /a HTTP/1.1\r\n" HOST END "GET /page HTTP/1.1\r\n" HOST CLOSE END;
        SSL_write(ssl, request, (int)strlen(request));
        assert_string_equal(hear_all_of(ssl, fd),
                            "HTTP/1.1 200 OK\r\n" SECURITY "content-type: text/plain\r\nContent-Length: 2\r\n\r\n/a"
                            "HTTP/1.1 200 OK\r\n" SECURITY "Connection: close\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\npage");
    }
    stop_tls(&world, tls);
}

static void http2_is_chosen_by_alpn(void **state)
{
    (void)state;
    struct world world;
    struct tls_identity *tls;
    start_tls(&world, NULL, &tls);
    int fd = dial(&world);
    SSL *ssl = shake_hands(fd, "\x08http/1.1\x02h2", 0); /* the server's order counts */
    assert_non_null(ssl);
    struct client *client = client_over(fd, ssl);
    assert_string_equal(client_get(client, "/page")->body, "page");
    assert_non_null(strstr(client_get(client, "/a")->head, "strict-transport-security: " HTTP_TRANSPORT_SECURITY "\n"));

    struct upload upload = {.left = 5 << 20, .ends = true};
    int32_t large_id = client_ask(client, "GET", "/large", "", NULL), drip_id = client_ask(client, "GET", "/drip", "", NULL);
    int32_t import_id = client_ask(client, "POST", "/import", "", &upload);
    TALK_UNTIL(client, answer_of(client, large_id)->closed && answer_of(client, drip_id)->closed && answer_of(client, import_id)->closed);
    assert_int_equal(answer_of(client, large_id)->body_in_order, LARGE_BYTES);
    assert_int_equal(answer_of(client, drip_id)->body_length, LARGE_BYTES);
    assert_int_equal(answer_of(client, import_id)->body_length, 5 << 20);
    client_close(client);
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    stop_tls(&world, tls);
}

static void large_answers_are_whole(void **state)
{
    (void)state;
    struct world world;
    struct tls_identity *tls;
    start_tls(&world, NULL, &tls);
    int fd = dial(&world);
    SSL *ssl = shake_hands(fd, NULL, 0);
    const char *request = "GET /large HTTP/1.1\r\n" HOST CLOSE END;
    SSL_write(ssl, request, (int)strlen(request));
    static char bytes[LARGE_BYTES + 1024];
    size_t length = 0;
    int count;
    while ((count = SSL_read(ssl, bytes + length, 1 << 16)) > 0)
        length += (size_t)count;
    const char *body = strstr(bytes, "\r\n\r\n") + 4;
    assert_int_equal(bytes + length - body, LARGE_BYTES);
    assert_memory_equal(body, large, LARGE_BYTES);
    SSL_free(ssl);
    close(fd);
    stop_tls(&world, tls);
}

static void a_part_is_never_taken_for_the_whole(void **state)
{
    (void)state;
    struct world world;
    struct tls_identity *tls;
    start_tls(&world, NULL, &tls);
    int fd = dial(&world);
    SSL *ssl = shake_hands(fd, NULL, 0);
    const char *request = "GET /cut HTTP/1.0\r\n" END;
    SSL_write(ssl, request, (int)strlen(request));
    char bytes[256];
    int count;
    while ((count = SSL_read(ssl, bytes, sizeof bytes)) > 0)
        ;
    assert_int_not_equal(SSL_get_error(ssl, count), SSL_ERROR_ZERO_RETURN);
    ERR_clear_error();
    SSL_free(ssl);
    close(fd);
    stop_tls(&world, tls);
}

static void who_speaks_no_tls_of_ours_is_told(void **state)
{
    (void)state;
    struct world world;
    struct tls_identity *tls;
    start_tls(&world, NULL, &tls);
    assert_non_null(strstr(talk(&world, "GET / HTTP/1.1\r\n" HOST END), "This port speaks TLS"));

    int fd = dial(&world);
    assert_null(shake_hands(fd, "\x06spdy/3", 0));
    close(fd);
    fd = dial(&world);
    assert_null(shake_hands(fd, NULL, TLS1_1_VERSION));
    close(fd);
    fd = dial(&world);
    say_bytes(fd, "\x16\x03\x01\x00\x05wrong, and more of it", 25);
    hear_all(fd);
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    assert_int_equal(http_server_counts(world.server).refused, 4);

    /* After ALPN has chosen HTTP/1.1 nobody gets HTTP/2 by its preface. */
    fd = dial(&world);
    SSL *ssl = shake_hands(fd, NULL, 0);
    SSL_write(ssl, HTTP2_PREFACE, (int)HTTP2_PREFACE_LENGTH);
    assert_int_equal(strncmp(hear_all_of(ssl, fd), "HTTP/1.1 505 ", 13), 0);
    stop_tls(&world, tls);
}

static void hands_are_not_shaken_for_ever(void **state)
{
    (void)state;
    struct http_patience patience = {200, 5000, 60000, 5000, 200, 5000, 20, 100, 20, 0};
    struct world world;
    struct tls_identity *tls;
    start_tls(&world, &patience, &tls);
    int fd = dial(&world);
    say_bytes(fd, "\x16\x03\x01\x00", 4);
    assert_string_equal(hear_all(fd)->text, "");
    stop_tls(&world, tls);
}

static void a_new_certificate_is_for_new_connections(void **state)
{
    (void)state;
    struct world world;
    struct tls_identity *tls;
    char name[64], error[512];
    start_tls(&world, NULL, &tls);
    int old_fd = dial(&world);
    SSL *old = shake_hands(old_fd, NULL, 0);
    whose(old, name);
    assert_string_equal(name, "first");

    /* What can't be used changes nothing. */
    FILE *file = fopen(certificate, "w");
    fputs("no certificate", file);
    fclose(file);
    assert_false(tls_identity_reload(tls, error));
    assert_non_null(strstr(error, "no certificate in PEM form"));
    int fd = dial(&world);
    SSL *ssl = shake_hands(fd, NULL, 0);
    whose(ssl, name);
    assert_string_equal(name, "first");
    SSL_free(ssl);
    close(fd);

    certify("second");
    assert_true(tls_identity_reload(tls, error));
    fd = dial(&world);
    ssl = shake_hands(fd, NULL, 0);
    whose(ssl, name);
    assert_string_equal(name, "second");
    SSL_free(ssl);
    close(fd);
    const char *request = "GET /still HTTP/1.1\r\n" HOST CLOSE END;
    SSL_write(old, request, (int)strlen(request));
    assert_non_null(strstr(hear_all_of(old, old_fd), "/still"));
    stop_tls(&world, tls);
}

static void files_that_cant_be_used_are_told(void **state)
{
    (void)state;
    char error[512], other[80];
    assert_null(website("/nowhere.pem", key, error));
    assert_string_equal(error, "The TLS certificate /nowhere.pem can't be read: No such file or directory.");
    assert_null(website(certificate, "/nowhere.pem", error));
    assert_string_equal(error, "The TLS key /nowhere.pem can't be read: No such file or directory.");
    assert_null(website(key, key, error));
    assert_non_null(strstr(error, "is no certificate in PEM form"));
    assert_null(website(certificate, certificate, error));
    assert_non_null(strstr(error, "is no key in PEM form that belongs to the certificate"));
    snprintf(other, sizeof other, "%s/other.pem", folder);
    char command[256];
    snprintf(command, sizeof command, "openssl ecparam -name prime256v1 -genkey -noout -out %s", other);
    assert_int_equal(system(command), 0);
    assert_null(website(certificate, other, error));
    assert_non_null(strstr(error, "is no key in PEM form that belongs to the certificate"));
    snprintf(command, sizeof command, "openssl ec -aes128 -passout pass:secret -in %s -out %s 2>/dev/null", key, other);
    assert_int_equal(system(command), 0);
    assert_null(website(certificate, other, error)); /* without asking anybody for a passphrase */
    unlink(other);
    tls_identity_free(NULL);
}

/* Cut off anywhere, and bytes turned over: for the sanitizers, and for the counts. */
static void wild_clients_do_no_harm(void **state)
{
    (void)state;
    struct world world;
    struct tls_identity *tls;
    start_tls(&world, NULL, &tls);
    unsigned seed = 1;
    for (int i = 0; i < 60; i++) {
        int fd = dial(&world);
        SSL *ssl = shake_hands(fd, i % 2 ? "\x02h2" : NULL, 0);
        char bytes[512];
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (char)rand_r(&seed);
        if (i % 3 == 0)
            SSL_write(ssl, bytes, rand_r(&seed) % 512 + 1);
        else if (i % 3 == 1)
            SSL_shutdown(ssl);
        else
            say_bytes(fd, bytes, sizeof bytes);
        SSL_free(ssl);
        close(fd);
    }
    ERR_clear_error();
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    stop_tls(&world, tls);
}

int main(void)
{
    fill_large();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http1_is_spoken_with_alpn_and_without),
        cmocka_unit_test(http2_is_chosen_by_alpn),
        cmocka_unit_test(large_answers_are_whole),
        cmocka_unit_test(a_part_is_never_taken_for_the_whole),
        cmocka_unit_test(who_speaks_no_tls_of_ours_is_told),
        cmocka_unit_test(hands_are_not_shaken_for_ever),
        cmocka_unit_test(files_that_cant_be_used_are_told),
        cmocka_unit_test(a_new_certificate_is_for_new_connections),
        cmocka_unit_test(wild_clients_do_no_harm),
    };
    return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
