/*
 * GraphiQL: the page that browsers get at /graphql, out of the program itself.
 *
 * It is bundled at build time from npm (tools/build-graphiql); a program that was built without it says so in its place.
 */
#ifndef SOUK_GRAPHQL_PAGE_H
#define SOUK_GRAPHQL_PAGE_H

#include "gateways/graphql/visit.h"

/* Whether the path is that of a part of the page; then answer it. */
bool page_is_at(struct text path);
void page_answer_part(struct http_exchange *exchange);
/* The page itself. */
void page_answer(struct http_exchange *exchange);
/* A text beside it, which lives as long as the exchange. */
void page_answer_text(struct http_exchange *exchange, struct text text);

#endif
