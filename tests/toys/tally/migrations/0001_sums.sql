CREATE TABLE sum (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
