/*
 * Loads: what is answered by calls, level by level.
 *
 *     gather: walk what is there ── a field that needs calls: note the parent
 *        ▲                              │ when the whole level has been walked
 *        │                          start: one call for all parents (a link with `match`), or one for each
 *        └── finish: whose is what ◄────┘ when the last call is answered
 *
 * All parents of a field come from one load above it, so they are all noted before it starts. Fields of different places run at the same
 * time; mutations one after the other, each with everything below it. Every call has an arena of its own, as while it is under way
 * that is the callee's.
 */
#include "gateways/graphql/execute/execution.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/rest/embed.h"
#include "gateways/rest/transcode_in.h"
#include "guard/authenticate.h"

struct load_call {
    struct load *load;
    struct call *call;
    const struct method_declaration *method;
    ProtobufCMessage *request; /* NULL: it could not be made */
    const ProtobufCMessage *answer;
    struct request_parts parts;
    size_t parent; /* whose it is, when each parent has its own */
};

/* --- making ------------------------------------------------------------------------------------------------------------- */

static bool needs_calls(enum graphql_resolver resolver)
{
    return resolver == GRAPHQL_FROM_OPERATION || resolver == GRAPHQL_FROM_LINK || resolver == GRAPHQL_FROM_NODE ||
           resolver == GRAPHQL_FROM_PAYLOAD_PROGRESS;
}

struct load *load_new(struct execution *execution, struct plan_field *field, const struct graphql_type *parent_type)
{
    const struct graphql_binding *binding = field->field->binding;
    if (binding == NULL || !needs_calls(binding->resolver))
        return NULL;
    struct load *load = ARENA_NEW(execution->arena, struct load);
    load->execution = execution;
    load->field = field;
    load->parent_type = parent_type;
    int seconds = binding->method != NULL ? binding->method->cache_seconds : 0;
    if (execution->cache_seconds_planned < 0 || seconds < execution->cache_seconds_planned)
        execution->cache_seconds_planned = seconds;
    return load;
}

static void load_pend(struct load *load)
{
    struct execution *execution = load->execution;
    load->next = NULL;
    *execution->pending_end = load;
    execution->pending_end = &load->next;
}

static void load_add(struct load *load, const void *parent)
{
    if (load->parent_count == 0)
        load_pend(load);
    ARENA_ROOM(load->execution->arena, load->parents, load->parent_count);
    load->parents[load->parent_count++] = parent;
}

/* Completing asks for parents in the order that they were noted, but skips those inside of what became null. */
const struct outcome *load_outcome(struct load *load, const void *parent)
{
    for (size_t i = 0; i < load->parent_count; i++) {
        size_t index = (load->hint + i) % load->parent_count;
        if (load->parents[index] == parent) {
            load->hint = index + 1;
            return &load->outcomes[index];
        }
    }
    ASSERT(!"every parent was noted");
}

/* --- gathering ---------------------------------------------------------------------------------------------------------- */

static void gather(struct execution *execution, const struct plan *plan, const void *source);

static void gather_objects(struct execution *execution, const struct plan_field *field, const struct value *value)
{
    if (value->kind == VALUE_OBJECT)
        gather(execution, plan_for(field, value->object), value->object);
    for (size_t i = 0; value->kind == VALUE_OBJECTS && i < value->count; i++)
        gather(execution, plan_for(field, value->objects[i]), value->objects[i]);
}

static void gather(struct execution *execution, const struct plan *plan, const void *source)
{
    if (!plan->has_loads)
        return;
    for (struct plan_field *field = plan->fields; field != NULL; field = field->next) {
        if (field->load != NULL) {
            load_add(field->load, source);
        } else if (field->has_loads) {
            struct value value = value_of(execution, field, source);
            gather_objects(execution, field, &value);
        }
    }
}

static void gather_below(struct load *load)
{
    const struct plan_field *field = load->field;
    for (size_t i = 0; field->has_loads && i < load->parent_count; i++) {
        struct value value = value_of(load->execution, field, load->parents[i]);
        gather_objects(load->execution, field, &value);
    }
}

