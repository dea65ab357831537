/*
 * Pages of lists: what `limit` and `cursor` of a request mean, and the cursor of the answer.
 *
 * A cursor holds the sort key and the id of the last item shown; the next page is what comes after them. So a page costs the
 * same wherever it is, and items that come or go meanwhile neither repeat nor hide others. To the client it is opaque:
 * base64url of the list's name, the sort key and the id. The name says which list in which order ("product:title"), so that a
 * cursor of one list is not taken for another's.
 *
 *     struct page page;
 *     enum result result = page_begin(context->call, "customer:name", request->limit, request->cursor, &page);
 *     if (result != RESULT_OK)
 *         return result;
 *     struct sql_rows rows = SQL_SELECT(tx, "SELECT id, name FROM customer WHERE (name, id) > (?1, ?2) ORDER BY name, id LIMIT ?3",
 *                                       sql_string(page.sort), sql_string(page.id), sql_int(page.limit + 1));
 *     … the row past page.limit is not shown: it says that there is a next page
 *     answer->next_cursor = page_cursor(arena, "customer:name", last->name, last->id);
 *
 * On the first page `sort` and `id` are "", which come before everything, so that one statement serves all pages. An order from the
 * newest down, or by a number, has another: page_id_down(), page.sort_number (INT64_MIN at first). An OR in its place would have the
 * store walk past all pages before.
 */
#ifndef SOUK_PLATFORM_PAGE_H
#define SOUK_PLATFORM_PAGE_H

#include "platform/rpc/call.h"

struct page {
    int64_t limit;       /* items to show: 1 to LIMIT_PAGE_MAX */
    bool first;          /* there was no cursor */
    const char *sort;    /* of the last item shown; "" at first */
    int64_t sort_number; /* the same as a number, for lists that made it with page_cursor_number(); INT64_MIN at first */
    const char *id;      /* of the last item shown; "" at first */
};

/* Read a request's limit (0: LIMIT_PAGE_DEFAULT) and cursor ("": the first page). Refuses with CURSOR_INVALID what is not a cursor of
 * this list. What `page` points to lives in the call's arena. */
enum result page_begin(struct call *call, const char *list, int64_t limit, const char *cursor, struct page *page);

/* The cursor of the page after an item, in the arena. A list without sort key but the id has "" for it. */
const char *page_cursor(struct arena *arena, const char *list, const char *sort, const char *id);
const char *page_cursor_number(struct arena *arena, const char *list, int64_t sort, const char *id);

/* For lists from the highest id down: those of the page are below it. */
#define PAGE_PAST_EVERY_ID "~" /* ids are small letters and digits */
static inline const char *page_id_down(const struct page *page)
{
    return page->first ? PAGE_PAST_EVERY_ID : page->id;
}

#endif
