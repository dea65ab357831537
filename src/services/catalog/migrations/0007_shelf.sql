-- breaking: a version that does not keep the shelf would leave it behind, and pages would show old prices.
-- What a product's variants cost and how many there are, in one row, as shelf.c writes and reads it: each variant a line "SKU/…" in the order of SKUs.
-- Computed from variant, variant_price and variant_stock, whichever changes.
CREATE TABLE product_shelf (
    product_id TEXT PRIMARY KEY,
    prices     TEXT NOT NULL,
    stock      TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO product_shelf (product_id, prices, stock)
SELECT product_id, prices || '
', stock || '
' FROM (
    SELECT variant.product_id,
        group_concat('
' || variant.sku || '/' || COALESCE(price.line, ''), '') OVER (PARTITION BY variant.product_id ORDER BY variant.sku) AS prices,
        group_concat('
' || variant.sku || '/' || COALESCE(variant_stock.available, 0), '') OVER (PARTITION BY variant.product_id ORDER BY variant.sku) AS stock,
        row_number() OVER (PARTITION BY variant.product_id ORDER BY variant.sku DESC) AS from_the_end
    FROM variant
    LEFT JOIN variant_stock ON variant_stock.sku = variant.sku
    LEFT JOIN (
        SELECT sku, line FROM (
            SELECT sku,
                group_concat(currency || ' ' || amount || ' ' || compare_at_amount || ' ', '') OVER (PARTITION BY sku ORDER BY currency) AS line,
                row_number() OVER (PARTITION BY sku ORDER BY currency DESC) AS from_the_end
            FROM variant_price
        ) AS growing WHERE from_the_end = 1
    ) AS price ON price.sku = variant.sku
) AS growing WHERE from_the_end = 1;
