-- One row per order: the order as its message, with what it is found by.
CREATE TABLE customer_order (
    id               TEXT PRIMARY KEY,
    version          BIGINT NOT NULL,
    number           BIGINT NOT NULL,
    status           BIGINT NOT NULL,
    email            TEXT NOT NULL,
    checkout_id      TEXT NOT NULL,
    order_token_hash TEXT NOT NULL,
    data             BYTEA NOT NULL
);
CREATE UNIQUE INDEX customer_order_by_number ON customer_order (number);
CREATE UNIQUE INDEX customer_order_by_checkout ON customer_order (checkout_id);
CREATE INDEX customer_order_by_status ON customer_order (status, id);
CREATE INDEX customer_order_by_email ON customer_order (email, id);
