/*
 * X.client.{h,c}: how the sagas of other services call this one. Apart from X.souk.h, so that a service sees the clients of those
 * it includes on purpose, and nobody else's.
 */
#include "emit.h"
#include "names.h"
#include "words.h"

static void emit_signature(FILE *out, const struct method *method)
{
    const char *call = formatted("void call_%s(", method->handler);
    fprintf(out, "%sstruct saga_run *run, const %s *request,\n%*svoid (*then)(struct saga_run *run, const %s *answer))", call,
            method->input->c_type, (int)strlen(call), "", method->output->c_type);
}

void emit_client_header(FILE *out, const struct service *service)
{
    const char *stem = service->is.file->stem;
    const char *guard = name_guard(formatted("%s.client.h", stem));
    emit_origin(out, service->is.file->name);
    fprintf(out, "#ifndef %s\n#define %s\n\n#include \"%s.pb-c.h\"\n\nstruct saga_run;\n", guard, guard, stem);
    for (size_t i = 0; i < service->method_count; i++) {
        if (method_is_stream(&service->methods[i]))
            continue;
        fputc('\n', out);
        emit_comment(out, service->methods[i].is.comment);
        emit_signature(out, &service->methods[i]);
        fputs(";\n", out);
    }
    fputs("\n#endif\n", out);
}

/* `then` travels as a pointer of another type, and is called only here, where its own is known again. */
static void emit_stub(FILE *out, const struct method *method)
{
    const char *name = name_lower(method->is.name), *answer = method->output->c_type;
    fprintf(out,
            "\nstatic void deliver_%s(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)\n"
            "{\n"
            "    ((void (*)(struct saga_run *, const %s *))then)(run, (const %s *)answer);\n"
            "}\n",
            name, answer, answer);
    emit_signature(out, method);
    fprintf(out,
            "\n{\n"
            "    saga_call(run, &%s__method, &request->base, (saga_then)then, deliver_%s);\n"
            "}\n",
            method->c_name, name);
}

void emit_client(FILE *out, const struct service *service)
{
    const char *stem = service->is.file->stem;
    emit_origin(out, service->is.file->name);
    fprintf(out, "#include \"%s.client.h\"\n\n#include \"%s.souk.h\"\n#include \"platform/saga/saga.h\"\n", stem, stem);
    for (size_t i = 0; i < service->method_count; i++)
        if (!method_is_stream(&service->methods[i]))
            emit_stub(out, &service->methods[i]);
}
