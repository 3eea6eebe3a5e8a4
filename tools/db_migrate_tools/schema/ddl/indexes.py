"""Indexes, those behind constraints included as far as they have properties of their own."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.columns import change_options
from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import ident, qualified
from db_migrate_tools.schema.model import Index, Table
from db_migrate_tools.schema.replaced import plain_index


def create(item: Index, context: Context) -> list[str]:
    found: list[str] = []
    if item.constraint is None:
        found.append(_definition(item, context))
    elif options := plain_index(item)[1]:
        found += change_options(f"ALTER INDEX {qualified(item.ref)}", (), options)
    return [*found, *extras(item, context)]


def _definition(item: Index, context: Context) -> str:
    """On a partitioned table that is new itself the index may recurse, for there is nothing below it yet."""
    text = item.definition
    table = context.after.get(item.table)
    if isinstance(table, Table) and table.partition_by is not None and context.is_new(item.table):
        text = text.replace(" ON ONLY ", " ON ", 1)
    if item.tablespace and " WHERE " not in text:
        text += f" TABLESPACE {ident(item.tablespace)}"
    return text


def extras(item: Index, context: Context) -> list[str]:
    found: list[str] = []
    table = qualified(item.table)
    if item.clustered:
        noun = "MATERIALIZED VIEW" if item.table.kind == "view" else "TABLE"
        found.append(f"ALTER {noun} {table} CLUSTER ON {ident(item.ref.name)}")
    if item.replica_identity:
        found.append(f"ALTER TABLE {table} REPLICA IDENTITY USING INDEX {ident(item.ref.name)}")
    found += [_statistics(item, number, value) for number, value in item.statistics]
    return found + after_create(item, context)


def attach(item: Index) -> list[str]:
    if item.partition_of is None:
        return []
    return [f"ALTER INDEX {qualified(item.partition_of)} ATTACH PARTITION {qualified(item.ref)}"]


def drop(item: Index) -> list[str]:
    return [] if item.constraint is not None else [f"DROP INDEX {qualified(item.ref)}"]


def alter(before: Index, after: Index, fields: tuple[str, ...], context: Context) -> list[str]:
    table = qualified(after.table)
    found: list[str] = []
    owner = context.after.get(after.table)
    partitioned = isinstance(owner, Table) and owner.partition_by is not None
    # A partitioned index becomes valid when the last partition's is attached.
    if "valid" in fields and after.valid and not partitioned:
        found.append(f"REINDEX INDEX {qualified(after.ref)}")
    if "definition" in fields:
        options = plain_index(before)[1], plain_index(after)[1]
        found += change_options(f"ALTER INDEX {qualified(after.ref)}", *options)
    was = context.base.get(after.table)
    if "partition_of" in fields and isinstance(was, Table) and isinstance(owner, Table):
        # Attaching the table attaches its indexes.
        found += attach(after) if was.partition_of == owner.partition_of else []
    if "clustered" in fields:
        noun = "MATERIALIZED VIEW" if after.table.kind == "view" else "TABLE"
        words = f"CLUSTER ON {ident(after.ref.name)}" if after.clustered else "SET WITHOUT CLUSTER"
        if after.clustered or not _another(after, context, "clustered"):
            found.append(f"ALTER {noun} {table} {words}")
    if "replica_identity" in fields and after.replica_identity:
        found.append(f"ALTER TABLE {table} REPLICA IDENTITY USING INDEX {ident(after.ref.name)}")
    if "tablespace" in fields:
        found.append(f"ALTER INDEX {qualified(after.ref)} SET TABLESPACE {ident(after.tablespace or 'pg_default')}")
    if "statistics" in fields:
        old, new = dict(before.statistics), dict(after.statistics)
        for number in sorted(old.keys() | new.keys()):
            if old.get(number) != new.get(number):
                found.append(_statistics(after, number, new.get(number, -1)))
    return found + after_alter(before, after, fields, context)


def _statistics(item: Index, number: int, value: int) -> str:
    return f"ALTER INDEX {qualified(item.ref)} ALTER COLUMN {number} SET STATISTICS {value}"


def _another(item: Index, context: Context, flag: str) -> bool:
    """Whether another index of the table takes the flag over."""
    return any(isinstance(o, Index) and o.table == item.table and bool(getattr(o, flag)) for o in context.after)
