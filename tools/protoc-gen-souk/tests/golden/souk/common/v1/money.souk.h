/* Made by protoc-gen-souk from souk/common/v1/money.proto. Edit that, not this. */
#ifndef SOUK_COMMON_V1_MONEY_SOUK_H
#define SOUK_COMMON_V1_MONEY_SOUK_H

#include "souk/common/v1/money.pb-c.h"

#include "platform/rpc/declaration.h"
#include "platform/rpc/result.h"

extern const struct message_declaration common__money__declaration;

#endif
