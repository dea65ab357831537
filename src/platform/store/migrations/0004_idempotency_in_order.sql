-- Numbered in the order in which they were first asked: the oldest are at the front, without an index by time that every command would write.
CREATE TABLE souk_idempotency_in_order (
    number      INTEGER PRIMARY KEY,
    key         BYTEA  NOT NULL UNIQUE,
    request     BYTEA  NOT NULL,
    result      BIGINT,
    answer      BYTEA,
    problem     BYTEA,
    at_us       BIGINT NOT NULL,
    worker      TEXT   NOT NULL DEFAULT '',
    left_behind BIGINT NOT NULL DEFAULT 0
);
INSERT INTO souk_idempotency_in_order (key, request, result, answer, problem, at_us, worker, left_behind)
SELECT key, request, result, answer, problem, at_us, worker, left_behind FROM souk_idempotency ORDER BY at_us, key;
DROP TABLE souk_idempotency;
ALTER TABLE souk_idempotency_in_order RENAME TO souk_idempotency;
CREATE INDEX souk_idempotency_claims ON souk_idempotency (key) WHERE result IS NULL;
