/*
 * From bytes to tokens.
 *
 * Bytes fall into classes by a table, so that the usual ones (blanks, names) take a step each. UTF-8 is checked once, before the first
 * token; after that only comments and strings may hold anything beyond ASCII, and take it as it is.
 *
 * Names and numbers are slices of the source. So are strings without escapes; the others are written anew, never longer than they stand
 * in the text.
 */
#include "gateways/graphql/language/lexer.h"

#include "base/assert.h"

const char *const token_words[TOKEN_KIND_COUNT] = {
#define TOKEN_WORDS(name, words) words,
    TOKEN_TABLE(TOKEN_WORDS)
#undef TOKEN_WORDS
};

enum class {
    CLASS_OTHER,
    CLASS_NAME,
    CLASS_DIGIT,
};

static const uint8_t classes[256] = {
    ['_'] = CLASS_NAME,
    ['a' ... 'z'] = CLASS_NAME,
    ['A' ... 'Z'] = CLASS_NAME,
    ['0' ... '9'] = CLASS_DIGIT,
};

static bool is_digit(char byte)
{
    return classes[(uint8_t)byte] == CLASS_DIGIT;
}

static bool starts_name(char byte)
{
    return classes[(uint8_t)byte] == CLASS_NAME;
}

static bool continues_name(char byte)
{
    return classes[(uint8_t)byte] != CLASS_OTHER;
}

static uint32_t place(const struct lexer *lexer, const char *at)
{
    return (uint32_t)(at - lexer->document->source.at);
}

/* The byte so far ahead, or NUL behind the end: no token goes on with NUL. */
static char peek(const struct lexer *lexer, const char *at)
{
    return at < lexer->end ? *at : '\0';
}

/* --- errors -------------------------------------------------------------------------------------------------------------- */

void lexer_fail(struct lexer *lexer, enum result code, uint32_t at, const char *format, ...)
{
    if (lexer->failed)
        return;
    lexer->failed = true;

    va_list arguments;
    va_start(arguments, format);
    const char *message = arena_vprintf(lexer->arena, format, arguments);
    va_end(arguments);
    struct graphql_location *location = ARENA_NEW(lexer->arena, struct graphql_location);
    *location = document_locate(lexer->document, at);
    *lexer->error = (struct graphql_error){.code = code, .message = message, .locations = location, .location_count = 1};

    lexer->at = lexer->end;
    lexer->token = (struct token){.kind = TOKEN_END, .at = (uint32_t)lexer->document->source.length};
}

static void fail(struct lexer *lexer, const char *at, const char *message)
{
    lexer_fail(lexer, RESULT_GRAPHQL_SYNTAX, place(lexer, at), "%s", message);
}

/* How a message names the character at a place: as it looks, or by its number. */
static const char *describe_character(const struct lexer *lexer, const char *at)
{
    if (at >= lexer->end)
        return "the end of the document";
    struct text rest = {at, (size_t)(lexer->end - at)};
    uint32_t code_point;
    if (*at == '\0' || !text_utf8_next(&rest, &code_point))
        code_point = (uint8_t)*at;
    if (code_point == '"')
        return "'\"'";
    if (code_point > ' ' && code_point < 0x7f)
        return arena_printf(lexer->arena, "\"%c\"", (int)code_point);
    return arena_printf(lexer->arena, "U+%04X", code_point);
}

/* What a message shows of a long name. */
#define SHOWN_MAX 100

const char *lexer_describe(const struct lexer *lexer)
{
    const struct token *token = &lexer->token;
    if (token->kind != TOKEN_NAME && token->kind != TOKEN_INT && token->kind != TOKEN_FLOAT)
        return token_words[token->kind];
    bool whole = token->text.length <= SHOWN_MAX;
    return arena_printf(lexer->arena, "\"%.*s%s\"", whole ? (int)token->text.length : SHOWN_MAX, token->text.at, whole ? "" : "…");
}

/* --- UTF-8 --------------------------------------------------------------------------------------------------------------- */

static bool is_ascii(uint64_t bytes)
{
    return (bytes & 0x8080808080808080) == 0;
}

/* The first byte that is not part of well-formed UTF-8, or NULL. NUL is a character to GraphQL. */
static const char *first_malformed(struct text text)
{
    while (text.length > 0) {
        uint64_t bytes;
        if (text.length >= sizeof bytes && (memcpy(&bytes, text.at, sizeof bytes), is_ascii(bytes))) {
            text.at += sizeof bytes;
            text.length -= sizeof bytes;
        } else if ((uint8_t)*text.at < 0x80) {
            text.at++;
            text.length--;
        } else if (!text_utf8_next(&text, &(uint32_t){0})) {
            return text.at;
        }
    }
    return NULL;
}

