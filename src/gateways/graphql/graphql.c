/*
 * The way in. What clients see when several things are wrong at once is what comes first here:
 *
 *     method (405) - Accept (406) - credentials (401, 403) - parameters (400, 415) - document (400 or 200) - GET that changes (405), stream or not (406)
 *     - variables (400 or 200) - budget (200, THROTTLED)
 */
#include "gateways/graphql/graphql.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/graphql/cached.h"
#include "gateways/graphql/page.h"
#include "gateways/graphql/schema/derive.h"
#include "gateways/graphql/schema/sdl.h"
#include "gateways/graphql/subscribe.h"
#include "gateways/trace.h"
#include "guard/authenticate.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_OF_SHOP "/graphql"
#define PATH_OF_ADMIN "/admin/graphql"
#define PATH_OF_SDL "/graphql/schema.graphql"

/* --- making --------------------------------------------------------------------------------------------------------------- */

static const struct graphql_schema *schema_for(struct graphql *graphql, unsigned scopes)
{
    const struct graphql_schema *schema = NULL;
    pthread_mutex_lock(&graphql->lock);
    for (size_t i = 0; i < graphql->schema_count && schema == NULL; i++)
        if (graphql->schemas[i].scopes == scopes)
            schema = graphql->schemas[i].schema;
    if (schema == NULL && graphql->schema_count < SCHEMAS_MAX) {
        struct scoped_schema *added = &graphql->schemas[graphql->schema_count++];
        added->scopes = scopes;
        added->schema = graphql_schema_derive(graphql->options.services, graphql->options.service_count, scopes);
        schema = added->schema;
    }
    pthread_mutex_unlock(&graphql->lock);
    return schema;
}

struct graphql *graphql_new(const struct graphql_options *options)
{
    struct graphql *graphql = calloc(1, sizeof *graphql);
    ASSERT(graphql != NULL);
    graphql->options = *options;
    ASSERT(pthread_mutex_init(&graphql->lock, NULL) == 0);
    graphql->resources = resource_table_new(options->services, options->service_count, options->directory);
    graphql->documents = documents_new(options->documents_bytes);
    if (options->cache_bytes > 0)
        graphql->cache = cache_new(options->cache_bytes);
    return graphql;
}

void graphql_free(struct graphql *graphql)
{
    if (graphql == NULL)
        return;
    cache_free(graphql->cache);
    documents_free(graphql->documents);
    resource_table_free(graphql->resources);
    for (size_t i = 0; i < graphql->schema_count; i++)
        graphql_schema_free(graphql->schemas[i].schema);
    pthread_mutex_destroy(&graphql->lock);
    free(graphql);
}

bool graphql_is_at(struct text path)
{
    return text_is(path, PATH_OF_SHOP) || text_is(path, PATH_OF_ADMIN) || text_is(path, PATH_OF_SDL) || page_is_at(path);
}

/* --- who asks ------------------------------------------------------------------------------------------------------------- */

static bool takes_method(struct graphql_visit *visit)
{
    struct text method = visit->exchange->request.method;
    visit->is_get = text_is(method, "GET") || text_is(method, "HEAD");
    if (visit->is_get || text_is(method, "POST"))
        return true;
    visit_add_header(visit, "Allow", TEXT("GET, HEAD, POST, OPTIONS"));
    call_refuse(visit->call, RESULT_METHOD_NOT_ALLOWED, "GraphQL is asked by GET and POST.");
    return false;
}

/* Whoever asks for a page with a query in the address wants its answer. */
static bool asks_something(const struct http_request *request)
{
    return request->query.length > 0;
}

static bool has_media(struct graphql_visit *visit)
{
    bool has_page = visit->graphql->options.has_page && visit->is_get && !asks_something(&visit->exchange->request);
    visit->media = graphql_accept(http_header(&visit->exchange->request, "accept"), has_page);
    if (visit->media != GRAPHQL_MEDIA_NONE)
        return true;
    call_refuse(visit->call, RESULT_NOT_ACCEPTABLE, "We answer application/graphql-response+json and application/json.");
    return false;
}

