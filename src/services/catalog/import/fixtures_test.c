/*
 * Every file of tests/fixtures/import is imported, bad rows left out; what becomes of it is held against the file's `.expected`. GOLDEN=update takes
 * the present outcome for right: read the difference before it is committed.
 *
 * Also takes the files of others in ../shared/data, where that folder exists.
 */
#include "platform/service/handler_world_test.h"
#include "services/catalog/catalog.h"
#include "services/catalog/catalog_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURES "tests/fixtures/import/"
#define SHARED "../shared/data/"
#define FILE_BYTES_MAX (1 << 24)
#define METHOD(name) (&catalog__catalog_service__##name##__method)

/* --- files --------------------------------------------------------------------------------------------------------- */

static void read_file(const char *path, struct buffer *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s can't be opened", path);
    buffer_init(bytes, FILE_BYTES_MAX);
    size_t length = fread(buffer_reserve(bytes, FILE_BYTES_MAX - 1), 1, FILE_BYTES_MAX - 1, file);
    buffer_grew(bytes, length);
    fclose(file);
}

static const Catalog__Import *import(struct handler_world *world, struct text file)
{
    Catalog__ImportProductsRequest request = CATALOG__IMPORT_PRODUCTS_REQUEST__INIT;
    const ProtobufCMessage *answer;
    request.file.data = (uint8_t *)arena_strndup(world->arena, file.at, file.length);
    request.file.len = file.length;
    request.skip_bad_rows = true;
    handler_world_call(world, METHOD(import_products), &request.base, &answer);
    return (const Catalog__Import *)answer;
}

/* --- what became of it --------------------------------------------------------------------------------------------- */

struct outcome {
    struct handler_world *world;
    struct tx *tx;
    struct buffer text;
};

static void write_category(struct outcome *outcome, const char *id)
{
    Catalog__Category category = CATALOG__CATEGORY__INIT;
    assert_true(category_load(outcome->tx, id, &category));
    if (*category.parent_id != '\0') {
        write_category(outcome, category.parent_id);
        buffer_add_string(&outcome->text, " > ");
    }
    buffer_printf(&outcome->text, "%s (%s)", category.name, category.slug);
}

static void write_variant(struct outcome *outcome, const Catalog__Variant *variant)
{
    struct buffer *text = &outcome->text;
    buffer_printf(text, "  variant %s \"%s\"", variant->sku, variant->title);
    for (size_t i = 0; i < variant->n_options; i++)
        buffer_printf(text, "%s%s=%s", i > 0 ? ", " : " ", variant->options[i]->key, variant->options[i]->value);
    for (size_t i = 0; i < variant->n_prices; i++)
        buffer_printf(text, "; %" PRId64 " %s, was %" PRId64, variant->prices[i]->amount, variant->prices[i]->currency,
                      variant->prices[i]->compare_at_amount);
    buffer_printf(text, "; stock %" PRId64 ", %" PRId64 " g", variant->initial_stock, variant->weight_grams);
    if (*variant->barcode != '\0')
        buffer_printf(text, "; barcode %s", variant->barcode);
    if (*variant->image_url != '\0')
        buffer_printf(text, "; picture %s", variant->image_url);
    if (*variant->tax_category != '\0')
        buffer_printf(text, "; taxed as %s", variant->tax_category);
    if (variant->digital)
        buffer_add_string(text, "; digital");
    for (size_t i = 0; i < variant->n_components; i++)
        buffer_printf(text, "; %" PRId64 " of %s", variant->components[i]->quantity, variant->components[i]->sku);
    for (size_t i = 0; i < variant->n_attributes; i++)
        buffer_printf(text, "; %s = %s", variant->attributes[i]->key, variant->attributes[i]->value);
    buffer_add_char(text, '\n');
}

