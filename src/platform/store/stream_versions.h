/*
 * The versions at which a writer left the streams it wrote to: one query less for each event.
 *
 * Only for who appends alone (a store has one writer). What is undone must be forgotten with it.
 */
#ifndef SOUK_PLATFORM_STREAM_VERSIONS_H
#define SOUK_PLATFORM_STREAM_VERSIONS_H

#include <stdint.h>

struct stream_versions;
struct stream_versions *stream_versions_new(void);
void stream_versions_free(struct stream_versions *versions); /* NULL is fine */

/* 0: not remembered. */
int64_t stream_versions_find(const struct stream_versions *versions, const char *stream);
void stream_versions_put(struct stream_versions *versions, const char *stream, int64_t version);
void stream_versions_forget(struct stream_versions *versions); /* NULL is fine */

#endif
