#include "platform/trace/span.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static void (*_Atomic take_span)(void *data, const struct span *span);
static void *_Atomic taker;

void span_collect(void (*take)(void *data, const struct span *span), void *data)
{
    atomic_store(&taker, data);
    atomic_store(&take_span, take);
}

bool span_is_wanted(const char *own)
{
    return atomic_load_explicit(&take_span, memory_order_relaxed) != NULL && trace_is_sampled(own);
}

bool span_begin(struct span *span, enum span_kind kind, const char *name, const char *own, const char *parent, int64_t start_us)
{
    span->own[0] = '\0';
    if (!span_is_wanted(own))
        return false;
    memcpy(span->own, own, TRACE_PARENT_BYTES);
    span->parent_id[0] = '\0';
    if (*parent != '\0')
        snprintf(span->parent_id, sizeof span->parent_id, "%.*s", SPAN_ID_LENGTH, span_id_of(parent).at);
    span->kind = kind;
    span->failed = false;
    span->start_us = start_us;
    span->attribute_count = 0;
    span_rename(span, name);
    return true;
}

void span_rename(struct span *span, const char *name)
{
    if (span->own[0] != '\0')
        snprintf(span->name, sizeof span->name, "%s", name);
}

static struct span_attribute *attribute_new(struct span *span, const char *key)
{
    if (span->own[0] == '\0' || span->attribute_count == SPAN_ATTRIBUTES_MAX)
        return NULL;
    struct span_attribute *attribute = &span->attributes[span->attribute_count++];
    attribute->key = key;
    return attribute;
}

void span_number(struct span *span, const char *key, int64_t number)
{
    struct span_attribute *attribute = attribute_new(span, key);
    if (attribute == NULL)
        return;
    attribute->is_text = false;
    attribute->number = number;
}

void span_text(struct span *span, const char *key, struct text text)
{
    struct span_attribute *attribute = attribute_new(span, key);
    if (attribute == NULL)
        return;
    size_t length = text.length < SPAN_TEXT_BYTES - 1 ? text.length : SPAN_TEXT_BYTES - 1;
    while (length < text.length && length > 0 && ((unsigned char)text.at[length] & 0xc0) == 0x80)
        length--; /* not within a character */
    attribute->is_text = true;
    memcpy(attribute->text, text.at, length);
    attribute->text[length] = '\0';
}

void span_end(struct span *span, int64_t end_us)
{
    void (*take)(void *data, const struct span *span) = atomic_load(&take_span);
    if (span->own[0] == '\0' || take == NULL)
        return;
    span->end_us = end_us > span->start_us ? end_us : span->start_us;
    take(atomic_load(&taker), span);
    span->own[0] = '\0';
}
