/*
 * Validation: limits, patterns and formats of single values, and a walk over whole messages.
 */
#include "platform/rpc/validate.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/money.h"

#include <inttypes.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

/* --- pointers ---------------------------------------------------------------------------------------------------- */

static void add_escaped(struct buffer *out, struct text name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (name.at[i] == '~')
            buffer_add_string(out, "~0");
        else if (name.at[i] == '/')
            buffer_add_string(out, "~1");
        else
            buffer_add_char(out, name.at[i]);
    }
}

static void add_pointer(struct buffer *out, const struct pointer *pointer)
{
    if (pointer == NULL)
        return;
    if (pointer->query) {
        buffer_add_char(out, '?');
        buffer_add_text(out, pointer->name);
        return;
    }
    add_pointer(out, pointer->up);
    buffer_add_char(out, '/');
    if (pointer->name.at != NULL)
        add_escaped(out, pointer->name);
    else
        buffer_add_int64(out, (int64_t)pointer->index);
}

const char *pointer_text(const struct pointer *pointer, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, LIMIT_HTTP_BODY);
    add_pointer(&out, pointer);
    const char *text = arena_strndup(arena, buffer_text(&out).at, out.length);
    buffer_release(&out);
    return text;
}

void violation_add(struct validation *validation, const struct pointer *at, const char *code, const char *detail, ...)
{
    validation->count++;
    if (validation->call == NULL || validation->count > LIMIT_VIOLATIONS)
        return;
    va_list arguments;
    va_start(arguments, detail);
    const char *sentence = arena_vprintf(validation->call->arena, detail, arguments);
    va_end(arguments);
    call_violation(validation->call, pointer_text(at, validation->call->arena), code, "%s", sentence);
}

/* --- formats ----------------------------------------------------------------------------------------------------- */

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_alphanumeric(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
static bool is_beyond_ascii(char c) { return (unsigned char)c >= 0x80; }
static bool is_control(char c) { return (unsigned char)c < 0x20 || c == 0x7F; }

/* What mail servers agree on; whether somebody reads it only a mail can tell. */
static bool is_email(struct text text)
{
    const char *at = memrchr(text.at, '@', text.length);
    if (at == NULL || at == text.at || at + 1 == text.at + text.length || at - text.at > 64)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (is_control(text.at[i]) || strchr(" ,;:<>()[]\"\\", text.at[i]) != NULL)
            return false;
    const char *domain = at + 1, *end = text.at + text.length;
    if (memchr(text.at, '@', (size_t)(at - text.at)) != NULL)
        return false;
    bool label_begins = true;
    for (const char *c = domain; c < end; c++) {
        if (*c == '.' ? label_begins : !is_alphanumeric(*c) && *c != '-' && !is_beyond_ascii(*c))
            return false;
        label_begins = *c == '.';
    }
    return !label_begins;
}

/* ISO 3166-1 alpha-2, the officially assigned codes. */
static bool is_country(struct text text)
{
    static const char codes[] =
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
        "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
        "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
        "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
        "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
        "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
        "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";
    if (text.length != 2)
        return false;
    for (const char *code = codes; ; code += 3) {
        if (code[0] == text.at[0] && code[1] == text.at[1])
            return true;
        if (code[2] == '\0')
            return false;
    }
}

/* An absolute http or https address, or a path on this server. "//host" is neither. */
static bool is_url(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (is_control(text.at[i]) || strchr(" <>\"\\^`{|}", text.at[i]) != NULL)
            return false;
    size_t scheme = text_starts_with(text, "https://") ? 8 : text_starts_with(text, "http://") ? 7 : 0;
    if (scheme == 0)
        return text_starts_with(text, "/") && !text_starts_with(text, "//");
    return text.length > scheme && text.at[scheme] != '/' && text.at[scheme] != '?' && text.at[scheme] != '#';
}

/* A word for URLs. Letters of other alphabets are fine; capitals, blanks and punctuation are not. */
static bool is_slug(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (!is_lower(c) && !is_digit(c) && !is_beyond_ascii(c) && c != '_' && (c != '-' || i == 0))
            return false;
    }
    return text.length > 0;
}

