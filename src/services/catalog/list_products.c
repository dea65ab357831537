/*
 * catalog.list_products: the products that match, a page at a time.
 *
 * One statement yields candidates in the order asked for, driven by the filter that leaves the fewest (words, else the category,
 * else nothing), from where the page before ended; each is then held against all filters by look-ups on primary keys,
 * until the page is full. Orders by price show what has a price in the currency.
 *
 * What a filter leaves must be put in order before the first of it is known, unless it is kept in that order. So a filter that leaves many drives
 * nothing: where a thousand fit, walking the order's own index comes to a page of them soon.
 */
#include "services/catalog/catalog_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/service/page.h"
#include "services/shop_defaults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is asked for --- */

#define WORDS_MAX 8

struct filter {
    const Catalog__ListProductsRequest *request;
    const char *category; /* its id, or NULL for any */
    const char *currency;
    const char *words[WORDS_MAX];     /* a product has, for each, a word that begins with it */
    const char *word_ends[WORDS_MAX]; /* what comes after all words that begin with it */
    size_t word_count;
    int64_t status; /* 0 for any */
    struct arena *arena;
};

static void add_word(void *data, struct text word)
{
    struct filter *filter = data;

    if (filter->word_count == WORDS_MAX)
        return;
    filter->words[filter->word_count] = arena_strndup(filter->arena, word.at, word.length);
    /* No UTF-8 byte is 0xFF, but text in a database must be UTF-8: the last code point serves. */
    filter->word_ends[filter->word_count] =
        arena_printf(filter->arena, "%.*s\xF4\x8F\xBF\xBF", (int)word.length, word.at);
    filter->word_count++;
}

static enum result read_filter(struct context *context, const Catalog__ListProductsRequest *request,
                               struct filter *filter)
{
    *filter = (struct filter){.request = request, .arena = context->arena};
    filter->currency = *request->currency ? request->currency : SHOP_DEFAULT_CURRENCY;
    filter->status = product_sees_all(context) ? (int64_t)request->status
                                               : CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED;
    words_each(text_of(request->q), add_word, filter);
    if (*request->q && !filter->word_count)
        return call_violation(context->call, "?q", "no_words", "There is no word to look for.");
    if (*request->category) {
        filter->category = category_find(context->tx, request->category);
        if (!filter->category)
            return call_refuse(context->call, RESULT_NOT_FOUND, "There is no category `%s`.", request->category);
    }
    return RESULT_OK;
}

/* --- candidates: one statement per driver and order --- */

enum driver { DRIVER_ALL, DRIVER_CATEGORY, DRIVER_WORD, DRIVER_COUNT };

/* ?1 id and ?2 sort key of the last product shown, ?3 the currency, ?4 and ?5 the driver's */
#define DRIVERS(ROW, ORDER_JOIN, ORDER_WHERE, SORT_KEY)                                                  \
    ROW("SELECT p.id, p.status, " SORT_KEY " FROM product p " ORDER_JOIN " WHERE " ORDER_WHERE)          \
    ROW("SELECT p.id, p.status, " SORT_KEY " FROM product_category f JOIN product p ON p.id = f.product_id " \
        ORDER_JOIN " WHERE f.category_id = ?4 AND " ORDER_WHERE)                                         \
    ROW("SELECT p.id, p.status, " SORT_KEY                                                               \
        " FROM (SELECT DISTINCT product_id FROM product_word WHERE word >= ?4 AND word < ?5) f"          \
        " JOIN product p ON p.id = f.product_id " ORDER_JOIN " WHERE " ORDER_WHERE)

#define PRICE_JOIN "JOIN product_price pp ON pp.product_id = p.id AND pp.currency = ?3"
#define SQL(text) text,

