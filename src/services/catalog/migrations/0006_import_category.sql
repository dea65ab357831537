-- Which categories an import has made: for its undo.
CREATE TABLE import_category (
    import_id   TEXT NOT NULL,
    category_id TEXT NOT NULL,
    PRIMARY KEY (import_id, category_id)
);
