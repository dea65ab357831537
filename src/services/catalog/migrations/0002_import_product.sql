-- Which products an import has made or changed, and what their version was then: for its undo.
CREATE TABLE import_product (
    import_id  TEXT NOT NULL,
    product_id TEXT NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (import_id, product_id)
);
