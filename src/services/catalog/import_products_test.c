/*
 * Imports: from files to products and back, again, dry, with mistakes, and undone.
 */
#include "platform/service/handler_world_test.h"
#include "services/catalog/catalog.h"
#include "services/catalog/catalog_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define METHOD(name) (&catalog__catalog_service__##name##__method)

static struct handler_world *world;

static int shop_open(void **state)
{
    (void)state;
    world = handler_world_new(&catalog_service);
    return 0;
}
static int shop_close(void **state)
{
    (void)state;
    handler_world_check(world);
    handler_world_free(world);
    return 0;
}
#define shop_test(function) cmocka_unit_test_setup_teardown(function, shop_open, shop_close)

/* --- operations in short ------------------------------------------------------------------------------------------- */

enum { AS_IT_IS = 0, DRY_RUN = 1, SKIP_BAD_ROWS = 2 };

/* NULL when it was refused: see world->problem. */
static const Catalog__Import *import_text(struct text file, int how)
{
    Catalog__ImportProductsRequest request = CATALOG__IMPORT_PRODUCTS_REQUEST__INIT;
    const ProtobufCMessage *answer;
    request.file.data = (uint8_t *)arena_strndup(world->arena, file.at, file.length);
    request.file.len = file.length;
    request.dry_run = (how & DRY_RUN) != 0;
    request.skip_bad_rows = (how & SKIP_BAD_ROWS) != 0;
    handler_world_call(world, METHOD(import_products), &request.base, &answer);
    return (const Catalog__Import *)answer;
}
static const Catalog__Import *import(const char *file)
{
    return import_text(text_of(file), AS_IT_IS);
}

static const Catalog__Product *product(const char *slug)
{
    Catalog__GetProductRequest request = CATALOG__GET_PRODUCT_REQUEST__INIT;
    const ProtobufCMessage *answer;
    request.product = slug;
    handler_world_call(world, METHOD(get_product), &request.base, &answer);
    return (const Catalog__Product *)answer;
}

static enum result undo(const char *id)
{
    Catalog__UndoImportRequest request = CATALOG__UNDO_IMPORT_REQUEST__INIT;
    request.id = id;
    return handler_world_call(world, METHOD(undo_import), &request.base, NULL);
}

static const char *attribute(const Catalog__Product *of, const char *name)
{
    for (size_t i = 0; i < of->n_attributes; i++)
        if (strcmp(of->attributes[i]->key, name) == 0)
            return of->attributes[i]->value;
    return NULL;
}
static const char *option(const Catalog__Variant *of, const char *name)
{
    for (size_t i = 0; i < of->n_options; i++)
        if (strcmp(of->options[i]->key, name) == 0)
            return of->options[i]->value;
    return NULL;
}

/* What pricing would say. */
static void price_is_set(const char *sku, int64_t amount)
{
    Pricing__Price price = PRICING__PRICE__INIT, *prices[] = {&price};
    Pricing__PricesSet set = PRICING__PRICES_SET__INIT;
    struct event event = {.number = 1, .stream = "price/x", .key = sku, .stream_version = 1};
    struct batch batch;
    price.amount = amount;
    price.currency = "EUR";
    set.prices = prices;
    set.n_prices = 1;
    handler_world_begin(world, &batch);
    batch.tx->may_write = true;
    catalog_project_prices_set(batch.tx, &event, &set.base);
    batch.tx->may_write = false;
    handler_world_commit(&batch);
}

/* The first problem of the last refusal is at this place. */
static void assert_refused(const char *pointer, const char *code)
{
    assert_int_equal(world->problem.result, RESULT_VALIDATION_FAILED);
    assert_non_null(world->problem.violations);
    assert_string_equal(world->problem.violations->pointer, pointer);
    assert_string_equal(world->problem.violations->code, code);
}

/* --- Shopify ------------------------------------------------------------------------------------------------------- */

static const char shirts[] =
    "Handle,Title,Body (HTML),Vendor,Product Category,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,"
    "Variant SKU,Variant Grams,Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,"
    "Image Position,Image Alt Text,SEO Title,Variant Image,Status,Care\n"
    "shirt,Shirt,\"<p>Soft,\nand warm</p>\",Loom,Clothing > Shirts,\"summer, linen\",TRUE,Color,Red,Size,L,S-R-L,200,5,19.90,"
    "25.00,'0123,/a.svg,1,Front,Buy it,/red.svg,active,Wash cold\n"
    "shirt,,,,,,,,Red,,XL,S-R-XL,210,6,19.90,,,/b.svg,2,Back,,,,Wash warm\n"
    "shirt,,,,,,,,,,,,,,,,,/c.svg,3,Side,,,,\n";

