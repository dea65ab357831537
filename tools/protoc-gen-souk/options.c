#include "options.h"

#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of the extensions: proto/souk/options.proto, google/api/annotations.proto, protobuf-c/protobuf-c.proto. The last
 * generates no code (it says so), so its one field of interest is read by hand. */
enum {
    EXTENSION_SOUK = 50001,
    EXTENSION_HTTP = 72295728,
    EXTENSION_PROTOBUF_C = 1019,
    PROTOBUF_C_PACKAGE = 6,
};

struct bytes {
    const uint8_t *at;
    size_t length;
};

static bool take_varint(struct bytes *bytes, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; bytes->length && shift < 64; shift += 7) {
        uint8_t byte = *bytes->at++;
        bytes->length--;
        *number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* The payloads of all fields of that number, joined. False when there is none. */
static bool payload(const ProtobufCMessage *options, uint32_t number, struct bytes *joined)
{
    uint8_t *at = NULL;
    size_t length = 0;
    bool found = false;
    for (unsigned i = 0; options && i < options->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];
        struct bytes content = {field->data, field->len};
        uint64_t size;
        if (field->tag != number || field->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED ||
            !take_varint(&content, &size) || size != content.length)
            continue;
        uint8_t *longer = ALLOCATE(uint8_t, length + content.length);
        if (at)
            memcpy(longer, at, length);
        memcpy(longer + length, content.at, content.length);
        at = longer;
        length += content.length;
        found = true;
    }
    *joined = (struct bytes){at, length};
    return found;
}

static const void *extension(const ProtobufCMessage *options, uint32_t number,
                             const ProtobufCMessageDescriptor *type, bool always)
{
    struct bytes joined;
    if (!payload(options, number, &joined) && !always)
        return NULL;
    void *message = protobuf_c_message_unpack(type, NULL, joined.length, joined.at);
    if (!message) {
        fprintf(stderr, "protoc-gen-souk: can't read an option %s; was it built with another options.proto?\n",
                type->name);
        exit(1);
    }
    return message;
}

static const ProtobufCMessage *base_of(const void *options)
{
    return options; /* every generated message starts with its ProtobufCMessage */
}

const Souk__FieldRule *options_field(const Google__Protobuf__FieldOptions *options)
{
    return extension(base_of(options), EXTENSION_SOUK, &souk__field_rule__descriptor, true);
}

const Souk__MessageRule *options_message(const Google__Protobuf__MessageOptions *options)
{
    return extension(base_of(options), EXTENSION_SOUK, &souk__message_rule__descriptor, true);
}

const Souk__MethodRule *options_method(const Google__Protobuf__MethodOptions *options)
{
    return extension(base_of(options), EXTENSION_SOUK, &souk__method_rule__descriptor, true);
}

const Souk__ServiceRule *options_service(const Google__Protobuf__ServiceOptions *options)
{
    return extension(base_of(options), EXTENSION_SOUK, &souk__service_rule__descriptor, true);
}

const Google__Api__HttpRule *options_http(const Google__Protobuf__MethodOptions *options)
{
    return extension(base_of(options), EXTENSION_HTTP, &google__api__http_rule__descriptor, false);
}

/* Skip the value behind a tag. False when the bytes end too early. */
static bool skip_value(struct bytes *bytes, unsigned wire_type)
{
    static const size_t fixed[] = {[PROTOBUF_C_WIRE_TYPE_64BIT] = 8, [PROTOBUF_C_WIRE_TYPE_32BIT] = 4};
    uint64_t size = 0;
    if (wire_type == PROTOBUF_C_WIRE_TYPE_VARINT)
        return take_varint(bytes, &size);
    if (wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
        if (!take_varint(bytes, &size))
            return false;
    } else {
        size = wire_type < sizeof(fixed) / sizeof(fixed[0]) ? fixed[wire_type] : 0;
    }
    if (size > bytes->length)
        return false;
    bytes->at += size;
    bytes->length -= (size_t)size;
    return true;
}

const char *options_c_package(const Google__Protobuf__FileOptions *options)
{
    struct bytes rest;
    const char *package = NULL;
    if (!payload(base_of(options), EXTENSION_PROTOBUF_C, &rest))
        return NULL;
    uint64_t tag;
    while (rest.length && take_varint(&rest, &tag)) {
        struct bytes value = rest;
        if (!skip_value(&rest, (unsigned)tag & 7))
            break;
        uint64_t size;
        if (tag >> 3 == PROTOBUF_C_PACKAGE && take_varint(&value, &size))
            package = copied((const char *)value.at, (size_t)size);
    }
    return package;
}
