"""Constraints of tables."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.context import Context, column_ref
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import holder, ident
from db_migrate_tools.schema.model import Column, Constraint, Ref, Table


def create(item: Constraint, context: Context) -> list[str]:
    found: list[str] = []
    if item.type == "not null":
        found += _not_null(item, context)
    else:
        found.append(_add(item, context))
    return found + after_create(item, context)


def _add(item: Constraint, context: Context) -> str:
    """ONLY where the partitions have their own, which are attached afterwards."""
    table = context.after.get(Ref("table", item.ref.schema, item.ref.parent))
    partitioned = isinstance(table, Table) and table.partition_by is not None
    apart = (
        partitioned and item.index is not None and not context.is_new(Ref("table", item.ref.schema, item.ref.parent))
    )
    only = "ONLY " if apart else ""
    return f"ALTER TABLE {only}{holder(item.ref)} ADD CONSTRAINT {ident(item.ref.name)} {item.definition}"


def _not_null(item: Constraint, context: Context) -> list[str]:
    """Nothing where the new column's definition already says it; else any unnamed NOT NULL gives way first."""
    relation = Ref("table", item.ref.schema, item.ref.parent)
    columns = [column_ref(relation, name) for name in item.columns]
    if any(context.is_new(ref) for ref in columns) and item.validated:
        return []
    found: list[str] = []
    for ref in columns:
        old = context.before(ref)
        hidden = item.ref not in context.base.objects
        if isinstance(old, Column) and not old.nullable and hidden:
            found.append(f"ALTER TABLE {holder(item.ref)} ALTER COLUMN {ident(ref.name)} DROP NOT NULL")
    return [*found, _add(item, context)]


def drop(item: Constraint, context: Context) -> list[str]:
    found = [f"ALTER TABLE {holder(item.ref)} DROP CONSTRAINT {ident(item.ref.name)}"]
    if item.type == "not null" and item.ref not in context.made:
        for name in item.columns:
            after = context.after.get(Ref("column", item.ref.schema, name, item.ref.parent))
            if isinstance(after, Column) and not after.nullable and not context.is_new(after.ref):
                found.append(f"ALTER TABLE {holder(item.ref)} ALTER COLUMN {ident(name)} SET NOT NULL")
    return found


def alter(before: Constraint, after: Constraint, fields: tuple[str, ...], context: Context) -> list[str]:
    head = f"ALTER TABLE {holder(after.ref)}"
    found: list[str] = []
    if before.deferrable != after.deferrable or before.initially_deferred != after.initially_deferred:
        words = "DEFERRABLE INITIALLY DEFERRED" if after.initially_deferred else "DEFERRABLE INITIALLY IMMEDIATE"
        found.append(
            f"{head} ALTER CONSTRAINT {ident(after.ref.name)} {words if after.deferrable else 'NOT DEFERRABLE'}"
        )
    if after.validated and not before.validated:
        found.append(f"{head} VALIDATE CONSTRAINT {ident(after.ref.name)}")
    return found + after_alter(before, after, fields, context)
