"""The command line, for humans."""

from __future__ import annotations

from db_migrate.cli.main import main

__all__ = ["main"]