static const char *const candidate_statements[][DRIVER_COUNT] = {
    /* A category's products are kept in the order of their ids; CROSS JOIN has SQLite begin there. PostgreSQL knows none with ON. */
    [CATALOG__PRODUCT_SORT__PRODUCT_SORT_NEWEST] = {
        "SELECT p.id, p.status, '' FROM product p WHERE p.id < ?1 ORDER BY p.id DESC",
        "SELECT p.id, p.status, '' FROM product_category f CROSS JOIN product p"
        " WHERE p.id = f.product_id AND f.category_id = ?4 AND f.product_id < ?1 ORDER BY f.product_id DESC",
        "SELECT p.id, p.status, '' FROM (SELECT DISTINCT product_id FROM product_word WHERE word >= ?4 AND word < ?5) f"
        " JOIN product p ON p.id = f.product_id WHERE p.id < ?1 ORDER BY p.id DESC"},
    [CATALOG__PRODUCT_SORT__PRODUCT_SORT_TITLE] = {
        DRIVERS(SQL, "", "(p.title, p.id) > (?2, ?1) ORDER BY p.title, p.id", "p.title")},
    [CATALOG__PRODUCT_SORT__PRODUCT_SORT_PRICE_ASC] = {
        DRIVERS(SQL, PRICE_JOIN, "(pp.lowest, pp.product_id) > (?2, ?1) ORDER BY pp.lowest, pp.product_id", "pp.lowest")},
    [CATALOG__PRODUCT_SORT__PRODUCT_SORT_PRICE_DESC] = {
        DRIVERS(SQL, PRICE_JOIN,
                "(pp.lowest, pp.product_id) < (?2, ?1) ORDER BY pp.lowest DESC, pp.product_id DESC",
                "pp.lowest")},
};
static const char *const list_names[] = {
    [CATALOG__PRODUCT_SORT__PRODUCT_SORT_NEWEST] = "product:newest",
    [CATALOG__PRODUCT_SORT__PRODUCT_SORT_TITLE] = "product:title",
    [CATALOG__PRODUCT_SORT__PRODUCT_SORT_PRICE_ASC] = "product:price",
    [CATALOG__PRODUCT_SORT__PRODUCT_SORT_PRICE_DESC] = "product:-price",
};

static unsigned order_of(const Catalog__ListProductsRequest *request)
{
    return request->sort ? (unsigned)request->sort : CATALOG__PRODUCT_SORT__PRODUCT_SORT_NEWEST;
}

static bool by_price(unsigned order)
{
    return order == CATALOG__PRODUCT_SORT__PRODUCT_SORT_PRICE_ASC ||
           order == CATALOG__PRODUCT_SORT__PRODUCT_SORT_PRICE_DESC;
}

/* The highest value that a statement names. */
static size_t value_count(unsigned order, enum driver driver)
{
    if (driver != DRIVER_ALL)
        return driver == DRIVER_WORD ? 5 : 4;
    if (by_price(order))
        return 3;
    return order == CATALOG__PRODUCT_SORT__PRODUCT_SORT_TITLE ? 2 : 1;
}

#define MANY 1000

static bool category_is_large(struct tx *tx, const char *category)
{
    return SQL_INT(tx, 0, "SELECT COUNT(*) FROM (SELECT 1 FROM product_category WHERE category_id = ?1 LIMIT ?2) first_ones",
                   sql_string(category), sql_int(MANY)) == MANY;
}

static bool word_is_frequent(struct tx *tx, const struct filter *filter)
{
    return SQL_INT(tx, 0, "SELECT COUNT(*) FROM (SELECT 1 FROM product_word WHERE word >= ?1 AND word < ?2 LIMIT ?3) first_ones",
                   sql_string(filter->words[0]), sql_string(filter->word_ends[0]), sql_int(MANY)) == MANY;
}

static enum driver driver_of(struct tx *tx, const struct filter *filter, unsigned order)
{
    bool is_kept_so = order == CATALOG__PRODUCT_SORT__PRODUCT_SORT_NEWEST;

    if (filter->word_count && !word_is_frequent(tx, filter))
        return DRIVER_WORD;
    if (filter->category && (is_kept_so || !category_is_large(tx, filter->category)))
        return DRIVER_CATEGORY;
    return DRIVER_ALL;
}

static struct sql_rows candidates(struct context *context, const struct filter *filter, unsigned order,
                                  const struct page *page)
{
    enum driver driver = driver_of(context->tx, filter, order);
    bool down = order == CATALOG__PRODUCT_SORT__PRODUCT_SORT_NEWEST || order == CATALOG__PRODUCT_SORT__PRODUCT_SORT_PRICE_DESC;
    int64_t price = down && page->first ? INT64_MAX : page->sort_number;
    struct sql_value values[5] = {
        sql_string(down ? page_id_down(page) : page->id),
        by_price(order) ? sql_int(price) : sql_string(page->sort),
        sql_string(filter->currency),
        driver == DRIVER_WORD ? sql_string(filter->words[0]) : sql_string(filter->category),
        driver == DRIVER_WORD ? sql_string(filter->word_ends[0]) : sql_null(),
    };

    return sql_select(context->tx, candidate_statements[order][driver], values, value_count(order, driver));
}

/* --- the other filters --- */

