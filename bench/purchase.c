/*
 * How many purchases a second: buyers on connections of their own, each doing one purchase after the other.
 *
 *     purchase PORT SKU SHIPPING_METHOD BUYERS SECONDS
 *     purchase PORT SKU --reserve BUYERS SECONDS
 *
 * A purchase is four durable requests: a cart, a line, address and shipping, the checkout. A buyer sends the next request when the
 * answer to the one before is there. With --reserve each buyer has one cart, into which one unit after the other is put: of a product
 * that is reserved in the cart, each is a reservation. Prints the rate, and of whole purchases and of each request the median and the 99th
 * percentile; exit 1 when any answer was not the one expected. One thread on epoll: it costs about a tenth of what the server
 * does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUYERS_MAX 1024
#define ANSWER_MAX 65536

enum step { STEP_CART, STEP_LINE, STEP_ADDRESS, STEP_CHECKOUT, STEP_COUNT };
static const char *const step_names[STEP_COUNT + 1] = {"cart", "line", "address", "checkout", "purchase"};
static const int expected_status[STEP_COUNT] = {201, 201, 200, 201};

struct buyer {
    int socket;
    enum step step;
    int64_t purchase_began_us, step_began_us;
    unsigned long purchases;
    char cart[64];
    char answer[ANSWER_MAX];
    size_t received;
};

/* Latencies in microseconds, all of them. */
struct samples {
    uint32_t *values;
    size_t count, capacity;
};

static struct samples samples[STEP_COUNT + 1];
static const char *sku, *shipping_method;
static unsigned long run_id;
static unsigned long failures;
static bool only_reserves;

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void add_sample(struct samples *to, int64_t value_us)
{
    if (to->count == to->capacity) {
        to->capacity = to->capacity ? 2 * to->capacity : 4096;
        to->values = realloc(to->values, to->capacity * sizeof *to->values);
        if (!to->values)
            abort();
    }
    to->values[to->count++] = (uint32_t)value_us;
}

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

static double percentile_ms(struct samples *of, double part)
{
    size_t at;

    if (!of->count)
        return 0;
    qsort(of->values, of->count, sizeof *of->values, by_value);
    at = (size_t)((double)of->count * part);
    return of->values[at < of->count ? at : of->count - 1] / 1000.0;
}

static int body_of(const struct buyer *buyer, char body[512])
{
    switch (buyer->step) {
    case STEP_CART:
        return snprintf(body, 512, "{\"currency\":\"EUR\"}");
    case STEP_LINE:
        return snprintf(body, 512, "{\"sku\":\"%s\",\"quantity\":1}", sku);
    case STEP_ADDRESS:
        return snprintf(body, 512,
                        "{\"email\":\"ann@example.com\",\"shippingAddress\":{\"name\":\"Ann Example\",\"line1\":\"1 High Street\","
                        "\"city\":\"Berlin\",\"postalCode\":\"10115\",\"country\":\"DE\"}%s%s%s}",
                        *shipping_method ? ",\"shippingMethod\":\"" : "", shipping_method, *shipping_method ? "\"" : "");
    default:
        return snprintf(body, 512, "{\"paymentToken\":\"pm_card_visa\"}");
    }
}

static void send_step(struct buyer *buyer)
{
    char body[512], request[1200], path[128];
    int length = body_of(buyer, body);

    snprintf(path, sizeof path, "/v1/carts%s%s%s", buyer->step == STEP_CART ? "" : "/",
             buyer->step == STEP_CART ? "" : buyer->cart,
             buyer->step == STEP_LINE ? "/lines" : buyer->step == STEP_CHECKOUT ? "/checkout" : "");
    length = snprintf(request, sizeof request,
                      "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                      "Idempotency-Key: %lx-%d-%lu-%d\r\n\r\n%s",
                      buyer->step == STEP_ADDRESS ? "PATCH" : "POST", path, length, run_id, buyer->socket, buyer->purchases,
                      (int)buyer->step, body);
    buyer->step_began_us = now_us();
    if (buyer->step == STEP_CART)
        buyer->purchase_began_us = buyer->step_began_us;
    buyer->received = 0;
    if (write(buyer->socket, request, (size_t)length) != length) {
        perror("write");
        exit(1);
    }
}

