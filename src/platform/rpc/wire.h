/*
 * The wire: looking packed messages over before protobuf-c unpacks them.
 *
 * protobuf-c trusts what it reads: it descends as deep as the bytes say, takes strings that are not UTF-8 and cuts them at a NUL, and a
 * message of two bytes can become one of two hundred. Whatever comes over a network passes here first; what passes unpacks within
 * `memory_max`.
 */
#ifndef SOUK_PLATFORM_WIRE_H
#define SOUK_PLATFORM_WIRE_H

#include "base/text.h"

#include <protobuf-c/protobuf-c.h>

enum wire_fault {
    WIRE_FINE,
    WIRE_MALFORMED, /* not a message at all */
    WIRE_TOO_DEEP,  /* messages within messages, more than LIMIT_MESSAGE_DEPTH */
    WIRE_NOT_UTF8,  /* a string that is none, or holds a NUL */
    WIRE_REPEATED,  /* a field that holds one message came twice: protobuf would merge them, at a cost that grows with the square */
    WIRE_TOO_LARGE, /* unpacked it would take more than memory_max */
};
enum wire_fault wire_check(const ProtobufCMessageDescriptor *descriptor, struct text packed, size_t memory_max);

/* What is wrong, as a sentence. */
const char *wire_fault_sentence(enum wire_fault fault);

#endif