static bool has_words(struct tx *tx, const struct filter *filter, const char *id)
{
    for (size_t i = 0; i < filter->word_count; i++)
        if (!SQL_INT(tx, 0,
                     "SELECT 1 FROM product_word WHERE product_id = ?1 AND word >= ?2 AND word < ?3 LIMIT 1",
                     sql_string(id), sql_string(filter->words[i]), sql_string(filter->word_ends[i])))
            return false;
    return true;
}

static bool has_options(struct tx *tx, const struct filter *filter, const char *id)
{
    for (size_t i = 0; i < filter->request->n_option; i++)
        if (!SQL_INT(tx, 0, "SELECT 1 FROM product_option WHERE product_id = ?1 AND name = ?2 AND value = ?3",
                     sql_string(id), sql_string(filter->request->option[i]->key),
                     sql_string(filter->request->option[i]->value)))
            return false;
    return true;
}

static bool in_category(struct tx *tx, const struct filter *filter, const char *id)
{
    return !filter->category ||
           SQL_INT(tx, 0, "SELECT 1 FROM product_category WHERE category_id = ?1 AND product_id = ?2",
                   sql_string(filter->category), sql_string(id));
}

static bool in_price_range(struct tx *tx, const struct filter *filter, const char *id)
{
    int64_t most = filter->request->max_price ? filter->request->max_price : INT64_MAX;

    if (!filter->request->min_price && !filter->request->max_price)
        return true;
    return SQL_INT(tx, 0,
                   "SELECT 1 FROM product_price WHERE product_id = ?1 AND currency = ?2"
                   " AND highest >= ?3 AND lowest <= ?4",
                   sql_string(id), sql_string(filter->currency), sql_int(filter->request->min_price), sql_int(most));
}

static bool can_be_bought(struct tx *tx, const char *id)
{
    return SQL_INT(tx, 0, "SELECT in_stock FROM product_stock WHERE product_id = ?1", sql_string(id));
}

static bool matches(struct tx *tx, const struct filter *filter, const char *id, int64_t status)
{
    return (!filter->status || status == filter->status) && in_category(tx, filter, id) &&
           in_price_range(tx, filter, id) && (!filter->request->in_stock || can_be_bought(tx, id)) &&
           has_options(tx, filter, id) && has_words(tx, filter, id);
}

/* --- facets: what the filters would find, counted over the matches --- */

struct facet_value {
    const char *name, *value, *label;
    int64_t count;
    struct facet_value *next;
};
#define FACET_BUCKETS 1024
struct facets {
    struct arena *arena;
    struct facet_value *buckets[FACET_BUCKETS];
    size_t count;
};

static void facet_count(struct facets *facets, const char *name, const char *value, const char *label)
{
    uint64_t hash = text_hash(text_of(name)) * 31 + text_hash(text_of(value));
    struct facet_value **at = &facets->buckets[hash % FACET_BUCKETS];

    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0 && strcmp((*at)->value, value) == 0) {
            (*at)->count++;
            return;
        }
    *at = ARENA_NEW(facets->arena, struct facet_value);
    **at = (struct facet_value){
        arena_strdup(facets->arena, name), arena_strdup(facets->arena, value), arena_strdup(facets->arena, label), 1, NULL};
    facets->count++;
}

static void facets_add_product(struct tx *tx, struct facets *facets, const char *id)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT name, value FROM product_option WHERE product_id = ?1", sql_string(id));

    while (sql_next(&rows))
        facet_count(facets, arena_printf(facets->arena, "option.%s", sql_get_string(&rows, 0)), sql_get_string(&rows, 1),
                    sql_get_string(&rows, 1));
    rows = SQL_SELECT(tx,
                      "SELECT slug, name FROM product_category JOIN category ON category.id = category_id"
                      " WHERE product_id = ?1",
                      sql_string(id));
    while (sql_next(&rows))
        facet_count(facets, "category", sql_get_string(&rows, 0), sql_get_string(&rows, 1));
    facet_count(facets, "inStock", can_be_bought(tx, id) ? "true" : "false", can_be_bought(tx, id) ? "In stock" : "Sold out");
}

static int by_name_then_count(const void *a, const void *b)
{
    const struct facet_value *left = *(const struct facet_value *const *)a;
    const struct facet_value *right = *(const struct facet_value *const *)b;
    int order = strcmp(left->name, right->name);

    if (order)
        return order;
    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    return strcmp(left->value, right->value);
}

