"""Talking to Postgres: connections, the catalog, execution, the journal."""
