-- Durable sagas, computed from the events of the streams saga/{id}. The status is enum saga_status of saga.h.
CREATE TABLE souk_saga (
    id           TEXT PRIMARY KEY,
    method       TEXT   NOT NULL,
    status       BIGINT NOT NULL,
    step         BIGINT NOT NULL,
    attempt      BIGINT NOT NULL,
    request      BYTEA,
    state        BYTEA  NOT NULL,
    problem      BYTEA  NOT NULL,
    key          BYTEA  NOT NULL,
    key_request  BYTEA  NOT NULL,
    actor_kind   BIGINT NOT NULL,
    actor_id     TEXT   NOT NULL,
    scopes       BIGINT NOT NULL,
    request_id   TEXT   NOT NULL,
    trace_parent TEXT   NOT NULL,
    deadline_us  BIGINT NOT NULL,
    started_us   BIGINT NOT NULL,
    changed_us   BIGINT NOT NULL
);
CREATE INDEX souk_saga_open ON souk_saga (id) WHERE status < 2;

-- what a start looks for, among millions of answers
CREATE INDEX souk_idempotency_claims ON souk_idempotency (key) WHERE result IS NULL;
