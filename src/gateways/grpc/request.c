#include "gateways/grpc/visit.h"

#include "base/limits.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "platform/rpc/validate.h"
#include "platform/rpc/wire.h"

/* --- from frame to message ---------------------------------------------------------------------------------------------- */

static ProtobufCMessage *refuse(struct grpc_visit *visit, enum result result, const char *detail)
{
    call_refuse(visit->call, result, "%s", detail);
    return NULL;
}

static bool is_bulk(const struct grpc_visit *visit)
{
    return visit->method->declaration != NULL && visit->method->declaration->bulk;
}

ProtobufCMessage *grpc_read_request(struct grpc_visit *visit, const ProtobufCMessageDescriptor *type)
{
    struct text body = visit->exchange->request.body, message;
    struct grpc_fault fault;
    switch (grpc_frame_take(&body, visit->encoding, is_bulk(visit) ? LIMIT_HTTP_IMPORT_BODY : LIMIT_HTTP_BODY, visit->arena, &message, &fault)) {
    case GRPC_FRAME_BAD:
        return refuse(visit, fault.result, fault.detail);
    case GRPC_FRAME_PART:
        return refuse(visit, RESULT_INTERNAL, "The request ends within a message.");
    case GRPC_FRAME_WHOLE:
        break;
    }
    if (body.length > 0)
        return refuse(visit, RESULT_INTERNAL, "This takes one message, and there are bytes behind it.");
    enum wire_fault wrong = wire_check(type, message, (is_bulk(visit) ? LIMIT_BULK_ARENA : LIMIT_CALL_ARENA) / 2);
    if (wrong != WIRE_FINE)
        return refuse(visit, wrong == WIRE_TOO_LARGE ? RESULT_PAYLOAD_TOO_LARGE : RESULT_BAD_REQUEST, wire_fault_sentence(wrong));
    ProtobufCMessage *request = message_unpack(visit->arena, type, message);
    return request != NULL ? request : refuse(visit, RESULT_BAD_REQUEST, wire_fault_sentence(WIRE_MALFORMED));
}

/* --- updates (AIP-134) --------------------------------------------------------------------------------------------------- */

/* The field of the request that holds the resource as it is to be; with no descriptor when it is no update. */
static struct field updated_field(const struct method_declaration *method)
{
    struct field none = {NULL, NULL};
    if (method->http_count == 0 || strcmp(method->http[0].verb, "PATCH") != 0 || method->http[0].body == NULL)
        return none;
    struct field field = message_field(method->input, text_of(method->http[0].body));
    return field.descriptor != NULL && field_is_message(field) ? field : none;
}

static const Google__Protobuf__FieldMask *mask_of(const struct message_declaration *input, const ProtobufCMessage *request)
{
    for (unsigned i = 0; i < input->descriptor->n_fields; i++) {
        struct field field = message_field_at(input, i);
        if (field_is_mask(field) && field_count(field, request) > 0)
            return (const void *)field_value_message(field, request, 0);
    }
    return NULL;
}

static void check_update(struct validation *validation, const struct message_declaration *input, struct field updated,
                         const ProtobufCMessage *request)
{
    for (unsigned i = 0; i < input->descriptor->n_fields; i++) {
        struct field field = message_field_at(input, input->written_order[i]);
        if (field.descriptor != updated.descriptor)
            validate_field(validation, field, request, NULL);
    }
    struct pointer at = {.name = text_of(updated.declaration->json_name)};
    if (field_count(updated, request) > 0)
        validate_update(validation, updated.declaration->message, field_value_message(updated, request, 0), mask_of(input, request), &at);
    else
        violation_add(validation, &at, "required", "This is needed.");
}

bool grpc_check_request(struct grpc_visit *visit, const ProtobufCMessage *request)
{
    const struct method_declaration *method = visit->method->declaration;
    struct validation validation = {.call = visit->call};
    struct field updated = updated_field(method);
    if (updated.descriptor != NULL)
        check_update(&validation, method->input, updated, request);
    else
        validate_message(&validation, method->input, request, NULL);
    return validation.count == 0;
}