/* Whether a whole answer is there: its head, and as many bytes as Content-Length says. */
static bool is_whole(const struct buyer *buyer)
{
    const char *end = strstr(buyer->answer, "\r\n\r\n");
    const char *length = end ? strcasestr(buyer->answer, "\r\ncontent-length: ") : NULL;

    return length && buyer->received >= (size_t)(end + 4 - buyer->answer) + strtoul(length + 18, NULL, 10);
}

static void take_answer(struct buyer *buyer)
{
    int64_t now = now_us();
    int status = atoi(buyer->answer + 9);

    add_sample(&samples[buyer->step], now - buyer->step_began_us);
    if (status != expected_status[buyer->step]) {
        if (failures++ == 0)
            fprintf(stderr, "%s: unexpected answer\n%s\n", step_names[buyer->step], buyer->answer);
        buyer->step = STEP_CART;
        buyer->purchases++;
        return;
    }
    if (buyer->step == STEP_CART) {
        const char *id = strstr(buyer->answer, "\"id\":\"");

        snprintf(buyer->cart, sizeof buyer->cart, "%.26s", id ? id + 6 : "");
    }
    if (buyer->step == STEP_CHECKOUT) {
        add_sample(&samples[STEP_COUNT], now - buyer->purchase_began_us);
        buyer->purchases++;
    }
    if (only_reserves && buyer->step == STEP_LINE)
        buyer->purchases++; /* and the same again */
    else
        buyer->step = (buyer->step + 1) % STEP_COUNT;
}

static void on_readable(struct buyer *buyer)
{
    ssize_t count = read(buyer->socket, buyer->answer + buyer->received, ANSWER_MAX - 1 - buyer->received);

    if (count <= 0) {
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        fprintf(stderr, "the server closed a connection\n");
        exit(1);
    }
    buyer->received += (size_t)count;
    buyer->answer[buyer->received] = '\0';
    if (is_whole(buyer)) {
        take_answer(buyer);
        send_step(buyer);
    }
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void print_table(double seconds)
{
    size_t done = samples[only_reserves ? STEP_LINE : STEP_COUNT].count;

    printf("%.0f %s/s (%zu in %.1f s, %lu failures)\n", (double)done / seconds, only_reserves ? "reservations" : "purchases",
           done, seconds, failures);
    for (int i = 0; i <= STEP_COUNT; i++)
        printf("  %-9s p50 %7.1f ms   p99 %7.1f ms\n", step_names[i], percentile_ms(&samples[i], 0.5),
               percentile_ms(&samples[i], 0.99));
}

int main(int count, char **arguments)
{
    struct epoll_event events[64];
    struct buyer *buyers;
    int64_t began, end;
    int epoll = epoll_create1(0), buyer_count;

    if (count != 6) {
        fprintf(stderr, "usage: purchase PORT SKU SHIPPING_METHOD BUYERS SECONDS\n");
        return 2;
    }
    sku = arguments[2];
    shipping_method = arguments[3];
    only_reserves = strcmp(shipping_method, "--reserve") == 0;
    buyer_count = atoi(arguments[4]);
    if (buyer_count < 1 || buyer_count > BUYERS_MAX)
        return 2;
    buyers = calloc((size_t)buyer_count, sizeof *buyers);
    if (!buyers)
        return 1;
    run_id = (unsigned long)now_us();
    for (int i = 0; i < buyer_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &buyers[i]};

        buyers[i].socket = connect_to(atoi(arguments[1]));
        epoll_ctl(epoll, EPOLL_CTL_ADD, buyers[i].socket, &event);
    }
    began = now_us();
    end = began + atoi(arguments[5]) * INT64_C(1000000);
    for (int i = 0; i < buyer_count; i++)
        send_step(&buyers[i]);
    while (now_us() < end) {
        int ready = epoll_wait(epoll, events, 64, 100);

        for (int i = 0; i < ready; i++)
            on_readable(events[i].data.ptr);
    }
    print_table((double)(now_us() - began) / 1e6);
    return failures ? 1 : 0;
}
