-- SKUs of products that shoppers don't see (services/withheld.h). `souk rebuild inventory` finds those that the catalogue had before.
CREATE TABLE withheld_sku (
    sku TEXT NOT NULL PRIMARY KEY,
    product_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX withheld_sku_product ON withheld_sku (product_id);
