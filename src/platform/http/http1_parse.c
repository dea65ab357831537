/*
 * HTTP/1.1 framing: see http1_parse.h.
 *
 * Heads are read line by line: memchr finds the LF, then the line is checked by tables, once. A line that has not ended costs only
 * the search for its LF, and its length is held against the limits before anything else, so that where the input was split changes
 * nothing. Chunked bodies are read by a machine over bytes, since a chunk-size line need not be in memory as a whole.
 */
#include "platform/http/http1_parse.h"

#include "base/assert.h"

/* --- characters --- */

/* The lower-case form of each character that a token may hold (RFC 9110 section 5.6.2), and 0 for the others. */
static const char token_lower[256] = {
    ['!'] = '!', ['#'] = '#', ['$'] = '$', ['%'] = '%', ['&'] = '&', ['\''] = '\'', ['*'] = '*', ['+'] = '+', ['-'] = '-',
    ['.'] = '.', ['^'] = '^', ['_'] = '_', ['`'] = '`', ['|'] = '|', ['~'] = '~',
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9',
    ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i',
    ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',
    ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
    ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',
    ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r',
    ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z',
};

enum {
    IN_TARGET = 1, /* may stand in a request target */
    IN_HOST = 2,   /* may stand in a host name */
    IN_IPV6 = 4,   /* may stand between [ and ] in a host */
};
static const uint8_t character_class[256] = {
    ['!'] = IN_TARGET, ['$'] = IN_TARGET, ['%'] = IN_TARGET, ['&'] = IN_TARGET, ['\''] = IN_TARGET, ['('] = IN_TARGET,
    [')'] = IN_TARGET, ['*'] = IN_TARGET, ['+'] = IN_TARGET, [','] = IN_TARGET, ['/'] = IN_TARGET, [';'] = IN_TARGET,
    ['='] = IN_TARGET, ['?'] = IN_TARGET, ['@'] = IN_TARGET, ['~'] = IN_TARGET,
    /* not in RFC 3986, but sent by browsers */
    ['['] = IN_TARGET, [']'] = IN_TARGET, ['^'] = IN_TARGET, ['`'] = IN_TARGET, ['{'] = IN_TARGET, ['|'] = IN_TARGET,
    ['}'] = IN_TARGET,
    ['-'] = IN_TARGET | IN_HOST, ['_'] = IN_TARGET | IN_HOST,
    ['.'] = IN_TARGET | IN_HOST | IN_IPV6, [':'] = IN_TARGET | IN_IPV6,
    ['0' ... '9'] = IN_TARGET | IN_HOST | IN_IPV6,
    ['a' ... 'f'] = IN_TARGET | IN_HOST | IN_IPV6, ['g' ... 'z'] = IN_TARGET | IN_HOST,
    ['A' ... 'F'] = IN_TARGET | IN_HOST | IN_IPV6, ['G' ... 'Z'] = IN_TARGET | IN_HOST,
};

