/*
 * protoc-gen-souk: contracts into tables.
 *
 * A protoc plugin: a CodeGeneratorRequest on standard input, a CodeGeneratorResponse on standard output. It wants all contracts in one
 * go, since links lead from one service to another, routes must not collide, and a service's events may stand in a file of
 * their own:
 *
 *     main.c       request in, response out
 *     model.c      descriptors -> what is meant, names resolved, with options.c (annotations) and names.c (how it is called in C)
 *     check.c      what is wrong with it, in sentences
 *     emit_*.c     tables and stubs (emit.h tells which file holds what)
 *
 * The same contracts give the same bytes. What it reads, builds and writes is never freed: it lives for a moment.
 */
#include "check.h"
#include "emit.h"
#include "google/protobuf/compiler/plugin.pb-c.h"
#include "words.h"

#include <stdlib.h>

typedef Google__Protobuf__Compiler__CodeGeneratorRequest Request;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse Response;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File OutputFile;

/* --- input -------------------------------------------------------------------------------------------------------------- */

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "protoc-gen-souk: %s\n", why);
    exit(1);
}

static Request *read_request(void)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *whole = open_memstream(&bytes, &length);
    char piece[65536];
    for (size_t got; (got = fread(piece, 1, sizeof piece, stdin)) > 0;)
        fwrite(piece, 1, got, whole);
    if (ferror(stdin) || fclose(whole) != 0)
        give_up("can't read standard input");
    Request *request =
        google__protobuf__compiler__code_generator_request__unpack(NULL, length, (const uint8_t *)bytes);
    if (!request)
        give_up("standard input is no CodeGeneratorRequest. protoc starts this program: protoc --souk_out=DIR …");
    return request;
}

/* --- output ------------------------------------------------------------------------------------------------------------- */

/* A file being written: print to `out`, then output_close(). */
struct output {
    FILE *out;
    char *bytes;
    size_t length;
    char *name;
};

static struct output *output_open(const char *stem, const char *suffix)
{
    struct output *output = ALLOCATE(struct output, 1);
    output->name = formatted("%s%s", stem, suffix);
    output->out = open_memstream(&output->bytes, &output->length);
    if (!output->out)
        give_up("out of memory");
    return output;
}

static void output_close(Response *response, struct output *output)
{
    if (fclose(output->out) != 0)
        give_up("out of memory");
    OutputFile *file = ALLOCATE(OutputFile, 1);
    google__protobuf__compiler__code_generator_response__file__init(file);
    file->name = output->name;
    file->content = output->bytes;

    OutputFile **files = ALLOCATE(OutputFile *, response->n_file + 1);
    if (response->n_file)
        memcpy(files, response->file, response->n_file * sizeof(files[0]));
    files[response->n_file++] = file;
    response->file = files;
}

static void write_file(Response *response, const struct model *model, const struct file *file)
{
    struct output *output = output_open(file->stem, ".souk.h");
    emit_header(output->out, model, file);
    output_close(response, output);

    output = output_open(file->stem, ".souk.c");
    emit_declarations(output->out, model, file);
    output_close(response, output);
}

static void write_service(Response *response, const struct model *model, const struct service *service)
{
    struct output *output = output_open(service->is.file->stem, ".service.c");
    emit_service(output->out, model, service);
    output_close(response, output);

    output = output_open(service->is.file->stem, ".client.h");
    emit_client_header(output->out, service);
    output_close(response, output);

    output = output_open(service->is.file->stem, ".client.c");
    emit_client(output->out, service);
    output_close(response, output);
}

static void write_all(Response *response, const struct model *model)
{
    struct output *output = output_open("souk/all", ".souk.h");
    emit_all_header(output->out);
    output_close(response, output);

    output = output_open("souk/all", ".souk.c");
    emit_all(output->out, model);
    output_close(response, output);
}

static void write_everything(Response *response, const struct model *model)
{
    for (const struct file *file = model->files; file; file = file->next) {
        if (file->wanted)
            write_file(response, model, file);
    }
    for (const struct service *service = model->services; service; service = service->next) {
        if (service->is.file->wanted)
            write_service(response, model, service);
    }
    write_all(response, model);
}

static void send_response(const Response *response)
{
    size_t length = google__protobuf__compiler__code_generator_response__get_packed_size(response);
    uint8_t *bytes = ALLOCATE(uint8_t, length);
    google__protobuf__compiler__code_generator_response__pack(response, bytes);
    if (fwrite(bytes, 1, length, stdout) != length || fflush(stdout) != 0)
        give_up("can't write standard output");
}

int main(void)
{
    const struct model *model = model_read(read_request());
    Response response;
    google__protobuf__compiler__code_generator_response__init(&response);

    /* So that protoc leaves the refusal of `optional` to us, who can say what to write instead. */
    response.has_supported_features = 1;
    response.supported_features = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL;

    const char *refusals = check_model(model);
    if (refusals)
        response.error = formatted("these contracts can't become tables:\n%s", refusals);
    else
        write_everything(&response, model);
    send_response(&response);
    return 0;
}
