/*
 * From a request's path, query and body to the message that the operation takes.
 *
 * Everything is checked on the way, where it is still known what was there and what was not: unknown names, types, ranges, the limits
 * of the .proto. All that is wrong is collected in the call's problem, with pointers into the body or "?name" for the query; what is
 * wrong in the path means that there is no such thing (404).
 *
 * JSON rules: `null` is absent. A number for a whole number has neither fraction nor exponent. Enums by name. Times in RFC 3339. Under
 * PATCH the members that are there, `null` too, are the update mask (top level: what is inside a member is replaced as a whole), and
 * required fields are only required not to be taken away.
 */
#ifndef SOUK_REST_TRANSCODE_IN_H
#define SOUK_REST_TRANSCODE_IN_H

#include "gateways/rest/query.h"
#include "gateways/rest/route.h"
#include "platform/rpc/validate.h"

#include <jansson.h>

/* Fill the request of `route->method`. NULL with call->problem. The request refers to `body` and lives in call->arena. */
ProtobufCMessage *transcode_request(struct call *call, const struct route *route, const char *const *variables,
                                    struct query *query, struct text content_type, struct text body);

/* The path alone: the request of a nested link's parent. NULL with call->problem. */
ProtobufCMessage *transcode_path(struct call *call, const struct route *route, const char *const *variables);

/* The rest of a nested link's request, what the parent does not bind: query parameters into the fields of `message` that are not in
 * `bound` (bits by index). What nobody takes and what is missing is refused: false with call->problem. */
bool transcode_query(struct call *call, const struct message_declaration *declaration, ProtobufCMessage *message,
                     uint64_t bound, struct query *query);

/* For another gateway: the request of `method` from a JSON object of its fields, by the same rules. Where `mask` is a field of the request
 * (its FieldMask), the members of `body`, which is one of its resources, are what the mask names. Fields in `bound` are filled by the caller
 * afterwards. NULL with call->problem; its pointers lead into `object`, which is used up. */
ProtobufCMessage *transcode_object(struct call *call, const struct method_declaration *method, json_t *object, struct field body,
                                   struct field mask, uint64_t bound);

#endif