static bool is_token_character(char character)
{
    return token_lower[(uint8_t)character] != 0;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* The value of a hexadecimal digit, or -1. */
static int hex_digit(char character)
{
    if (is_digit(character))
        return character - '0';
    char lower = (char)(character | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* What a field value may hold: visible characters, blanks, tabs and the octets above ASCII. */
static bool is_value_character(char character)
{
    uint8_t octet = (uint8_t)character;
    return (octet >= 0x20 && octet != 0x7f) || octet == '\t';
}

/* Eight octets at a time: does any of them lie below 0x20 or equal 0x7f? A tab says yes too. The classic tests for a byte less
 * than n and for a zero byte; octets above 0x7f are none of these. */
static bool has_control(uint64_t octets)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
    uint64_t deletes = octets ^ (ones * 0x7f);
    return (((octets - ones * 0x20) | (deletes - ones)) & ~octets & tops) != 0;
}

static bool is_value(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t octets;
        memcpy(&octets, at, sizeof octets);
        if (has_control(octets))
            break;
    }
    while (at < end)
        if (!is_value_character(*at++))
            return false;
    return true;
}

bool http1_is_field_value(struct text text)
{
    return is_value(text.at, text.at + text.length);
}

/* --- request heads --- */

void http1_head_init(struct http1_head *head)
{
    /* All but the fields, of which only the first `field_count` are ever looked at. */
    memset(head, 0, offsetof(struct http1_head, fields));
}

static enum http1_progress refuse(struct http1_head *head, int status, const char *detail)
{
    head->refusal = (struct http1_refusal){status, detail};
    return HTTP1_REFUSED;
}

static struct http1_span span_of(const char *bytes, const char *from, const char *to)
{
    return (struct http1_span){(uint16_t)(from - bytes), (uint16_t)(to - from)};
}

static struct text span_text(struct http1_span span, const char *bytes)
{
    return (struct text){bytes + span.at, span.length};
}

/* `word` is in lower case. */
static bool is_word(const char *from, const char *to, const char *word)
{
    return text_equal_ignoring_case((struct text){from, (size_t)(to - from)}, text_of(word));
}

/* host [":" port], where a host is a name, an IPv4 address or an IPv6 address in brackets. RFC 3986 would let a name hold nearly
 * anything, and be empty; a name that DNS or a certificate could hold is enough. */
static bool is_authority(const char *at, const char *end)
{
    if (end - at > 255)
        return false;
    const char *host = at;
    if (at < end && *at == '[') {
        for (at++; at < end && (character_class[(uint8_t)*at] & IN_IPV6); at++)
            ;
        if (at == end || *at != ']' || at - host < 3) /* the shortest is [::] */
            return false;
        at++;
    } else {
        for (; at < end && (character_class[(uint8_t)*at] & IN_HOST); at++)
            ;
        if (at == host)
            return false;
    }
    if (at == end)
        return true;
    if (*at++ != ':' || at == end)
        return false;
    unsigned port = 0;
    for (; at < end; at++) {
        if (!is_digit(*at) || (port = port * 10 + (unsigned)(*at - '0')) > 65535)
            return false;
    }
    return true;
}

bool http1_is_host(struct text text)
{
    return is_authority(text.at, text.at + text.length);
}

bool http1_is_target(struct text text)
{
    size_t at = 0;
    while (at < text.length && (character_class[(uint8_t)text.at[at]] & IN_TARGET))
        at++;
    return at == text.length && at > 0 && text.at[0] == '/';
}

/* http://authority/path?query, which RFC 9112 section 3.2.2 has every server accept. What is after the authority becomes the
 * target; when there is no path, the authority's last byte gives way to the "/" that is meant, for the host is in Host too. */
static enum http1_progress read_absolute_form(struct http1_head *head, char *bytes, char *target, char *end)
{
    static const char *const schemes[] = {"http://", "https://"};
    char *authority = NULL;
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(schemes[i]);
        if ((size_t)(end - target) > length && is_word(target, target + length, schemes[i]))
            authority = target + length;
    }
    if (!authority)
        return refuse(head, 400, "The target is neither a path nor an http URL.");
    char *path = authority;
    while (path < end && *path != '/' && *path != '?')
        path++;
    if (!is_authority(authority, path))
        return refuse(head, 400, "The host in the target is not one.");
    head->authority = span_of(bytes, authority, path);
    head->target = span_of(bytes, path, end);
    return HTTP1_MORE;
}

static enum http1_progress read_target(struct http1_head *head, char *bytes, char *target, char *end)
{
    struct text method = span_text(head->method, bytes);
    if (text_is(method, "CONNECT"))
        return refuse(head, 501, "This is not a proxy.");
    if (*target != '/' && !(end - target == 1 && *target == '*'))
        return read_absolute_form(head, bytes, target, end);
    if (*target == '*' && !text_is(method, "OPTIONS"))
        return refuse(head, 400, "Only OPTIONS may have the target *.");
    head->target = span_of(bytes, target, end);
    return HTTP1_MORE;
}

static enum http1_progress read_version(struct http1_head *head, const char *at, const char *end)
{
    if (end - at != 8 || memcmp(at, "HTTP/", 5) != 0 || !is_digit(at[5]) || at[6] != '.' || !is_digit(at[7]))
        return refuse(head, 400, "The request line is not method, target and version with one blank between.");
    if (at[5] != '1' || at[7] > '1')
        return refuse(head, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    head->minor_version = (unsigned)(at[7] - '0');
    return HTTP1_MORE;
}

/* method SP target SP version */
static enum http1_progress read_request_line(struct http1_head *head, char *bytes, char *line, char *end)
{
    char *at = line;
    while (at < end && is_token_character(*at))
        at++;
    if (at == line || at == end || *at != ' ')
        return refuse(head, 400, "The request line does not begin with a method and a blank.");
    head->method = span_of(bytes, line, at);

    char *target = ++at;
    while (at < end && (character_class[(uint8_t)*at] & IN_TARGET))
        at++;
    if (at == target || (at < end && *at != ' '))
        return refuse(head, 400, "The target is empty or holds a character that a URL can't.");
    if (at == end)
        return refuse(head, 400, "The request line has no version.");

