/*
 * Which media type a client gets, by its Accept field (RFC 9110, 12.5.1) and the rules of GraphQL over HTTP:
 *
 *     application/graphql-response+json   for those who name it: statuses tell what became of the document
 *     application/json                    for everybody else, wildcards and no Accept too: 200 unless the request itself can't be read
 *     text/event-stream                   for subscriptions: a stream of answers
 *     text/html                           for people, where a page for them is served
 */
#ifndef SOUK_GRAPHQL_ACCEPT_H
#define SOUK_GRAPHQL_ACCEPT_H

#include "base/text.h"

enum graphql_media {
    GRAPHQL_MEDIA_NONE, /* nothing that we have: 406 */
    GRAPHQL_MEDIA_RESPONSE,
    GRAPHQL_MEDIA_JSON,
    GRAPHQL_MEDIA_EVENTS,
    GRAPHQL_MEDIA_PAGE,
};

/* `accept` without text: the client does not say. */
enum graphql_media graphql_accept(struct text accept, bool has_page);
/* The Content-Type to answer with. */
const char *graphql_media_type(enum graphql_media media);

#endif
