/*
 * What is in the demo shop, as requests to the services.
 */
#ifndef SOUK_DEMO_CONTENTS_H
#define SOUK_DEMO_CONTENTS_H

#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

struct demo_request {
    const struct method_declaration *method;
    const ProtobufCMessage *message;
};

/* In the order to ask for them: taxes, shipping and promotions first, then the products, then how their stock is handled. In `arena`. */
struct demo_request *demo_contents(struct arena *arena, size_t *count);

#endif