static void a_shirt_becomes_a_product(void **state)
{
    (void)state;
    const Catalog__Import *done = import(shirts);
    assert_non_null(done);
    assert_int_equal(done->status, CATALOG__IMPORT_STATUS__IMPORT_STATUS_DONE);
    assert_int_equal(done->created, 1);
    assert_int_equal(done->variants, 2);
    assert_string_equal(done->format, "shopify");

    const Catalog__Product *shirt = product("shirt");
    assert_string_equal(shirt->title, "Shirt");
    assert_string_equal(shirt->description, "<p>Soft,\nand warm</p>");
    assert_int_equal(shirt->status, CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED);
    assert_string_equal(shirt->categories[0]->name, "Shirts");
    assert_string_equal(attribute(shirt, "vendor"), "Loom");
    assert_string_equal(attribute(shirt, "tags"), "summer, linen");
    assert_string_equal(attribute(shirt, "seo_title"), "Buy it");
    assert_string_equal(attribute(shirt, "Care"), "Wash cold");
    assert_int_equal(shirt->n_images, 3);
    assert_string_equal(shirt->images[2]->alt, "Side");
    assert_int_equal(shirt->n_options, 2);
    assert_string_equal(shirt->options[1]->values[1], "XL");
    assert_int_equal(shirt->n_variants, 2);
    assert_string_equal(shirt->variants[0]->sku, "S-R-L");
    assert_string_equal(shirt->variants[0]->barcode, "0123");
    assert_string_equal(shirt->variants[0]->image_url, "/red.svg");
    assert_int_equal(shirt->variants[1]->weight_grams, 210);
    assert_string_equal(option(shirt->variants[1], "Size"), "XL");
    assert_string_equal(shirt->variants[1]->attributes[0]->value, "Wash warm");
}

static void the_same_file_again_changes_nothing(void **state)
{
    (void)state;
    import(shirts);
    int64_t version = product("shirt")->version;
    const Catalog__Import *again = import(shirts);
    assert_int_equal(again->unchanged, 1);
    assert_int_equal(again->created + again->updated, 0);
    assert_int_equal(product("shirt")->version, version);
    price_is_set("S-R-L", 1990); /* pricing has not kept what it cost before: that is a difference */
    again = import(shirts);
    assert_int_equal(again->updated, 1);
    assert_string_equal(again->changes[0]->fields[0], "prices");
    assert_int_equal(again->changes[0]->n_fields, 1);
}

static void a_dry_run_says_what_would_change(void **state)
{
    (void)state;
    int64_t events = handler_world_events(world);
    const Catalog__Import *dry = import_text(text_of(shirts), DRY_RUN);
    assert_int_equal(dry->status, CATALOG__IMPORT_STATUS__IMPORT_STATUS_DRY_RUN);
    assert_int_equal(dry->created, 1);
    assert_string_equal(dry->changes[0]->action, "create");
    assert_int_equal(handler_world_events(world), events);
    assert_null(product("shirt"));
    assert_int_equal(dry->stock_left_out, 0);

    import(shirts);
    assert_int_equal(import_text(text_of(shirts), DRY_RUN)->stock_left_out, 2); /* both are known now */
    dry = import_text(text_of("Handle,Title,Variant SKU,Variant Price\nshirt,Blouse,S-R-L,30\n"), DRY_RUN);
    assert_int_equal(dry->updated, 1);
    assert_string_equal(dry->changes[0]->slug, "shirt");
    assert_int_equal(dry->changes[0]->n_fields, 2);
    assert_string_equal(dry->changes[0]->fields[0], "title");
    assert_string_equal(dry->changes[0]->fields[1], "prices");
    assert_string_equal(product("shirt")->title, "Shirt");
}

static void what_a_file_leaves_empty_stays(void **state)
{
    (void)state;
    import(shirts);
    const Catalog__Import *done = import("Handle,Title\nshirt,Blouse\n");
    assert_int_equal(done->updated, 1);
    const Catalog__Product *shirt = product("shirt");
    assert_string_equal(shirt->title, "Blouse");
    assert_string_equal(shirt->description, "<p>Soft,\nand warm</p>");
    assert_int_equal(shirt->n_images, 3);
    assert_int_equal(shirt->n_variants, 2);
    assert_int_equal(shirt->n_categories, 1);
    assert_int_equal(shirt->n_attributes, 4);
    assert_string_equal(shirt->variants[0]->barcode, "0123");
}