/* --- outcomes ----------------------------------------------------------------------------------------------------------- */

static struct outcome outcome_failed(const struct problem *problem)
{
    return (struct outcome){.kind = OUTCOME_FAILED, .problem = problem};
}

static const char *next_cursor_of(const struct graphql_binding *binding, const ProtobufCMessage *answer)
{
    return field_count(binding->next_cursor, answer) > 0 ? field_value_string(binding->next_cursor, answer, 0) : "";
}

static struct outcome outcome_page(struct load *load, const struct graphql_binding *binding, const struct load_call *from)
{
    struct page *page = ARENA_NEW(load->execution->arena, struct page);
    size_t there = field_count(binding->items, from->answer);
    size_t skipped = from->parts.skip < there ? from->parts.skip : there;
    size_t shown = from->parts.first > 0 && there - skipped > from->parts.first ? from->parts.first : there - skipped;
    *page = (struct page){
        .answer = from->answer,
        .binding = binding,
        .after = from->parts.after,
        .skipped = skipped,
        .is_after = from->parts.is_after,
        .items = there > 0 ? (const ProtobufCMessage *const *)field_value(binding->items, from->answer, 0) + skipped : NULL,
        .count = shown,
        .next_cursor = next_cursor_of(binding, from->answer),
        .has_more_items = skipped + shown < there,
    };
    return (struct outcome){.kind = OUTCOME_ONE, .one = page};
}

static bool is_single(const struct graphql_binding *binding)
{
    return binding->link != NULL && binding->link->single;
}

static struct outcome outcome_items(const struct graphql_binding *binding, const void *const *items, size_t count)
{
    if (!is_single(binding))
        return (struct outcome){.kind = OUTCOME_LIST, .list = items, .count = count};
    return count > 0 ? (struct outcome){.kind = OUTCOME_ONE, .one = items[0]} : (struct outcome){.kind = OUTCOME_NULL};
}

/* The answer of one call, as the field wants it. */
static struct outcome outcome_of(struct load *load, const struct load_call *from)
{
    const struct graphql_binding *binding = load->field->field->binding;
    if (from->answer == NULL)
        return outcome_failed(&from->call->problem);
    if (binding->next_cursor.descriptor != NULL)
        return outcome_page(load, binding, from);
    if (binding->items.descriptor != NULL)
        return outcome_items(binding, field_value(binding->items, from->answer, 0), field_count(binding->items, from->answer));
    return (struct outcome){.kind = OUTCOME_ONE, .one = from->answer};
}

/* --- mutations ----------------------------------------------------------------------------------------------------------- */

/* What the client can mend is told beside the payload; who may not, and what broke here, is an error of the field. */
static bool is_for_payload(const struct problem *problem)
{
    int status = result_row(problem->result)->http_status;
    return status < 500 && status != 401 && status != 403 && status != 429;
}

static void add_user_error(struct payload *payload, struct user_error error, struct arena *arena)
{
    ARENA_ROOM(arena, payload->errors, payload->error_count);
    payload->errors[payload->error_count++] = error;
}

static void tell_user_errors(const struct load *load, struct payload *payload, const struct problem *problem)
{
    struct arena *arena = load->execution->arena;
    const struct result_row *row = result_row(problem->result);
    for (const struct violation *violation = problem->violations; violation != NULL; violation = violation->next) {
        bool is_of_fields = problem->result == RESULT_VALIDATION_FAILED; /* each is wrong in its own way; otherwise the problem says which */
        struct user_error error = {.code = is_of_fields ? violation->code : row->wire, .message = violation->detail};
        error.numbers = violation == problem->violations ? problem->numbers : NULL;
        error.field = request_path(load->field->field, violation->pointer, &error.field_count, arena);
        add_user_error(payload, error, arena);
    }
    if (problem->violations == NULL)
        add_user_error(payload,
                       (struct user_error){.code = row->wire,
                                           .message = problem->detail != NULL ? problem->detail : row->title,
                                           .numbers = problem->numbers},
                       arena);
    payload->error_list = ARENA_ARRAY(arena, const void *, payload->error_count);
    for (size_t i = 0; i < payload->error_count; i++)
        payload->error_list[i] = &payload->errors[i];
}

