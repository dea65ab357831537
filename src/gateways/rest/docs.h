/*
 * The reference for people: one page of HTML without scripts, from the same tables as everything else, and a page of problems.
 */
#ifndef SOUK_REST_DOCS_H
#define SOUK_REST_DOCS_H

#include "gateways/rest/visit.h"

/* Nothing but the page's own styles. */
#define DOCS_SECURITY_POLICY "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

void docs_write(const struct rest *rest, struct buffer *out);
void docs_write_problems(struct buffer *out);

#endif
