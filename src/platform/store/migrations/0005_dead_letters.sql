-- Events of other services that this one refused to react to, until they are tried again with success, or dropped.
CREATE TABLE souk_dead_letter (
    producer TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    name     TEXT   NOT NULL,
    stream   TEXT   NOT NULL,
    problem  BYTEA  NOT NULL,
    attempts BIGINT NOT NULL,
    first_us BIGINT NOT NULL,
    last_us  BIGINT NOT NULL,
    PRIMARY KEY (producer, number)
);
