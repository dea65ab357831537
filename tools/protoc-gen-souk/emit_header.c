/*
 * X.souk.h: what the author of a service sees.
 */
#include "emit.h"
#include "names.h"
#include "words.h"

static void emit_messages(FILE *out, const struct model *model, const struct file *file)
{
    for (const struct message *message = model->messages; message; message = message->next) {
        if (message->is.file == file)
            fprintf(out, "extern const struct message_declaration %s__declaration;\n", message->c_name);
    }
    for (const struct enumeration *enumeration = model->enums; enumeration; enumeration = enumeration->next) {
        if (enumeration->is.file == file)
            fprintf(out, "extern const struct enum_declaration %s__declaration;\n", enumeration->c_name);
    }
}

static void emit_signature(FILE *out, const struct method *method)
{
    const char *head = formatted("enum result %s(", method->handler);
    const char *first = formatted("%sstruct context *context, const %s *request,", head, method->input->c_type);
    const char *second = formatted("%s *answer);", method->output->c_type);
    if (strlen(first) + strlen(second) < 110)
        fprintf(out, "%s %s\n", first, second);
    else
        fprintf(out, "%s\n%*s%s\n", first, (int)strlen(head), "", second);
}

static void emit_handler(FILE *out, const struct method *method)
{
    fputc('\n', out);
    emit_comment(out, method->is.comment);
    if (method->rule->kind == SOUK__METHOD_RULE__KIND__SAGA)
        fprintf(out, "extern const struct saga %s;\n", method->handler);
    else
        emit_signature(out, method);
}

static void emit_service_part(FILE *out, const struct service *service)
{
    fputs("\n/* --- operations --- */\n\n", out);
    for (size_t i = 0; i < service->method_count; i++)
        fprintf(out, "extern const struct method_declaration %s__method;\n", service->methods[i].c_name);
    fprintf(out, "extern const struct service_declaration %s_declaration;\n", service->rule->name);

    fputs("\n/* --- handlers, written by the service --- */\n", out);
    for (size_t i = 0; i < service->method_count; i++)
        if (!method_is_stream(&service->methods[i]))
            emit_handler(out, &service->methods[i]);
}

static void emit_event(FILE *out, const struct model *model, const struct message *event)
{
    const char *prefix = event_prefix(model, event), *name = name_lower(event->is.name);
    fputc('\n', out);
    emit_comment(out, event->is.comment);
    fprintf(out, "extern const struct event_declaration %s__event;\n", event->c_name);
    fprintf(out, "void %s_emit_%s(struct context *context, const char *key, const %s *data);\n", prefix, name, event->c_type);
    fprintf(out, "void %s_apply_%s(struct tx *tx, const struct event *event, const %s *data);\n", prefix, name, event->c_type);
}

static void emit_events(FILE *out, const struct model *model, const struct file *file)
{
    bool begun = false;
    for (const struct message *message = model->messages; message; message = message->next) {
        if (message->is.file != file || !message_is_event(message))
            continue;
        if (!begun)
            fputs("\n/* --- events: emit is the generator's, apply is written by the service --- */\n", out);
        begun = true;
        emit_event(out, model, message);
    }
}

void emit_header(FILE *out, const struct model *model, const struct file *file)
{
    const char *guard = name_guard(formatted("%s.souk.h", file->stem));
    emit_origin(out, file->name);
    fprintf(out, "#ifndef %s\n#define %s\n\n#include \"%s.pb-c.h\"\n\n#include \"platform/rpc/declaration.h\"\n"
                 "#include \"platform/rpc/result.h\"\n\n",
            guard, guard, file->stem);
    emit_messages(out, model, file);
    for (const struct service *service = model->services; service; service = service->next) {
        if (service->is.file == file)
            emit_service_part(out, service);
    }
    emit_events(out, model, file);
    fputs("\n#endif\n", out);
}
