"""Supabase's part of a database, written by ourselves: roles, schemas, and SQL-only stand-ins for extensions."""
