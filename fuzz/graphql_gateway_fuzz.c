/*
 * Any bytes as a document, or as a whole body, to the GraphQL gateway, by an administrator. A first byte of `{` is a body; otherwise the
 * first line is the variables and the rest the document. Services answer with messages in which everything is filled in, once. What comes
 * through to them must pack and unpack; every answer must be JSON, and data that was not asked for by a valid document must not be there.
 */
#include "gateways/graphql/graphql.h"
#include "gateways/rest/rest_test.h"

#include "platform/rpc/reflect.h"
#include "souk/all.souk.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

#define TOKEN "0123456789abcdef0123456789abcdef"
#define DEPTH 4

static const struct method_declaration *method_at(const ProtobufCServiceDescriptor *service, unsigned index)
{
    for (size_t i = 0; i < every_service_count; i++)
        if (every_service_declaration[i]->descriptor == service)
            return every_service_declaration[i]->methods[index];
    ASSERT(!"a service that was declared");
}

static void check_packs(const ProtobufCMessage *request)
{
    size_t size = protobuf_c_message_get_packed_size(request);
    uint8_t *bytes = malloc(size + 1);
    protobuf_c_message_pack(request, bytes);
    ProtobufCMessage *unpacked = protobuf_c_message_unpack(request->descriptor, NULL, size, bytes);
    ASSERT(unpacked != NULL);
    protobuf_c_message_free_unpacked(unpacked, NULL);
    free(bytes);
}

static ProtobufCMessage *filled(const struct message_declaration *declaration, struct arena *arena, int depth)
{
    ProtobufCMessage *message = message_new(arena, declaration->descriptor);
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++) {
        struct field field = message_field_at(declaration, i);
        if (field_is_message(field) && (depth == 0 || field.declaration->message == NULL))
            continue;
        void *place = field_is_list(field) ? field_fill_list(field, message, arena, 1) : field_fill(field, message);
        if (field_is_message(field))
            *(ProtobufCMessage **)place = filled(field.declaration->message, arena, depth - 1);
        else if (field.descriptor->type == PROTOBUF_C_TYPE_STRING)
            *(const char **)place = "a";
        else if (field.descriptor->type == PROTOBUF_C_TYPE_BOOL || field.descriptor->type == PROTOBUF_C_TYPE_ENUM)
            *(int *)place = 1;
    }
    return message;
}

static void serve(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure, void *data)
{
    (void)closure;
    struct call *call = data;
    check_packs(request);
    call_answer(call, filled(method_at(service->descriptor, index)->output, call->arena, DEPTH));
}

static struct graphql *open_gateway(void)
{
    static ProtobufCService services[64];
    struct directory *directory = directory_new();
    for (size_t i = 0; i < every_service_count; i++) {
        services[i] = (ProtobufCService){.descriptor = every_service_declaration[i]->descriptor, .invoke = serve};
        directory_add(directory, every_service_declaration[i]->name, &services[i]);
    }
    return graphql_new(&(struct graphql_options){.services = every_service_declaration,
                                                 .service_count = every_service_count,
                                                 .directory = directory,
                                                 .admin_token = TOKEN,
                                                 .documents_bytes = 1 << 20,
                                                 .cache_bytes = 1 << 20});
}

static void check_answer(const struct fake_exchange *exchange)
{
    ASSERT(exchange->status == 200 || (exchange->status >= 400 && exchange->status < 500));
    json_t *json = json_loads(exchange->body, JSON_REJECT_DUPLICATES, NULL);
    ASSERT(json_is_object(json));
    ASSERT(json_object_get(json, "data") != NULL || json_array_size(json_object_get(json, "errors")) > 0);
    ASSERT(json_object_get(json_object_get(json, "extensions"), "cost") != NULL);
    json_decref(json);
}

static char *body_of(const char *input, size_t size)
{
    const char *line_end = memchr(input, '\n', size);
    if (line_end == NULL)
        return NULL;
    json_t *body = json_object(), *variables = json_loadb(input, (size_t)(line_end - input), 0, NULL);
    json_t *query = json_stringn(line_end + 1, size - (size_t)(line_end + 1 - input));
    char *text = NULL;
    if (query != NULL) {
        json_object_set_new(body, "query", query);
        json_object_set(body, "variables", json_is_object(variables) ? variables : json_null());
        text = json_dumps(body, 0);
    }
    json_decref(variables);
    json_decref(body);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static struct graphql *graphql;
    if (graphql == NULL)
        graphql = open_gateway();
    bool is_body = size > 0 && input[0] == '{' && memchr(input, '\n', size) == NULL;
    char *made = is_body ? NULL : body_of((const char *)input, size);
    struct text body = is_body ? (struct text){(const char *)input, size} : text_of(made);
    if (body.at == NULL)
        return 0;
    struct fake_exchange *exchange = fake_exchange_new(
        "POST", "/admin/graphql",
        "authorization: Bearer " TOKEN "\ncontent-type: application/json\naccept: application/graphql-response+json\n", body);
    graphql_handle(graphql, &exchange->base);
    check_answer(exchange);
    fake_exchange_free(exchange);
    free(made);
    return 0;
}
