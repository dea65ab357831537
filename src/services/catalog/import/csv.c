/*
 * CSV by libcsv.
 *
 * libcsv hands over cell after cell, and says when a row or an empty line ends and by which character. From both the lines are counted. A
 * row's cells are gathered in one buffer that the next row uses again, so that a file needs no more memory than its longest row.
 */
#include "services/catalog/import/csv.h"

#include "base/assert.h"

#include <csv.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct reading {
    const struct csv_reader *reader;
    int64_t line;     /* where the next cell begins */
    int64_t row_line; /* where this row began */
    int ended_by;     /* the character that ended the row before */
    struct buffer bytes; /* of this row's cells, each with a NUL behind it */
    struct csv_cell *cells; /* at is an offset into `bytes` until the row is complete */
    size_t count, room;
};

/* --- one row ------------------------------------------------------------------------------------------------------- */

static int64_t lines_in(struct text text)
{
    int64_t lines = 0;
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] == '\n' || (text.at[i] == '\r' && (i + 1 == text.length || text.at[i + 1] != '\n')))
            lines++;
    return lines;
}

static void make_room(struct reading *reading)
{
    if (reading->count < reading->room)
        return;
    reading->room = reading->room > 0 ? 2 * reading->room : 64;
    reading->cells = realloc(reading->cells, reading->room * sizeof *reading->cells);
    ASSERT(reading->cells != NULL);
}

static void on_cell(void *bytes, size_t length, void *data)
{
    struct reading *reading = data;
    struct text text = {bytes != NULL ? bytes : "", length};
    if (reading->count == 0)
        reading->row_line = reading->line;
    make_room(reading);
    reading->cells[reading->count++] = (struct csv_cell){.text.length = length, .line = reading->line};
    buffer_add_text(&reading->bytes, text);
    buffer_add_char(&reading->bytes, '\0');
    reading->line += lines_in(text);
}

static void row_clear(struct reading *reading)
{
    reading->count = 0;
    buffer_empty(&reading->bytes);
}

static void row_complete(struct reading *reading)
{
    const char *at = buffer_text(&reading->bytes).at;
    ASSERT(!reading->bytes.overflowed); /* no row is longer than its file */
    for (size_t i = 0; i < reading->count; i++) {
        reading->cells[i].text.at = at;
        at += reading->cells[i].text.length + 1;
    }
    struct csv_row row = {.line = reading->row_line, .cells = reading->cells, .count = reading->count};
    reading->reader->row(reading->reader->data, &row);
}

/* Also called for each character of an empty line, and for the LF of a CRLF. */
static void on_line_end(int character, void *data)
{
    struct reading *reading = data;
    bool second_half = reading->count == 0 && character == '\n' && reading->ended_by == '\r';
    if (reading->count > 0)
        row_complete(reading);
    row_clear(reading);
    if (!second_half)
        reading->line++;
    reading->ended_by = second_half ? 0 : character;
}

/* --- the file ------------------------------------------------------------------------------------------------------ */

static int is_no_blank(unsigned char character)
{
    (void)character;
    return 0; /* RFC 4180: blanks are part of a cell */
}

static void parser_init(struct csv_parser *parser)
{
    int failed = csv_init(parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
    ASSERT(!failed);
    csv_set_space_func(parser, is_no_blank);
    csv_set_blk_size(parser, 4096);
}

/* The offset of the first line that begins after `at`. */
static size_t next_line(struct text file, size_t at)
{
    while (at < file.length && file.at[at] != '\n' && file.at[at] != '\r')
        at++;
    if (at + 1 < file.length && file.at[at] == '\r' && file.at[at + 1] == '\n')
        at++;
    return at < file.length ? at + 1 : at;
}

/* A quote is wrong at `at`, in the cell that the parser has open: say so, and give where to go on. */
static size_t pass_over(struct reading *reading, const struct csv_parser *parser, struct text file, size_t at)
{
    size_t next = next_line(file, at);
    int64_t line = reading->line + lines_in((struct text){(const char *)parser->entry_buf, parser->entry_pos});
    char sentence[160] = "A quote is where none may be: a cell with quotes in it is quoted, and each of them doubled.";
    if (line > reading->line)
        snprintf(sentence, sizeof sentence, "The quotes of the cell that begins in line %" PRId64 " do not match up to here.",
                 reading->line);
    reading->reader->broken(reading->reader->data, line, reading->count + 1, sentence);
    reading->line = line + lines_in((struct text){file.at + at, next - at});
    reading->ended_by = 0;
    row_clear(reading);
    return next;
}

void csv_read(struct text file, const struct csv_reader *reader)
{
    struct reading reading = {.reader = reader, .line = 1};
    struct csv_parser parser;
    size_t at = text_starts_with(file, "\xEF\xBB\xBF") ? 3 : 0;

    buffer_init(&reading.bytes, 2 * file.length + 2);
    parser_init(&parser);
    for (;;) {
        at += csv_parse(&parser, file.at + at, file.length - at, on_cell, on_line_end, &reading);
        if (csv_error(&parser) == CSV_SUCCESS)
            break;
        ASSERT(csv_error(&parser) == CSV_EPARSE); /* memory never runs out (arena.h) */
        at = pass_over(&reading, &parser, file, at);
        csv_free(&parser);
        parser_init(&parser);
    }
    if (csv_fini(&parser, on_cell, on_line_end, &reading) != 0)
        reader->broken(reader->data, reading.line, reading.count + 1, "The closing quote of this cell is missing.");
    csv_free(&parser);
    free(reading.cells);
    buffer_release(&reading.bytes);
}
