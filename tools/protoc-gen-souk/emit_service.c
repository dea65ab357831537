/*
 * X.service.c: what binds a service's functions to its declarations.
 */
#include "emit.h"
#include "names.h"
#include "words.h"

static bool is_event_of(const struct message *message, const struct service *service)
{
    return message_is_event(message) && same(message->is.file->package, service->is.file->package);
}

static bool is_saga(const struct method *method)
{
    return method->rule->kind == SOUK__METHOD_RULE__KIND__SAGA;
}

static bool has_handler(const struct method *method)
{
    return !is_saga(method) && !method_is_stream(method);
}

static void emit_thunk(FILE *out, const struct method *method)
{
    fprintf(out,
            "\nstatic int handle_%s(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer)\n"
            "{\n"
            "    return %s(context, (const %s *)request, (%s *)answer);\n"
            "}\n",
            name_lower(method->is.name), method->handler, method->input->c_type, method->output->c_type);
}

static void emit_event(FILE *out, const struct service *service, const struct message *event)
{
    const char *prefix = service->rule->name, *name = name_lower(event->is.name);
    fprintf(out,
            "\nstatic void apply_%s(struct tx *tx, const struct event *event, const ProtobufCMessage *data)\n"
            "{\n"
            "    %s_apply_%s(tx, event, (const %s *)data);\n"
            "}\n",
            name, prefix, name, event->c_type);

    fprintf(out, "const struct event_declaration %s__event = {\n", event->c_name);
    emit_string_member(out, "    ", "name", event->is.full_name);
    emit_string_member(out, "    ", "comment", event->is.comment);
    emit_string_member(out, "    ", "stream", event->rule->stream);
    emit_number_member(out, "    ", "version", event->rule->version ? event->rule->version : 1);
    fprintf(out, "    .message = &%s__declaration,\n    .apply = apply_%s,\n};\n", event->c_name, name);

    fprintf(out,
            "void %s_emit_%s(struct context *context, const char *key, const %s *data)\n"
            "{\n"
            "    context_emit(context, &%s__event, key, &data->base);\n"
            "}\n",
            prefix, name, event->c_type, event->c_name);
}

static void emit_includes(FILE *out, const struct model *model, const struct service *service)
{
    fprintf(out, "#include \"%s.souk.h\"\n\n", service->is.file->stem);
    for (const struct file *file = model->files; file; file = file->next) {
        bool has_events = false;
        for (const struct message *message = model->messages; message && file != service->is.file; message = message->next)
            has_events = has_events || (message->is.file == file && is_event_of(message, service));
        if (has_events)
            fprintf(out, "#include \"%s.souk.h\"\n", file->stem);
    }
    fputs("#include \"platform/service/service.h\"\n", out);
}

static void emit_method_table(FILE *out, const struct service *service)
{
    fputs("\nstatic const struct method_declaration *const methods[] = {\n", out);
    for (size_t i = 0; i < service->method_count; i++)
        fprintf(out, "    &%s__method,\n", service->methods[i].c_name);
    fputs("};\nstatic const method_handler handlers[] = {\n", out);
    for (size_t i = 0; i < service->method_count; i++) {
        const struct method *method = &service->methods[i];
        if (has_handler(method))
            fprintf(out, "    handle_%s,\n", name_lower(method->is.name));
        else
            fputs("    NULL,\n", out);
    }
    fputs("};\nstatic const struct saga *const sagas[] = {\n", out);
    for (size_t i = 0; i < service->method_count; i++) {
        const struct method *method = &service->methods[i];
        fprintf(out, "    %s%s,\n", is_saga(method) ? "&" : "", is_saga(method) ? method->handler : "NULL");
    }
    fputs("};\n", out);
}

static size_t emit_event_table(FILE *out, const struct model *model, const struct service *service)
{
    size_t count = 0;
    for (const struct message *message = model->messages; message; message = message->next) {
        if (!is_event_of(message, service))
            continue;
        if (!count++)
            fputs("static const struct event_declaration *const events[] = {\n", out);
        fprintf(out, "    &%s__event,\n", message->c_name);
    }
    if (count)
        fputs("};\n", out);
    return count;
}

void emit_service(FILE *out, const struct model *model, const struct service *service)
{
    emit_origin(out, service->is.file->name);
    emit_includes(out, model, service);
    for (size_t i = 0; i < service->method_count; i++) {
        if (has_handler(&service->methods[i]))
            emit_thunk(out, &service->methods[i]);
    }
    for (const struct message *message = model->messages; message; message = message->next) {
        if (is_event_of(message, service))
            emit_event(out, service, message);
    }
    if (service->method_count)
        emit_method_table(out, service);
    size_t event_count = emit_event_table(out, model, service);

    fprintf(out, "const struct service_declaration %s_declaration = {\n", service->rule->name);
    emit_string_member(out, "    ", "name", service->rule->name);
    emit_string_member(out, "    ", "full_name", service->is.full_name);
    emit_string_member(out, "    ", "comment", service->is.comment);
    fprintf(out, "    .descriptor = &%s__descriptor,\n", service->c_name);
    if (service->method_count)
        fputs("    .methods = methods,\n    .handlers = handlers,\n    .sagas = sagas,\n", out);
    emit_number_member(out, "    ", "method_count", (int64_t)service->method_count);
    if (event_count)
        fputs("    .events = events,\n", out);
    emit_number_member(out, "    ", "event_count", (int64_t)event_count);
    fputs("};\n", out);
}