static void rows_may_come_in_any_order(void **state)
{
    (void)state;
    const Catalog__Import *done = import("\xEF\xBB\xBF" "VARIANT PRICE,tItLe,handle,OPTION1 value,Option1 NAME\r\n"
                                         "1.00,Cup,cup,Blue,Color\r\n"
                                         "2.00,Mug,mug,Default Title,Title\r\n"
                                         "1.50,,cup,Green,\r\n");
    assert_int_equal(done->created, 2);
    assert_int_equal(product("cup")->n_variants, 2);
    assert_string_equal(product("cup")->variants[1]->sku, "cup-green");
    assert_int_equal(product("mug")->n_options, 0);
    assert_string_equal(product("mug")->variants[0]->sku, "mug");
}

static void statuses(void **state)
{
    (void)state;
    import("Handle,Title,Published,Status\na,A,TRUE,draft\nb,B,FALSE,active\nc,C,,archived\nd,D,,\ne,E,FALSE,\n");
    assert_int_equal(product("a")->status, CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT);
    assert_int_equal(product("b")->status, CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT);
    assert_int_equal(product("c")->status, CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_ARCHIVED);
    assert_int_equal(product("d")->status, CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED);
    assert_int_equal(product("e")->status, CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT);
}

static void categories_are_made_once(void **state)
{
    (void)state;
    import("Handle,Title,Product Category\na,A,Kitchen > Kettles\nb,B,Kitchen > Cups\nc,C,Camping > Kettles\n");
    Catalog__ListCategoriesRequest request = CATALOG__LIST_CATEGORIES_REQUEST__INIT;
    const ProtobufCMessage *answer;
    handler_world_call(world, METHOD(list_categories), &request.base, &answer);
    assert_int_equal(((const Catalog__ListCategoriesResponse *)answer)->n_items, 5);
    assert_string_equal(product("a")->categories[0]->slug, "kettles");
    assert_string_equal(product("c")->categories[0]->slug, "camping-kettles");
    import("Handle,Title,Product Category\nd,D,Kitchen > Kettles\n");
    assert_string_equal(product("d")->categories[0]->id, product("a")->categories[0]->id);
}

/* What was read takes a kilobyte for each variant; the plan that is left of it, a tenth. */
static void what_was_read_is_given_back(void **state)
{
    (void)state;
    enum { VARIANTS = 1000 };
    struct buffer file;
    buffer_init(&file, 1 << 20);
    buffer_printf(&file, "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n");
    for (int i = 0; i < VARIANTS; i++)
        buffer_printf(&file, "p-%d,P,Size,%d,S-%d,19.90\n", i / 10, i % 10, i);
    size_t before = arena_used(world->arena);
    assert_int_equal(import_text(buffer_text(&file), AS_IT_IS)->variants, VARIANTS);
    assert_true(arena_used(world->arena) - before < 300 * VARIANTS);
    buffer_release(&file);
}

/* --- mistakes ------------------------------------------------------------------------------------------------------ */

#define HEADER "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"