/* --- numbers ------------------------------------------------------------------------------------------------------------- */

/* Digits, at least one; behind them, or NULL. */
static const char *read_digits(struct lexer *lexer, const char *at)
{
    if (!is_digit(peek(lexer, at))) {
        lexer_fail(lexer, RESULT_GRAPHQL_SYNTAX, place(lexer, at), "A number goes on with a digit, not with %s.",
                   describe_character(lexer, at));
        return NULL;
    }
    while (is_digit(peek(lexer, at)))
        at++;
    return at;
}

static const char *read_integer(struct lexer *lexer, const char *at)
{
    if (*at == '-')
        at++;
    if (peek(lexer, at) != '0')
        return read_digits(lexer, at);
    if (is_digit(peek(lexer, at + 1))) {
        fail(lexer, at + 1, "A number has no digits behind a leading 0.");
        return NULL;
    }
    return at + 1;
}

static const char *read_fraction(struct lexer *lexer, const char *at)
{
    if (peek(lexer, at) == '.')
        at = read_digits(lexer, at + 1);
    if (at && (peek(lexer, at) == 'e' || peek(lexer, at) == 'E')) {
        at++;
        if (peek(lexer, at) == '+' || peek(lexer, at) == '-')
            at++;
        at = read_digits(lexer, at);
    }
    return at;
}

static void read_number(struct lexer *lexer)
{
    const char *begin = lexer->at;
    const char *integer_end = read_integer(lexer, begin);
    const char *end = integer_end ? read_fraction(lexer, integer_end) : NULL;
    if (!end)
        return;
    if (peek(lexer, end) == '.' || continues_name(peek(lexer, end))) {
        lexer_fail(lexer, RESULT_GRAPHQL_SYNTAX, place(lexer, end), "A number can't go on with %s.", describe_character(lexer, end));
        return;
    }
    lexer->token.kind = end == integer_end ? TOKEN_INT : TOKEN_FLOAT;
    lexer->token.text = (struct text){begin, (size_t)(end - begin)};
    lexer->at = end;
}

/* --- strings ------------------------------------------------------------------------------------------------------------- */

