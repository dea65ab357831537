-- What the catalogue's own events say. A product is kept as its message, with the few columns that it is found by.
CREATE TABLE product (
    id         TEXT PRIMARY KEY,
    version    BIGINT NOT NULL,
    slug       TEXT NOT NULL,
    title      TEXT NOT NULL,
    status     BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    data       BYTEA NOT NULL
);
CREATE UNIQUE INDEX product_by_slug ON product (slug);
CREATE INDEX product_by_status ON product (status, id);
CREATE INDEX product_by_title ON product (status, title, id);

CREATE TABLE variant (
    sku        TEXT PRIMARY KEY,
    product_id TEXT NOT NULL
);
CREATE INDEX variant_by_product ON variant (product_id);

CREATE TABLE category (
    id          TEXT PRIMARY KEY,
    version     BIGINT NOT NULL,
    slug        TEXT NOT NULL,
    name        TEXT NOT NULL,
    parent_id   TEXT NOT NULL,
    position    BIGINT NOT NULL,
    description TEXT NOT NULL
);
CREATE UNIQUE INDEX category_by_slug ON category (slug);
CREATE INDEX category_by_parent ON category (parent_id, position, id);

-- What products are filtered by, computed from them.
CREATE TABLE product_category (
    category_id TEXT NOT NULL,
    product_id  TEXT NOT NULL,
    PRIMARY KEY (category_id, product_id)
);
CREATE INDEX product_category_by_product ON product_category (product_id);

CREATE TABLE product_option (
    product_id TEXT NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (product_id, name, value)
);

CREATE TABLE product_word (
    word       TEXT NOT NULL,
    product_id TEXT NOT NULL,
    PRIMARY KEY (word, product_id)
);
CREATE INDEX product_word_by_product ON product_word (product_id);

-- What pricing and inventory say: copies, to show, filter and sort by.
CREATE TABLE variant_price (
    sku               TEXT NOT NULL,
    currency          TEXT NOT NULL,
    amount            BIGINT NOT NULL,
    compare_at_amount BIGINT NOT NULL,
    PRIMARY KEY (sku, currency)
);
CREATE TABLE variant_stock (
    sku       TEXT PRIMARY KEY,
    available BIGINT NOT NULL,
    sellable  BIGINT NOT NULL
);

-- Both again by product: the cheapest and the dearest variant, and whether any can be bought.
CREATE TABLE product_price (
    product_id TEXT NOT NULL,
    currency   TEXT NOT NULL,
    lowest     BIGINT NOT NULL,
    highest    BIGINT NOT NULL,
    PRIMARY KEY (product_id, currency)
);
CREATE INDEX product_price_by_lowest ON product_price (currency, lowest, product_id);
CREATE TABLE product_stock (
    product_id TEXT PRIMARY KEY,
    in_stock   BIGINT NOT NULL
);

-- Imports, for their report and their undo.
CREATE TABLE import (
    id      TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    data    BYTEA NOT NULL
);
