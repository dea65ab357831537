/* Made by protoc-gen-souk from all contracts. Edit that, not this. */
#ifndef SOUK_ALL_SOUK_H
#define SOUK_ALL_SOUK_H

#include "platform/rpc/declaration.h"

/* By name. */
extern const struct service_declaration *const every_service_declaration[];
extern const size_t every_service_count;

#endif