static void mistakes_have_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *file, *pointer, *code;
    } cases[] = {
        {"", "/1", "empty"},
        {"colour,size\nred,xl\n", "/1", "unknown_format"},
        {"Handle,Title,TITLE\na,A,B\n", "/1/TITLE", "duplicate_column"},
        {"Handle,Title,Care,Care\na,A,B,C\n", "/1/Care", "duplicate_column"},
        {HEADER "a,A,,,s,1.00\nb,B\n", "/3", "ragged_row"},
        {HEADER "a,A,,,s,1.00,x\n", "/2", "ragged_row"},
        {HEADER "a,A,,,s,1.001\n", "/2/Variant Price", "bad_number"},
        {HEADER "a,A,,,s,\"1,00\"\n", "/2/Variant Price", "bad_number"},
        {HEADER "a,A,,,s,-1\n", "/2/Variant Price", "bad_number"},
        {HEADER "\"a\n\",A,,,s,x\n", "/3/Variant Price", "bad_number"},
        {HEADER "a,A,,,s,1\nb,B,,,s,1\n", "/3/Variant SKU", "duplicate_sku"},
        {HEADER "a,A,,,s,1\na,,,,s,1\n", "/3/Variant SKU", "duplicate_sku"},
        {HEADER ",,,,s,1\n", "/2/Handle", "required"},
        {HEADER "a,,,,s,1\n", "/2/Title", "required"},
        {HEADER "a,A,,,s,1\na,B,,,t,1\n", "/3/Title", "conflict"},
        {HEADER "a,A,,Red,s,1\n", "/2/Option1 Value", "required"},
        {HEADER "a,A,Color,Red,s,1\na,,,Red,t,1\n", "/3/Option1 Value", "duplicate_options"},
        {HEADER "a,\xFF,,,s,1\n", "/2/Title", "encoding"},
        {HEADER "a,A,,,a/b,1\n", "/2/Variant SKU", "format"},
        {HEADER "a b,A,,,s,1\n", "/2/Handle", "format"},
        {HEADER "a,A,,,s,1\nb,B\"B,,,t,1\n", "/3/Title", "quotes"},
        {HEADER "a,A,Color,Red,,1\na,,,Red,,1\n", "/3/Option1 Value", "duplicate_sku"},
        {"slug,name,sku,price\na,A,s,1\nb,B,s,1\n", "/3/sku", "duplicate_sku"},
        {"Handle,Title,Status\na,A,gone\n", "/2/Status", "unknown_value"},
        {"Handle,Title,Published\na,A,perhaps\n", "/2/Published", "format"},
        {"Handle,Title,Image Src\na,A,a.jpg\n", "/2/Image Src", "format"},
        {"Handle,Title,Variant Grams\na,A,heavy\n", "/2/Variant Grams", "bad_number"},
        {"Handle,Title,Variant Inventory Qty\na,A,1.5\n", "/2/Variant Inventory Qty", "bad_number"},
        {"slug,name,sku,price,currency\na,A,s,1,EURO\n", "/2/currency", "unknown_currency"},
        {"[{\"title\": \"A\", \"title\": \"B\"}]", "/1/23", "json"},
        {"[{\"title\": \"A\", \"price\": 1},\n {\"title\": \"B\", \"price\": \"1\"}]", "/2/price", "bad_number"},
        {"Handle,Vendor,vendor\na,A,B\n", "/1/vendor", "duplicate_column"},
        {"{\"carts\": []}", "/1", "unknown_format"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (import(cases[i].file) != NULL)
            fail_msg("case %zu was taken: %s", i, cases[i].file);
        if (strcmp(world->problem.violations->pointer, cases[i].pointer) != 0)
            print_message("case %zu: %s\n", i, cases[i].file);
        assert_refused(cases[i].pointer, cases[i].code);
        assert_int_equal(handler_world_events(world), 0);
    }
}

static void nul_is_refused(void **state)
{
    (void)state;
    assert_null(import_text((struct text){HEADER "a,A\0,,,s,1\n", sizeof HEADER + 11}, AS_IT_IS));
    assert_refused("/2/Title", "encoding");
}

static void a_sku_of_another_product_is_refused(void **state)
{
    (void)state;
    import(HEADER "a,A,,,s,1\n");
    assert_null(import(HEADER "b,B,,,s,1\n"));
    assert_refused("/2/Variant SKU", "already_exists");
}

static void bad_rows_can_be_left_out(void **state)
{
    (void)state;
    const char *file = HEADER "a,A,Color,Red,s,1\na,,,Blue,t,much\nb,B\nc,,,,u,1\nd,D,,,v,1\n";
    assert_null(import(file));
    assert_null(product("a"));
    const Catalog__Import *would = import_text(text_of(file), DRY_RUN);
    assert_int_equal(would->status, CATALOG__IMPORT_STATUS__IMPORT_STATUS_REFUSED);
    assert_int_equal(would->n_problems, 3);

    const Catalog__Import *done = import_text(text_of(file), SKIP_BAD_ROWS);
    assert_int_equal(done->status, CATALOG__IMPORT_STATUS__IMPORT_STATUS_DONE);
    assert_int_equal(done->created, 2);
    assert_int_equal(done->skipped, 3);
    assert_int_equal(done->n_problems, 3);
    assert_int_equal(done->problems[0]->line, 3);
    assert_string_equal(done->problems[0]->column, "Variant Price");
    assert_int_equal(product("a")->n_variants, 1);
    assert_non_null(product("d"));
    assert_null(product("c"));
}

/* --- undo ---------------------------------------------------------------------------------------------------------- */

static void an_undo_puts_everything_back(void **state)
{
    (void)state;
    import(HEADER "a,A,,,s,1\n");
    price_is_set("s", 100);
    const Catalog__Product *before = product("a");
    const Catalog__Import *done = import(HEADER "a,Aa,,,s,2\na,,Color,Red,s2,2\nb,B,,,t,1\n");
    assert_int_equal(done->created, 1);
    assert_int_equal(done->updated, 1);
    price_is_set("s", 200);

    assert_int_equal(undo(done->id), RESULT_OK);
    assert_null(product("b"));
    const Catalog__Product *after = product("a");
    assert_string_equal(after->title, "A");
    assert_int_equal(after->n_variants, 1);
    assert_string_equal(after->variants[0]->id, before->variants[0]->id);
    assert_int_equal(undo(done->id), RESULT_OK); /* asking twice is fine */
    assert_int_equal(product("a")->version, after->version);
    handler_world_advance(world, 1000000);
}

