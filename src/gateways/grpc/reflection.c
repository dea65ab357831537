/*
 * Server reflection: what there is, for grpcurl and its like.
 *
 * What is listed is what this port answers. The files name more (internal methods are in them, too), which is no secret: they are in
 * the repository.
 *
 * Questions are answered as they come: most clients send one, wait for its answer, and ask the next because of it.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "gateways/grpc/visit.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "platform/rpc/message.h"
#include "platform/rpc/wire.h"

#include <stdatomic.h>

#define ANSWER(name) GRPC_REFLECTION__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name
#define ASKED(name) GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name

typedef GrpcReflection__ServerReflectionRequest Question;
typedef GrpcReflection__ServerReflectionResponse Reply;

/* --- answers ----------------------------------------------------------------------------------------------------------------- */

static void answer_none(struct arena *arena, Reply *reply)
{
    GrpcReflection__ErrorResponse *error = (void *)message_new(arena, &grpc_reflection__error_response__descriptor);
    error->error_code = result_row(RESULT_NOT_FOUND)->grpc_status;
    error->error_message = "There is no such thing.";
    reply->message_response_case = ANSWER(ERROR_RESPONSE);
    reply->error_response = error;
}

struct files {
    struct arena *arena;
    GrpcReflection__FileDescriptorResponse *answer;
};

static void add_file(void *data, struct text packed)
{
    struct files *files = data;
    ProtobufCBinaryData *all = files->answer->file_descriptor_proto;
    ARENA_ROOM(files->arena, all, files->answer->n_file_descriptor_proto);
    all[files->answer->n_file_descriptor_proto++] = (ProtobufCBinaryData){packed.length, (uint8_t *)(uintptr_t)packed.at};
    files->answer->file_descriptor_proto = all;
}

static void answer_file(const struct contracts *contracts, struct arena *arena, Reply *reply, int file)
{
    if (file < 0) {
        answer_none(arena, reply);
        return;
    }
    struct files files = {arena, (void *)message_new(arena, &grpc_reflection__file_descriptor_response__descriptor)};
    contracts_each_import(contracts, file, add_file, &files);
    reply->message_response_case = ANSWER(FILE_DESCRIPTOR_RESPONSE);
    reply->file_descriptor_response = files.answer;
}

struct numbers {
    struct arena *arena;
    GrpcReflection__ExtensionNumberResponse *answer;
};

static void add_number(void *data, int number)
{
    struct numbers *numbers = data;
    ARENA_ROOM(numbers->arena, numbers->answer->extension_number, numbers->answer->n_extension_number);
    numbers->answer->extension_number[numbers->answer->n_extension_number++] = number;
}

static void answer_extensions(const struct contracts *contracts, struct arena *arena, Reply *reply, const char *type)
{
    if (contracts_file_of_symbol(contracts, text_of(type)) < 0) {
        answer_none(arena, reply);
        return;
    }
    struct numbers numbers = {arena, (void *)message_new(arena, &grpc_reflection__extension_number_response__descriptor)};
    numbers.answer->base_type_name = type;
    contracts_each_extension(contracts, text_of(type), add_number, &numbers);
    reply->message_response_case = ANSWER(ALL_EXTENSION_NUMBERS_RESPONSE);
    reply->all_extension_numbers_response = numbers.answer;
}

/* Every service of a method that is there and has a file, which the older name of this one has not; methods of one service stand together. */
static void answer_services(const struct grpc *grpc, struct arena *arena, Reply *reply)
{
    GrpcReflection__ListServiceResponse *list = (void *)message_new(arena, &grpc_reflection__list_service_response__descriptor);
    list->service = ARENA_ARRAY(arena, GrpcReflection__ServiceResponse *, grpc->method_count);
    struct text last = TEXT("");
    for (size_t i = 0; i < grpc->method_count; i++) {
        const char *path = grpc->methods[i].path + 1;
        struct text name = {path, (size_t)(strchr(path, '/') - path)};
        if (text_equal(name, last) || contracts_file_of_symbol(grpc->contracts, name) < 0)
            continue;
        GrpcReflection__ServiceResponse *service = (void *)message_new(arena, &grpc_reflection__service_response__descriptor);
        service->name = arena_strndup(arena, name.at, name.length);
        list->service[list->n_service++] = service;
        last = name;
    }
    reply->message_response_case = ANSWER(LIST_SERVICES_RESPONSE);
    reply->list_services_response = list;
}

static void answer_question(const struct grpc *grpc, struct arena *arena, const Question *asked, Reply *reply)
{
    const struct contracts *contracts = grpc->contracts;
    switch (asked->message_request_case) {
    case ASKED(FILE_BY_FILENAME):
        answer_file(contracts, arena, reply, contracts_file_named(contracts, text_of(asked->file_by_filename)));
        break;
    case ASKED(FILE_CONTAINING_SYMBOL):
        answer_file(contracts, arena, reply, contracts_file_of_symbol(contracts, text_of(asked->file_containing_symbol)));
        break;
    case ASKED(FILE_CONTAINING_EXTENSION):
        answer_file(contracts, arena, reply,
                    contracts_file_of_extension(contracts, text_of(asked->file_containing_extension->containing_type),
                                                asked->file_containing_extension->extension_number));
        break;
    case ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE):
        answer_extensions(contracts, arena, reply, asked->all_extension_numbers_of_type);
        break;
    case ASKED(LIST_SERVICES):
        answer_services(grpc, arena, reply);
        break;
    default:
        answer_none(arena, reply);
    }
}