    enum http1_progress progress = read_version(head, at + 1, end);
    return progress == HTTP1_REFUSED ? progress : read_target(head, bytes, target, at);
}

static enum http1_progress read_content_length(struct http1_head *head, const char *at, const char *end)
{
    if (head->has_content_length)
        return refuse(head, 400, "There is more than one Content-Length.");
    if (at == end)
        return refuse(head, 400, "Content-Length is not a number.");
    uint64_t length = 0;
    for (; at < end; at++) {
        if (!is_digit(*at))
            return refuse(head, 400, "Content-Length is not a number.");
        if (length > (INT64_MAX - 9) / 10)
            return refuse(head, 413, "Content-Length is larger than any body we take.");
        length = length * 10 + (uint64_t)(*at - '0');
    }
    head->has_content_length = true;
    head->content_length = length;
    return HTTP1_MORE;
}

static enum http1_progress read_transfer_encoding(struct http1_head *head, const char *at, const char *end)
{
    if (head->has_transfer_encoding)
        return refuse(head, 400, "There is more than one Transfer-Encoding.");
    if (!is_word(at, end, "chunked"))
        return refuse(head, 400, "The only Transfer-Encoding spoken here is chunked.");
    head->has_transfer_encoding = true;
    head->chunked = true;
    return HTTP1_MORE;
}

static enum http1_progress read_host(struct http1_head *head, const char *bytes, const char *at, const char *end)
{
    if (head->has_host)
        return refuse(head, 400, "There is more than one Host.");
    if (!is_authority(at, end))
        return refuse(head, 400, "Host is not a host.");
    head->has_host = true;
    head->host = span_of(bytes, at, end);
    return HTTP1_MORE;
}

/* A list of words, of which two concern us. */
static enum http1_progress read_connection(struct http1_head *head, const char *at, const char *end)
{
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        struct text word = text_trim((struct text){at, (size_t)(stop - at)});
        if (text_equal_ignoring_case(word, TEXT("close")))
            head->says_close = true;
        else if (text_equal_ignoring_case(word, TEXT("keep-alive")))
            head->says_keep_alive = true;
        at = comma ? comma + 1 : end;
    }
    return HTTP1_MORE;
}

static enum http1_progress read_expect(struct http1_head *head, const char *at, const char *end)
{
    if (!is_word(at, end, "100-continue"))
        return refuse(head, 417, "The only expectation met here is 100-continue.");
    head->expects_continue = head->minor_version == 1; /* HTTP/1.0 knows no 1xx answers */
    return HTTP1_MORE;
}

