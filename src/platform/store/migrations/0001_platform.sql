-- The platform's tables in every service's store. See src/platform/store/README.md.

-- INTEGER PRIMARY KEY, not BIGINT: SQLite then stores the events in the order of their numbers, without another index.
CREATE TABLE souk_event (
    number         INTEGER PRIMARY KEY,
    stream         TEXT   NOT NULL,
    stream_version BIGINT NOT NULL,
    name           TEXT   NOT NULL,
    schema_version BIGINT NOT NULL,
    at_us          BIGINT NOT NULL,
    actor          TEXT   NOT NULL,
    request_id     TEXT   NOT NULL,
    cause          TEXT   NOT NULL,
    data           BYTEA  NOT NULL,
    hash           BYTEA  NOT NULL,
    UNIQUE (stream, stream_version)
);

-- result is NULL while the request is claimed but not answered
CREATE TABLE souk_idempotency (
    key     BYTEA PRIMARY KEY,
    request BYTEA  NOT NULL,
    result  BIGINT,
    answer  BYTEA,
    problem BYTEA,
    at_us   BIGINT NOT NULL
);
CREATE INDEX souk_idempotency_at ON souk_idempotency (at_us);

CREATE TABLE souk_inbox (
    producer TEXT PRIMARY KEY,
    number   BIGINT NOT NULL
);

-- computed, as the service's own tables are
CREATE TABLE souk_timer (
    kind   TEXT   NOT NULL,
    key    TEXT   NOT NULL,
    due_us BIGINT NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX souk_timer_due ON souk_timer (due_us);
