"""Raw data, clean tables, splits, and groups of rows."""