static void what_has_changed_since_is_not_undone(void **state)
{
    (void)state;
    const Catalog__Import *first = import(HEADER "a,A,,,s,1\nb,B,,,t,1\n");
    const Catalog__Import *second = import(HEADER "a,Aa,,,s,1\n");
    assert_int_equal(undo(first->id), RESULT_CONFLICT);
    assert_string_equal(world->problem.violations->detail, "The product `a` has changed since the import.");
    assert_null(world->problem.violations->next);
    assert_non_null(product("b"));
    assert_int_equal(undo(second->id), RESULT_OK);
    assert_int_equal(undo(first->id), RESULT_CONFLICT); /* the undo was a change, too */

    price_is_set("s", 100);
    const Catalog__Import *third = import(HEADER "a,,,,s,3\n");
    assert_int_equal(third->updated, 1);
    price_is_set("s", 400); /* by hand, after the import's 300 */
    assert_int_equal(undo(third->id), RESULT_CONFLICT);
    assert_int_equal(undo("01jd0000000000000000000000"), RESULT_NOT_FOUND);
}

static void what_is_gone_already_needs_no_undo(void **state)
{
    (void)state;
    const Catalog__Import *done = import(HEADER "a,A,,,s,1\n");
    Catalog__DeleteProductRequest request = CATALOG__DELETE_PRODUCT_REQUEST__INIT;
    request.id = product("a")->id;
    assert_int_equal(handler_world_call(world, METHOD(delete_product), &request.base, NULL), RESULT_OK);
    assert_int_equal(undo(done->id), RESULT_OK);
}

static size_t categories_left(void)
{
    Catalog__ListCategoriesRequest request = CATALOG__LIST_CATEGORIES_REQUEST__INIT;
    const ProtobufCMessage *answer;
    handler_world_call(world, METHOD(list_categories), &request.base, &answer);
    return ((const Catalog__ListCategoriesResponse *)answer)->n_items;
}

#define WITH_CATEGORY "Handle,Title,Product Category\n"

static void an_undo_takes_out_categories_that_nobody_uses(void **state)
{
    (void)state;
    import(WITH_CATEGORY "a,A,Kitchen\n");
    const Catalog__Import *done = import(WITH_CATEGORY "b,B,Kitchen > Kettles > Steel\na,A,Camping\nc,C,Garden > Hoses\n");
    assert_int_equal(categories_left(), 6);
    assert_int_equal(undo(done->id), RESULT_OK);
    assert_int_equal(categories_left(), 1);
    assert_string_equal(product("a")->categories[0]->name, "Kitchen");
    handler_world_advance(world, 1000000);
}

static void an_undo_leaves_categories_that_are_used_or_were_changed(void **state)
{
    (void)state;
    const Catalog__Import *done = import(WITH_CATEGORY "a,A,Kitchen > Kettles\nb,B,Garden > Hoses\nc,C,Camping\n");
    import(WITH_CATEGORY "x,X,Kitchen > Kettles\n");
    Catalog__UpdateCategoryRequest request = CATALOG__UPDATE_CATEGORY_REQUEST__INIT;
    Catalog__Category category = CATALOG__CATEGORY__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char path[] = "description", *paths[] = {path};
    category.description = "All that bends.";
    mask.n_paths = 1;
    mask.paths = paths;
    request.id = product("b")->categories[0]->id;
    request.category = &category;
    request.update_mask = &mask;
    assert_int_equal(handler_world_call(world, METHOD(update_category), &request.base, NULL), RESULT_OK);

    assert_int_equal(undo(done->id), RESULT_OK);
    assert_int_equal(categories_left(), 4); /* Camping went; Hoses is somebody's, and so Garden is not empty */
    assert_string_equal(product("x")->categories[0]->name, "Kettles");
}

/* --- other formats ------------------------------------------------------------------------------------------------- */

