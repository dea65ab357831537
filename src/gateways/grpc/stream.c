/*
 * Methods that return a stream: the items of the list that they name (`streams`), those that are there and those to come.
 *
 * A client that comes back sends the `cursor` of the last item it has; a stop of the server ends the stream with 14, so that it does.
 */
#include "gateways/follow.h"
#include "gateways/grpc/visit.h"

static void begin(void *data)
{
    grpc_answer_begin(data);
}

/* `item` is ours: it lives in `arena`. */
static void item(void *data, struct arena *arena, const ProtobufCMessage *item, const char *cursor)
{
    struct grpc_visit *visit = data;
    (void)cursor; /* it is in the item */
    if (visit->method->hides && !visit->from_peer)
        grpc_hide(visit->method->declaration->output, (ProtobufCMessage *)(uintptr_t)item, &visit->call->actor);
    grpc_answer_part(visit, arena, item);
}

static void written(void *visit)
{
    (void)visit;
}

/* HTTP/2's pings tell whether the other side is there; who wants to know sends them. */
static void idle(void *visit)
{
    (void)visit;
}

static void refuse(void *data, const struct problem *problem)
{
    struct grpc_visit *visit = data;
    visit->call->problem = *problem;
    grpc_answer_end(visit);
}

static void end(void *data, bool stopping)
{
    struct grpc_visit *visit = data;
    if (env_monotonic_us(visit->exchange->loop->env) >= visit->until_us)
        call_refuse(visit->call, RESULT_DEADLINE_EXCEEDED, "The time for this stream is over.");
    else if (stopping)
        call_refuse(visit->call, RESULT_SHUTTING_DOWN, NULL);
    grpc_answer_end(visit);
}

static const struct follow_writer writer = {
    .begin = begin, .item = item, .written = written, .idle = idle, .refuse = refuse, .end = end};

void grpc_stream(struct grpc_visit *visit)
{
    const struct method_declaration *method = visit->method->declaration;
    ProtobufCMessage *request = grpc_read_request(visit, method->input->descriptor);
    if (request == NULL || (!visit->from_peer && !grpc_check_request(visit, request))) {
        grpc_answer_end(visit);
        return;
    }
    follow_begin(&(struct follow_options){
        .watches = visit->grpc->options.watches,
        .exchange = visit->exchange,
        .call = visit->call,
        .service = visit->method->service,
        .method = method->streams,
        .request = request,
        .until_us = visit->until_us,
        .writer = &writer,
        .data = visit,
    });
}
