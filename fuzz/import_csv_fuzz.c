/*
 * Any bytes at all as a file of products: whatever comes of it, no reader may crash, and what it gives must be whole.
 *
 * That is CSV and both JSON formats, as the content itself decides. Reading the same bytes twice gives the same.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/money.h"
#include "services/catalog/import/csv.h"
#include "services/catalog/import/import_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

/* --- rows ---------------------------------------------------------------------------------------------------------- */

struct rows {
    int64_t line;
    size_t bytes;
};

static void on_row(void *data, const struct csv_row *row)
{
    struct rows *rows = data;
    ASSERT(row->count > 0 && row->line > 0 && row->line >= rows->line);
    rows->line = row->line;
    for (size_t i = 0; i < row->count; i++) {
        ASSERT(row->cells[i].line >= rows->line);
        ASSERT(row->cells[i].text.at[row->cells[i].text.length] == '\0');
        rows->line = row->cells[i].line;
        rows->bytes += row->cells[i].text.length;
    }
}

static void on_broken(void *data, int64_t line, size_t cell, const char *sentence)
{
    struct rows *rows = data;
    ASSERT(line >= rows->line && cell > 0 && *sentence != '\0');
    rows->line = line;
}

static void check_rows(struct text file)
{
    struct rows rows = {0};
    csv_read(file, &(struct csv_reader){.row = on_row, .broken = on_broken, .data = &rows});
    ASSERT(rows.bytes <= file.length);
}

/* --- products ------------------------------------------------------------------------------------------------------ */

static void check_product(const struct imported_product *imported)
{
    const Catalog__Product *product = imported->product;
    ASSERT(*product->slug != '\0' && imported->line > 0 && imported->rows > 0);
    for (size_t i = 0; i < product->n_variants; i++) {
        const Catalog__Variant *variant = product->variants[i];
        ASSERT(*variant->sku != '\0' && variant->weight_grams >= 0 && variant->initial_stock >= 0);
        for (size_t p = 0; p < variant->n_prices; p++)
            ASSERT(variant->prices[p]->amount >= 0);
    }
    for (size_t i = 0; i < imported->path_count; i++)
        ASSERT(imported->paths[i].depth > 0);
    /* It can be packed, so every string of it is there. */
    uint8_t *packed = malloc(catalog__product__get_packed_size(product) + 1);
    ASSERT(packed != NULL);
    catalog__product__pack(product, packed);
    free(packed);
}

static size_t check_file(struct text bytes, int64_t *problems)
{
    struct arena *arena = arena_new(LIMIT_BULK_ARENA);
    struct import_file *file = import_file_read(arena, arena, bytes, "", "EUR");
    ASSERT(file->format != NULL || file->problems.count > 0);
    for (size_t i = 0; i < file->product_count; i++)
        check_product(file->products[i]);
    for (size_t i = 0; i < file->problems.kept; i++)
        ASSERT(file->problems.items[i]->line > 0 && *file->problems.items[i]->code != '\0');
    size_t count = file->product_count;
    *problems = file->problems.count;
    arena_free(arena);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    char *copy = malloc(size + 1); /* exactly as long, so that a step too far is seen */
    int64_t problems, again;
    ASSERT(copy != NULL);
    memcpy(copy, input, size);
    copy = realloc(copy, size > 0 ? size : 1);
    struct text bytes = {copy, size};
    check_rows(bytes);
    size_t count = check_file(bytes, &problems);
    ASSERT(check_file(bytes, &again) == count && again == problems);
    free(copy);
    return 0;
}
