/*
 * Writing C. Of X.proto becomes
 *
 *   X.souk.h     what a service's author includes: declarations, handlers and apply functions to write, emitters to call
 *   X.souk.c     the tables of messages, enums and methods: data alone, so a gateway or client links them without the service
 *   X.service.c  (where X has a service) thunks, events, emitters and the service_declaration: needs the service's own functions
 *   X.client.h   (where X has a service) typed stubs for the sagas of other services
 *   X.client.c
 *
 * and of all together souk/all.souk.{h,c}, the list of every service.
 */
#ifndef SOUK_GENERATOR_EMIT_H
#define SOUK_GENERATOR_EMIT_H

#include "model.h"

#include <stdio.h>

void emit_header(FILE *out, const struct model *model, const struct file *file);
void emit_declarations(FILE *out, const struct model *model, const struct file *file);
void emit_service(FILE *out, const struct model *model, const struct service *service);
void emit_client_header(FILE *out, const struct service *service);
void emit_client(FILE *out, const struct service *service);
void emit_all_header(FILE *out);
void emit_all(FILE *out, const struct model *model);

/* --- shared by the above ----------------------------------------------------------------------------------------------- */

/* A first line that says where this comes from, and that editing is in vain. */
void emit_origin(FILE *out, const char *from);
/* A C string literal. */
void emit_string(FILE *out, const char *string);
/* "    .name = value,"; nothing when the value is what C puts there anyway. */
void emit_string_member(FILE *out, const char *indent, const char *name, const char *value);
void emit_number_member(FILE *out, const char *indent, const char *name, int64_t value);
void emit_flag_member(FILE *out, const char *indent, const char *name, bool value);
/* The text as a C comment; nothing when it is empty. */
void emit_comment(FILE *out, const char *text);
/* The header with the declaration of this message. */
const char *header_of(const struct message *message);
/* The prefix of a package's functions: its service's name. */
const char *event_prefix(const struct model *model, const struct message *event);

#endif
