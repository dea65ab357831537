/*
 * HTTP as clients speak it: an operation's request as a method, a target and a body, and an answer back as a message.
 *
 * Made from the same declarations as the gateway (src/gateways/rest), but by code of its own, as a client's is: what the gateway gets wrong
 * on its way in is not put right on the way out.
 */
#ifndef SOUK_SIM_WIRE_H
#define SOUK_SIM_WIRE_H

#include "base/arena.h"
#include "base/text.h"
#include "platform/rpc/declaration.h"
#include "platform/rpc/result.h"

struct wire_request {
    const char *verb;
    const char *target;
    const char *content_type; /* NULL: no body */
    struct text body;
};

/* In the arena. The method has a way in from HTTP. */
struct wire_request wire_write(struct arena *arena, const struct method_declaration *method, const ProtobufCMessage *message);
/* What an answer of success says, in the arena; `_links` and what else a message of that type does not have is passed over. NULL when it
 * is not JSON. */
ProtobufCMessage *wire_read(struct arena *arena, const struct message_declaration *type, struct text body);
/* What the answer says went wrong: by the code of its problem document; RESULT_INTERNAL where there is none. */
enum result wire_result(int status, struct text body);

#endif
