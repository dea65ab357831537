-- What a resource says is stored as its packed message; beside it stands what queries ask for. See README.md.

-- All prices of a SKU: souk.pricing.v1.Prices.
CREATE TABLE price (
    sku TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    data BYTEA NOT NULL
);

-- Price lists, promotions, tax rates and shipping methods. `found_by` is what a quote finds them by: a promotion's code in lower case (empty
-- for what everyone gets), a tax rate's country, nothing for the others, of which a quote looks at all.
CREATE TABLE rule (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    found_by TEXT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX rule_found_by ON rule (kind, found_by, id);

-- Which checkout uses which promotion's coupon.
CREATE TABLE redemption (
    promotion TEXT NOT NULL,
    checkout TEXT NOT NULL,
    PRIMARY KEY (promotion, checkout)
);
CREATE INDEX redemption_of_checkout ON redemption (checkout, promotion);