/* The admin's schema is for somebody; the shop's is for everybody, and somebody sees no more of it. */
static bool find_schema(struct graphql_visit *visit)
{
    const struct http_request *request = &visit->exchange->request;
    struct call *call = visit->call;
    if (!authenticate(call, http_header(request, "authorization"), visit->graphql->options.admin_token))
        return false;
    bool is_admin = text_is(request->path, PATH_OF_ADMIN);
    if (is_admin && call->actor.scopes == 0) {
        call_refuse(call, call->actor.kind == ACTOR_ANONYMOUS ? RESULT_UNAUTHENTICATED : RESULT_PERMISSION_DENIED,
                    "This is for staff: it needs a token with a scope.");
        return false;
    }
    visit->schema = schema_for(visit->graphql, is_admin ? call->actor.scopes : 0);
    if (visit->schema == NULL)
        call_refuse(call, RESULT_OVERLOADED, "There are too many different sets of scopes.");
    return visit->schema != NULL;
}

/* --- the document ----------------------------------------------------------------------------------------------------------- */

static const struct graphql_error *error_of(struct graphql_visit *visit, enum result code, const char *message)
{
    struct graphql_error *error = ARENA_NEW(visit->arena, struct graphql_error);
    *error = (struct graphql_error){.code = code, .message = message};
    return error;
}

/* The hash that names a document, of extensions.persistedQuery; {NULL, 0}: none. False when it is none of ours. */
static bool read_hash(const struct graphql_visit *visit, struct text *hash)
{
    const json_t *persisted = visit->parameters.extensions ? json_object_get(visit->parameters.extensions, "persistedQuery") : NULL;
    *hash = (struct text){NULL, 0};
    if (persisted == NULL)
        return true;
    const json_t *sha256 = json_object_get(persisted, "sha256Hash");
    if (!json_is_string(sha256) || json_integer_value(json_object_get(persisted, "version")) != 1)
        return false;
    *hash = (struct text){json_string_value(sha256), json_string_length(sha256)};
    return true;
}

