/*
 * Memory and strings of the generator. Nothing is given back: the program lives for a second and reads a few contracts.
 */
#ifndef SOUK_GENERATOR_WORDS_H
#define SOUK_GENERATOR_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed memory. Running out ends the program. */
void *allocate(size_t count, size_t size);
#define ALLOCATE(type, count) ((type *)allocate((count), sizeof(type)))

char *formatted(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *copied(const char *string, size_t length);
bool same(const char *a, const char *b);
bool starts_with(const char *string, const char *prefix);
bool ends_with(const char *string, const char *suffix);
/* NULL for "" and NULL: how an option that was not given looks in proto3. */
const char *given(const char *string);

/* The next part of `*rest` before `separator`, without blanks around it; NULL at the end. Moves `*rest` on. */
char *next_part(const char **rest, char separator);

#endif