/* The fields that decide about framing, found by length first. The name is in lower case. */
static enum http1_progress read_known_field(struct http1_head *head, const char *bytes, struct text name, const char *value,
                                            const char *end)
{
    switch (name.length) {
    case sizeof("host") - 1:
        return text_equal(name, TEXT("host")) ? read_host(head, bytes, value, end) : HTTP1_MORE;
    case sizeof("expect") - 1:
        return text_equal(name, TEXT("expect")) ? read_expect(head, value, end) : HTTP1_MORE;
    case sizeof("connection") - 1:
        return text_equal(name, TEXT("connection")) ? read_connection(head, value, end) : HTTP1_MORE;
    case sizeof("content-length") - 1:
        return text_equal(name, TEXT("content-length")) ? read_content_length(head, value, end) : HTTP1_MORE;
    case sizeof("transfer-encoding") - 1:
        return text_equal(name, TEXT("transfer-encoding")) ? read_transfer_encoding(head, value, end) : HTTP1_MORE;
    default:
        return HTTP1_MORE;
    }
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

/* name ":" blanks value blanks */
static enum http1_progress read_field(struct http1_head *head, char *bytes, char *line, char *end)
{
    if (is_blank(*line))
        return refuse(head, 400, "A header field begins with a blank; folded lines are not taken.");
    if (head->field_count == LIMIT_HTTP_HEADERS)
        return refuse(head, 431, "There are too many header fields.");

    char *at = line;
    for (char lower; at < end && (lower = token_lower[(uint8_t)*at]) != 0; at++)
        *at = lower;
    if (at == line || at == end || *at != ':')
        return refuse(head, 400, "A header field is not a name, a colon and a value.");

    char *value = at + 1;
    while (value < end && is_blank(*value))
        value++;
    while (end > value && is_blank(end[-1]))
        end--;
    if (!is_value(value, end))
        return refuse(head, 400, "A header field holds a control character.");

    head->fields[head->field_count].name = span_of(bytes, line, at);
    head->fields[head->field_count].value = span_of(bytes, value, end);
    head->field_count++;
    return read_known_field(head, bytes, (struct text){line, (size_t)(at - line)}, value, end);
}

/* All fields are known: do they go together? */
static enum http1_progress read_end(struct http1_head *head, char *bytes, size_t length)
{
    head->length = length;
    if (!head->has_host && head->minor_version == 1)
        return refuse(head, 400, "Host is missing.");
    if (head->has_content_length && head->has_transfer_encoding)
        return refuse(head, 400, "Content-Length and Transfer-Encoding exclude each other.");
    if (head->has_transfer_encoding && head->minor_version == 0)
        return refuse(head, 400, "HTTP/1.0 has no Transfer-Encoding.");
    head->keep_alive = !head->says_close && (head->minor_version == 1 || head->says_keep_alive);

    if (head->authority.length == 0)
        return HTTP1_DONE;
    if (head->has_host &&
        !text_equal_ignoring_case(span_text(head->authority, bytes), span_text(head->host, bytes)))
        return refuse(head, 400, "The target names another host than Host.");
    if (head->target.length == 0 || bytes[head->target.at] == '?') {
        head->target.at--;
        head->target.length++;
        bytes[head->target.at] = '/';
    }
    return HTTP1_DONE;
}

/* `length` bytes have come and the line begun may go on: is it too long already? */
static enum http1_progress check_limits(struct http1_head *head, size_t length)
{
    if (head->fields_at == 0 && length - head->line > LIMIT_HTTP_REQUEST_LINE)
        return refuse(head, 414, "The request line is too long.");
    if (head->fields_at > 0 && length - head->fields_at > LIMIT_HTTP_HEADER_BYTES)
        return refuse(head, 431, "The header fields are too large.");
    return HTTP1_MORE;
}

/* The line from head->line up to the LF at `lf`. */
static enum http1_progress read_line(struct http1_head *head, char *bytes, char *lf)
{
    char *line = bytes + head->line;
    size_t next = (size_t)(lf - bytes) + 1;
    if (lf == line || lf[-1] != '\r')
        return refuse(head, 400, "A line ends in LF alone.");

    enum http1_progress progress;
    if (head->fields_at == 0) {
        progress = read_request_line(head, bytes, line, lf - 1);
        head->fields_at = next;
    } else if (lf - line == 1) {
        progress = read_end(head, bytes, next);
    } else {
        progress = read_field(head, bytes, line, lf - 1);
    }
    head->line = head->scanned = next;
    return progress;
}

/* The very first bytes: one empty line is passed over; anything that can't begin a method (TLS, blanks) is refused at once and
 * not when a line ends some day. */
static enum http1_progress read_start(struct http1_head *head, const char *bytes, size_t length)
{
    if (head->line == 0 && length > 0 && bytes[0] == '\r') {
        head->scanned = 1;
        if (length == 1)
            return HTTP1_MORE;
        if (bytes[1] != '\n')
            return refuse(head, 400, "A CR stands alone.");
        head->line = head->scanned = 2;
    }
    if (length > head->line && !is_token_character(bytes[head->line]))
        return refuse(head, 400, "A request begins with a method.");
    return length > head->line ? HTTP1_DONE : HTTP1_MORE;
}

enum http1_progress http1_head_read(struct http1_head *head, char *bytes, size_t length)
{
    enum http1_progress progress = HTTP1_MORE;
    if (head->fields_at == 0 && (progress = read_start(head, bytes, length)) != HTTP1_DONE)
        return progress;
    do {
        char *lf = memchr(bytes + head->scanned, '\n', length - head->scanned);
        progress = check_limits(head, lf ? (size_t)(lf - bytes) + 1 : length);
        if (progress == HTTP1_REFUSED)
            return progress;
        if (!lf) {
            head->scanned = length;
            return HTTP1_MORE;
        }
        progress = read_line(head, bytes, lf);
    } while (progress == HTTP1_MORE);
    return progress;
}

bool http1_head_is_HEAD(const struct http1_head *head, const char *bytes)
{
    return text_is(span_text(head->method, bytes), "HEAD");
}

void http1_head_bind(const struct http1_head *head, const char *bytes, struct http_header *headers, struct http_request *request)
{
    for (unsigned i = 0; i < head->field_count; i++) {
        headers[i].name = span_text(head->fields[i].name, bytes);
        headers[i].value = span_text(head->fields[i].value, bytes);
    }
    request->headers = headers;
    request->header_count = head->field_count;
    request->method = span_text(head->method, bytes);
    request->target = span_text(head->target, bytes);
    http1_split_target(request);
}

void http1_split_target(struct http_request *request)
{
    struct text target = request->target;
    const char *mark = memchr(target.at, '?', target.length);
    size_t path_length = mark ? (size_t)(mark - target.at) : target.length;
    size_t query_at = mark ? path_length + 1 : path_length;
    request->path = (struct text){target.at, path_length};
    request->query = (struct text){target.at + query_at, target.length - query_at};
}

/* --- chunked bodies --- */

/*  SIZE --;--> EXTENSION        TRAILER --> TRAILER_NAME --:--> TRAILER_VALUE
 *    |             |               ^  |                              |
 *    +---CR--------+               |  CR                             CR
 *    v                             |  v                              |
 *  SIZE_LF --size 0----------------+  END_LF --> ENDED               |
 *    |  ^                          ^                                 |
 *    v  +--LF-- DATA_LF            +----------- TRAILER_LF <---------+
 *  DATA --> DATA_CR --CR-^                                              */
enum {
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER,
    CHUNK_TRAILER_NAME,
    CHUNK_TRAILER_VALUE,
    CHUNK_TRAILER_LF,
    CHUNK_END_LF,
    CHUNK_ENDED
};

void http1_chunked_init(struct http1_chunked *chunked)
{
    *chunked = (struct http1_chunked){.state = CHUNK_SIZE};
}

/* One byte of all that is not data. False refuses it, with a detail or the general one. */
static bool chunked_step(struct http1_chunked *chunked, char byte)
{
    switch (chunked->state) {
    case CHUNK_SIZE: {
        int digit = hex_digit(byte);
        if (digit >= 0) {
            /* 15 digits hold any size and can't overflow. */
            chunked->left = chunked->left << 4 | (uint64_t)digit;
            return ++chunked->digits <= 15;
        }
        chunked->state = byte == ';' ? CHUNK_EXTENSION : CHUNK_SIZE_LF;
        return chunked->digits > 0 && (byte == ';' || byte == '\r');
    }
    case CHUNK_EXTENSION:
        if (byte == '\r') {
            chunked->state = CHUNK_SIZE_LF;
            return true;
        }
        return is_value_character(byte) && ++chunked->extension_bytes <= LIMIT_HTTP_CHUNK_EXTENSIONS;
    case CHUNK_SIZE_LF:
        chunked->state = chunked->left ? CHUNK_DATA : CHUNK_TRAILER;
        return byte == '\n';
    case CHUNK_DATA_CR:
        chunked->state = CHUNK_DATA_LF;
        return byte == '\r';
    case CHUNK_DATA_LF:
        chunked->state = CHUNK_SIZE;
        chunked->digits = 0;
        return byte == '\n';
    case CHUNK_TRAILER:
        chunked->state = byte == '\r' ? CHUNK_END_LF : CHUNK_TRAILER_NAME;
        return (byte == '\r' || is_token_character(byte)) && ++chunked->trailer_bytes <= LIMIT_HTTP_TRAILERS;
    case CHUNK_TRAILER_NAME:
        if (byte == ':')
            chunked->state = CHUNK_TRAILER_VALUE;
        return (byte == ':' || is_token_character(byte)) && ++chunked->trailer_bytes <= LIMIT_HTTP_TRAILERS;
    case CHUNK_TRAILER_VALUE:
        if (byte == '\r')
            chunked->state = CHUNK_TRAILER_LF;
        return (byte == '\r' || is_value_character(byte)) && ++chunked->trailer_bytes <= LIMIT_HTTP_TRAILERS;
    case CHUNK_TRAILER_LF:
        chunked->state = CHUNK_TRAILER;
        return byte == '\n';
    case CHUNK_END_LF:
        chunked->state = CHUNK_ENDED;
        return byte == '\n';
    default:
        ASSERT(!"the chunked body has ended");
    }
}

enum http1_progress http1_chunked_read(struct http1_chunked *chunked, const char *bytes, size_t length, size_t *taken,
                                       struct text *data)
{
    size_t at = 0;
    enum http1_progress progress = HTTP1_MORE;
    while (at < length && progress == HTTP1_MORE) {
        if (chunked->state == CHUNK_DATA) {
            size_t here = length - at < chunked->left ? length - at : (size_t)chunked->left;
            *data = (struct text){bytes + at, here};
            at += here;
            chunked->left -= here;
            if (chunked->left == 0)
                chunked->state = CHUNK_DATA_CR;
            progress = HTTP1_DATA;
        } else if (!chunked_step(chunked, bytes[at++])) {
            chunked->refusal = (struct http1_refusal){400, "The chunked body is not well formed, or its chunk extensions or "
                                                           "trailers are too long."};
            progress = HTTP1_REFUSED;
        } else if (chunked->state == CHUNK_ENDED) {
            progress = HTTP1_DONE;
        }
    }
    *taken = at;
    return progress;
}
