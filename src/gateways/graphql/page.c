#include "gateways/graphql/page.h"

#include "gateways/rest/headers.h"
#include "guard/security_headers.h"

/* Scripts and data of our own only. Styles may stand in the page: the editor makes some as it goes. */
#define POLICY_OF_PAGE                                                                                                             \
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; "         \
    "font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#define SCRIPT_PATH "/graphql/graphiql.js"
#define STYLE_PATH "/graphql/graphiql.css"

#define EMBED(name, file)                                                                                                          \
    __asm__(".pushsection .rodata\n" #name ": .incbin \"" file "\"\n" #name "_end: .byte 0\n.popsection\n");                       \
    extern const char name[], name##_end[]
EMBED(graphiql_script, "build/web/graphiql/graphiql.js");
EMBED(graphiql_style, "build/web/graphiql/graphiql.css");

static const char page[] = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>GraphiQL - Souk</title>"
                           "<meta name=\"viewport\" content=\"width=device-width\">"
                           "<link rel=\"stylesheet\" href=\"" STYLE_PATH "\">"
                           "<style>html, body, #graphiql { height: 100%; margin: 0 }</style></head>"
                           "<body><div id=\"graphiql\"></div><script src=\"" SCRIPT_PATH "\" defer></script></body></html>\n";
static const char page_without[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>GraphQL - Souk</title></head><body><h1>GraphQL</h1>"
    "<p>Here programs ask by POST. This program was built without GraphiQL, the page for people: <code>make graphiql</code> gets "
    "it from npm, <code>make build</code> puts it in.</p></body></html>\n";

static struct text script(void)
{
    return (struct text){graphiql_script, (size_t)(graphiql_script_end - graphiql_script)};
}

static struct text style(void)
{
    return (struct text){graphiql_style, (size_t)(graphiql_style_end - graphiql_style)};
}

static void respond(struct http_exchange *exchange, const char *type, struct text etag, struct text body)
{
    struct http_header *headers = ARENA_ARRAY(exchange->arena, struct http_header, 5 + SECURITY_HEADER_COUNT);
    size_t count = 0;
    headers[count++] = (struct http_header){TEXT("Content-Type"), text_of(type)};
    headers[count++] = (struct http_header){TEXT("Content-Security-Policy"), TEXT(POLICY_OF_PAGE)};
    headers[count++] = (struct http_header){TEXT("Cache-Control"), TEXT("no-cache")};
    headers[count++] = (struct http_header){TEXT("Vary"), TEXT("Accept")};
    headers[count++] = (struct http_header){TEXT("ETag"), etag};
    for (size_t i = 0; i < SECURITY_HEADER_COUNT; i++)
        headers[count++] = security_headers[i];
    struct text condition = http_header(&exchange->request, "if-none-match");
    bool has_it = condition.at != NULL && etag_matches(condition, etag);
    http_respond(exchange, &(struct http_response){.status = has_it ? 304 : 200,
                                                   .headers = headers,
                                                   .header_count = count,
                                                   .body = has_it ? TEXT("") : body});
}

static void respond_with(struct http_exchange *exchange, const char *type, struct text body)
{
    respond(exchange, type, text_of(etag_make(exchange->arena, false, 0, body)), body);
}

bool page_is_at(struct text path)
{
    return text_is(path, SCRIPT_PATH) || text_is(path, STYLE_PATH);
}

void page_answer_part(struct http_exchange *exchange)
{
    if (text_is(exchange->request.path, SCRIPT_PATH))
        respond_with(exchange, "text/javascript; charset=utf-8", script());
    else
        respond_with(exchange, "text/css; charset=utf-8", style());
}

void page_answer(struct http_exchange *exchange)
{
    respond_with(exchange, "text/html; charset=utf-8", text_of(script().length > 0 ? page : page_without));
}

void page_answer_text(struct http_exchange *exchange, struct text text)
{
    respond_with(exchange, "text/plain; charset=utf-8", text);
}