/* Where there are trusted documents: the text of one, or one sent as it is. NULL, or why not. */
static const struct graphql_error *read_trusted(struct graphql_visit *visit, struct text name)
{
    const struct trusted *trusted = visit->graphql->options.trusted;
    struct text *query = &visit->parameters.query;
    if (query->at == NULL) {
        *query = trusted_find(trusted, name);
        return query->at != NULL ? NULL : error_of(visit, RESULT_PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound");
    }
    return trusted_has(trusted, *query)
               ? NULL
               : error_of(visit, RESULT_PERMISSION_DENIED, "Only documents that this shop knows are executed here.");
}

/* Automatic persisted queries: the text by its hash, or the hash of a text that is to be remembered. NULL, or why not. */
static const struct graphql_error *read_persisted(struct graphql_visit *visit)
{
    struct text hash, *query = &visit->parameters.query;
    if (!read_hash(visit, &hash))
        return error_of(visit, RESULT_PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported");
    if (visit->graphql->options.trusted != NULL)
        return read_trusted(visit, hash);
    if (hash.at == NULL)
        return NULL;
    if (query->at == NULL) {
        *query = documents_recall(visit->graphql->documents, hash, visit->arena);
        return query->at != NULL ? NULL : error_of(visit, RESULT_PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound");
    }
    char given[DOCUMENT_HASH_LENGTH + 1];
    document_hash(*query, given);
    if (!text_equal_ignoring_case(hash, text_of(given)))
        return error_of(visit, RESULT_BAD_REQUEST, "The sha256Hash is not that of the query.");
    return NULL;
}

static void remember_persisted(struct graphql_visit *visit)
{
    struct text hash;
    if (read_hash(visit, &hash) && hash.at != NULL)
        documents_remember(visit->graphql->documents, hash, visit->parameters.query);
}

static const struct graphql_error *find_operation(struct graphql_visit *visit)
{
    const char *name = visit->parameters.operation_name;
    const struct document_operation *operation = visit->document->operations;
    while (name != NULL && operation != NULL && !text_is(operation->name, name))
        operation = operation->next;
    visit->operation = operation;
    if (operation == NULL && name != NULL)
        return error_of(visit, RESULT_BAD_REQUEST,
                        arena_printf(visit->arena, "The document has no operation called \"%s\".", name));
    if (operation == NULL)
        return error_of(visit, RESULT_BAD_REQUEST, "The document has no operation.");
    if (name == NULL && operation->next != NULL)
        return error_of(visit, RESULT_BAD_REQUEST, "The document has several operations: name one with operationName.");
    return NULL;
}

static const struct graphql_error *find_document(struct graphql_visit *visit)
{
    const struct graphql_error *errors = read_persisted(visit);
    if (errors != NULL)
        return errors;
    bool trusted = visit->graphql->options.trusted != NULL;
    visit->document = documents_take(visit->graphql->documents, visit->schema, visit->parameters.query,
                                     trusted ? &graphql_limits_trusted : &graphql_limits_public,
                                     visit->arena, &errors);
    if (visit->document == NULL)
        return errors;
    if (!trusted)
        remember_persisted(visit);
    return find_operation(visit);
}

/* --- what goes with what ------------------------------------------------------------------------------------------------------ */

/* Subscriptions are streams; what changes things is answered once. */
static bool fits_media(struct graphql_visit *visit)
{
    bool is_stream = visit->media == GRAPHQL_MEDIA_EVENTS;
    if (visit->operation->kind == DOCUMENT_SUBSCRIPTION && !is_stream)
        call_refuse(visit->call, RESULT_NOT_ACCEPTABLE, "A subscription is answered by a stream: send Accept: text/event-stream.");
    else if (visit->operation->kind == DOCUMENT_MUTATION && is_stream)
        call_refuse(visit->call, RESULT_NOT_ACCEPTABLE, "A mutation is answered once: send Accept: application/json.");
    else
        return true;
    return false;
}

/* --- together --------------------------------------------------------------------------------------------------------------- */

static bool is_safe(struct graphql_visit *visit)
{
    if (!visit->is_get || visit->operation->kind != DOCUMENT_MUTATION)
        return true;
    visit_add_header(visit, "Allow", TEXT("POST"));
    call_refuse(visit->call, RESULT_METHOD_NOT_ALLOWED, "A GET changes nothing: send mutations by POST.");
    return false;
}

void visit_find_client(struct graphql_visit *visit)
{
    const struct http_request *request = &visit->exchange->request;
    visit->call->from = client_address(visit->arena, request->peer, http_header(request, "x-forwarded-for"));
    if (visit->graphql->options.budget != NULL)
        visit->client = budget_client_of(visit->graphql->options.budget, &visit->call->actor, request->peer,
                                         http_header(request, "x-forwarded-for"));
    visit->client.loop = visit->exchange->loop;
}

static void on_paid(struct budget_payment *payment)
{
    struct graphql_visit *visit = (struct graphql_visit *)((char *)payment - offsetof(struct graphql_visit, payment));
    visit->budget = payment->state;
    if (payment->paid)
        visit->on_paid(visit);
    else
        visit_throttle(visit);
}

static void pay(struct graphql_visit *visit, void (*go_on)(struct graphql_visit *visit))
{
    struct budget *budget = visit->graphql->options.budget;
    visit_find_client(visit);
    if (budget == NULL) {
        go_on(visit);
        return;
    }
    visit->on_paid = go_on;
    visit->payment = (struct budget_payment){.client = visit->client, .cost = execution_cost_requested(visit->execution), .done = on_paid};
    if (budget_pay(budget, &visit->payment))
        on_paid(&visit->payment);
}

static void on_executed(void *visit)
{
    visit_answer_executed(visit);
}

static void run_paid(struct graphql_visit *visit)
{
    execution_run(visit->execution, on_executed, visit);
}

static void run(struct graphql_visit *visit)
{
    pay(visit, run_paid);
}

/* Each run of it is paid for when it comes; this is to know that it ever can be. */
static void begin_paid_stream(struct graphql_visit *visit)
{
    if (visit->graphql->options.budget != NULL)
        budget_give_back(visit->graphql->options.budget, visit->client, execution_cost_requested(visit->execution), &visit->budget);
    subscribe(visit);
}

static void begin_stream(struct graphql_visit *visit)
{
    pay(visit, begin_paid_stream);
}

struct execution_options visit_execution_options(const struct graphql_visit *visit)
{
    return (struct execution_options){
        .schema = visit->schema,
        .document = visit->document,
        .operation = visit->operation,
        .variables = visit->parameters.variables,
        .call = visit->call,
        .directory = visit->graphql->options.directory,
        .resources = visit->graphql->resources,
    };
}

static void execute(struct graphql_visit *visit)
{
    struct graphql_error *error = ARENA_NEW(visit->arena, struct graphql_error);
    struct execution_options options = visit_execution_options(visit);
    visit->execution = execution_new(&options, error);
    if (visit->execution == NULL)
        visit_refuse_document(visit, error);
    else if (visit->graphql->options.no_introspection && execution_introspects(visit->execution))
        visit_refuse_document(visit, error_of(visit, RESULT_PERMISSION_DENIED, "Introspection is turned off."));
    else if (visit->media == GRAPHQL_MEDIA_EVENTS)
        begin_stream(visit);
    else if (!cached_take(visit, run))
        run(visit);
}

static void handle(struct graphql_visit *visit)
{
    if (!takes_method(visit) || !has_media(visit)) {
        visit_refuse_request(visit);
        return;
    }
    if (visit->media == GRAPHQL_MEDIA_PAGE) {
        page_answer(visit->exchange);
        return;
    }
    if (cached_answer(visit))
        return;
    if (!find_schema(visit) ||
        !graphql_parameters_read(&visit->parameters, visit->call, &visit->exchange->request)) {
        visit_refuse_request(visit);
        return;
    }
    const struct graphql_error *errors = find_document(visit);
    if (errors != NULL)
        visit_refuse_document(visit, errors);
    else if (!is_safe(visit) || !fits_media(visit))
        visit_refuse_request(visit);
    else
        execute(visit);
}

/* The shop's schema as a file, for tools that take no introspection. */
static void answer_sdl(struct graphql_visit *visit)
{
    if (!takes_method(visit)) {
        visit_refuse_request(visit);
        return;
    }
    if (visit->graphql->options.no_introspection) {
        call_refuse(visit->call, RESULT_PERMISSION_DENIED, "Introspection is turned off.");
        visit_refuse_request(visit);
        return;
    }
    struct buffer *sdl = answer_buffer(visit);
    graphql_schema_print(schema_for(visit->graphql, 0), sdl);
    page_answer_text(visit->exchange, buffer_text(sdl));
}

void graphql_touched(struct graphql *graphql, const char *resource, const char *key)
{
    char tag[TAG_BYTES_MAX];
    if (graphql->cache == NULL)
        return;
    int length = snprintf(tag, sizeof tag, "%s/%s", resource, key);
    if (length > 0 && (size_t)length < sizeof tag) /* a longer one no answer bears */
        cache_purge(graphql->cache, (struct text){tag, (size_t)length});
    cache_purge(graphql->cache, text_of(resource));
}

void graphql_everything_touched(struct graphql *graphql)
{
    if (graphql->cache != NULL)
        cache_purge_all(graphql->cache);
}

void graphql_handle(struct graphql *graphql, struct http_exchange *exchange)
{
    if (page_is_at(exchange->request.path)) {
        page_answer_part(exchange);
        return;
    }
    struct graphql_visit *visit = ARENA_NEW(exchange->arena, struct graphql_visit);
    visit->graphql = graphql;
    visit->exchange = exchange;
    visit->arena = exchange->arena;
    visit->call = call_new(exchange->arena, exchange->loop);
    trace_begin(visit->call, exchange);
    if (text_is(exchange->request.method, "OPTIONS"))
        visit_answer_options(visit);
    else if (text_is(exchange->request.path, PATH_OF_SDL))
        answer_sdl(visit);
    else
        handle(visit);
}
