#include "platform/rpc/message_json.h"

#include "souk/common/v1/types.souk.h"
#include "souk/operations/v1/operations.souk.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs what is above it. */
#include <cmocka.h>

static char written[1024];
static const char *json_of(const struct message_declaration *declaration, const ProtobufCMessage *message, unsigned scopes)
{
    const struct actor actor = {.kind = ACTOR_STAFF, .id = "somebody", .scopes = scopes};
    struct buffer buffer;
    struct json_writer json;
    buffer_init(&buffer, sizeof written - 1);
    json_write_init(&json, &buffer);
    json_write_message(&json, declaration, message, &actor);
    memcpy(written, buffer.at, buffer.length);
    written[buffer.length] = '\0';
    buffer_release(&buffer);
    return written;
}

static void hides_what_is_personal(void **state)
{
    (void)state;
    Common__Address address = COMMON__ADDRESS__INIT;
    address.name = "Ann";
    address.line1 = "Elm Street 1";
    address.city = "Bonn";
    address.postal_code = "53111";
    address.country = "DE";
    assert_string_equal(json_of(&common__address__declaration, &address.base, SCOPE_AUDIT), "{\"country\":\"DE\"}");
    assert_string_equal(json_of(&common__address__declaration, &address.base, SCOPE_AUDIT | SCOPE_CUSTOMERS),
                        "{\"name\":\"Ann\",\"line1\":\"Elm Street 1\",\"city\":\"Bonn\",\"postalCode\":\"53111\",\"country\":\"DE\"}");
}

static void writes_what_is_json_as_it_is(void **state)
{
    (void)state;
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Operations__Event event = OPERATIONS__EVENT__INIT;
    at.seconds = 1795370344;
    at.nanos = 123000000;
    event.at = &at;
    event.data = "{\"a\":[1]}";
    json_of(&operations__event__declaration, &event.base, SCOPE_AUDIT);
    assert_non_null(strstr(written, "\"at\":\"2026-11-22T17:59:04.123Z\""));
    assert_non_null(strstr(written, "\"data\":{\"a\":[1]}"));
    event.data = "";
    json_of(&operations__event__declaration, &event.base, SCOPE_AUDIT);
    assert_null(strstr(written, "\"data\"")); /* no text is no JSON */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_what_is_personal),
        cmocka_unit_test(writes_what_is_json_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
