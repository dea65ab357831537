#include "gateways/grpc/visit.h"

#include "base/assert.h"

static void add(struct grpc *grpc, const struct grpc_method *method)
{
    ARENA_ROOM(grpc->arena, grpc->methods, grpc->method_count);
    grpc->methods[grpc->method_count] = *method;
    lookup_put(&grpc->by_path, text_of(method->path), grpc->method_count++);
}

/* "souk.catalog.v1.Catalog.GetProduct" to "/souk.catalog.v1.Catalog/GetProduct". */
static const char *path_of(struct arena *arena, const char *full_name)
{
    const char *dot = strrchr(full_name, '.');
    return arena_printf(arena, "/%.*s/%s", (int)(dot - full_name), full_name, dot + 1);
}

static void add_service(struct grpc *grpc, const struct service_declaration *declaration, ProtobufCService *service)
{
    for (size_t i = 0; i < declaration->method_count; i++) {
        const struct method_declaration *method = declaration->methods[i];
        if ((method->internal && !grpc->options.is_private) || (method->streams != NULL && grpc->options.watches == NULL))
            continue;
        add(grpc, &(struct grpc_method){
                      .path = path_of(grpc->arena, method->full_name),
                      .declaration = method,
                      .service = service,
                      .hides = grpc_hides_something(method->output),
                      .serve = method->streams != NULL ? grpc_stream : NULL,
                  });
    }
}

void grpc_add_methods(struct grpc *grpc)
{
    static const struct grpc_method own[] = {
        {.path = "/grpc.health.v1.Health/Check", .serve = grpc_health_check},
        {.path = "/grpc.health.v1.Health/Watch", .serve = grpc_health_watch},
        {.path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", .serve = grpc_reflect, .converses = true},
        /* The same messages by the name they had before; older clients ask for no other. */
        {.path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", .serve = grpc_reflect, .converses = true},
    };
    lookup_init(&grpc->by_path, grpc->arena);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        add(grpc, &own[i]);
    for (size_t i = 0; i < grpc->options.service_count; i++) {
        ProtobufCService *service = directory_find(grpc->options.directory, grpc->options.services[i]->name);
        if (service != NULL)
            add_service(grpc, grpc->options.services[i], service);
    }
}

const struct grpc_method *grpc_find_method(const struct grpc *grpc, struct text path)
{
    const size_t *index = lookup_find(&grpc->by_path, path);
    return index != NULL ? &grpc->methods[*index] : NULL;
}