static struct outcome outcome_payload(struct load *load, const struct load_call *from)
{
    const struct problem *problem = &from->call->problem;
    if (from->answer == NULL && !is_for_payload(problem))
        return outcome_failed(problem);
    struct payload *payload = ARENA_NEW(load->execution->arena, struct payload);
    *payload = (struct payload){.call = from->call, .request = from->request, .answer = from->answer};
    if (from->answer == NULL)
        tell_user_errors(load, payload, problem);
    return (struct outcome){.kind = OUTCOME_ONE, .one = payload};
}

/* --- whose is what -------------------------------------------------------------------------------------------------------- */

/* The items of all answers by the text of what is matched: open addressing. */
struct matching {
    struct arena *arena;
    struct match {
        struct text key; /* at NULL: free */
        const void *item;
        size_t parent; /* who has it already: its number, from 1 */
    } *slots;
    size_t slot_count, value_count;
    const void *item;   /* whose values are being added */
    size_t parent;      /* whose items are looked for */
    const void **found; /* what is found of them, each once */
    size_t found_count;
};

static void count_match(void *data, struct field field, const void *value)
{
    (void)field;
    (void)value;
    ((struct matching *)data)->value_count++;
}

static void add_match(void *data, struct field field, const void *value)
{
    struct matching *matching = data;
    struct text key = field_value_text(field, value, matching->arena);
    size_t slot = text_hash(key) % matching->slot_count;
    while (matching->slots[slot].key.at != NULL)
        slot = (slot + 1) % matching->slot_count;
    matching->slots[slot] = (struct match){.key = key, .item = matching->item};
}

static void find_match(void *data, struct field field, const void *value)
{
    struct matching *matching = data;
    struct text key = field_value_text(field, value, matching->arena);
    for (size_t slot = text_hash(key) % matching->slot_count; matching->slots[slot].key.at != NULL;
         slot = (slot + 1) % matching->slot_count) {
        if (matching->slots[slot].parent == matching->parent || !text_equal(matching->slots[slot].key, key))
            continue;
        matching->slots[slot].parent = matching->parent;
        ARENA_ROOM(matching->arena, matching->found, matching->found_count);
        matching->found[matching->found_count++] = matching->slots[slot].item;
    }
}

static void each_item(const struct load *load, const struct resource_link *link, struct matching *matching,
                      void (*each)(void *data, struct field field, const void *value))
{
    for (size_t i = 0; i < load->call_count; i++) {
        const ProtobufCMessage *answer = load->calls[i].answer;
        size_t count = answer != NULL ? field_count(link->items, answer) : 0;
        for (size_t j = 0; j < count; j++) {
            const ProtobufCMessage *item = field_value_message(link->items, answer, j);
            matching->item = item;
            message_path_each(&link->match_item, item, each, matching);
        }
    }
}

static struct matching match_all(const struct load *load, const struct resource_link *link)
{
    struct matching matching = {.arena = load->execution->arena};
    each_item(load, link, &matching, count_match);
    matching.slot_count = 2 * matching.value_count + 1;
    matching.slots = ARENA_ARRAY(matching.arena, struct match, matching.slot_count);
    each_item(load, link, &matching, add_match);
    return matching;
}

static const struct resource_link *link_of(const struct load *load)
{
    const struct graphql_binding *binding = load->field->field->binding;
    const struct resource *resource = resource_find(load->execution->options.resources, load->parent_type->message);
    for (size_t i = 0; resource != NULL && i < resource->link_count; i++)
        if (resource->links[i].declaration == binding->link)
            return &resource->links[i];
    return NULL;
}

