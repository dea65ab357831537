/*
 * protoc writes the set of files at build time and the assembler takes it in. At start it is read once, for the names; what reflection
 * hands out are the bytes as they are.
 */
#include "gateways/grpc/contracts.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/lookup.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "platform/rpc/message.h"

__asm__(".pushsection .rodata\ncontracts_begin: .incbin \"build/gen/contracts.binpb\"\ncontracts_end: .byte 0\n.popsection\n");
extern const char contracts_begin[] __attribute__((visibility("hidden")));
extern const char contracts_end[] __attribute__((visibility("hidden")));

#define FILES_MAX 256

struct extension {
    const char *type; /* that it extends, without the leading dot */
    int number;
    int file;
};

struct file {
    struct text packed;
    size_t *imports; /* indices of files */
    size_t import_count;
};

struct contracts {
    struct arena *arena;
    struct file *files;
    size_t file_count;
    struct lookup names, symbols;
    struct extension *extensions;
    size_t extension_count;
};

/* --- reading --------------------------------------------------------------------------------------------------------------- */

static void add_symbol(struct contracts *contracts, const char *symbol, size_t file)
{
    if (lookup_find(&contracts->symbols, text_of(symbol)) == NULL)
        lookup_put(&contracts->symbols, text_of(symbol), file);
}

static const char *join(struct contracts *contracts, const char *scope, const char *name)
{
    return *scope != '\0' ? arena_printf(contracts->arena, "%s.%s", scope, name) : arena_strdup(contracts->arena, name);
}

static void add_extension(struct contracts *contracts, const char *scope, const Google__Protobuf__FieldDescriptorProto *field, size_t file)
{
    ARENA_ROOM(contracts->arena, contracts->extensions, contracts->extension_count);
    contracts->extensions[contracts->extension_count++] = (struct extension){
        .type = arena_strdup(contracts->arena, field->extendee[0] == '.' ? field->extendee + 1 : field->extendee),
        .number = field->number,
        .file = (int)file,
    };
    add_symbol(contracts, join(contracts, scope, field->name), file);
}

static void add_enum(struct contracts *contracts, const char *scope, const Google__Protobuf__EnumDescriptorProto *type, size_t file)
{
    add_symbol(contracts, join(contracts, scope, type->name), file);
    for (size_t i = 0; i < type->n_value; i++)
        add_symbol(contracts, join(contracts, scope, type->value[i]->name), file); /* values are their enum's siblings */
}

static void add_message(struct contracts *contracts, const char *scope, const Google__Protobuf__DescriptorProto *type, size_t file)
{
    const char *name = join(contracts, scope, type->name);
    add_symbol(contracts, name, file);
    for (size_t i = 0; i < type->n_field; i++)
        add_symbol(contracts, join(contracts, name, type->field[i]->name), file);
    for (size_t i = 0; i < type->n_nested_type; i++)
        add_message(contracts, name, type->nested_type[i], file);
    for (size_t i = 0; i < type->n_enum_type; i++)
        add_enum(contracts, name, type->enum_type[i], file);
    for (size_t i = 0; i < type->n_extension; i++)
        add_extension(contracts, name, type->extension[i], file);
}

static void add_service(struct contracts *contracts, const char *scope, const Google__Protobuf__ServiceDescriptorProto *service, size_t file)
{
    const char *name = join(contracts, scope, service->name);
    add_symbol(contracts, name, file);
    for (size_t i = 0; i < service->n_method; i++)
        add_symbol(contracts, join(contracts, name, service->method[i]->name), file);
}

static void add_file(struct contracts *contracts, const Google__Protobuf__FileDescriptorProto *descriptor)
{
    size_t file = contracts->file_count++;
    const char *package = descriptor->package != NULL ? descriptor->package : "";
    lookup_put(&contracts->names, text_of(arena_strdup(contracts->arena, descriptor->name)), file);
    struct file *entry = &contracts->files[file];
    entry->packed = message_pack(contracts->arena, &descriptor->base);
    entry->imports = ARENA_ARRAY(contracts->arena, size_t, descriptor->n_dependency);
    for (size_t i = 0; i < descriptor->n_dependency; i++) {
        const size_t *import = lookup_find(&contracts->names, text_of(descriptor->dependency[i]));
        ASSERT(import != NULL); /* protoc writes a file after those that it imports */
        entry->imports[entry->import_count++] = *import;
    }
    for (size_t i = 0; i < descriptor->n_message_type; i++)
        add_message(contracts, package, descriptor->message_type[i], file);
    for (size_t i = 0; i < descriptor->n_enum_type; i++)
        add_enum(contracts, package, descriptor->enum_type[i], file);
    for (size_t i = 0; i < descriptor->n_service; i++)
        add_service(contracts, package, descriptor->service[i], file);
    for (size_t i = 0; i < descriptor->n_extension; i++)
        add_extension(contracts, package, descriptor->extension[i], file);
}

struct contracts *contracts_new(struct arena *arena)
{
    struct contracts *contracts = ARENA_NEW(arena, struct contracts);
    contracts->arena = arena;
    lookup_init(&contracts->names, arena);
    lookup_init(&contracts->symbols, arena);

    struct arena *scratch = arena_new(LIMIT_CALL_ARENA);
    struct text packed = {contracts_begin, (size_t)(contracts_end - contracts_begin)};
    const Google__Protobuf__FileDescriptorSet *set =
        (const void *)message_unpack(scratch, &google__protobuf__file_descriptor_set__descriptor, packed);
    ASSERT(set != NULL && set->n_file <= FILES_MAX);
    contracts->files = ARENA_ARRAY(arena, struct file, set->n_file);
    for (size_t i = 0; i < set->n_file; i++)
        add_file(contracts, set->file[i]);
    arena_free(scratch);
    return contracts;
}

/* --- asking ------------------------------------------------------------------------------------------------------------------ */

static int file_in(const struct lookup *lookup, struct text key)
{
    const size_t *file = lookup_find(lookup, key);
    return file != NULL ? (int)*file : -1;
}

int contracts_file_named(const struct contracts *contracts, struct text name)
{
    return file_in(&contracts->names, name);
}

int contracts_file_of_symbol(const struct contracts *contracts, struct text symbol)
{
    return file_in(&contracts->symbols, symbol);
}

int contracts_file_of_extension(const struct contracts *contracts, struct text type, int number)
{
    for (size_t i = 0; i < contracts->extension_count; i++)
        if (contracts->extensions[i].number == number && text_is(type, contracts->extensions[i].type))
            return contracts->extensions[i].file;
    return -1;
}

void contracts_each_import(const struct contracts *contracts, int file, void (*each)(void *data, struct text packed), void *data)
{
    /* Imports come before their importers, so one pass from the file down reaches all. */
    bool wanted[FILES_MAX] = {false};
    ASSERT(file >= 0 && (size_t)file < contracts->file_count);
    wanted[file] = true;
    for (size_t i = (size_t)file + 1; i-- > 0;) {
        if (!wanted[i])
            continue;
        each(data, contracts->files[i].packed);
        for (size_t j = 0; j < contracts->files[i].import_count; j++)
            wanted[contracts->files[i].imports[j]] = true;
    }
}

void contracts_each_extension(const struct contracts *contracts, struct text type, void (*each)(void *data, int number), void *data)
{
    for (size_t i = 0; i < contracts->extension_count; i++)
        if (text_is(type, contracts->extensions[i].type))
            each(data, contracts->extensions[i].number);
}
