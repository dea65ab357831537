/*
 * Options of the contracts, read out of the descriptors.
 *
 * descriptor.proto knows nothing of our extensions, so they arrive as unknown fields of the *Options messages: a tag and the
 * payload behind its length. protoc writes one such field for every line `option (souk.method).kind = …`; joined, they are
 * one message, since that is how protobuf merges.
 */
#ifndef SOUK_GENERATOR_OPTIONS_H
#define SOUK_GENERATOR_OPTIONS_H

#include "google/api/http.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "souk/options.pb-c.h"

/* Never NULL: what was not said has protobuf's zero. The options may be NULL. */
const Souk__FieldRule *options_field(const Google__Protobuf__FieldOptions *options);
const Souk__MessageRule *options_message(const Google__Protobuf__MessageOptions *options);
const Souk__MethodRule *options_method(const Google__Protobuf__MethodOptions *options);
const Souk__ServiceRule *options_service(const Google__Protobuf__ServiceOptions *options);

/* google.api.http; NULL when there is none. */
const Google__Api__HttpRule *options_http(const Google__Protobuf__MethodOptions *options);

/* protobuf-c's own c_package, which decides about C names; NULL when there is none. */
const char *options_c_package(const Google__Protobuf__FileOptions *options);

#endif
