/*
 * A POST must say application/json. That is more than tidiness: a browser sends the simple types (forms, plain text) to other sites
 * without asking those first, so what changes things must not be reachable by them.
 */
#include "gateways/graphql/parameters.h"

#include "gateways/json_read.h"
#include "gateways/rest/query.h"

/* --- what both ways share ----------------------------------------------------------------------------------------------- */

/* A parameter that is an object or, like one that is not there, null. */
static bool take_object(struct call *call, const char *name, const json_t *value, const json_t **object)
{
    if (value == NULL || json_is_null(value))
        return true;
    *object = value;
    if (json_is_object(value))
        return true;
    call_refuse(call, RESULT_BAD_REQUEST, "`%s` must be an object.", name);
    return false;
}

static bool is_asking(struct call *call, const struct graphql_parameters *parameters)
{
    if (parameters->query.at != NULL ||
        (parameters->extensions != NULL && json_object_get(parameters->extensions, "persistedQuery") != NULL))
        return true;
    call_refuse(call, RESULT_BAD_REQUEST, "There is no `query`.");
    return false;
}

/* --- GET ---------------------------------------------------------------------------------------------------------------- */

static bool take_json(struct call *call, struct query *query, const char *name, const json_t **object)
{
    const char *text = query_take(query, name);
    if (text == NULL || text[0] == '\0')
        return true;
    json_t *json = json_read(call, text_of(text));
    return json != NULL && take_object(call, name, json, object);
}

static bool read_query(struct graphql_parameters *parameters, struct call *call, struct text text)
{
    struct query query;
    if (!query_read(&query, text, call->arena)) {
        call_refuse(call, RESULT_BAD_REQUEST, "The query of the address is not well-formed percent-encoded UTF-8.");
        return false;
    }
    const char *document = query_take(&query, "query"), *operation_name = query_take(&query, "operationName");
    parameters->query = text_of(document);
    parameters->operation_name = operation_name != NULL && operation_name[0] != '\0' ? operation_name : NULL;
    return take_json(call, &query, "variables", &parameters->variables) &&
           take_json(call, &query, "extensions", &parameters->extensions);
}

/* --- POST --------------------------------------------------------------------------------------------------------------- */

static bool take_string(struct call *call, const json_t *body, const char *name, const json_t **string)
{
    const json_t *value = json_object_get(body, name);
    if (value == NULL || json_is_null(value))
        return true;
    *string = value;
    if (json_is_string(value))
        return true;
    call_refuse(call, RESULT_BAD_REQUEST, "`%s` must be a string.", name);
    return false;
}

static bool takes_content_type(struct call *call, const struct http_request *request)
{
    struct text content_type = http_header(request, "content-type");
    if (http_media_type_is(content_type, "application/json"))
        return true;
    call_refuse(call, RESULT_UNSUPPORTED_MEDIA_TYPE, "Send it as Content-Type: application/json.");
    return false;
}

static bool read_body(struct graphql_parameters *parameters, struct call *call, struct text body)
{
    const json_t *json = json_read(call, body), *query = NULL, *operation_name = NULL;
    if (json == NULL)
        return false;
    if (json_is_array(json)) {
        call_refuse(call, RESULT_BAD_REQUEST, "Several requests in one body are not taken. Send each by itself, or ask for everything "
                                              "in one document.");
        return false;
    }
    if (!json_is_object(json)) {
        call_refuse(call, RESULT_BAD_REQUEST, "The body must be an object.");
        return false;
    }
    if (!take_string(call, json, "query", &query) || !take_string(call, json, "operationName", &operation_name) ||
        !take_object(call, "variables", json_object_get(json, "variables"), &parameters->variables) ||
        !take_object(call, "extensions", json_object_get(json, "extensions"), &parameters->extensions))
        return false;
    if (query != NULL)
        parameters->query = (struct text){json_string_value(query), json_string_length(query)};
    if (operation_name != NULL)
        parameters->operation_name = json_string_value(operation_name);
    return true;
}

bool graphql_parameters_read(struct graphql_parameters *parameters, struct call *call, const struct http_request *request)
{
    *parameters = (struct graphql_parameters){0};
    if (text_is(request->method, "POST"))
        return takes_content_type(call, request) && read_body(parameters, call, request->body) && is_asking(call, parameters);
    return read_query(parameters, call, request->query) && is_asking(call, parameters);
}
