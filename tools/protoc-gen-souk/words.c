#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *present(void *memory)
{
    if (!memory) {
        fputs("protoc-gen-souk: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void *allocate(size_t count, size_t size)
{
    return present(calloc(count ? count : 1, size));
}

char *formatted(const char *format, ...)
{
    char *string = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&string, format, arguments) < 0)
        string = NULL;
    va_end(arguments);
    return present(string);
}

char *copied(const char *string, size_t length)
{
    return present(strndup(string, length));
}

bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool starts_with(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool ends_with(const char *string, const char *suffix)
{
    size_t length = strlen(string), tail = strlen(suffix);
    return length >= tail && same(string + length - tail, suffix);
}

const char *given(const char *string)
{
    return string && *string ? string : NULL;
}

char *next_part(const char **rest, char separator)
{
    if (!*rest)
        return NULL;
    const char *begin = *rest, *end = strchr(begin, separator);
    *rest = end ? end + 1 : NULL;
    if (!end)
        end = begin + strlen(begin);
    while (begin < end && *begin == ' ')
        begin++;
    while (end > begin && end[-1] == ' ')
        end--;
    return copied(begin, (size_t)(end - begin));
}
