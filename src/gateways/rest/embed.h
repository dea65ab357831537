/*
 * ?embed=: what belongs to the resources of an answer, in the same answer.
 *
 * One call per relation, whatever the number of resources: the link's `bind` collects what to ask for from all of them, and its `match`
 * says whose each answered item is. The calls run at the same time, each in an arena of its own.
 */
#ifndef SOUK_REST_EMBED_H
#define SOUK_REST_EMBED_H

#include "gateways/rest/transcode_out.h"
#include "gateways/rest/visit.h"

/* Read the list of relations. False with call->problem. */
bool embed_read(struct visit *visit, struct text list);
/* Ask for everything that is to be embedded in visit->answer, then visit_answer(); or refuse. */
void embed_call(struct visit *visit);
/* Write "_embedded" into the open object of a resource. */
void embed_write(const struct visit *visit, struct rendering *rendering, const ProtobufCMessage *resource);
/* What the embedded answers were made of. */
void embed_tags(const struct visit *visit, struct tags *tags);
/* The shortest time that shared caches may keep any of it. */
int embed_cache_seconds(const struct visit *visit, int seconds);

/* Fill `request` from the resources by the link's bindings. */
void link_bind(const struct resource_link *link, const ProtobufCMessage *const *resources, size_t count,
               ProtobufCMessage *request, struct arena *arena);

#endif
