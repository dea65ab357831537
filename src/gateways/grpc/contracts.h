/*
 * The contracts as data: every .proto file that this program was built from, as reflection hands them out.
 */
#ifndef SOUK_GRPC_CONTRACTS_H
#define SOUK_GRPC_CONTRACTS_H

#include "base/arena.h"
#include "base/text.h"

struct contracts;
/* In the arena. */
struct contracts *contracts_new(struct arena *arena);

/* A file by its name, by something that it declares ("souk.catalog.v1.Product", "souk.catalog.v1.Catalog.GetProduct"), or by an extension
 * of a type. -1 when there is none. */
int contracts_file_named(const struct contracts *contracts, struct text name);
int contracts_file_of_symbol(const struct contracts *contracts, struct text symbol);
int contracts_file_of_extension(const struct contracts *contracts, struct text type, int number);

/* Call back with the packed FileDescriptorProto of a file and of everything that it imports, the file first, each once. */
void contracts_each_import(const struct contracts *contracts, int file, void (*each)(void *data, struct text packed), void *data);
/* Call back with the number of every extension of a type. */
void contracts_each_extension(const struct contracts *contracts, struct text type, void (*each)(void *data, int number), void *data);

#endif
