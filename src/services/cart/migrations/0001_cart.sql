-- Carts as their events left them. One that was thrown away or abandoned has no row any more.
CREATE TABLE cart (
    id                TEXT PRIMARY KEY,
    version           BIGINT NOT NULL,
    status            BIGINT NOT NULL,
    currency          TEXT NOT NULL,
    channel           TEXT NOT NULL,
    email             TEXT NOT NULL,
    shipping_address  BYTEA,
    billing_address   BYTEA,
    shipping_method   TEXT NOT NULL,
    checkout_id       TEXT NOT NULL,
    order_id          TEXT NOT NULL,
    reserved_until_us BIGINT NOT NULL,
    opened_us         BIGINT NOT NULL,
    abandon_us        BIGINT NOT NULL
);

-- At most one line for each SKU. `position` is the version of the cart that brought it: the order of the lines.
CREATE TABLE cart_line (
    cart_id      TEXT NOT NULL,
    sku          TEXT NOT NULL,
    id           TEXT NOT NULL,
    position     BIGINT NOT NULL,
    product_id   TEXT NOT NULL,
    title        TEXT NOT NULL,
    image_url    TEXT NOT NULL,
    quantity     BIGINT NOT NULL,
    weight_grams BIGINT NOT NULL,
    digital      BIGINT NOT NULL,
    tax_category TEXT NOT NULL,
    reserved     BIGINT NOT NULL,
    PRIMARY KEY (cart_id, sku)
);

CREATE TABLE cart_coupon (
    cart_id  TEXT NOT NULL,
    position BIGINT NOT NULL,
    code     TEXT NOT NULL,
    PRIMARY KEY (cart_id, position)
);