/* As merchants write them, with blanks and signs, but so that it can be a segment of a path. */
static bool is_sku(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (is_control(text.at[i]) || text.at[i] == '/')
            return false;
    return text.length > 0 && text_trim(text).length == text.length && !text_is(text, ".") && !text_is(text, "..");
}

static bool is_id(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_alphanumeric(text.at[i]) && text.at[i] != '-' && text.at[i] != '_')
            return false;
    return text.length > 0 && text.length <= 64;
}

/* The shape of BCP 47: "de", "zh-Hant-TW". */
static bool is_language(struct text text)
{
    size_t run = 0, tags = 0;
    for (size_t i = 0; i <= text.length; i++) {
        if (i < text.length && text.at[i] != '-') {
            if (!is_alphanumeric(text.at[i]) || (tags == 0 && is_digit(text.at[i])))
                return false;
            run++;
            continue;
        }
        if (run == 0 || run > 8 || (tags == 0 && run < 2))
            return false;
        tags++;
        run = 0;
    }
    return true;
}

static bool is_of_format(enum field_format format, struct text text)
{
    switch (format) {
    case FORMAT_NONE:
        return true;
    case FORMAT_EMAIL:
        return is_email(text);
    case FORMAT_CURRENCY:
        return currency_exponent(text) >= 0;
    case FORMAT_COUNTRY:
        return is_country(text);
    case FORMAT_URL:
        return is_url(text);
    case FORMAT_SLUG:
        return is_slug(text);
    case FORMAT_SKU:
        return is_sku(text);
    case FORMAT_ID:
        return is_id(text);
    case FORMAT_LANGUAGE:
        return is_language(text);
    case FORMAT_JSON:
        return false; /* in answers only */
    }
    ASSERT(!"a format of enum field_format");
}

static const char *format_sentence(enum field_format format)
{
    static const char *const sentences[] = {
        [FORMAT_NONE] = "",
        [FORMAT_EMAIL] = "This is not a mail address.",
        [FORMAT_CURRENCY] = "This is not a currency of ISO 4217, such as EUR.",
        [FORMAT_COUNTRY] = "This is not a country of ISO 3166-1, such as DE.",
        [FORMAT_URL] = "This is neither an http or https address nor a path that starts with /.",
        [FORMAT_SLUG] = "A slug has small letters, digits, - and _ only.",
        [FORMAT_SKU] = "A SKU has no /, no control characters, and no blanks at its ends.",
        [FORMAT_ID] = "This is not an id of ours.",
        [FORMAT_LANGUAGE] = "This is not a language of BCP 47, such as de or pt-BR.",
        [FORMAT_JSON] = "This is only ever answered.",
    };
    return sentences[format];
}

/* --- patterns ---------------------------------------------------------------------------------------------------- */

/* Compiled at the first use, kept for ever; there are as many as the .proto files have. */
struct pattern {
    struct pattern *next;
    const struct field_declaration *declaration;
    regex_t compiled;
};
static struct pattern *patterns;
static pthread_mutex_t patterns_lock = PTHREAD_MUTEX_INITIALIZER;

static struct pattern *pattern_compile(const struct field_declaration *declaration)
{
    struct pattern *pattern = malloc(sizeof *pattern);
    size_t size = strlen(declaration->pattern) + sizeof "^()$";
    char *whole = malloc(size);
    ASSERT(pattern != NULL && whole != NULL);
    snprintf(whole, size, "^(%s)$", declaration->pattern);
    *pattern = (struct pattern){.next = patterns, .declaration = declaration};
    int status = regcomp(&pattern->compiled, whole, REG_EXTENDED | REG_NOSUB);
    ASSERT(status == 0); /* the generator tried it */
    free(whole);
    patterns = pattern;
    return pattern;
}

