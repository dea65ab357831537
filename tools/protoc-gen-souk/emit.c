#include "emit.h"

#include "names.h"
#include "words.h"

#include <inttypes.h>

void emit_origin(FILE *out, const char *from)
{
    fprintf(out, "/* Made by protoc-gen-souk from %s. Edit that, not this. */\n", from);
}

void emit_string(FILE *out, const char *string)
{
    fputc('"', out);
    for (const char *at = string; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '\n')
            fputs("\\n", out);
        else if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(out, "\\%03o", byte);
        else
            fputc(byte, out);
    }
    fputc('"', out);
}

void emit_string_member(FILE *out, const char *indent, const char *name, const char *value)
{
    if (!value)
        return;
    fprintf(out, "%s.%s = ", indent, name);
    emit_string(out, value);
    fputs(",\n", out);
}

void emit_number_member(FILE *out, const char *indent, const char *name, int64_t value)
{
    if (value == INT64_MIN) /* its digits alone are no int64_t in C */
        fprintf(out, "%s.%s = INT64_MIN,\n", indent, name);
    else if (value)
        fprintf(out, "%s.%s = %" PRId64 ",\n", indent, name, value);
}

void emit_flag_member(FILE *out, const char *indent, const char *name, bool value)
{
    if (value)
        fprintf(out, "%s.%s = true,\n", indent, name);
}

void emit_comment(FILE *out, const char *text)
{
    if (!*text)
        return;
    fputs("/* ", out);
    for (const char *at = text; *at; at++) {
        fputc(*at, out);
        if (at[0] == '*' && at[1] == '/')
            fputc(' ', out); /* the end of our comment is not theirs to say */
        if (at[0] == '\n' && at[1] != '\n')
            fputs("   ", out);
    }
    fputs(" */\n", out);
}

const char *header_of(const struct message *message)
{
    if (message_is_well_known(message))
        return "platform/rpc/well_known.h";
    return formatted("%s.souk.h", message->is.file->stem);
}

const char *event_prefix(const struct model *model, const struct message *event)
{
    return model_package_service(model, event->is.file->package)->rule->name;
}
