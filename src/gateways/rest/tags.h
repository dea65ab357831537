/*
 * Cache tags: what an answer was made of. "product/01jd…" is one resource, "product" is whatever there is of that kind (lists).
 *
 * Each change of a resource purges both, so an answer with too many single tags may carry the kind instead.
 */
#ifndef SOUK_REST_TAGS_H
#define SOUK_REST_TAGS_H

#include "base/arena.h"
#include "base/text.h"
#include "platform/rpc/reflect.h"

#define TAGS_MAX 256 /* a page of 100 products with a few variants each; past it the kind stands for its members */

#define TAG_BYTES_MAX 512 /* the kind stands for members with longer keys too */

struct tags {
    struct arena *arena;
    struct text tags[TAGS_MAX];
    size_t count;
};

void tags_add(struct tags *tags, const char *resource, struct text key);
void tags_add_kind(struct tags *tags, struct text resource);
/* What a query's answer depends on beyond the resources shown in it: the streams that its `history` names, what its `tags` name, and, when
 * it is a list of resources and names nothing, whatever there is of their kind. */
void tags_add_method(struct tags *tags, const struct method_declaration *method, const ProtobufCMessage *request,
                     const ProtobufCMessage *answer);
/* "product/01jd… product" for the Surrogate-Key header. A key whose characters a header can't carry was replaced by its kind. */
void tags_write(const struct tags *tags, struct buffer *out);

#endif