static void spree_has_masters_and_price_rows(void **state)
{
    (void)state;
    const Catalog__Import *done = import(
        "slug,sku,name,price,compare_at_price,currency,status,category1,option1_name,option1_value,image1_src,weight,weight_unit,"
        "inventory_count,custom_field.custom.wattage\n"
        "kettle,KETTLE,Kettle,0,0,USD,active,Kitchen -> Kettles,,,/k.webp,,lb,,1400W\n"
        "kettle,KETTLE-RED,,49.99,59.99,USD,,,Color,Red,/red.webp,2,lb,7,\n"
        "kettle,KETTLE-RED,,44.99,,EUR,,,,,,,,,\n"
        "cup,KETTLE,Cup,0,0,USD,draft,Kitchen,,,,,,,\n" /* a master's SKU counts for nothing where there are variants */
        "cup,CUP-S,,5,0,USD,,,Size,S,,,,,\n"
        "mug,MUG,Mug,6,0,USD,active,Kitchen,,,,,,,\n"
        "mug,MUG,,5,0,EUR,,,,,,,,,\n");
    assert_non_null(done);
    assert_string_equal(done->format, "spree");
    assert_int_equal(done->variants, 3);
    const Catalog__Product *kettle = product("kettle");
    assert_int_equal(kettle->n_variants, 1);
    assert_string_equal(kettle->variants[0]->sku, "KETTLE-RED");
    assert_string_equal(kettle->variants[0]->image_url, "/red.webp");
    assert_int_equal(kettle->variants[0]->weight_grams, 907);
    assert_string_equal(attribute(kettle, "custom.wattage"), "1400W");
    assert_string_equal(kettle->categories[0]->name, "Kettles");
    assert_int_equal(product("cup")->status, CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT);
}

static void spree_translations_are_attributes(void **state)
{
    (void)state;
    static const char translations[] = "slug,locale,name,description,meta_title,meta_description\n"
                                       "kettle,de,Kessel,Kocht Wasser.,Kessel kaufen,\n"
                                       "kettle,pt-BR,Chaleira,,,\n";
    import("slug,name,sku,price\nkettle,Kettle,K-1,19.90\n");
    const Catalog__Import *done = import(translations);
    assert_non_null(done);
    assert_string_equal(done->format, "spree");
    assert_int_equal(done->updated, 1);
    const Catalog__Product *kettle = product("kettle");
    assert_string_equal(kettle->title, "Kettle");
    assert_int_equal(kettle->n_variants, 1);
    assert_string_equal(attribute(kettle, "title.de"), "Kessel");
    assert_string_equal(attribute(kettle, "description.de"), "Kocht Wasser.");
    assert_string_equal(attribute(kettle, "seo_title.de"), "Kessel kaufen");
    assert_null(attribute(kettle, "seo_description.de"));
    assert_string_equal(attribute(kettle, "title.pt-BR"), "Chaleira");
    assert_int_equal(import(translations)->unchanged, 1);

    assert_null(import("slug,locale,name\nno-such-thing,de,Nichts\n")); /* it has no title of its own */
    assert_refused("/2/name", "required");
    assert_null(import("slug,locale,name\nkettle,German,Kessel\n"));
    assert_refused("/2/locale", "format");
    assert_null(import("slug,locale,name,price\nkettle,de,Kessel,19.90\n"));
    assert_refused("/2/price", "not_translated");
}

static void dummyjson_is_one_variant_each(void **state)
{
    (void)state;
    const Catalog__Import *done =
        import("[{\"id\": 1, \"title\": \"Red Lipstick\", \"description\": \"Red.\", \"category\": \"skin-care\", \"price\": 9.99,"
               " \"stock\": 5, \"sku\": \"LIP\", \"tags\": [\"a\", \"b\"], \"brand\": \"Chic\", \"weight\": 4, \"dimensions\":"
               " {\"width\": 15.10}, \"meta\": {\"barcode\": \"42\"}, \"images\": [\"https://example.org/l.webp\"]},"
               " {\"id\": 2, \"title\": \"Red Lipstick\", \"price\": 1, \"sku\": \"LIP2\"}]");
    assert_int_equal(done->created, 2);
    const Catalog__Product *lipstick = product("red-lipstick");
    assert_string_equal(lipstick->categories[0]->name, "Skin Care");
    assert_string_equal(lipstick->variants[0]->barcode, "42");
    assert_string_equal(attribute(lipstick, "vendor"), "Chic");
    assert_string_equal(attribute(lipstick, "tags"), "a, b");
    assert_string_equal(attribute(lipstick, "width"), "15.1");
    assert_non_null(product("red-lipstick-2"));
}

/* --- in parts ------------------------------------------------------------------------------------------------------ */

#define MANY 4100
#define LAST "p-4099"

static_assert(MANY > 2 * LIMIT_IMPORT_PART_VARIANTS && MANY <= 3 * LIMIT_IMPORT_PART_VARIANTS, "three parts");

