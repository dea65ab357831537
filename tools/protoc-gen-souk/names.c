#include "names.h"

#include "words.h"

#include <ctype.h>
#include <string.h>

static char *split_words(const char *camel, int (*letter_case)(int))
{
    char *out = ALLOCATE(char, 2 * strlen(camel) + 1), *at = out;
    bool was_upper = true; /* no underscore at the start */
    for (; *camel; camel++) {
        bool is_upper = isupper((unsigned char)*camel);
        if (is_upper && !was_upper)
            *at++ = '_';
        *at++ = (char)letter_case((unsigned char)*camel);
        was_upper = is_upper;
    }
    return out;
}

char *name_lower(const char *camel)
{
    return split_words(camel, tolower);
}

char *name_upper(const char *camel)
{
    return split_words(camel, toupper);
}

static char *camel_of(const char *name)
{
    char *out = ALLOCATE(char, strlen(name) + 1), *at = out;
    bool next_is_upper = true;
    for (; *name; name++) {
        if (*name == '_') {
            next_is_upper = true;
            continue;
        }
        *at++ = next_is_upper ? (char)toupper((unsigned char)*name) : *name;
        next_is_upper = false;
    }
    return out;
}

/* Every part of the dotted name through `convert`, joined by two underscores. */
static char *joined(const char *full_name, const char *package, const char *c_package,
                    char *(*convert)(const char *))
{
    const char *rest = full_name;
    if (c_package)
        rest = formatted("%s%s%s", c_package, *package ? "" : ".", full_name + strlen(package));
    char *name = copied("", 0);
    for (char *part; (part = next_part(&rest, '.'));) {
        if (*part)
            name = formatted("%s%s%s", name, *name ? "__" : "", convert(part));
    }
    return name;
}

char *name_c_type(const char *full_name, const char *package, const char *c_package)
{
    return joined(full_name, package, c_package, camel_of);
}

char *name_c(const char *full_name, const char *package, const char *c_package)
{
    return joined(full_name, package, c_package, name_lower);
}

static char *plural(const char *noun)
{
    size_t length = strlen(noun);
    if (length && noun[length - 1] == 'y')
        return formatted("%.*sies", (int)length - 1, noun);
    return formatted("%ss", noun);
}

char *name_handler(const char *service, const char *method)
{
    char *name = name_lower(method);
    const char *nouns[] = {service, plural(service)};
    for (size_t i = 0; i < 2; i++) {
        const char *tail = formatted("_%s", nouns[i]);
        if (ends_with(name, tail)) {
            name = copied(name, strlen(name) - strlen(tail));
            break;
        }
    }
    return starts_with(name, formatted("%s_", service)) ? name : formatted("%s_%s", service, name);
}

char *name_enum_json(const char *scope, const char *value)
{
    /* The longest prefix wins: of Product.Status, PRODUCT_STATUS_ before STATUS_. */
    for (const char *at = scope; at; at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL) {
        char *prefix = copied("", 0);
        const char *rest = at;
        for (char *part; (part = next_part(&rest, '.'));)
            prefix = formatted("%s%s_", prefix, name_upper(part));
        if (starts_with(value, prefix) && value[strlen(prefix)]) {
            value += strlen(prefix);
            break;
        }
    }
    char *name = copied(value, strlen(value));
    for (char *at = name; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return name;
}

char *name_guard(const char *path)
{
    char *guard = copied(path, strlen(path));
    for (char *at = guard; *at; at++)
        *at = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
    return guard;
}
