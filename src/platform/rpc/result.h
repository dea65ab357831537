/*
 * Results: one row is all the world may know of a failure.
 *
 * The name on the wire is stable: it is `code` in problem+json, `extensions.code` in GraphQL and the reason in gRPC's
 * status details. The sentence is the `title`; what happened this time goes into the problem's detail.
 */
#ifndef SOUK_PLATFORM_RESULT_H
#define SOUK_PLATFORM_RESULT_H

#define RESULT_TABLE(ROW)                                                                                              \
    /*  name                         http  grpc  on the wire              title */                                     \
    ROW(OK,                           200,  0,  "ok",                     "Done")                                      \
    /* the request itself */                                                                                           \
    ROW(BAD_REQUEST,                  400,  3,  "bad_request",            "The request can't be read")                 \
    ROW(INVALID_JSON,                 400,  3,  "invalid_json",           "The body is not JSON")                      \
    ROW(VALIDATION_FAILED,            400,  3,  "validation_failed",      "Some fields are not right")                 \
    ROW(GRAPHQL_SYNTAX,               400,  3,  "graphql_syntax",         "The document is not GraphQL")               \
    ROW(GRAPHQL_INVALID,              400,  3,  "graphql_invalid",        "The document does not fit the schema")      \
    ROW(GRAPHQL_LIMIT,                400,  8,  "graphql_limit",          "The document is too large")                 \
    ROW(PERSISTED_QUERY_NOT_FOUND,    400,  5,  "persisted_query_not_found", "No document of that hash is known")      \
    ROW(PERSISTED_QUERY_NOT_SUPPORTED, 400, 3,  "persisted_query_not_supported", "Documents are not named like that")  \
    ROW(THROTTLED,                    429,  8,  "throttled",              "It costs more than is left")                \
    ROW(IDEMPOTENCY_KEY_REQUIRED,     400,  3,  "idempotency_key_required", "This needs an Idempotency-Key")           \
    ROW(CURSOR_INVALID,               400,  3,  "cursor_invalid",         "That cursor is not one of ours")            \
    ROW(UNAUTHENTICATED,              401, 16,  "unauthenticated",        "Who are you?")                              \
    ROW(PERMISSION_DENIED,            403,  7,  "permission_denied",      "That needs another permission")             \
    ROW(NOT_FOUND,                    404,  5,  "not_found",              "There is no such thing")                    \
    ROW(METHOD_NOT_ALLOWED,           405, 12,  "method_not_allowed",     "That can't be done to this resource")       \
    ROW(NOT_ACCEPTABLE,               406,  3,  "not_acceptable",         "No such representation")                    \
    ROW(PAYLOAD_TOO_LARGE,            413,  8,  "payload_too_large",      "The body is too large")                     \
    ROW(URI_TOO_LONG,                 414,  3,  "uri_too_long",           "The request line is too long")              \
    ROW(UNSUPPORTED_MEDIA_TYPE,       415,  3,  "unsupported_media_type", "The body has a media type we don't read")   \
    ROW(IDEMPOTENCY_KEY_REUSED,       422,  3,  "idempotency_key_reused", "That key came with another request before") \
    ROW(TOO_MANY_REQUESTS,            429,  8,  "too_many_requests",      "Too many requests")                         \
    ROW(HEADERS_TOO_LARGE,            431,  8,  "headers_too_large",      "The header fields are too large")           \
    /* the state of things */                                                                                          \
    ROW(CONFLICT,                     409, 10,  "conflict",               "Somebody else was first")                   \
    ROW(ALREADY_EXISTS,               409,  6,  "already_exists",         "That exists already")                       \
    ROW(REQUEST_IN_PROGRESS,          409, 10,  "request_in_progress",    "The same request is still running")         \
    ROW(VERSION_MISMATCH,             412,  9,  "version_mismatch",       "It has changed since you read it")          \
    ROW(OUT_OF_STOCK,                 409,  9,  "out_of_stock",           "Not enough in stock")                       \
    ROW(PRICE_CHANGED,                409,  9,  "price_changed",          "The price has changed")                     \
    ROW(NOT_FOR_SALE,                 409,  9,  "not_for_sale",           "That is not sold any more")                 \
    ROW(NOT_PRICED,                   409,  9,  "not_priced",             "There is no price in this currency")        \
    ROW(CURRENCY_MISMATCH,            409,  9,  "currency_mismatch",      "That is in another currency")               \
    ROW(CART_EMPTY,                   409,  9,  "cart_empty",             "The cart is empty")                         \
    ROW(CART_CLOSED,                  409,  9,  "cart_closed",            "The cart is closed")                        \
    ROW(CART_LOCKED,                  409,  9,  "cart_locked",            "The cart is being checked out")             \
    ROW(ADDRESS_REQUIRED,             409,  9,  "address_required",       "A shipping address is needed")              \
    ROW(SHIPPING_METHOD_REQUIRED,     409,  9,  "shipping_method_required", "A shipping method is needed")             \
    ROW(SHIPPING_METHOD_UNAVAILABLE,  409,  9,  "shipping_method_unavailable", "That shipping method does not go there") \
    ROW(COUPON_NOT_APPLICABLE,        409,  9,  "coupon_not_applicable",  "That coupon can't be used here")            \
    ROW(RESERVATION_EXPIRED,          409,  9,  "reservation_expired",    "The reservation has run out")               \
    ROW(STATE_FORBIDS,                409,  9,  "state_forbids",          "Its state does not allow that")             \
    ROW(PAYMENT_DECLINED,             402,  9,  "payment_declined",       "The payment was declined")                  \
    ROW(PAYMENT_METHOD_INVALID,       402,  3,  "payment_method_invalid", "That payment method is not known")          \
    ROW(AMOUNT_TOO_LARGE,             409,  9,  "amount_too_large",       "The amount is more than is left")           \
    ROW(OVERFLOW,                     400, 11,  "overflow",               "The number is too large")                   \
    /* us */                                                                                                           \
    ROW(CANCELLED,                    499,  1,  "cancelled",              "The caller went away")                      \
    ROW(INTERNAL,                     500, 13,  "internal",               "Our mistake")                               \
    ROW(UNIMPLEMENTED,                501, 12,  "unimplemented",          "There is no such operation")                \
    ROW(UNAVAILABLE,                  503, 14,  "unavailable",            "Not available at the moment")               \
    ROW(STORAGE_UNAVAILABLE,          503, 14,  "storage_unavailable",    "The store can't take it at the moment")     \
    ROW(OVERLOADED,                   503,  8,  "overloaded",             "Too much to do at the moment")              \
    ROW(SHUTTING_DOWN,                503, 14,  "shutting_down",          "This server is stopping")                   \
    ROW(CATALOG_UNAVAILABLE,          503, 14,  "catalog_unavailable",    "The catalogue can't be asked at the moment")\
    ROW(PRICING_UNAVAILABLE,          503, 14,  "pricing_unavailable",    "Prices can't be asked at the moment")       \
    ROW(INVENTORY_UNAVAILABLE,        503, 14,  "inventory_unavailable",  "Stock can't be asked at the moment")        \
    ROW(CART_UNAVAILABLE,             503, 14,  "cart_unavailable",       "Carts can't be reached at the moment")      \
    ROW(ORDER_UNAVAILABLE,            503, 14,  "order_unavailable",      "Orders can't be reached at the moment")     \
    ROW(CHECKOUT_UNAVAILABLE,         503, 14,  "checkout_unavailable",   "Nobody can check out at the moment")        \
    ROW(PAYMENT_UNAVAILABLE,          503, 14,  "payment_unavailable",    "Payments can't be made at the moment")      \
    ROW(DEADLINE_EXCEEDED,            504,  4,  "deadline_exceeded",      "It took too long")

enum result {
#define RESULT_ENUM(name, http, grpc, wire, title) RESULT_##name,
    RESULT_TABLE(RESULT_ENUM)
#undef RESULT_ENUM
        RESULT_COUNT
};

struct result_row {
    int http_status;
    int grpc_status;
    const char *wire;
    const char *title;
};

/* The row of a result; asserts that it is one. */
const struct result_row *result_row(enum result result);

#endif