/* A file of that many products of one variant, "p-0", "p-1" … */
static struct text a_large_file(const char *title)
{
    struct buffer file;
    buffer_init(&file, 1 << 20);
    buffer_add_string(&file, "Handle,Title,Variant SKU,Variant Price,Status,Product Category\n");
    for (int i = 0; i < MANY; i++)
        buffer_add_string(&file, arena_printf(world->arena, "p-%d,%s %d,sku-%d,1.00,active,Tools\n", i, title, i, i));
    struct text text = buffer_text(&file);
    text.at = arena_strndup(world->arena, text.at, text.length);
    buffer_release(&file);
    return text;
}

/* Read and checked, and no part of it taken. */
static struct handler_world_bulk *large_import(const char *title)
{
    static Catalog__ImportProductsRequest request;
    struct text file = a_large_file(title);
    catalog__import_products_request__init(&request);
    request.file.data = (uint8_t *)(uintptr_t)file.at;
    request.file.len = file.length;
    struct handler_world_bulk *bulk = ARENA_NEW(world->arena, struct handler_world_bulk);
    *bulk = (struct handler_world_bulk){
        .call = handler_world_call_new(world),
        .data = {METHOD(import_products), &request.base, message_new(world->arena, &catalog__import__descriptor)},
    };
    assert_int_equal(handler_world_prepare(world, bulk), RESULT_OK);
    return bulk;
}
static const Catalog__Import *report_of(const struct handler_world_bulk *bulk)
{
    return (const Catalog__Import *)bulk->data.answer;
}
static const Catalog__Import *stored_import(const char *id)
{
    Catalog__GetImportRequest request = CATALOG__GET_IMPORT_REQUEST__INIT;
    const ProtobufCMessage *answer;
    request.id = id;
    assert_int_equal(handler_world_call(world, METHOD(get_import), &request.base, &answer), RESULT_OK);
    return (const Catalog__Import *)answer;
}
static void retitle(const char *slug, const char *title)
{
    Catalog__UpdateProductRequest request = CATALOG__UPDATE_PRODUCT_REQUEST__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    Catalog__Product change = CATALOG__PRODUCT__INIT;
    char *paths[] = {arena_strdup(world->arena, "title")};
    mask.n_paths = 1;
    mask.paths = paths;
    change.title = title;
    request.id = product(slug)->id;
    request.product = &change;
    request.update_mask = &mask;
    assert_int_equal(handler_world_call(world, METHOD(update_product), &request.base, NULL), RESULT_OK);
}
static void create(const char *slug, const char *sku)
{
    Catalog__CreateProductRequest request = CATALOG__CREATE_PRODUCT_REQUEST__INIT;
    Catalog__Product made = CATALOG__PRODUCT__INIT;
    Catalog__Variant variant = CATALOG__VARIANT__INIT, *variants[] = {&variant};
    variant.sku = sku;
    made.title = made.slug = slug;
    made.n_variants = 1;
    made.variants = variants;
    request.product = &made;
    assert_int_equal(handler_world_call(world, METHOD(create_product), &request.base, NULL), RESULT_OK);
}

static void a_large_file_comes_in_parts(void **state)
{
    (void)state;
    struct handler_world_bulk *bulk = large_import("Drill");
    assert_null(product("p-0"));
    assert_int_equal(handler_world_take_part(world, bulk), RESULT_OK);
    assert_true(bulk->parts.more);
    const char *id = arena_strdup(world->arena, report_of(bulk)->id);
    assert_int_equal(stored_import(id)->status, CATALOG__IMPORT_STATUS__IMPORT_STATUS_RUNNING);
    assert_non_null(product("p-0"));
    assert_null(product(LAST));
    assert_int_equal(undo(id), RESULT_CONFLICT); /* not yet */

    assert_int_equal(handler_world_take_part(world, bulk), RESULT_OK);
    assert_true(bulk->parts.more);
    assert_int_equal(handler_world_take_part(world, bulk), RESULT_OK);
    assert_false(bulk->parts.more);
    assert_non_null(product(LAST));
    assert_int_equal(report_of(bulk)->status, CATALOG__IMPORT_STATUS__IMPORT_STATUS_DONE);
    assert_int_equal(report_of(bulk)->created, MANY);

    handler_world_advance(world, INT64_C(2000) * LIMIT_IMPORT_STANDSTILL_MS);
    assert_int_equal(stored_import(id)->status, CATALOG__IMPORT_STATUS__IMPORT_STATUS_DONE);
    handler_world_verify(world);
    assert_int_equal(undo(id), RESULT_OK);
    assert_null(product("p-0"));
}