static char *write_utf8(char *to, uint32_t code_point)
{
    if (code_point < 0x80) {
        *to++ = (char)code_point;
        return to;
    }
    if (code_point < 0x800) {
        *to++ = (char)(0xc0 | code_point >> 6);
    } else {
        if (code_point < 0x10000) {
            *to++ = (char)(0xe0 | code_point >> 12);
        } else {
            *to++ = (char)(0xf0 | code_point >> 18);
            *to++ = (char)(0x80 | (code_point >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (code_point >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (code_point & 0x3f));
    return to;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

static const uint32_t code_point_max = 0x10ffff;
static bool is_leading_surrogate(uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}
static bool is_trailing_surrogate(uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* The four digits of \uXXXX: behind them, or NULL. */
static const char *read_four_digits(const struct lexer *lexer, const char *at, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(peek(lexer, at + i));
        if (digit < 0)
            return NULL;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return at + 4;
}

/* The digits and the brace of \u{X…}: behind them, or NULL. */
static const char *read_braced_digits(const struct lexer *lexer, const char *at, uint32_t *code_point)
{
    const char *begin = at;
    *code_point = 0;
    for (int digit; (digit = hex_digit(peek(lexer, at))) >= 0 && *code_point <= code_point_max; at++)
        *code_point = *code_point << 4 | (uint32_t)digit;
    if (at == begin || peek(lexer, at) != '}' || *code_point > code_point_max)
        return NULL;
    return at + 1;
}

/* The rest of an escape that began with \u. A code point beyond the first 65,536 is written in braces, or as two surrogates. */
static const char *read_unicode(const struct lexer *lexer, const char *at, uint32_t *code_point)
{
    if (peek(lexer, at) == '{') {
        at = read_braced_digits(lexer, at + 1, code_point);
    } else {
        at = read_four_digits(lexer, at, code_point);
        uint32_t trailing;
        if (at && is_leading_surrogate(*code_point) && peek(lexer, at) == '\\' && peek(lexer, at + 1) == 'u') {
            at = read_four_digits(lexer, at + 2, &trailing);
            if (at && is_trailing_surrogate(trailing))
                *code_point = 0x10000 + ((*code_point - 0xd800) << 10) + (trailing - 0xdc00);
        }
    }
    if (!at || is_leading_surrogate(*code_point) || is_trailing_surrogate(*code_point))
        return NULL;
    return at;
}

/* An escape, at its backslash: behind it, or NULL. */
static const char *read_escape(const struct lexer *lexer, const char *at, uint32_t *code_point)
{
    static const char simple[256] = {
        ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
    };
    char letter = peek(lexer, at + 1);
    if (letter == 'u')
        return read_unicode(lexer, at + 2, code_point);
    *code_point = (uint8_t)simple[(uint8_t)letter];
    return *code_point ? at + 2 : NULL;
}

/* The closing quote of the string whose text begins here, and whether there are escapes before it; NULL when there is none. */
static const char *find_quote(const struct lexer *lexer, const char *at, bool *has_escapes)
{
    for (*has_escapes = false; at < lexer->end; at++) {
        if (*at == '"')
            return at;
        if (*at == '\n' || *at == '\r')
            return NULL;
        if (*at == '\\') {
            *has_escapes = true;
            at++;
            if (peek(lexer, at) == '\n' || peek(lexer, at) == '\r')
                return NULL;
        }
    }
    return NULL;
}

static struct text unescape(struct lexer *lexer, const char *at, const char *end)
{
    char *begin = arena_alloc(lexer->arena, (size_t)(end - at)), *to = begin;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        uint32_t code_point;
        const char *behind = read_escape(lexer, at, &code_point);
        if (!behind) {
            const char *shown_end = at + 1 < end && at[1] == 'u' ? at + 6 : at + 2;
            struct text shown = {at, (size_t)((shown_end < end ? shown_end : end) - at)};
            while (shown.length > 2 && !text_is_utf8(shown))
                shown.length--;
            if (text_is_utf8(shown))
                lexer_fail(lexer, RESULT_GRAPHQL_SYNTAX, place(lexer, at), "There is no such escape as \"%.*s\".", (int)shown.length,
                           shown.at);
            fail(lexer, at, "There is no such escape.");
            break;
        }
        to = write_utf8(to, code_point);
        at = behind;
    }
    return (struct text){begin, (size_t)(to - begin)};
}

static void read_string(struct lexer *lexer)
{
    const char *begin = lexer->at + 1;
    bool has_escapes;
    const char *end = find_quote(lexer, begin, &has_escapes);
    if (!end) {
        fail(lexer, lexer->at, "The string has no end: it needs a '\"' on the same line.");
        return;
    }
    lexer->token.kind = TOKEN_STRING;
    lexer->token.text = (struct text){begin, (size_t)(end - begin)};
    lexer->at = end + 1;
    if (has_escapes) {
        struct text text = unescape(lexer, begin, end);
        lexer->token.text = lexer->failed ? (struct text){0} : text;
    }
}

/* --- block strings ------------------------------------------------------------------------------------------------------- */

static bool is_triple_quote(const struct lexer *lexer, const char *at)
{
    return lexer->end - at >= 3 && at[0] == '"' && at[1] == '"' && at[2] == '"';
}

/* A line of a block string, without its end. */
static struct text line_at(const char *at, const char *end)
{
    const char *begin = at;
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    return (struct text){begin, (size_t)(at - begin)};
}

/* Behind the end of the line; NULL when it is the last. */
static const char *line_after(struct text line, const char *end)
{
    const char *at = line.at + line.length;
    if (at == end)
        return NULL;
    return at[0] == '\r' && at + 1 < end && at[1] == '\n' ? at + 2 : at + 1;
}

static size_t indent_of(struct text line)
{
    size_t indent = 0;
    while (indent < line.length && (line.at[indent] == ' ' || line.at[indent] == '\t'))
        indent++;
    return indent;
}

/* What stays of a block string: lines without the indent that all but the first have in common, from the first to the last that is not
 * blank. */
struct block {
    size_t indent;
    const char *first; /* NULL when all are blank */
    const char *last;
};

static struct block measure_block(const char *begin, const char *end)
{
    struct block block = {.indent = SIZE_MAX};
    for (const char *at = begin; at;) {
        struct text line = line_at(at, end);
        size_t indent = indent_of(line);
        if (indent < line.length) {
            if (!block.first)
                block.first = line.at;
            block.last = line.at;
            if (at != begin && indent < block.indent)
                block.indent = indent;
        }
        at = line_after(line, end);
    }
    return block;
}

/* Copy a line, with \""" as """. */
static char *copy_line(char *to, struct text line)
{
    for (size_t i = 0; i < line.length; i++) {
        bool escapes = line.length - i >= 4 && memcmp(line.at + i, "\\\"\"\"", 4) == 0;
        if (!escapes)
            *to++ = line.at[i];
    }
    return to;
}

static struct text block_value(struct lexer *lexer, const char *begin, const char *end)
{
    struct block block = measure_block(begin, end);
    if (!block.first)
        return TEXT("");
    char *value = arena_alloc(lexer->arena, (size_t)(end - begin)), *to = value;
    for (const char *at = begin; at && at <= block.last;) {
        struct text line = line_at(at, end);
        const char *next = line_after(line, end);
        if (at >= block.first) {
            if (at > block.first)
                *to++ = '\n';
            size_t cut = at == begin ? 0 : block.indent < line.length ? block.indent : line.length;
            to = copy_line(to, (struct text){line.at + cut, line.length - cut});
        }
        at = next;
    }
    return (struct text){value, (size_t)(to - value)};
}

static void read_block_string(struct lexer *lexer)
{
    const char *begin = lexer->at + 3;
    const char *at = begin;
    while (at < lexer->end && !is_triple_quote(lexer, at))
        at += *at == '\\' && is_triple_quote(lexer, at + 1) ? 4 : 1;
    if (at >= lexer->end) {
        fail(lexer, lexer->at, "The block string has no end: it needs three '\"'.");
        return;
    }
    lexer->token.kind = TOKEN_BLOCK_STRING;
    lexer->token.text = block_value(lexer, begin, at);
    lexer->at = at + 3;
}

/* --- tokens -------------------------------------------------------------------------------------------------------------- */

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* Blanks, ends of lines, commas, comments and byte order marks mean nothing between tokens. */
static void skip_ignored(struct lexer *lexer)
{
    for (const char *at = lexer->at;;) {
        if (at == lexer->end) {
            lexer->at = at;
            return;
        }
        switch (*at) {
        case ' ':
        case '\n':
        case ',':
        case '\t':
        case '\r':
            at++;
            break;
        case '#':
            while (at < lexer->end && *at != '\n' && *at != '\r')
                at++;
            break;
        case '\xef':
            if (lexer->end - at >= 3 && memcmp(at, byte_order_mark, 3) == 0) {
                at += 3;
                break;
            }
            /* fall through */
        default:
            lexer->at = at;
            return;
        }
    }
}

static void read_name(struct lexer *lexer)
{
    const char *at = lexer->at + 1;
    while (at < lexer->end && continues_name(*at))
        at++;
    lexer->token.kind = TOKEN_NAME;
    lexer->token.text = (struct text){lexer->at, (size_t)(at - lexer->at)};
    lexer->at = at;
}

static void read_punctuator(struct lexer *lexer)
{
    static const uint8_t kinds[256] = {
        ['!'] = TOKEN_BANG,         ['$'] = TOKEN_DOLLAR,        ['&'] = TOKEN_AMPERSAND,  ['('] = TOKEN_PAREN_OPEN,
        [')'] = TOKEN_PAREN_CLOSE,  [':'] = TOKEN_COLON,         ['='] = TOKEN_EQUALS,     ['@'] = TOKEN_AT,
        ['['] = TOKEN_BRACKET_OPEN, [']'] = TOKEN_BRACKET_CLOSE, ['{'] = TOKEN_BRACE_OPEN, ['|'] = TOKEN_PIPE,
        ['}'] = TOKEN_BRACE_CLOSE,
    };
    const char *at = lexer->at;
    if (kinds[(uint8_t)*at]) {
        lexer->token.kind = kinds[(uint8_t)*at];
        lexer->at = at + 1;
    } else if (lexer->end - at >= 3 && memcmp(at, "...", 3) == 0) {
        lexer->token.kind = TOKEN_SPREAD;
        lexer->at = at + 3;
    } else {
        lexer_fail(lexer, RESULT_GRAPHQL_SYNTAX, place(lexer, at), "%s can't stand here.", describe_character(lexer, at));
    }
}

void lexer_next(struct lexer *lexer)
{
    skip_ignored(lexer);
    lexer->token = (struct token){.kind = TOKEN_END, .at = place(lexer, lexer->at)};
    if (lexer->at == lexer->end)
        return;
    if (lexer->token_count++ >= lexer->tokens_max) {
        lexer_fail(lexer, RESULT_GRAPHQL_LIMIT, lexer->token.at, "The document has more than %zu tokens.", lexer->tokens_max);
        return;
    }

    char first = *lexer->at;
    if (starts_name(first))
        read_name(lexer);
    else if (is_digit(first) || first == '-')
        read_number(lexer);
    else if (first != '"')
        read_punctuator(lexer);
    else if (is_triple_quote(lexer, lexer->at))
        read_block_string(lexer);
    else
        read_string(lexer);
}

void lexer_init(struct lexer *lexer, struct arena *arena, const struct document *document, size_t tokens_max,
                struct graphql_error *error)
{
    ASSERT(document->source.length < UINT32_MAX);
    *lexer = (struct lexer){
        .document = document,
        .at = document->source.at,
        .end = document->source.at + document->source.length,
        .tokens_max = tokens_max,
        .arena = arena,
        .error = error,
    };
    const char *malformed = first_malformed(document->source);
    if (malformed)
        fail(lexer, malformed, "The document is not UTF-8: this byte is no part of a character.");
    else
        lexer_next(lexer);
}
