/*
 * Server reflection: what there is, for grpcurl and its like.
 *
 * What is listed is what this port answers. The files name more (internal methods are in them, too), which is no secret: they are in
 * the repository.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "gateways/grpc/visit.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "platform/rpc/message.h"
#include "platform/rpc/wire.h"

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

/* Every service of a method that is there; methods of one service stand together. */
static void answer_services(const struct grpc *grpc, struct arena *arena, Reply *reply)
{
    GrpcReflection__ListServiceResponse *list = (void *)message_new(arena, &grpc_reflection__list_service_response__descriptor);
    list->service = ARENA_ARRAY(arena, GrpcReflection__ServiceResponse *, grpc->method_count);
    struct text last = TEXT("");
    for (size_t i = 0; i < grpc->method_count; i++) {
        const char *path = grpc->methods[i].path + 1;
        struct text name = {path, (size_t)(strchr(path, '/') - path)};
        if (text_equal(name, last))
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

/* --- the stream ---------------------------------------------------------------------------------------------------------------- */

/* Answer the question that is packed in `message`. False when it is none, or the client takes no more. */
static bool answer_packed(struct grpc_visit *visit, struct text message)
{
    const ProtobufCMessageDescriptor *type = &grpc_reflection__server_reflection_request__descriptor;
    enum wire_fault wrong = wire_check(type, message, LIMIT_CALL_ARENA / 2);
    const Question *asked = wrong == WIRE_FINE ? (const Question *)message_unpack(visit->arena, type, message) : NULL;
    if (asked == NULL) {
        call_refuse(visit->call, RESULT_BAD_REQUEST, "%s", wire_fault_sentence(wrong != WIRE_FINE ? wrong : WIRE_MALFORMED));
        return false;
    }
    Reply reply = GRPC_REFLECTION__SERVER_REFLECTION_RESPONSE__INIT;
    reply.valid_host = asked->host;
    reply.original_request = (Question *)(uintptr_t)asked; /* only packed */
    answer_question(visit->grpc, visit->arena, asked, &reply);
    return grpc_answer_part(visit, &reply.base);
}

void grpc_reflect(struct grpc_visit *visit)
{
    struct text body = visit->exchange->request.body;
    for (unsigned count = 0; body.length > 0; count++) {
        struct grpc_fault fault = {RESULT_INTERNAL, "The request ends within a message."};
        struct text message;
        if (count == LIMIT_GRPC_QUESTIONS)
            call_refuse(visit->call, RESULT_OVERLOADED, "That is enough of one stream. Begin another.");
        else if (grpc_frame_take(&body, visit->encoding, LIMIT_GRPC_QUESTION, visit->arena, &message, &fault) != GRPC_FRAME_WHOLE)
            call_refuse(visit->call, fault.result, "%s", fault.detail);
        else if (answer_packed(visit, message))
            continue;
        break;
    }
    grpc_answer_end(visit);
}