static void write_product(struct outcome *outcome, const Catalog__Product *product)
{
    static const char *const statuses[] = {"unspecified", "draft", "published", "archived"};
    struct buffer *text = &outcome->text;
    buffer_printf(text, "product %s \"%s\" %s\n", product->slug, product->title, statuses[product->status]);
    if (*product->description != '\0')
        buffer_printf(text, "  description \"%s\"\n", product->description);
    for (size_t i = 0; i < product->n_categories; i++) {
        buffer_add_string(text, "  in ");
        write_category(outcome, product->categories[i]->id);
        buffer_add_char(text, '\n');
    }
    for (size_t i = 0; i < product->n_options; i++) {
        buffer_printf(text, "  option %s:", product->options[i]->name);
        for (size_t v = 0; v < product->options[i]->n_values; v++)
            buffer_printf(text, " %s", product->options[i]->values[v]);
        buffer_add_char(text, '\n');
    }
    for (size_t i = 0; i < product->n_images; i++)
        buffer_printf(text, "  image %s \"%s\" %d by %d\n", product->images[i]->url, product->images[i]->alt,
                      product->images[i]->width, product->images[i]->height);
    for (size_t i = 0; i < product->n_attributes; i++)
        buffer_printf(text, "  %s = %s\n", product->attributes[i]->key, product->attributes[i]->value);
    for (size_t i = 0; i < product->n_variants; i++)
        write_variant(outcome, product->variants[i]);
}

static bool write_event(void *data, const struct event *event)
{
    struct outcome *outcome = data;
    if (strcmp(event->name, catalog__product_created__event.name) == 0)
        write_product(outcome, ((Catalog__ProductCreated *)message_unpack(outcome->world->arena,
                                                                          &catalog__product_created__descriptor, event->data))
                                   ->product);
    return true;
}

static void write_problems(struct buffer *text, const Catalog__Import *report, const struct problem *problem)
{
    for (size_t i = 0; report != NULL && i < report->n_problems; i++)
        buffer_printf(text, "%" PRId64 ": %s: %s: %s\n", report->problems[i]->line, report->problems[i]->column,
                      report->problems[i]->code, report->problems[i]->detail);
    for (const struct violation *violation = report == NULL ? problem->violations : NULL; violation != NULL;
         violation = violation->next)
        buffer_printf(text, "%s: %s: %s\n", violation->pointer, violation->code, violation->detail);
}

/* The first import's outcome; a second one must change nothing. */
static void outcome_of(struct text file, struct buffer *text)
{
    struct handler_world *world = handler_world_new(&catalog_service);
    const Catalog__Import *report = import(world, file);
    struct outcome outcome = {.world = world};
    buffer_init(&outcome.text, FILE_BYTES_MAX);
    if (report == NULL)
        buffer_printf(&outcome.text, "refused: %s\n", world->problem.detail);
    else
        buffer_printf(&outcome.text, "%s: %" PRId64 " created, %" PRId64 " variants, %" PRId64 " left out\n", report->format,
                      report->created, report->variants, report->skipped);
    write_problems(&outcome.text, report, &world->problem);
    outcome.tx = tx_begin(world->host.connection);
    outcome.tx->arena = world->arena;
    event_log_read(outcome.tx, "product/*", 0, 0, INT64_MAX, write_event, &outcome);
    tx_rollback(outcome.tx);

    if (report != NULL) {
        const Catalog__Import *again = import(world, file);
        assert_int_equal(again->unchanged, report->created);
        assert_int_equal(again->created + again->updated, 0);
        handler_world_verify(world);
    }
    handler_world_free(world);
    *text = outcome.text;
}

/* --- ours ---------------------------------------------------------------------------------------------------------- */

static void write_golden(const char *path, const struct buffer *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(text->at, 1, text->length, file);
    fclose(file);
}

/* Say where they part, which a comparison of the whole would not. */
static void assert_same_lines(const char *path, struct text actual, struct text expected)
{
    size_t at = 0, line = 1;
    while (at < actual.length && at < expected.length && actual.at[at] == expected.at[at])
        line += actual.at[at++] == '\n';
    if (at < actual.length || at < expected.length) {
        while (at > 0 && actual.at[at - 1] != '\n')
            at--;
        const char *end = memchr(actual.at + at, '\n', actual.length - at);
        fail_msg("%s:%zu: it is now: %.*s", path, line, end != NULL ? (int)(end - actual.at - (ptrdiff_t)at) : 0, actual.at + at);
    }
}

