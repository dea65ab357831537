/*
 * Writing JSON (RFC 8259) straight into a buffer.
 *
 * The writer adds the commas; the caller opens and closes. Own code because measurements bought it:
 * see docs/decisions/. Reading JSON is jansson's work.
 */
#ifndef SOUK_BASE_JSON_WRITE_H
#define SOUK_BASE_JSON_WRITE_H

#include "base/text.h"

struct json_writer {
    struct buffer *out; /* borrowed */
    bool needs_comma;
};

void json_init(struct json_writer *json, struct buffer *out);
void json_object_open(struct json_writer *json);
void json_object_close(struct json_writer *json);
void json_array_open(struct json_writer *json);
void json_array_close(struct json_writer *json);
void json_key(struct json_writer *json, const char *name); /* the name needs no escaping */
void json_key_text(struct json_writer *json, struct text name);
void json_text(struct json_writer *json, struct text text); /* must be UTF-8 */
void json_string(struct json_writer *json, const char *string);
void json_int(struct json_writer *json, int64_t number);
void json_double(struct json_writer *json, double number); /* finite; shortest form that reads back the same */
void json_bool(struct json_writer *json, bool value);
void json_null(struct json_writer *json);
/* A value that is already JSON. */
void json_raw(struct json_writer *json, struct text json_value);

#endif
