-- What bundles are made of, from the products themselves: what can be bought of a bundle follows from the stock of its parts.
CREATE TABLE variant_component (
    bundle   TEXT   NOT NULL,
    sku      TEXT   NOT NULL,
    quantity BIGINT NOT NULL,
    PRIMARY KEY (bundle, sku)
);
CREATE INDEX variant_component_by_sku ON variant_component (sku);
