"""Catalog to database.types.ts."""

from db_migrate_tools.typescript.database import generate
from db_migrate_tools.typescript.differences import differences

__all__ = ["differences", "generate"]
