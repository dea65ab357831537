/*
 * Trusted documents: those that the operator has written down. Where there are some, nothing else is executed.
 *
 * They are a folder of `*.graphql` files, or a file of JSON, {"name": "text"}, as build tools of clients write it. A client names one by its
 * SHA-256 (extensions.persistedQuery, as with automatic persisted queries), by its name there, or sends the text itself.
 */
#ifndef SOUK_GRAPHQL_TRUSTED_H
#define SOUK_GRAPHQL_TRUSTED_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>

struct trusted;
/* NULL with a sentence in `error`. */
struct trusted *trusted_load(const char *path, char error[512]);
void trusted_free(struct trusted *trusted);
/* The text of that hash or name; {NULL, 0} when there is none. */
struct text trusted_find(const struct trusted *trusted, struct text name);
/* Whether it is one of them. */
bool trusted_has(const struct trusted *trusted, struct text document);

#endif
