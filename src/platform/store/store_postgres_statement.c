/*
 * Statements of the PostgreSQL back: our SQL in its words, values and rows in its binary form.
 *
 * A statement is prepared on the server when it is first run, with the types of the values that it is given then. Rows are all there
 * when a query has been answered, so queries may be asked within the rows of others.
 */
#include "platform/store/store_postgres_internal.h"

#include "base/assert.h"
#include "base/text.h"

#include <ctype.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

/* From PostgreSQL's catalogue (pg_type.dat); these never change. */
#define OID_BOOL 16
#define OID_BYTEA 17
#define OID_INT8 20
#define OID_INT2 21
#define OID_INT4 23
#define OID_TEXT 25
#define OID_NAME 19
#define OID_UNKNOWN 705
#define OID_VARCHAR 1043
#define OID_NUMERIC 1700

#define VALUES_MAX 96

struct postgres_statement {
    struct statement statement;
    char *copy;       /* of its SQL, as ours */
    char *translated; /* $1 for ?1 */
    char name[24];
    int64_t session; /* in which it is prepared; 0 in none */
    PGresult *rows;
    int row;
};

/* --- SQL --- */

/* ?1 is $1, but within quotes. */
static char *translate(const char *sql, size_t *parameters)
{
    char *copy = store_text("%s", sql);
    char quote = '\0';
    *parameters = 0;
    for (char *at = copy; *at; at++) {
        if (quote) {
            if (*at == quote)
                quote = '\0';
        } else if (*at == '\'' || *at == '"') {
            quote = *at;
        } else if (*at == '?') {
            *at = '$';
            size_t number = strtoul(at + 1, NULL, 10);
            ASSERT(number > 0 && number <= VALUES_MAX);
            *parameters = number > *parameters ? number : *parameters;
        }
    }
    return copy;
}

static bool begins_with_word(const char *sql, const char *word)
{
    return strncasecmp(sql, word, strlen(word)) == 0 && !isalnum((unsigned char)sql[strlen(word)]);
}

static bool is_write(const char *sql)
{
    if (begins_with_word(sql, "SELECT"))
        return false;
    if (!begins_with_word(sql, "WITH"))
        return true;
    return strstr(sql, "INSERT INTO ") || strstr(sql, "UPDATE ") || strstr(sql, "DELETE FROM ");
}

struct statement *postgres_prepare(struct tx *tx, const char *sql)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    struct postgres_statement *prepared = calloc(1, sizeof *prepared);
    ASSERT(prepared);
    prepared->copy = store_text("%s", sql);
    size_t parameters;
    prepared->translated = translate(sql, &parameters);
    snprintf(prepared->name, sizeof prepared->name, "s%llu", (unsigned long long)++connection->prepared);
    prepared->statement = (struct statement){.sql = sql, .text = prepared->copy, .parameter_count = parameters, .writes = is_write(sql)};
    return &prepared->statement;
}

void postgres_discard(struct statement *statement)
{
    struct postgres_statement *prepared = (struct postgres_statement *)statement;
    PQclear(prepared->rows);
    free(prepared->copy);
    free(prepared->translated);
    free(prepared);
}

/* --- values --- */

struct parameters {
    Oid types[VALUES_MAX];
    const char *values[VALUES_MAX];
    int lengths[VALUES_MAX];
    int formats[VALUES_MAX];
    uint64_t integers[VALUES_MAX]; /* most significant byte first */
};

static void parameters_fill(struct parameters *parameters, const struct sql_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sql_value *value = &values[i];
        parameters->formats[i] = 1;
        parameters->values[i] = value->text.at ? value->text.at : "";
        parameters->lengths[i] = (int)value->text.length;
        switch (value->kind) {
        case SQL_NULL:
            parameters->types[i] = 0; /* as the server finds fit */
            parameters->values[i] = NULL;
            break;
        case SQL_INTEGER:
            parameters->types[i] = OID_INT8;
            parameters->integers[i] = htobe64((uint64_t)value->integer);
            parameters->values[i] = (const char *)&parameters->integers[i];
            parameters->lengths[i] = sizeof(uint64_t);
            break;
        case SQL_TEXT:
            parameters->types[i] = OID_TEXT;
            break;
        case SQL_BYTES:
            parameters->types[i] = OID_BYTEA;
            break;
        }
    }
}

static bool send(struct tx *tx, struct postgres_statement *prepared, const struct sql_value *values, size_t count, PGresult **result)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    struct parameters parameters;
    ASSERT(count <= VALUES_MAX);
    parameters_fill(&parameters, values, count);
    if (prepared->session != connection->session) {
        prepared->session = connection->session;
        if (!pipeline_send_prepare(tx, prepared->name, prepared->translated, count, parameters.types, &prepared->session))
            return false;
    }
    return pipeline_send_execute(tx, prepared->name, prepared->translated, count, parameters.values, parameters.lengths,
                                 parameters.formats, result);
}

/* --- running --- */

int64_t postgres_execute(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count, bool counted)
{
    PGresult *result = NULL;
    if (!send(tx, (struct postgres_statement *)statement, values, count, counted ? &result : NULL) || !counted)
        return 0;
    pipeline_receive(tx);
    int64_t changed = result ? strtoll(PQcmdTuples(result), NULL, 10) : 0;
    PQclear(result);
    return changed;
}

void postgres_start(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count)
{
    struct postgres_statement *prepared = (struct postgres_statement *)statement;
    prepared->row = -1;
    PQclear(prepared->rows); /* what an aborted transaction left */
    prepared->rows = NULL;
    send(tx, prepared, values, count, &prepared->rows);
}

void postgres_fetch(struct tx *tx, struct statement *statement)
{
    if (!((struct postgres_statement *)statement)->rows)
        pipeline_receive(tx);
}

