/*
 * Declarations of Google's well-known types, by hand: their .proto files are not ours to annotate.
 *
 * In JSON a Timestamp is an RFC 3339 string and a FieldMask one string of paths apart by commas; whoever writes or reads JSON
 * tells them by their descriptors. An Empty answer is no body at all.
 */
#ifndef SOUK_PLATFORM_WELL_KNOWN_H
#define SOUK_PLATFORM_WELL_KNOWN_H

#include "platform/rpc/declaration.h"

extern const struct message_declaration google__protobuf__empty__declaration;
extern const struct message_declaration google__protobuf__timestamp__declaration;
extern const struct message_declaration google__protobuf__field_mask__declaration;

#endif
