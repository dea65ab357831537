/*
 * What protoc-gen-souk makes of good/: the tables agree with protobuf-c's descriptors, and thunks, emitters and stubs pass on what
 * they get. The service's own functions, and those of the platform below it, are played here.
 */
#include "platform/saga/saga.h"
#include "platform/service/service.h"
#include "souk/all.souk.h"
#include "souk/shop/v1/events.souk.h"
#include "souk/shop/v1/shop.client.h"
#include "souk/shop/v1/shop.souk.h"
#include "souk/stock/v1/stock.souk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- the service's part ------------------------------------------------------------------------------------------------- */

enum result shop_get_product(struct context *context, const Shop__GetProductRequest *request, Shop__Product *answer)
{
    assert_ptr_equal(context, (void *)1);
    answer->slug = request->product;
    return RESULT_NOT_FOUND;
}

enum result shop_list_products(struct context *context, const Shop__ListProductsRequest *request, Shop__ProductList *answer)
{
    (void)context, (void)request, (void)answer;
    return RESULT_OK;
}

enum result shop_list_sales(struct context *context, const Shop__ListSalesRequest *request, Shop__SaleList *answer)
{
    (void)context, (void)request, (void)answer;
    return RESULT_OK;
}

enum result shop_create_product(struct context *context, const Shop__CreateProductRequest *request, Shop__Product *answer)
{
    (void)context, (void)request, (void)answer;
    return RESULT_OK;
}

enum result shop_delete_product(struct context *context, const Shop__GetProductRequest *request,
                                Google__Protobuf__Empty *answer)
{
    (void)context, (void)request, (void)answer;
    return RESULT_OK;
}

enum result shop_import_products(struct context *context, const Shop__ImportRequest *request,
                                 Google__Protobuf__Empty *answer)
{
    (void)context, (void)request, (void)answer;
    return RESULT_OK;
}

enum result shop_prices(struct context *context, const Shop__PricesOfRequest *request, Shop__ProductList *answer)
{
    (void)context, (void)request, (void)answer;
    return RESULT_OK;
}

const struct saga shop_buy = {.pivot = 7};

enum result stock_batch_get(struct context *context, const Souk__Stock__V1__BatchGetStockRequest *request,
                            Souk__Stock__V1__Levels *answer)
{
    (void)context, (void)request, (void)answer;
    return RESULT_OK;
}

static const Shop__PriceChanged *applied;

void shop_apply_product_created(struct tx *tx, const struct event *event, const Shop__ProductCreated *data)
{
    (void)tx, (void)event, (void)data;
}

void shop_apply_price_changed(struct tx *tx, const struct event *event, const Shop__PriceChanged *data)
{
    (void)tx, (void)event;
    applied = data;
}

/* --- the platform's part ------------------------------------------------------------------------------------------------ */

static const struct event_declaration *emitted;

void context_emit(struct context *context, const struct event_declaration *event, const char *key, const ProtobufCMessage *data)
{
    assert_ptr_equal(context, (void *)1);
    assert_string_equal(key, "p1");
    assert_ptr_equal(data->descriptor, event->message->descriptor);
    emitted = event;
}

static Shop__Product answered = SHOP__PRODUCT__INIT;

void saga_call(struct saga_run *run, const struct method_declaration *method, const ProtobufCMessage *request, saga_then then,
               void (*deliver)(struct saga_run *run, saga_then then, const ProtobufCMessage *answer))
{
    assert_ptr_equal(method, &shop__shop__get_product__method);
    assert_ptr_equal(request->descriptor, &shop__get_product_request__descriptor);
    deliver(run, then, &answered.base);
}

/* --- tests -------------------------------------------------------------------------------------------------------------- */

static void check_written_order(const struct message_declaration *message)
{
    unsigned count = message->descriptor->n_fields;
    for (unsigned wanted = 0; wanted < count; wanted++) {
        unsigned times = 0;
        for (unsigned i = 0; i < count; i++)
            times += message->written_order[i] == wanted;
        assert_int_equal(times, 1);
    }
}

static void check_fields(const struct message_declaration *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *descriptor = &message->descriptor->fields[i];
        const struct field_declaration *field = &message->fields[i];
        assert_int_equal(field->message != NULL, descriptor->type == PROTOBUF_C_TYPE_MESSAGE);
        assert_int_equal(field->enumeration != NULL, descriptor->type == PROTOBUF_C_TYPE_ENUM);
        if (field->message)
            assert_ptr_equal(field->message->descriptor, descriptor->descriptor);
        if (field->enumeration)
            assert_ptr_equal(field->enumeration->descriptor, descriptor->descriptor);
        if (!strchr(descriptor->name, '_'))
            assert_string_equal(field->json_name, descriptor->name);
        if (field->message)
            check_fields(field->message);
    }
    if (message->descriptor->n_fields)
        check_written_order(message);
}

