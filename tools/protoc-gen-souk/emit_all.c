/*
 * souk/all.souk.{h,c}: every service there is, whatever runs in this process.
 */
#include "emit.h"
#include "words.h"

#include <stdlib.h>

void emit_all_header(FILE *out)
{
    emit_origin(out, "all contracts");
    fputs("#ifndef SOUK_ALL_SOUK_H\n#define SOUK_ALL_SOUK_H\n\n#include \"platform/rpc/declaration.h\"\n\n"
          "/* By name. */\n"
          "extern const struct service_declaration *const every_service_declaration[];\n"
          "extern const size_t every_service_count;\n\n#endif\n",
          out);
}

static int compare_names(const void *a, const void *b)
{
    const struct service *const *one = a, *const *other = b;
    return strcmp((*one)->rule->name, (*other)->rule->name);
}

void emit_all(FILE *out, const struct model *model)
{
    size_t count = 0;
    for (const struct service *service = model->services; service; service = service->next)
        count += service->is.file->wanted;
    const struct service **services = ALLOCATE(const struct service *, count);
    count = 0;
    for (const struct service *service = model->services; service; service = service->next) {
        if (service->is.file->wanted)
            services[count++] = service;
    }
    qsort(services, count, sizeof(services[0]), compare_names);

    emit_origin(out, "all contracts");
    fputs("#include \"souk/all.souk.h\"\n\n", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "extern const struct service_declaration %s_declaration;\n", services[i]->rule->name);
    fputs("\nconst struct service_declaration *const every_service_declaration[] = {\n", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "    &%s_declaration,\n", services[i]->rule->name);
    fprintf(out, "    NULL,\n};\nconst size_t every_service_count = %zu;\n", count);
}
