-- Small rows that are looked for by their keys live in the key's own tree: one look-up instead of two, and one tree to write. (PostgreSQL's stay as
-- they are.)
CREATE TABLE stock_by_key (
    sku              TEXT   PRIMARY KEY,
    version          BIGINT NOT NULL,
    product_id       TEXT   NOT NULL,
    is_open          BIGINT NOT NULL,
    is_bundle        BIGINT NOT NULL,
    on_hand          BIGINT NOT NULL,
    reserved         BIGINT NOT NULL,
    allocated        BIGINT NOT NULL,
    available        BIGINT NOT NULL,
    shortfall        BIGINT NOT NULL,
    safety_stock     BIGINT NOT NULL,
    oversell_limit   BIGINT NOT NULL,
    strategy         BIGINT NOT NULL,
    reservation_ttl  BIGINT NOT NULL,
    scarce_below     BIGINT NOT NULL,
    reorder_point    BIGINT NOT NULL,
    reorder_quantity BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO stock_by_key (sku, version, product_id, is_open, is_bundle, on_hand, reserved, allocated, available, shortfall, safety_stock,
                          oversell_limit, strategy, reservation_ttl, scarce_below, reorder_point, reorder_quantity)
SELECT sku, version, product_id, is_open, is_bundle, on_hand, reserved, allocated, available, shortfall, safety_stock,
       oversell_limit, strategy, reservation_ttl, scarce_below, reorder_point, reorder_quantity FROM stock;
DROP TABLE stock;
ALTER TABLE stock_by_key RENAME TO stock;
CREATE INDEX stock_product ON stock (product_id);
-- those that somebody wants to hear about, without reading all the others
CREATE INDEX stock_reordered ON stock (sku) WHERE reorder_point > 0;

CREATE TABLE reservation_line_by_key (
    reservation_id TEXT   NOT NULL,
    sku            TEXT   NOT NULL,
    quantity       BIGINT NOT NULL,
    PRIMARY KEY (reservation_id, sku)
) WITHOUT ROWID;
INSERT INTO reservation_line_by_key (reservation_id, sku, quantity) SELECT reservation_id, sku, quantity FROM reservation_line;
DROP TABLE reservation_line;
ALTER TABLE reservation_line_by_key RENAME TO reservation_line;

CREATE TABLE allocation_by_key (
    order_id      TEXT   NOT NULL,
    ordered_sku   TEXT   NOT NULL,
    sku           TEXT   NOT NULL,
    location      TEXT   NOT NULL,
    units_each    BIGINT NOT NULL,
    open_units    BIGINT NOT NULL,
    shipped_units BIGINT NOT NULL,
    PRIMARY KEY (order_id, ordered_sku, sku, location)
) WITHOUT ROWID;
INSERT INTO allocation_by_key (order_id, ordered_sku, sku, location, units_each, open_units, shipped_units)
SELECT order_id, ordered_sku, sku, location, units_each, open_units, shipped_units FROM allocation;
DROP TABLE allocation;
ALTER TABLE allocation_by_key RENAME TO allocation;
