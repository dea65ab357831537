-- Small rows that are always looked for by their keys live in the key's own tree: one look-up instead of two, and one tree to write. (SQLite's; in
-- PostgreSQL they stay as they are.) An index of such a table ends in its key, so that variant_by_product knows the SKUs, in order.
CREATE TABLE variant_by_key (
    sku        TEXT PRIMARY KEY,
    product_id TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO variant_by_key (sku, product_id) SELECT sku, product_id FROM variant;
DROP TABLE variant;
ALTER TABLE variant_by_key RENAME TO variant;
CREATE INDEX variant_by_product ON variant (product_id, sku);

CREATE TABLE variant_price_by_key (
    sku               TEXT NOT NULL,
    currency          TEXT NOT NULL,
    amount            BIGINT NOT NULL,
    compare_at_amount BIGINT NOT NULL,
    PRIMARY KEY (sku, currency)
) WITHOUT ROWID;
INSERT INTO variant_price_by_key (sku, currency, amount, compare_at_amount)
SELECT sku, currency, amount, compare_at_amount FROM variant_price;
DROP TABLE variant_price;
ALTER TABLE variant_price_by_key RENAME TO variant_price;

CREATE TABLE variant_stock_by_key (
    sku       TEXT PRIMARY KEY,
    available BIGINT NOT NULL,
    sellable  BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO variant_stock_by_key (sku, available, sellable) SELECT sku, available, sellable FROM variant_stock;
DROP TABLE variant_stock;
ALTER TABLE variant_stock_by_key RENAME TO variant_stock;

CREATE TABLE product_price_by_key (
    product_id TEXT NOT NULL,
    currency   TEXT NOT NULL,
    lowest     BIGINT NOT NULL,
    highest    BIGINT NOT NULL,
    PRIMARY KEY (product_id, currency)
) WITHOUT ROWID;
INSERT INTO product_price_by_key (product_id, currency, lowest, highest)
SELECT product_id, currency, lowest, highest FROM product_price;
DROP TABLE product_price;
ALTER TABLE product_price_by_key RENAME TO product_price;
CREATE INDEX product_price_by_lowest ON product_price (currency, lowest, product_id);

CREATE TABLE product_stock_by_key (
    product_id TEXT PRIMARY KEY,
    in_stock   BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO product_stock_by_key (product_id, in_stock) SELECT product_id, in_stock FROM product_stock;
DROP TABLE product_stock;
ALTER TABLE product_stock_by_key RENAME TO product_stock;

CREATE TABLE product_category_by_key (
    category_id TEXT NOT NULL,
    product_id  TEXT NOT NULL,
    PRIMARY KEY (category_id, product_id)
) WITHOUT ROWID;
INSERT INTO product_category_by_key (category_id, product_id) SELECT category_id, product_id FROM product_category;
DROP TABLE product_category;
ALTER TABLE product_category_by_key RENAME TO product_category;
CREATE INDEX product_category_by_product ON product_category (product_id);

CREATE TABLE product_option_by_key (
    product_id TEXT NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (product_id, name, value)
) WITHOUT ROWID;
INSERT INTO product_option_by_key (product_id, name, value) SELECT product_id, name, value FROM product_option;
DROP TABLE product_option;
ALTER TABLE product_option_by_key RENAME TO product_option;

CREATE TABLE product_word_by_key (
    word       TEXT NOT NULL,
    product_id TEXT NOT NULL,
    PRIMARY KEY (word, product_id)
) WITHOUT ROWID;
INSERT INTO product_word_by_key (word, product_id) SELECT word, product_id FROM product_word;
DROP TABLE product_word;
ALTER TABLE product_word_by_key RENAME TO product_word;
CREATE INDEX product_word_by_product ON product_word (product_id);
