"""Catalog to database.types.ts."""
