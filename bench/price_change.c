/*
 * How long an old price is still shown: from PUT /v1/prices/{sku} until the cached pages of its product say the new one.
 *
 *     price_change PORT TOKEN SKU CHANGES PATH…
 *
 * One reader for each PATH asks for its page again and again, a millisecond between two answers, so the page is cached whenever the price
 * changes, and a read is often under way just then: a cache that let such a read fill it with the old price would be caught. The writer changes
 * the price, waits until all readers have seen it, and a moment more. Readers have connections and threads of their own.
 *
 * Prints for each path two lines, "PATH sent P50 P99 MAX" and "PATH answered P50 P99 MAX", in ms: from when the change was sent, and from when its
 * answer was there, until the first answer with the new price was there. Seen before the writer was answered is 0. Also "PATH stale N": answers with an old
 * price to requests that were sent after the change was answered; there should be none. Exit 1 when a change is not seen within ten seconds.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READERS_MAX 8
#define ANSWER_MAX 65536
#define PRICE_FIRST 100001 /* as many digits for each */
#define UNSEEN_US_MAX INT64_C(10000000)

struct connection {
    int socket;
    char answer[ANSWER_MAX];
};

struct reader {
    const char *path;
    int port;
    struct connection connection;
    atomic_llong seen_price, seen_us;
    atomic_ulong stale;
    int64_t *from_sent_us, *from_answer_us;
};

/* The last price that was acknowledged: what a request sent from now on must find. */
static atomic_llong acknowledged_price;
static atomic_bool finished;

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void pause_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "price_change: %s\n", what);
    exit(1);
}

/* --- asking -------------------------------------------------------------------------------------------------------- */

static void connection_open(struct connection *connection, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int one = 1;
    connection->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->socket < 0 || connect(connection->socket, (struct sockaddr *)&address, sizeof address) != 0)
        fail("the server can't be reached");
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* Whether a whole answer is there: its head, and as many bytes as Content-Length says. */
static bool is_whole(const char *answer, size_t received)
{
    const char *end = strstr(answer, "\r\n\r\n");
    const char *length = end ? strcasestr(answer, "\r\ncontent-length: ") : NULL;
    return length && received >= (size_t)(end + 4 - answer) + strtoul(length + 18, NULL, 10);
}

/* Leaves the answer in the connection; anything but a 200 is the end. */
static void ask(struct connection *connection, const char *request)
{
    size_t received = 0, length = strlen(request);
    if (write(connection->socket, request, length) != (ssize_t)length)
        fail("the server takes no request");
    do {
        ssize_t count = read(connection->socket, connection->answer + received, ANSWER_MAX - 1 - received);
        if (count <= 0)
            fail("the server closed a connection, or an answer is too long");
        received += (size_t)count;
        connection->answer[received] = '\0';
    } while (!is_whole(connection->answer, received));
    if (strncmp(connection->answer, "HTTP/1.1 200", 12) != 0)
        fail(connection->answer);
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

static int64_t price_in(const char *answer)
{
    const char *amount = strstr(answer, "\"amount\":");
    if (amount == NULL)
        fail("a page shows no price");
    return strtoll(amount + 9, NULL, 10);
}

static void *reader_run(void *data)
{
    struct reader *reader = data;
    char request[2048];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", reader->path);
    while (!atomic_load(&finished)) {
        int64_t due = atomic_load(&acknowledged_price);
        ask(&reader->connection, request);
        int64_t price = price_in(reader->connection.answer);
        if (price < due)
            atomic_fetch_add(&reader->stale, 1);
        if (price > atomic_load(&reader->seen_price)) {
            atomic_store(&reader->seen_us, now_us());
            atomic_store(&reader->seen_price, price);
        }
        pause_us(1000);
    }
    return NULL;
}

static void wait_until_seen(const struct reader *reader, int64_t price)
{
    int64_t began = now_us();
    while (atomic_load(&reader->seen_price) < price) {
        if (now_us() > began + UNSEEN_US_MAX)
            fail("a changed price was not seen within ten seconds");
        pause_us(200);
    }
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

static void change_price(struct connection *connection, const char *token, const char *sku, int64_t price)
{
    char body[128], request[1024];
    int length = snprintf(body, sizeof body, "{\"prices\":[{\"amount\":%lld,\"currency\":\"EUR\"}]}", (long long)price);
    snprintf(request, sizeof request,
             "PUT /v1/prices/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
             "Idempotency-Key: price-%lld-%lld\r\nContent-Length: %d\r\n\r\n%s",
             sku, token, (long long)now_us(), (long long)price, length, body);
    ask(connection, request);
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void print_line(const char *path, const char *since, int64_t *us, size_t count)
{
    qsort(us, count, sizeof *us, by_value);
    printf("%s %s %.1f %.1f %.1f\n", path, since, (double)us[count / 2] / 1000, (double)us[count * 99 / 100] / 1000,
           (double)us[count - 1] / 1000);
}

int main(int count, char **arguments)
{
    static struct reader readers[READERS_MAX];
    static struct connection writer;
    pthread_t threads[READERS_MAX];
    size_t reader_count = count > 5 ? (size_t)(count - 5) : 0;
    if (reader_count < 1 || reader_count > READERS_MAX || atoi(arguments[4]) < 1) {
        fprintf(stderr, "usage: price_change PORT TOKEN SKU CHANGES PATH…\n");
        return 2;
    }

    int port = atoi(arguments[1]);
    size_t changes = (size_t)atoi(arguments[4]);
    connection_open(&writer, port);
    for (size_t i = 0; i < reader_count; i++) {
        readers[i].path = arguments[5 + i];
        readers[i].from_sent_us = calloc(changes, sizeof(int64_t));
        readers[i].from_answer_us = calloc(changes, sizeof(int64_t));
        if (readers[i].from_sent_us == NULL || readers[i].from_answer_us == NULL)
            fail("no memory");
        connection_open(&readers[i].connection, port);
        pthread_create(&threads[i], NULL, reader_run, &readers[i]);
    }
    for (size_t change = 0; change < changes; change++) {
        int64_t price = PRICE_FIRST + (int64_t)change;
        int64_t sent = now_us();
        change_price(&writer, arguments[2], arguments[3], price);
        int64_t answered = now_us();
        atomic_store(&acknowledged_price, price);
        for (size_t i = 0; i < reader_count; i++) {
            wait_until_seen(&readers[i], price);
            int64_t seen = atomic_load(&readers[i].seen_us);
            readers[i].from_sent_us[change] = seen - sent;
            readers[i].from_answer_us[change] = seen > answered ? seen - answered : 0;
        }
        pause_us(5000 + (long)(change % 7) * 1000); /* in no step with the readers */
    }
    atomic_store(&finished, true);
    for (size_t i = 0; i < reader_count; i++) {
        pthread_join(threads[i], NULL);
        print_line(readers[i].path, "sent", readers[i].from_sent_us, changes);
        print_line(readers[i].path, "answered", readers[i].from_answer_us, changes);
        printf("%s stale %lu\n", readers[i].path, atomic_load(&readers[i].stale));
    }
    return 0;
}