bool postgres_step(struct tx *tx, struct statement *statement)
{
    struct postgres_statement *prepared = (struct postgres_statement *)statement;
    postgres_fetch(tx, statement);
    return ++prepared->row < PQntuples(prepared->rows);
}

void postgres_finish(struct statement *statement)
{
    struct postgres_statement *prepared = (struct postgres_statement *)statement;
    PQclear(prepared->rows);
    prepared->rows = NULL;
}

/* --- columns --- */

static const struct postgres_statement *rows_of(const struct statement *statement)
{
    return (const struct postgres_statement *)statement;
}

int postgres_column_count(const struct statement *statement)
{
    return PQnfields(rows_of(statement)->rows);
}

const char *postgres_column_name(const struct statement *statement, int column)
{
    return PQfname(rows_of(statement)->rows, column);
}

enum sql_kind postgres_column_kind(const struct statement *statement, int column)
{
    const struct postgres_statement *prepared = rows_of(statement);
    if (PQgetisnull(prepared->rows, prepared->row, column))
        return SQL_KIND_NULL;
    switch (PQftype(prepared->rows, column)) {
    case OID_BOOL:
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_NUMERIC:
        return SQL_KIND_INTEGER;
    case OID_BYTEA:
        return SQL_KIND_BYTES;
    case OID_TEXT:
    case OID_NAME:
    case OID_VARCHAR:
    case OID_UNKNOWN:
        return SQL_KIND_TEXT;
    default:
        sql_is_wrong("a column of a type that the store does not have", statement->sql);
    }
}

static uint16_t big_endian_16(const char *at)
{
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return be16toh(number);
}

/* A sum of BIGINT is NUMERIC: the count of digits, the weight of the first, the sign, the decimals shown, then digits to the base of 10,000. */
static int64_t numeric_integer(const char *at, const char *sql)
{
    int digits = big_endian_16(at);
    int weight = (int16_t)big_endian_16(at + 2);
    bool negative = big_endian_16(at + 4) == 0x4000;
    int64_t number = 0;
    for (int i = 0; i <= weight; i++) {
        int digit = i < digits ? big_endian_16(at + 8 + 2 * i) : 0;
        if (__builtin_mul_overflow(number, 10000, &number) ||
            __builtin_add_overflow(number, negative ? -digit : digit, &number))
            sql_is_wrong("a sum is larger than 64 bits", sql);
    }
    return number;
}

int64_t postgres_column_int(const struct statement *statement, int column)
{
    const struct postgres_statement *prepared = rows_of(statement);
    if (PQgetisnull(prepared->rows, prepared->row, column))
        return 0;
    const char *at = PQgetvalue(prepared->rows, prepared->row, column);
    uint64_t eight;
    uint32_t four;
    switch (PQftype(prepared->rows, column)) {
    case OID_INT8:
        memcpy(&eight, at, sizeof eight);
        return (int64_t)be64toh(eight);
    case OID_INT4:
        memcpy(&four, at, sizeof four);
        return (int32_t)be32toh(four);
    case OID_INT2:
        return (int16_t)big_endian_16(at);
    case OID_BOOL:
        return *at != 0;
    case OID_NUMERIC:
        return numeric_integer(at, statement->sql);
    default:
        sql_is_wrong("a column that is no number is read as one", statement->sql);
    }
}

struct text postgres_column_text(const struct statement *statement, int column)
{
    const struct postgres_statement *prepared = rows_of(statement);
    enum sql_kind kind = postgres_column_kind(statement, column);
    if (kind == SQL_KIND_NULL)
        return TEXT("");
    if (kind == SQL_KIND_INTEGER)
        sql_is_wrong("a number is read as a text", statement->sql);
    return (struct text){PQgetvalue(prepared->rows, prepared->row, column),
                         (size_t)PQgetlength(prepared->rows, prepared->row, column)};
}

/* --- scripts --- */

/* What SQLite says in its own way: a number that the database gives out is an identity here, and of rows kept in the tree of their key nothing
 * is said. */
static const struct word {
    const char *ours, *theirs;
} words[] = {
    {"INTEGER PRIMARY KEY", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"},
    {" WITHOUT ROWID", ""},
    {"group_concat(", "string_agg("},
};

static const struct word *first_word(const char *sql, const char **at)
{
    const struct word *first = NULL;
    *at = NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *found = strstr(sql, words[i].ours);
        if (found && (!*at || found < *at)) {
            first = &words[i];
            *at = found;
        }
    }
    return first;
}

static char *translate_script(const char *sql)
{
    const char *at;
    const struct word *word = first_word(sql, &at);
    if (!word)
        return store_text("%s", sql);
    char *rest = translate_script(at + strlen(word->ours));
    char *whole = store_text("%.*s%s%s", (int)(at - sql), sql, word->theirs, rest);
    free(rest);
    return whole;
}

/* Several statements at once are none of a pipeline's business: it is left for as long. */
bool postgres_script(struct tx *tx, const char *sql, char error[512])
{
    PGconn *server = postgres_of(tx->connection)->server;
    pipeline_sync(tx);
    if (tx->failed || !PQexitPipelineMode(server)) {
        snprintf(error, 512, "%s", PQerrorMessage(server));
        return false;
    }
    char *script = translate_script(sql);
    PGresult *result = PQexec(server, script);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
    snprintf(error, 512, "%s", done ? "" : PQresultErrorMessage(result));
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!done && (!state || strncmp(state, "08", 2) == 0 || strncmp(state, "5", 1) == 0))
        store_broke(tx, error, 0, sql);
    PQclear(result);
    free(script);
    if (!PQenterPipelineMode(server))
        store_broke(tx, PQerrorMessage(server), 0, sql);
    return done && !tx->failed;
}
