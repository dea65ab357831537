/*
 * From document to text, in one canonical form: two documents that differ only in blanks, commas and comments print alike.
 */
#ifndef SOUK_GRAPHQL_PRINTER_H
#define SOUK_GRAPHQL_PRINTER_H

#include "base/text.h"
#include "gateways/graphql/language/document.h"

void graphql_print(const struct document *document, struct buffer *out);
void graphql_print_value(const struct document_value *value, struct buffer *out);
void graphql_print_type(const struct document_type *type, struct buffer *out);

#endif