static void facets_write(const struct facets *facets, Catalog__ListProductsResponse *answer)
{
    const struct facet_value **sorted = ARENA_ARRAY(facets->arena, const struct facet_value *, facets->count);
    size_t n = 0;

    for (size_t b = 0; b < FACET_BUCKETS; b++)
        for (const struct facet_value *value = facets->buckets[b]; value; value = value->next)
            sorted[n++] = value;
    qsort(sorted, n, sizeof *sorted, by_name_then_count);
    answer->facets = ARENA_ARRAY(facets->arena, Catalog__Facet *, n);
    for (size_t i = 0; i < n; i++) {
        Catalog__Facet *facet = answer->n_facets ? answer->facets[answer->n_facets - 1] : NULL;
        Catalog__FacetValue *value = ARENA_NEW(facets->arena, Catalog__FacetValue);

        if (!facet || strcmp(facet->name, sorted[i]->name) != 0) {
            facet = answer->facets[answer->n_facets++] = ARENA_NEW(facets->arena, Catalog__Facet);
            catalog__facet__init(facet);
            facet->name = sorted[i]->name;
            facet->values = ARENA_ARRAY(facets->arena, Catalog__FacetValue *, n - i);
        }
        catalog__facet_value__init(value);
        value->value = sorted[i]->value;
        value->label = sorted[i]->label;
        value->count = sorted[i]->count;
        facet->values[facet->n_values++] = value;
    }
}

/* All matches, whatever page is asked for. */
static void count_facets(struct context *context, const struct filter *filter, Catalog__ListProductsResponse *answer)
{
    struct facets *facets = ARENA_NEW(context->arena, struct facets);
    struct page everything = {.first = true, .sort = "", .sort_number = INT64_MIN, .id = ""};
    struct sql_rows rows =
        candidates(context, filter, CATALOG__PRODUCT_SORT__PRODUCT_SORT_NEWEST, &everything);
    int64_t counted = 0;

    facets->arena = context->arena;
    while (sql_next(&rows)) {
        const char *id = sql_get_string(&rows, 0);

        if (!matches(context->tx, filter, id, sql_get_int(&rows, 1)))
            continue;
        facets_add_product(context->tx, facets, id);
        if (++counted == LIMIT_FACET_PRODUCTS) {
            sql_stop(&rows);
            break;
        }
    }
    facets_write(facets, answer);
}

/* --- the page --- */

static void add_item(struct context *context, const struct filter *filter, const char *id,
                     Catalog__ListProductsResponse *answer)
{
    Catalog__Product *product = ARENA_NEW(context->arena, Catalog__Product);

    ASSERT(product_load(context->tx, id, filter->currency, product) || context->tx->failed);
    if (product_sees_all(context))
        product_complete_prices(context->tx, product);
    answer->items[answer->n_items++] = product;
}

/* A product may have 2,000 variants: a page of such ends early, before the call's memory does. */
static bool page_is_full(const struct context *context, const struct page *page,
                         const Catalog__ListProductsResponse *answer)
{
    return answer->n_items == (size_t)page->limit ||
           (answer->n_items && arena_used(context->arena) > LIMIT_CALL_ARENA / 4);
}

enum result catalog_list_products(struct context *context, const Catalog__ListProductsRequest *request,
                                  Catalog__ListProductsResponse *answer)
{
    unsigned order = order_of(request);
    struct filter filter;
    struct page page;
    struct sql_rows rows;
    const char *last_id = "", *last_sort = "";
    int64_t last_number = 0;
    enum result result = page_begin(context->call, list_names[order], request->limit, request->cursor, &page);

    if (!result)
        result = read_filter(context, request, &filter);
    if (result)
        return result;

    answer->items = ARENA_ARRAY(context->arena, Catalog__Product *, (size_t)page.limit);
    rows = candidates(context, &filter, order, &page);
    while (sql_next(&rows)) {
        const char *id = sql_get_string(&rows, 0);

        if (!matches(context->tx, &filter, id, sql_get_int(&rows, 1)))
            continue;
        if (page_is_full(context, &page, answer)) {
            answer->next_cursor = by_price(order)
                                      ? page_cursor_number(context->arena, list_names[order], last_number, last_id)
                                      : page_cursor(context->arena, list_names[order], last_sort, last_id);
            sql_stop(&rows);
            break;
        }
        last_id = id;
        if (by_price(order))
            last_number = sql_get_int(&rows, 2);
        else
            last_sort = sql_get_string(&rows, 2);
        add_item(context, &filter, id, answer);
    }
    if (request->facets)
        count_facets(context, &filter, answer);
    return RESULT_OK;
}