static void what_others_change_meanwhile_is_left_as_they_want_it(void **state)
{
    (void)state;
    assert_non_null(import_text(a_large_file("Drill"), AS_IT_IS));
    struct handler_world_bulk *bulk = large_import("Hammer");
    retitle("p-3", "Saw");                      /* before its first part */
    assert_int_equal(handler_world_take_part(world, bulk), RESULT_OK);
    retitle("p-2", "Pliers");                   /* after the part that it was in */
    retitle("p-4050", "File");                   /* before */
    while (bulk->parts.more)
        assert_int_equal(handler_world_take_part(world, bulk), RESULT_OK);

    const Catalog__Import *report = report_of(bulk);
    assert_int_equal(report->updated, MANY - 2);
    assert_int_equal(report->skipped, 2);
    assert_int_equal(report->n_problems, 2);
    assert_string_equal(report->problems[0]->code, "conflict");
    assert_int_equal(report->problems[0]->line, 5);
    assert_string_equal(product("p-2")->title, "Pliers");
    assert_string_equal(product("p-3")->title, "Saw");
    assert_string_equal(product("p-4050")->title, "File");
    assert_string_equal(product("p-4")->title, "Hammer 4");
}

static void a_slug_or_sku_taken_meanwhile_is_a_conflict(void **state)
{
    (void)state;
    struct handler_world_bulk *bulk = large_import("Drill");
    create("p-1", "another");
    create("another", "sku-2");
    for (bulk->parts.more = true; bulk->parts.more;)
        assert_int_equal(handler_world_take_part(world, bulk), RESULT_OK);
    assert_int_equal(report_of(bulk)->created, MANY - 2);
    assert_int_equal(report_of(bulk)->variants, MANY - 2);
    assert_int_equal(report_of(bulk)->n_problems, 2);
    assert_string_equal(product("p-1")->variants[0]->sku, "another");
    assert_null(product("p-2"));
}

static void an_import_that_stands_still_is_taken_back(void **state)
{
    (void)state;
    create("p-7", "sku-7"); /* is there before: gets another title, and its own again */
    struct handler_world_bulk *bulk = large_import("Drill");
    assert_int_equal(handler_world_take_part(world, bulk), RESULT_OK);
    handler_world_advance(world, INT64_C(900) * LIMIT_IMPORT_STANDSTILL_MS);
    assert_int_equal(handler_world_take_part(world, bulk), RESULT_OK); /* late, but alive */
    assert_string_equal(product("p-7")->title, "Drill 7");
    price_is_set("sku-7", 100);
    retitle("p-1", "Saw");
    handler_world_advance(world, INT64_C(1100) * LIMIT_IMPORT_STANDSTILL_MS);

    const Catalog__Import *report = stored_import(report_of(bulk)->id);
    assert_int_equal(report->status, CATALOG__IMPORT_STATUS__IMPORT_STATUS_UNDONE);
    assert_int_equal(report->n_problems, 1);
    assert_null(product("p-0"));
    assert_string_equal(product("p-1")->title, "Saw"); /* somebody has made it theirs */
    assert_string_equal(product("p-7")->title, "p-7");
    assert_int_equal(handler_world_take_part(world, bulk), RESULT_CONFLICT); /* whoever was only slow is told */
    assert_null(product(LAST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(a_shirt_becomes_a_product),
        shop_test(the_same_file_again_changes_nothing),
        shop_test(a_dry_run_says_what_would_change),
        shop_test(what_a_file_leaves_empty_stays),
        shop_test(rows_may_come_in_any_order),
        shop_test(statuses),
        shop_test(categories_are_made_once),
        shop_test(what_was_read_is_given_back),
        shop_test(mistakes_have_a_place),
        shop_test(nul_is_refused),
        shop_test(a_sku_of_another_product_is_refused),
        shop_test(bad_rows_can_be_left_out),
        shop_test(an_undo_puts_everything_back),
        shop_test(what_has_changed_since_is_not_undone),
        shop_test(what_is_gone_already_needs_no_undo),
        shop_test(an_undo_takes_out_categories_that_nobody_uses),
        shop_test(an_undo_leaves_categories_that_are_used_or_were_changed),
        shop_test(spree_has_masters_and_price_rows),
        shop_test(spree_translations_are_attributes),
        shop_test(dummyjson_is_one_variant_each),
        shop_test(a_large_file_comes_in_parts),
        shop_test(what_others_change_meanwhile_is_left_as_they_want_it),
        shop_test(a_slug_or_sku_taken_meanwhile_is_a_conflict),
        shop_test(an_import_that_stands_still_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
