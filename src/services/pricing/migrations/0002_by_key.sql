-- Prices are looked for by SKU and by nothing else: the row lives in the key's own tree, and is found with one look-up. (PostgreSQL's stays as it is.)
CREATE TABLE price_by_key (
    sku TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    data BYTEA NOT NULL
) WITHOUT ROWID;
INSERT INTO price_by_key (sku, version, data) SELECT sku, version, data FROM price;
DROP TABLE price;
ALTER TABLE price_by_key RENAME TO price;
