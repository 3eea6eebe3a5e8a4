"""Functions, procedures, aggregates."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import target
from db_migrate_tools.schema.model import Routine

BODY = "\nAS $"
"""What Postgres prints before a body that is a string."""


def create(item: Routine, context: Context) -> list[str]:
    return [item.definition, *after_create(item, context)]


def drop(item: Routine) -> list[str]:
    return [f"DROP {target(item)}"]


def alter(before: Routine, after: Routine, fields: tuple[str, ...], context: Context) -> list[str]:
    found = [after.definition] if "definition" in fields else []
    return found + after_alter(before, after, fields, context)


def stub(item: Routine) -> str | None:
    """The same signature with an empty body, for a function and a relation that each need the other.

    Needs check_function_bodies off. None where there is no SQL-standard body to leave out.
    """
    head, body, _ = item.definition.partition("\nBEGIN ATOMIC")
    if not body:
        head, body, _ = item.definition.partition("\nRETURN ")
    return f"{head}\nAS ''" if body and item.language == "sql" else None
