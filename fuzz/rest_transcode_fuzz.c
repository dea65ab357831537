/*
 * Any bytes at all, as a request to the whole of the REST gateway, by an administrator: "VERB target", a line feed, and the body. What
 * comes through to a service must be a message that packs, unpacks and keeps the limits of its .proto; what does not must be answered
 * with a problem that is JSON.
 */
#include "gateways/rest/rest_test.h"

#include "platform/rpc/validate.h"
#include "souk/all.souk.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

#define TOKEN "0123456789abcdef0123456789abcdef"

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
    uint8_t *bytes = malloc(size + 1), *again = malloc(size + 1);
    protobuf_c_message_pack(request, bytes);
    ProtobufCMessage *unpacked = protobuf_c_message_unpack(request->descriptor, NULL, size, bytes);
    ASSERT(unpacked != NULL);
    ASSERT(protobuf_c_message_pack(unpacked, again) == size && memcmp(bytes, again, size) == 0);
    protobuf_c_message_free_unpacked(unpacked, NULL);
    free(bytes);
    free(again);
}

/* What is patched is not whole, and so has less to keep. */
static bool is_patch(const struct method_declaration *method)
{
    return message_field(method->input, TEXT("update_mask")).descriptor != NULL;
}

/* The gateway takes no output_only fields and no unknown values; both ways to look must agree. */
static void check_is_valid(const struct method_declaration *method, const ProtobufCMessage *request, struct call *call)
{
    struct validation validation = {.call = call};
    validate_message(&validation, method->input, request, NULL);
    if (validation.count > 0)
        fprintf(stderr, "%s: %s %s\n", method->name, call->problem.violations->pointer, call->problem.violations->code);
    ASSERT(validation.count == 0);
}

static void serve(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure,
                  void *data)
{
    (void)closure;
    struct call *call = data;
    const struct method_declaration *method = method_at(service->descriptor, index);
    check_packs(request);
    if (!is_patch(method))
        check_is_valid(method, request, call);
    ProtobufCMessage *answer = arena_alloc(call->arena, method->output->descriptor->sizeof_message);
    protobuf_c_message_init(method->output->descriptor, answer);
    call_answer(call, answer);
}

static struct rest *open_gateway(void)
{
    static ProtobufCService services[64];
    struct directory *directory = directory_new();
    for (size_t i = 0; i < every_service_count; i++) {
        services[i] = (ProtobufCService){.descriptor = every_service_declaration[i]->descriptor, .invoke = serve};
        directory_add(directory, every_service_declaration[i]->name, &services[i]);
    }
    return rest_new(&(struct rest_options){.services = every_service_declaration,
                                           .service_count = every_service_count,
                                           .directory = directory,
                                           .admin_token = TOKEN,
                                           .version = "fuzz"});
}

static void check_answer(const struct fake_exchange *exchange)
{
    ASSERT(exchange->status >= 200 && exchange->status <= 599 && exchange->status != 500);
    if (strstr(exchange->head, "json\n") == NULL)
        return;
    json_t *json = json_loads(exchange->body, JSON_REJECT_DUPLICATES, NULL);
    ASSERT(json != NULL);
    json_decref(json);
}

/* The framing lets only visible ASCII into a target. */
static bool is_target(const char *target)
{
    for (const char *c = target; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return target[0] == '/';
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static struct rest *rest;
    if (rest == NULL)
        rest = open_gateway();
    const char *line_end = memchr(input, '\n', size);
    if (line_end == NULL)
        return 0;
    size_t line_length = (size_t)(line_end - (const char *)input);
    char *line = strndup((const char *)input, line_length);
    char *target = strchr(line, ' ');
    if (target != NULL && is_target(target + 1)) {
        *target++ = '\0';
        bool is_import = strncmp(target, "/v1/imports", 11) == 0;
        struct fake_exchange *exchange = fake_request(
            rest, line, target,
            is_import ? "authorization: Bearer " TOKEN "\ncontent-type: text/csv\nidempotency-key: k\n"
                      : "authorization: Bearer " TOKEN "\ncontent-type: application/json\nidempotency-key: k\n",
            (struct text){line_end + 1, size - line_length - 1});
        check_answer(exchange);
        fake_exchange_free(exchange);
    }
    free(line);
    return 0;
}