static bool matches_pattern(const struct field_declaration *declaration, const char *string)
{
    pthread_mutex_lock(&patterns_lock);
    struct pattern *pattern = patterns;
    while (pattern != NULL && pattern->declaration != declaration)
        pattern = pattern->next;
    if (pattern == NULL)
        pattern = pattern_compile(declaration);
    bool matches = regexec(&pattern->compiled, string, 0, NULL, 0) == 0;
    pthread_mutex_unlock(&patterns_lock);
    return matches;
}

/* --- values ------------------------------------------------------------------------------------------------------ */

static void validate_string(struct validation *validation, const struct field_declaration *rule, const char *string,
                            const struct pointer *at)
{
    struct text text = text_of(string);
    if (!text_is_utf8(text)) {
        violation_add(validation, at, "encoding", "This is not UTF-8.");
        return;
    }
    size_t length = rule->min_length > 0 || rule->max_length > 0 ? text_utf8_length(text) : 0;
    if (rule->required && text_trim(text).length == 0) /* blanks say no more than nothing */
        violation_add(validation, at, "required", "This is needed.");
    else if (length < (size_t)rule->min_length)
        violation_add(validation, at, "too_short", "This must have at least %" PRId64 " characters.", rule->min_length);
    else if (rule->max_length > 0 && length > (size_t)rule->max_length)
        violation_add(validation, at, "too_long", "This must have at most %" PRId64 " characters, and has %zu.",
                      rule->max_length, length);
    else if (text.length > 0 && !is_of_format(rule->format, text))
        violation_add(validation, at, "format", "%s", format_sentence(rule->format));
    else if (rule->pattern != NULL && !matches_pattern(rule, string))
        violation_add(validation, at, "pattern", "This does not match %s.", rule->pattern);
}

static void validate_integer(struct validation *validation, const struct field_declaration *rule, int64_t number,
                             const struct pointer *at)
{
    if (rule->has_minimum && number < rule->minimum)
        violation_add(validation, at, "too_small", "This must be at least %" PRId64 ".", rule->minimum);
    else if (rule->has_maximum && number > rule->maximum)
        violation_add(validation, at, "too_large", "This must be at most %" PRId64 ".", rule->maximum);
}

static void validate_real(struct validation *validation, const struct field_declaration *rule, double number,
                          const struct pointer *at)
{
    if (rule->has_minimum && number < (double)rule->minimum)
        violation_add(validation, at, "too_small", "This must be at least %" PRId64 ".", rule->minimum);
    else if (rule->has_maximum && number > (double)rule->maximum)
        violation_add(validation, at, "too_large", "This must be at most %" PRId64 ".", rule->maximum);
}

void validate_value(struct validation *validation, struct field field, const void *value, const struct pointer *at)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        validate_string(validation, field.declaration, *(const char *const *)value, at);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        if (enum_json_name(field.declaration->enumeration, *(const int *)value) == NULL)
            violation_add(validation, at, "unknown_value", "There is no such value.");
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        validate_real(validation, field.declaration, *(const double *)value, at);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        validate_real(validation, field.declaration, (double)*(const float *)value, at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    default:
        validate_integer(validation, field.declaration, field_integer(field, value), at);
    }
}

void validate_item_count(struct validation *validation, struct field field, size_t count, const struct pointer *at)
{
    const struct field_declaration *rule = field.declaration;
    if (count < (size_t)rule->min_items)
        violation_add(validation, at, "too_few", "This must have at least %" PRId64 " items.", rule->min_items);
    else if (rule->max_items > 0 && count > (size_t)rule->max_items)
        violation_add(validation, at, "too_many", "This must have at most %" PRId64 " items, and has %zu.", rule->max_items,
                      count);
}

/* --- messages ---------------------------------------------------------------------------------------------------- */

