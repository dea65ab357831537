#include "gateways/rest/problem.h"

#include "base/json_write.h"

static void write_head(struct json_writer *json, const struct result_row *row, int status, const char *detail)
{
    json_write_object_open(json);
    json_write_key(json, "type");
    char type[96] = "/docs/problems#";
    strncat(type, row->wire, sizeof type - strlen(type) - 1);
    json_write_string(json, type);
    json_write_key(json, "title");
    json_write_string(json, row->title);
    json_write_key(json, "status");
    json_write_int(json, status);
    json_write_key(json, "code");
    json_write_string(json, row->wire);
    if (detail != NULL && text_is_utf8(text_of(detail))) { /* it may quote the request */
        json_write_key(json, "detail");
        json_write_string(json, detail);
    }
}

static void write_violations(struct json_writer *json, const struct violation *violations)
{
    json_write_key(json, "errors");
    json_write_array_open(json);
    for (const struct violation *violation = violations; violation != NULL; violation = violation->next) {
        json_write_object_open(json);
        json_write_key(json, "pointer");
        json_write_string(json, violation->pointer);
        json_write_key(json, "code");
        json_write_string(json, violation->code);
        json_write_key(json, "detail");
        json_write_string(json, violation->detail);
        json_write_object_close(json);
    }
    json_write_array_close(json);
}

void problem_write(const struct problem *problem, struct text instance, struct buffer *out)
{
    const struct result_row *row = result_row(problem->result);
    struct json_writer json;
    json_write_init(&json, out);
    write_head(&json, row, row->http_status, problem->detail);
    if (instance.length > 0 && text_is_utf8(instance)) {
        json_write_key(&json, "instance");
        json_write_text(&json, instance);
    }
    for (const struct problem_number *number = problem->numbers; number != NULL; number = number->next) {
        json_write_key(&json, number->name);
        json_write_int(&json, number->value);
    }
    if (problem->violations != NULL)
        write_violations(&json, problem->violations);
    json_write_object_close(&json);
}

/* The first result with that status; what has none of its own is a bad request with another number. */
static const struct result_row *row_of_status(int status)
{
    for (int result = 0; result < RESULT_COUNT; result++)
        if (result_row((enum result)result)->http_status == status)
            return result_row((enum result)result);
    return result_row(RESULT_BAD_REQUEST);
}

void problem_write_status(int status, const char *detail, struct buffer *out)
{
    struct json_writer json;
    json_write_init(&json, out);
    write_head(&json, row_of_status(status), status, detail);
    json_write_object_close(&json);
}
