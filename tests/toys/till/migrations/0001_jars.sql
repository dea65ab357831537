CREATE TABLE jar (
    jar     TEXT PRIMARY KEY,
    coins   BIGINT NOT NULL,
    version BIGINT NOT NULL
);
