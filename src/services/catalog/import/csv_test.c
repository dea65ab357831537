/*
 * CSV: every way to end a line, to quote, and to get it wrong, with the right lines and cells.
 */
#include "services/catalog/import/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>

/* What was read, written as "LINE:cell|cell(LINE)" per row and "!LINE.CELL" per broken line, separated by blanks. */
static struct buffer seen;

static void on_row(void *data, const struct csv_row *row)
{
    (void)data;
    buffer_printf(&seen, "%s%" PRId64 ":", seen.length ? " " : "", row->line);
    for (size_t i = 0; i < row->count; i++) {
        buffer_printf(&seen, "%s%s", i ? "|" : "", row->cells[i].text.at);
        assert_int_equal(strlen(row->cells[i].text.at), row->cells[i].text.length);
        if (row->cells[i].line != row->line)
            buffer_printf(&seen, "(%" PRId64 ")", row->cells[i].line);
    }
}

static void on_broken(void *data, int64_t line, size_t cell, const char *sentence)
{
    (void)data;
    assert_true(strlen(sentence) > 0);
    buffer_printf(&seen, "%s!%" PRId64 ".%zu", seen.length ? " " : "", line, cell);
}

static void assert_reads(const char *file, const char *expected)
{
    struct csv_reader reader = {.row = on_row, .broken = on_broken};
    buffer_init(&seen, 1 << 20);
    csv_read(text_of(file), &reader);
    buffer_add_char(&seen, '\0');
    assert_string_equal(buffer_text(&seen).at, expected);
    buffer_release(&seen);
}

static void lines_end_in_every_way(void **state)
{
    (void)state;
    assert_reads("", "");
    assert_reads("a,b", "1:a|b");
    assert_reads("a,b\n1,2\n", "1:a|b 2:1|2");
    assert_reads("a,b\r\n1,2\r\n", "1:a|b 2:1|2");
    assert_reads("a,b\r1,2\r", "1:a|b 2:1|2");
    assert_reads("\xEF\xBB\xBF" "a\n1", "1:a 2:1");
}

static void empty_lines_are_left_out_and_counted(void **state)
{
    (void)state;
    assert_reads("a\n\n\nb\n", "1:a 4:b");
    assert_reads("a\r\n\r\nb\r\n", "1:a 3:b");
    assert_reads("a\r\rb", "1:a 3:b");
    assert_reads("\r\n\na", "3:a");
    assert_reads("a\n\r\nb", "1:a 3:b");
}

static void cells_are_what_was_meant(void **state)
{
    (void)state;
    assert_reads(",\n", "1:|");
    assert_reads("\"\"\n", "1:");
    assert_reads(" a , b \n", "1: a | b ");
    assert_reads("\"a \"\"b\"\"\",\"c,d\"", "1:a \"b\"|c,d");
    assert_reads("\"\"\"\"", "1:\"");
}

static void quoted_lines_count(void **state)
{
    (void)state;
    assert_reads("a,\"b\nc\",d\ne", "1:a|b\nc|d(2) 3:e");
    assert_reads("a,\"b\r\nc\",d\r\ne", "1:a|b\r\nc|d(2) 3:e");
    assert_reads("\"a\rb\r\",c\re", "1:a\rb\r|c(3) 4:e");
}

static void a_wrong_quote_costs_its_line(void **state)
{
    (void)state;
    assert_reads("a,b\"c,d\n1,2\n", "!1.2 2:1|2");
    assert_reads("a\n\"b\"c,d\n1,2\n", "1:a !2.1 3:1|2");
    assert_reads("a,\"b\nc", "!1.2");
    assert_reads("a,\"b\nc\"x\nd", "!2.2 3:d");
    assert_reads("a\"", "!1.1");
    assert_reads("a\"\r\nb", "!1.1 2:b");
}

static void many_cells_and_long_ones(void **state)
{
    (void)state;
    struct buffer file;
    buffer_init(&file, 1 << 20);
    for (int i = 0; i < 100000; i++)
        buffer_add_string(&file, i % 1000 ? "\"x\"\"\"," : "yyyyyyyy\n");
    size_t length = file.length;
    buffer_add_char(&file, '\0');
    buffer_init(&seen, 1 << 22);
    struct csv_reader reader = {.row = on_row, .broken = on_broken};
    csv_read((struct text){file.at, length}, &reader);
    assert_true(seen.length > 300000);
    buffer_release(&seen);
    buffer_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_in_every_way),
        cmocka_unit_test(empty_lines_are_left_out_and_counted),
        cmocka_unit_test(cells_are_what_was_meant),
        cmocka_unit_test(quoted_lines_count),
        cmocka_unit_test(a_wrong_quote_costs_its_line),
        cmocka_unit_test(many_cells_and_long_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
