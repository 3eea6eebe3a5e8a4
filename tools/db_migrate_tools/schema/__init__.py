"""One catalog, one delta: the model of a schema, its fingerprint, differences and DDL."""
