-- One row a SKU. `available` is kept beside what it is computed from: it is what shoppers ask for, and the check compares both.
-- `shortfall`: how far an adjustment or a change of rules left what is sellable below 0. Nothing else may; see check.c.
CREATE TABLE stock (
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
);
CREATE INDEX stock_product ON stock (product_id);
-- "What has run low" looks only at SKUs that can.
CREATE INDEX stock_reordered ON stock (sku) WHERE reorder_point > 0;

-- What a bundle is made of.
CREATE TABLE stock_component (
    bundle     TEXT   NOT NULL,
    sku        TEXT   NOT NULL,
    units_each BIGINT NOT NULL,
    PRIMARY KEY (bundle, sku)
);
CREATE INDEX stock_component_sku ON stock_component (sku);

-- The "default" location is there without a row, until somebody changes it.
CREATE TABLE location (
    id       TEXT   PRIMARY KEY,
    version  BIGINT NOT NULL,
    name     TEXT   NOT NULL,
    priority BIGINT NOT NULL
);

CREATE TABLE stock_location (
    sku       TEXT   NOT NULL,
    location  TEXT   NOT NULL,
    on_hand   BIGINT NOT NULL,
    allocated BIGINT NOT NULL,
    PRIMARY KEY (sku, location)
);
CREATE INDEX stock_location_location ON stock_location (location);

-- What a reservation holds. When it ends is in its timer.
CREATE TABLE reservation_line (
    reservation_id TEXT   NOT NULL,
    sku            TEXT   NOT NULL,
    quantity       BIGINT NOT NULL,
    PRIMARY KEY (reservation_id, sku)
);

-- What an order was promised, from where, under the SKU that the order knows: that of a bundle, or the same. Rows stay when everything has
-- shipped, so that allocating the order again promises nothing twice.
CREATE TABLE allocation (
    order_id      TEXT   NOT NULL,
    ordered_sku   TEXT   NOT NULL,
    sku           TEXT   NOT NULL,
    location      TEXT   NOT NULL,
    units_each    BIGINT NOT NULL,
    open_units    BIGINT NOT NULL,
    shipped_units BIGINT NOT NULL,
    PRIMARY KEY (order_id, ordered_sku, sku, location)
);