static void check_fixture(const char *name)
{
    char path[512], golden[512];
    struct buffer file, outcome, expected;
    snprintf(path, sizeof path, FIXTURES "%s", name);
    snprintf(golden, sizeof golden, FIXTURES "%s.expected", name);
    read_file(path, &file);
    outcome_of(buffer_text(&file), &outcome);
    if (getenv("GOLDEN") != NULL && strcmp(getenv("GOLDEN"), "update") == 0)
        write_golden(golden, &outcome);
    read_file(golden, &expected);
    assert_same_lines(golden, buffer_text(&outcome), buffer_text(&expected));
    buffer_release(&file);
    buffer_release(&outcome);
    buffer_release(&expected);
}

static bool is_golden(const char *name)
{
    size_t length = strlen(name), ending = sizeof ".expected" - 1;
    return length > ending && strcmp(name + length - ending, ".expected") == 0;
}

static void fixtures_become_what_they_should(void **state)
{
    (void)state;
    DIR *folder = opendir(FIXTURES);
    int count = 0;
    if (folder == NULL)
        fail_msg("There is no " FIXTURES ": tests run in the root of the repository.");
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_name[0] != '.' && !is_golden(entry->d_name)) {
            check_fixture(entry->d_name);
            count++;
        }
    closedir(folder);
    assert_true(count >= 15);
}

/* --- others' ------------------------------------------------------------------------------------------------------- */

static void shared_files_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *path, *format;
        int64_t created, variants, skipped;
    } files[] = {
        {"shopify-headers/classic-48.csv", "shopify", 0, 0, 0},
        {"shopify-headers/current-57.csv", "shopify", 0, 0, 0},
        {"shopify-gatsby-starter/products.csv", "shopify", 99, 299, 1}, /* two of its products have one handle */
        {"shopify-transporter/products.csv", "shopify", 1, 2, 1},       /* one row has a cell too many */
        {"spree-sample/products.csv", "spree", 37, 87, 0},
        {"spree-sample/products_import_fixture.csv", "spree", 2, 2, 15}, /* ragged */
        {"dummyjson/products.json", "dummyjson", 194, 194, 0},
    };
    if (access(SHARED, R_OK) != 0)
        skip();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct handler_world *world = handler_world_new(&catalog_service);
        struct buffer file;
        char path[512];
        snprintf(path, sizeof path, SHARED "%s", files[i].path);
        read_file(path, &file);
        const Catalog__Import *report = import(world, buffer_text(&file));
        assert_non_null(report);
        assert_string_equal(report->format, files[i].format);
        assert_int_equal(report->created, files[i].created);
        assert_int_equal(report->variants, files[i].variants);
        assert_int_equal(report->skipped, files[i].skipped);
        assert_int_equal(import(world, buffer_text(&file))->unchanged, files[i].created);
        buffer_release(&file);
        handler_world_free(world);
    }
}

static void shared_translations_are_taken(void **state)
{
    (void)state;
    struct buffer products, translations;
    if (access(SHARED, R_OK) != 0)
        skip();
    struct handler_world *world = handler_world_new(&catalog_service);
    read_file(SHARED "spree-sample/products.csv", &products);
    read_file(SHARED "spree-sample/product_translations.csv", &translations);
    assert_int_equal(import(world, buffer_text(&products))->created, 37);
    const Catalog__Import *report = import(world, buffer_text(&translations)); /* 74 rows, in German and French */
    assert_non_null(report);
    assert_int_equal(report->updated, 37);
    assert_int_equal(import(world, buffer_text(&products))->unchanged, 37);
    buffer_release(&products);
    buffer_release(&translations);
    handler_world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixtures_become_what_they_should),
        cmocka_unit_test(shared_files_are_taken),
        cmocka_unit_test(shared_translations_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