static const struct problem *first_problem(const struct load *load)
{
    for (size_t i = 0; i < load->call_count; i++)
        if (load->calls[i].answer == NULL)
            return &load->calls[i].call->problem;
    return NULL;
}

static bool is_open(const struct load *load, const struct resource_link *link, size_t parent)
{
    return link_is_open(link, load->parents[parent], &load->execution->options.call->actor);
}

static void finish_matched(struct load *load, const struct resource_link *link)
{
    const struct graphql_binding *binding = load->field->field->binding;
    const struct problem *problem = first_problem(load);
    struct matching matching = match_all(load, link);
    for (size_t i = 0; i < load->parent_count; i++) {
        if (!is_open(load, link, i))
            continue;
        if (problem != NULL) {
            load->outcomes[i] = outcome_failed(problem);
            continue;
        }
        matching.parent = i + 1;
        matching.found = NULL;
        matching.found_count = 0;
        message_path_each(&link->match_resource, load->parents[i], find_match, &matching);
        load->outcomes[i] = outcome_items(binding, matching.found, matching.found_count);
    }
}

/* --- node(id:) ------------------------------------------------------------------------------------------------------------ */

/* An id does not say of which type it is, so all were asked; the one that answered with this very id is it. */
static bool is_node(const struct load_call *from)
{
    struct field id = message_field(from->method->output, TEXT("id"));
    return from->answer != NULL && field_count(id, from->answer) > 0 &&
           strcmp(field_value_string(id, from->answer, 0), from->parts.node_id) == 0;
}

static struct outcome outcome_node(const struct load *load)
{
    const struct problem *problem = NULL;
    for (size_t i = 0; i < load->call_count; i++) {
        const struct load_call *from = &load->calls[i];
        if (is_node(from))
            return (struct outcome){.kind = OUTCOME_ONE, .one = from->answer};
        if (from->answer == NULL && result_row(from->call->problem.result)->http_status >= 500)
            problem = &from->call->problem;
    }
    return problem != NULL ? outcome_failed(problem) : (struct outcome){.kind = OUTCOME_NULL};
}

/* --- finishing ------------------------------------------------------------------------------------------------------------ */

static void note_lifetime(struct execution *execution, const struct load_call *from)
{
    int seconds = from->answer != NULL ? from->method->cache_seconds : 0;
    if (execution->cache_seconds < 0 || seconds < execution->cache_seconds)
        execution->cache_seconds = seconds;
    if (from->answer != NULL && from->request != NULL && (execution->options.notes_tags || execution->cache_seconds > 0))
        tags_add_method(&execution->tags, from->method, from->request, from->answer);
}

static bool is_mutation(const struct load *load)
{
    return load->parent_type == load->execution->options.schema->mutation;
}

/* How much was looked for in vain. */
static int64_t missed(const struct load *load, const struct load_call *from)
{
    const struct graphql_binding *binding = load->field->field->binding;
    if (binding->resolver == GRAPHQL_FROM_NODE)
        return !is_node(from);
    if (is_mutation(load))
        return from->answer == NULL && !is_for_payload(&from->call->problem) ? load->field->field->cost : 0;
    if (from->answer == NULL)
        return 1;
    if (binding->items.descriptor == NULL || binding->next_cursor.descriptor != NULL)
        return 0;
    int64_t found = (int64_t)field_count(binding->items, from->answer);
    int64_t wanted = load->field->field->size_argument != NULL ? load->field->size : 1;
    return found < wanted ? wanted - found : 0;
}

static void load_finish(struct load *load)
{
    const struct graphql_binding *binding = load->field->field->binding;
    const struct resource_link *link = binding->resolver == GRAPHQL_FROM_LINK ? link_of(load) : NULL;
    for (size_t i = 0; i < load->call_count; i++) {
        note_lifetime(load->execution, &load->calls[i]);
        /* It costs as much as what was found, so that nobody guesses ids and tokens for nothing. */
        load->execution->cost_actual += missed(load, &load->calls[i]);
    }
    if (binding->resolver == GRAPHQL_FROM_NODE)
        load->outcomes[0] = outcome_node(load);
    else if (link != NULL && link->match_item.depth > 0)
        finish_matched(load, link);
    else
        for (size_t i = 0; i < load->call_count; i++)
            load->outcomes[load->calls[i].parent] =
                is_mutation(load) ? outcome_payload(load, &load->calls[i]) : outcome_of(load, &load->calls[i]);
    load->execution->open--;
    gather_below(load);
}

