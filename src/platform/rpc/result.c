/*
 * Results: the table of result.h as rows.
 */
#include "platform/rpc/result.h"

#include "base/assert.h"

#include <stddef.h>

static const struct result_row rows[RESULT_COUNT] = {
#define RESULT_ROW(name, http, grpc, wire, title) [RESULT_##name] = {http, grpc, wire, title},
    RESULT_TABLE(RESULT_ROW)
#undef RESULT_ROW
};

const struct result_row *result_row(enum result result)
{
    ASSERT((size_t)result < RESULT_COUNT);
    return &rows[result];
}