/* A map's limits are those of its names and values. */
static void validate_map_entry(struct validation *validation, struct field map, const ProtobufCMessage *entry,
                               const struct pointer *at)
{
    const struct message_declaration *entry_type = map.declaration->message;
    struct field key = message_field_at(entry_type, 0), value = message_field_at(entry_type, 1);
    struct pointer place = {.up = at, .name = text_of(field_value_string(key, entry, 0))};
    struct field named = {key.descriptor, map.declaration};
    validate_value(validation, named, field_value(key, entry, 0), &place);
    if (field_is_message(value)) {
        if (field_count(value, entry) > 0)
            validate_message(validation, value.declaration->message, field_value_message(value, entry, 0), &place);
        return;
    }
    struct field limited = {value.descriptor, map.declaration};
    validate_value(validation, limited, field_value(value, entry, 0), &place);
}

static void validate_field_value(struct validation *validation, struct field field, const ProtobufCMessage *message,
                                 size_t index, const struct pointer *at)
{
    if (!field_is_message(field))
        validate_value(validation, field, field_value(field, message, index), at);
    else if (field.declaration->is_map)
        validate_map_entry(validation, field, field_value_message(field, message, index), at->up);
    else if (!field_is_time(field) && !field_is_mask(field))
        validate_message(validation, field.declaration->message, field_value_message(field, message, index), at);
}

static bool is_plain_number(struct field field)
{
    ProtobufCType type = field.descriptor->type;
    return type != PROTOBUF_C_TYPE_STRING && type != PROTOBUF_C_TYPE_BYTES && type != PROTOBUF_C_TYPE_MESSAGE &&
           type != PROTOBUF_C_TYPE_ENUM;
}

void validate_field(struct validation *validation, struct field field, const ProtobufCMessage *message, const struct pointer *up)
{
    struct pointer at = {.up = up, .name = text_of(field.declaration->json_name)};
    size_t count = field_count(field, message);
    if (field.declaration->output_only && count > 0) {
        violation_add(validation, &at, "read_only", "This is ours to say. Leave it out.");
        return;
    }
    /* A required number may well be 0; then its limits have the say. */
    if (field.declaration->required && count == 0 && !(is_plain_number(field) && !field_is_list(field))) {
        violation_add(validation, &at, "required", "This is needed.");
        return;
    }
    if (!field_is_list(field)) {
        if (count > 0 || (field.declaration->required && is_plain_number(field)))
            validate_field_value(validation, field, message, 0, &at);
        return;
    }
    if (count > 0)
        validate_item_count(validation, field, count, &at);
    for (size_t i = 0; i < count && validation->count < LIMIT_VIOLATIONS; i++) {
        struct pointer item = {.up = &at, .index = i};
        validate_field_value(validation, field, message, i, &item);
    }
}

void validate_message(struct validation *validation, const struct message_declaration *declaration,
                      const ProtobufCMessage *message, const struct pointer *at)
{
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++)
        validate_field(validation, message_field_at(declaration, declaration->written_order[i]), message, at);
}

static void validate_set_fields(struct validation *validation, const struct message_declaration *declaration,
                                const ProtobufCMessage *message, const struct pointer *at)
{
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++) {
        struct field field = message_field_at(declaration, declaration->written_order[i]);
        if (field_count(field, message) > 0)
            validate_field(validation, field, message, at);
    }
}

void validate_update(struct validation *validation, const struct message_declaration *declaration, const ProtobufCMessage *message,
                     const Google__Protobuf__FieldMask *mask, const struct pointer *at)
{
    static const struct pointer mask_at = {.name = {"updateMask", 10}};
    if (mask == NULL || mask->n_paths == 0) {
        validate_set_fields(validation, declaration, message, at);
        return;
    }
    for (size_t i = 0; i < mask->n_paths && validation->count < LIMIT_VIOLATIONS; i++) {
        struct text path = text_of(mask->paths[i]);
        struct field field = message_field(declaration, path);
        struct pointer item = {.up = &mask_at, .index = i};
        if (text_is(path, "*"))
            validate_message(validation, declaration, message, at);
        else if (field.descriptor == NULL)
            violation_add(validation, &item, "unknown_field", "There is no such field to change.");
        else if (field.declaration->output_only)
            violation_add(validation, &item, "read_only", "This is ours to say. Leave it out.");
        else
            validate_field(validation, field, message, at);
    }
}