/* --- calling -------------------------------------------------------------------------------------------------------------- */

static void advance(struct execution *execution);

static void on_answer(struct call *call, const ProtobufCMessage *answer)
{
    struct load_call *of = call->data;
    struct load *load = of->load;
    of->answer = answer;
    if (--load->open > 0)
        return;
    load_finish(load);
    advance(load->execution);
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

/* The time that an object is shown as of; what it links to is shown as of the same. 0 is now. */
static int64_t as_of_around(const struct plan_field *field)
{
    for (field = field->within; field != NULL; field = field->within)
        if (field->load != NULL && field->load->call_count > 0 && field->load->calls[0].call->as_of_us != 0)
            return field->load->calls[0].call->as_of_us;
    return 0;
}

static void call_begin(struct load *load, struct load_call *of, const struct method_declaration *method, size_t parent)
{
    struct execution *execution = load->execution;
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    arena_cleanup(execution->arena, free_arena, arena);
    *of = (struct load_call){.load = load, .method = method, .parent = parent, .call = call_child(execution->options.call, arena)};
    of->call->data = of;
    of->call->done = on_answer;
    of->call->as_of_us = as_of_around(load->field);
}

static struct load_call *load_calls(struct load *load, size_t count)
{
    load->calls = ARENA_ARRAY(load->execution->arena, struct load_call, count);
    return load->calls;
}

static uint64_t bound_fields(const struct resource_link *link)
{
    uint64_t bound = 0;
    for (size_t i = 0; link != NULL && i < link->binding_count; i++)
        bound |= UINT64_C(1) << field_index(link->declaration->method->input, link->bindings[i].to);
    return bound;
}

/* The request by the arguments alone; NULL with the call's problem. */
static ProtobufCMessage *request_of(const struct load *load, struct load_call *of, const struct resource_link *link)
{
    const struct graphql_binding *binding = load->field->field->binding;
    if (!authorize(of->call, of->method->scope) || !request_read(&of->parts, load->field, of->call))
        return NULL;
    if (of->call->as_of_us != 0 && of->method->history == NULL) {
        call_violation(of->call, "/asOf", "no_history", "This has no history to look at.");
        return NULL;
    }
    if (of->method->key_required && of->call->idempotency_key[0] == '\0') {
        call_refuse(of->call, RESULT_IDEMPOTENCY_KEY_REQUIRED,
                    "Give an idempotencyKey, a fresh one for each thing you want done, and the same one when you ask again.");
        return NULL;
    }
    return transcode_object(of->call, of->method, of->parts.object, binding->body, binding->mask, bound_fields(link));
}

/* --- preparing: one call --------------------------------------------------------------------------------------------------- */

static void prepare_operation(struct load *load)
{
    struct load_call *of = load_calls(load, 1);
    call_begin(load, of, load->field->field->binding->method, 0);
    of->request = request_of(load, of, NULL);
    load->call_count = 1;
}

static void prepare_node(struct load *load)
{
    const struct graphql_type *node = graphql_type_named(load->field->field->type);
    load_calls(load, node->possible_count);
    for (size_t i = 0; i < node->possible_count; i++) {
        struct load_call *of = &load->calls[load->call_count++];
        call_begin(load, of, node->possible[i]->message->get, 0);
        if (authorize(of->call, of->method->scope) && request_read(&of->parts, load->field, of->call))
            of->request = request_by_key(of->method, of->parts.node_id, of->call->arena);
        if (of->request == NULL && of->call->problem.result == RESULT_OK)
            call_refuse(of->call, RESULT_NOT_FOUND, NULL);
    }
}

/* What goes on after the mutation: the last part of where to look is its id. */
static void prepare_progress(struct load *load)
{
    load_calls(load, load->parent_count);
    for (size_t i = 0; i < load->parent_count; i++) {
        const struct payload *payload = load->parents[i];
        const char *location = payload->answer != NULL ? payload->call->accepted_location : NULL;
        if (location == NULL)
            continue;
        struct load_call *of = &load->calls[load->call_count++];
        call_begin(load, of, load->field->field->binding->method, i);
        const char *slash = strrchr(location, '/');
        of->request = request_by_key(of->method, slash != NULL ? slash + 1 : location, of->call->arena);
        if (of->request == NULL)
            call_refuse(of->call, RESULT_NOT_FOUND, NULL);
    }
}

/* --- preparing: links -------------------------------------------------------------------------------------------------------- */

/* Which list of the request all parents fill; without descriptor: none. */
static struct field batch_list(const struct resource_link *link)
{
    for (size_t i = 0; i < link->binding_count; i++)
        if (field_is_list(link->bindings[i].to))
            return link->bindings[i].to;
    return (struct field){0};
}

/* Texts once each: a service may answer twice what it is asked twice. */
static void drop_repeated(struct field list, ProtobufCMessage *request, struct arena *arena)
{
    if (list.descriptor->type != PROTOBUF_C_TYPE_STRING)
        return;
    size_t count = field_count(list, request), kept = 0;
    const char **values = count > 0 ? (const char **)(uintptr_t)field_value(list, request, 0) : NULL;
    struct lookup seen;
    lookup_init(&seen, arena);
    for (size_t i = 0; i < count; i++) {
        if (lookup_find(&seen, text_of(values[i])) != NULL)
            continue;
        lookup_put(&seen, text_of(values[i]), 0);
        values[kept++] = values[i];
    }
    field_set_count(list, request, kept);
}

/* Copy a part of the values into the call's own list. */
static void fill_part(struct load_call *of, struct field list, const ProtobufCMessage *whole, size_t from, size_t count)
{
    char *values = field_fill_list(list, of->request, of->call->arena, count);
    memcpy(values, (const char *)field_value(list, whole, 0) + from * field_value_size(list), count * field_value_size(list));
}

static const ProtobufCMessage **open_parents(const struct load *load, const struct resource_link *link, size_t *count)
{
    const ProtobufCMessage **open = ARENA_ARRAY(load->execution->arena, const ProtobufCMessage *, load->parent_count);
    *count = 0;
    for (size_t i = 0; i < load->parent_count; i++)
        if (is_open(load, link, i))
            open[(*count)++] = load->parents[i];
    return open;
}

/* One call for all parents; more where the operation takes only so many values at once. */
static void prepare_batch(struct load *load, const struct resource_link *link)
{
    const struct method_declaration *method = link->declaration->method;
    struct arena *arena = load->execution->arena;
    struct field list = batch_list(link);
    ASSERT(list.descriptor != NULL); /* the generator saw to it: a link with `match` binds a list */
    size_t open;
    const ProtobufCMessage *const *parents = (const ProtobufCMessage *const *)open_parents(load, link, &open);
    ProtobufCMessage *whole = message_new(arena, method->input->descriptor);
    link_bind(link, parents, open, whole, arena);
    drop_repeated(list, whole, arena);
    size_t count = field_count(list, whole), most = list.declaration->max_items > 0 ? (size_t)list.declaration->max_items : count;
    load_calls(load, most > 0 ? count / most + 1 : 1);
    for (size_t from = 0; from < count; from += most) {
        struct load_call *of = &load->calls[load->call_count++];
        call_begin(load, of, method, 0);
        of->request = request_of(load, of, link);
        if (of->request == NULL)
            return;
        link_bind(link, parents, 1, of->request, of->call->arena);
        fill_part(of, list, whole, from, count - from < most ? count - from : most);
    }
}

static bool binds_all(const struct resource_link *link, const ProtobufCMessage *request)
{
    for (size_t i = 0; i < link->binding_count; i++)
        if (field_count(link->bindings[i].to, request) == 0)
            return false;
    return true;
}

/* A call for each parent. One that has nothing to bind has nothing there. */
static void prepare_each(struct load *load, const struct resource_link *link)
{
    load_calls(load, load->parent_count);
    for (size_t i = 0; i < load->parent_count; i++) {
        if (!is_open(load, link, i))
            continue;
        struct load_call *of = &load->calls[load->call_count];
        call_begin(load, of, link->declaration->method, i);
        of->request = request_of(load, of, link);
        const ProtobufCMessage *parent = load->parents[i];
        if (of->request != NULL)
            link_bind(link, &parent, 1, of->request, of->call->arena);
        if (of->request == NULL || binds_all(link, of->request))
            load->call_count++;
    }
}

static void prepare_link(struct load *load)
{
    const struct resource_link *link = link_of(load);
    if (link == NULL) { /* its service is not called from here */
        static const struct problem unavailable = {.result = RESULT_UNAVAILABLE};
        for (size_t i = 0; i < load->parent_count; i++)
            load->outcomes[i] = outcome_failed(&unavailable);
    } else if (link->match_item.depth > 0) {
        prepare_batch(load, link);
    } else {
        prepare_each(load, link);
    }
}

/* --- together --------------------------------------------------------------------------------------------------------------- */

static void prepare(struct load *load)
{
    load->outcomes = ARENA_ARRAY(load->execution->arena, struct outcome, load->parent_count);
    switch (load->field->field->binding->resolver) {
    case GRAPHQL_FROM_LINK:
        prepare_link(load);
        break;
    case GRAPHQL_FROM_NODE:
        prepare_node(load);
        break;
    case GRAPHQL_FROM_PAYLOAD_PROGRESS:
        prepare_progress(load);
        break;
    default:
        prepare_operation(load);
    }
}

static void invoke(struct load_call *of)
{
    struct call *call = of->call;
    ProtobufCService *service = directory_find(of->load->execution->options.directory, of->method->service);
    if (of->request != NULL && service == NULL)
        call_refuse(call, RESULT_UNAVAILABLE, NULL);
    if (of->request == NULL || service == NULL)
        call_answer(call, NULL);
    else
        service->invoke(service, of->method->index, of->request, call_closure, call);
}

static void load_start(struct load *load)
{
    struct execution *execution = load->execution;
    execution->open++;
    prepare(load);
    size_t count = load->open = load->call_count;
    if (count == 0)
        load_finish(load);
    for (size_t i = 0; i < count; i++)
        invoke(&load->calls[i]);
}

/* The next mutation that needs a call; false when there is none. */
static bool begin_mutation(struct execution *execution)
{
    while (execution->next_mutation != NULL) {
        struct plan_field *field = execution->next_mutation;
        execution->next_mutation = field->next;
        if (field->load != NULL) {
            load_add(field->load, NULL);
            return true;
        }
    }
    return false;
}

/* Start what is to be started. Calls may be answered at once, and then come back here: the outermost goes on for all. */
static void advance(struct execution *execution)
{
    if (execution->advancing)
        return;
    execution->advancing = true;
    do {
        while (execution->pending != NULL) {
            struct load *load = execution->pending;
            execution->pending = load->next;
            if (execution->pending == NULL)
                execution->pending_end = &execution->pending;
            load_start(load);
        }
    } while (execution->open == 0 && begin_mutation(execution));
    execution->advancing = false;
    if (execution->open == 0)
        execution->done(execution->data);
}

void execution_run(struct execution *execution, void (*done)(void *data), void *data)
{
    execution->done = done;
    execution->data = data;
    if (execution->options.operation->kind == DOCUMENT_MUTATION)
        execution->next_mutation = execution->root->fields;
    else
        gather(execution, execution->root, NULL);
    advance(execution);
}