/* --- the conversation ---------------------------------------------------------------------------------------------------------- */

/* How often it is looked whether anything is still asked, and the server stops. */
#define LOOK_US INT64_C(1000000)

struct conversation {
    struct timer timer; /* first: a timer is its conversation */
    struct grpc_visit *visit;
    unsigned count;  /* of questions */
    int64_t heard_us; /* the last one */
};

static int64_t now_us(const struct conversation *conversation)
{
    return env_monotonic_us(conversation->visit->exchange->loop->env);
}

static void end(struct conversation *conversation)
{
    timer_stop(conversation->visit->exchange->loop, &conversation->timer);
    grpc_answer_end(conversation->visit);
}

static void refuse(struct conversation *conversation, enum result result, const char *detail)
{
    call_refuse(conversation->visit->call, result, "%s", detail);
    end(conversation);
}

/* Answer the question that is packed in `message`. */
static enum wire_fault answer_packed(struct grpc_visit *visit, struct arena *arena, struct text message)
{
    const ProtobufCMessageDescriptor *type = &grpc_reflection__server_reflection_request__descriptor;
    enum wire_fault wrong = wire_check(type, message, LIMIT_CALL_ARENA / 2);
    const Question *asked = wrong == WIRE_FINE ? (const Question *)message_unpack(arena, type, message) : NULL;
    if (asked == NULL)
        return wrong != WIRE_FINE ? wrong : WIRE_MALFORMED;
    Reply reply = GRPC_REFLECTION__SERVER_REFLECTION_RESPONSE__INIT;
    reply.valid_host = asked->host;
    reply.original_request = (Question *)(uintptr_t)asked; /* only packed */
    answer_question(visit->grpc, arena, asked, &reply);
    grpc_answer_part(visit, arena, &reply.base);
    return WIRE_FINE;
}

/* No whole question is there. */
static void wait_or_end(struct conversation *conversation)
{
    const struct http_exchange *exchange = conversation->visit->exchange;
    if (exchange->body_is_open)
        return;
    if (exchange->request.body.length > 0)
        refuse(conversation, RESULT_INTERNAL, "The request ends within a message.");
    else
        end(conversation);
}

/* False when it was the last. */
static bool answer(struct conversation *conversation, struct arena *arena, struct text message)
{
    if (conversation->count++ == LIMIT_GRPC_QUESTIONS) {
        refuse(conversation, RESULT_OVERLOADED, "That is enough of one stream. Begin another.");
        return false;
    }
    enum wire_fault wrong = answer_packed(conversation->visit, arena, message);
    if (wrong != WIRE_FINE)
        refuse(conversation, RESULT_BAD_REQUEST, wire_fault_sentence(wrong));
    conversation->heard_us = now_us(conversation);
    return wrong == WIRE_FINE;
}

/* Answer the next question. False when there is none now, or none will be. */
static bool answer_next(struct conversation *conversation, struct arena *arena)
{
    struct http_exchange *exchange = conversation->visit->exchange;
    struct text rest = exchange->request.body, message;
    struct grpc_fault fault;
    switch (grpc_frame_take(&rest, conversation->visit->encoding, LIMIT_GRPC_QUESTION, arena, &message, &fault)) {
    case GRPC_FRAME_BAD:
        refuse(conversation, fault.result, fault.detail);
        return false;
    case GRPC_FRAME_PART:
        wait_or_end(conversation);
        return false;
    case GRPC_FRAME_WHOLE:
        break;
    }
    if (!answer(conversation, arena, message))
        return false;
    http_body_take(exchange, exchange->request.body.length - rest.length);
    return true;
}

/* Who doesn't read what was answered is not listened to. */
static void go_on(struct http_exchange *exchange)
{
    struct grpc_visit *visit = exchange->handler_data;
    bool answered = true;
    while (answered && http_stream_unsent(exchange) <= LIMIT_FOLLOW_UNSENT) {
        struct arena *arena = arena_new(LIMIT_CALL_ARENA);
        answered = answer_next(visit->serving, arena);
        arena_free(arena);
    }
}

static void on_gone(struct http_exchange *exchange)
{
    struct grpc_visit *visit = exchange->handler_data;
    end(visit->serving);
}

static void look(struct timer *timer)
{
    struct conversation *conversation = (struct conversation *)timer;
    if (atomic_load(&conversation->visit->grpc->stopping))
        refuse(conversation, RESULT_SHUTTING_DOWN, "The server stops.");
    else if (now_us(conversation) - conversation->heard_us > INT64_C(1000) * LIMIT_GRPC_QUESTION_MS)
        refuse(conversation, RESULT_DEADLINE_EXCEEDED, "Nothing was asked for a while.");
    else
        timer_start(conversation->visit->exchange->loop, timer, LOOK_US);
}

void grpc_reflect(struct grpc_visit *visit)
{
    struct http_exchange *exchange = visit->exchange;
    struct conversation *conversation = ARENA_NEW(visit->arena, struct conversation);
    *conversation = (struct conversation){.timer = {.run = look}, .visit = visit};
    conversation->heard_us = now_us(conversation);
    visit->serving = conversation;
    exchange->on_gone = on_gone;
    exchange->on_body = exchange->on_drained = go_on;
    timer_start(exchange->loop, &conversation->timer, LOOK_US);
    go_on(exchange);
}