static void tables_agree_with_the_descriptors(void **state)
{
    (void)state;
    for (size_t i = 0; i < every_service_count; i++) {
        const struct service_declaration *service = every_service_declaration[i];
        assert_int_equal(service->method_count, service->descriptor->n_methods);
        assert_string_equal(service->full_name, service->descriptor->name);
        for (unsigned j = 0; j < service->method_count; j++) {
            const struct method_declaration *method = service->methods[j];
            const ProtobufCMethodDescriptor *descriptor = &service->descriptor->methods[j];
            assert_int_equal(method->index, j);
            assert_string_equal(method->name, descriptor->name);
            assert_ptr_equal(method->input->descriptor, descriptor->input);
            assert_ptr_equal(method->output->descriptor, descriptor->output);
            assert_int_equal(service->handlers[j] == NULL, method->kind == METHOD_SAGA || method->streams != NULL);
            assert_int_equal(service->sagas[j] != NULL, method->kind == METHOD_SAGA);
            check_fields(method->input);
            check_fields(method->output);
        }
        for (size_t j = 0; j < service->event_count; j++) {
            assert_string_equal(service->events[j]->name, service->events[j]->message->descriptor->name);
            check_fields(service->events[j]->message);
        }
    }
}

static void every_service_is_listed_by_name(void **state)
{
    (void)state;
    assert_int_equal(every_service_count, 2);
    assert_string_equal(every_service_declaration[0]->name, "shop");
    assert_string_equal(every_service_declaration[1]->name, "stock");
}

static void fields_are_written_in_the_order_of_the_contract(void **state)
{
    (void)state;
    static const char *const wanted[] = {"id",     "version",   "title", "slug",    "status",  "variants",
                                         "rating", "createdAt", "price", "factory", "supplier"};
    const struct message_declaration *product = &shop__product__declaration;
    for (size_t i = 0; i < product->descriptor->n_fields; i++)
        assert_string_equal(product->fields[product->written_order[i]].json_name, wanted[i]);
}

static void enum_values_lose_the_name_of_their_enum(void **state)
{
    (void)state;
    assert_string_equal(shop__product_status__declaration.values[1].json_name, "draft");
    assert_string_equal(shop__product__rating__source__declaration.values[0].json_name, "unspecified");
    assert_string_equal(shop__product__rating__source__declaration.values[1].json_name, "buyers");
}

static void links_lead_to_the_methods_of_other_services(void **state)
{
    (void)state;
    const struct message_declaration *product = &shop__product__declaration;
    assert_ptr_equal(product->get, &shop__shop__get_product__method);
    assert_int_equal(product->link_count, 3);
    assert_ptr_equal(product->links[1].method, &souk__stock__v1__stock__batch_get_stock__method);
    assert_string_equal(product->links[1].bind, "skus=variants.sku,limit=rating.count");
    assert_false(product->links[1].action);
    assert_true(product->links[2].action);
}

static void thunks_call_the_handler(void **state)
{
    (void)state;
    Shop__GetProductRequest request = SHOP__GET_PRODUCT_REQUEST__INIT;
    Shop__Product answer = SHOP__PRODUCT__INIT;
    request.product = "shirt";
    int result = shop_declaration.handlers[0]((struct context *)1, &request.base, &answer.base);
    assert_int_equal(result, RESULT_NOT_FOUND);
    assert_string_equal(answer.slug, "shirt");
    assert_ptr_equal(shop_declaration.sagas[4], &shop_buy);
}

static void events_are_emitted_and_applied_with_their_type(void **state)
{
    (void)state;
    Shop__PriceChanged data = SHOP__PRICE_CHANGED__INIT;
    shop_emit_price_changed((struct context *)1, "p1", &data);
    assert_ptr_equal(emitted, &shop__price_changed__event);
    emitted->apply(NULL, NULL, &data.base);
    assert_ptr_equal(applied, &data);
    assert_int_equal(emitted->version, 2);
    assert_int_equal(shop__product_created__event.version, 1);
}

static const Shop__Product *delivered;

static void on_product(struct saga_run *run, const Shop__Product *answer)
{
    assert_ptr_equal(run, (void *)2);
    delivered = answer;
}

static void stubs_deliver_the_answer_with_its_type(void **state)
{
    (void)state;
    Shop__GetProductRequest request = SHOP__GET_PRODUCT_REQUEST__INIT;
    call_shop_get_product((struct saga_run *)2, &request, on_product);
    assert_ptr_equal(delivered, &answered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_agree_with_the_descriptors),
        cmocka_unit_test(every_service_is_listed_by_name),
        cmocka_unit_test(fields_are_written_in_the_order_of_the_contract),
        cmocka_unit_test(enum_values_lose_the_name_of_their_enum),
        cmocka_unit_test(links_lead_to_the_methods_of_other_services),
        cmocka_unit_test(thunks_call_the_handler),
        cmocka_unit_test(events_are_emitted_and_applied_with_their_type),
        cmocka_unit_test(stubs_deliver_the_answer_with_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
