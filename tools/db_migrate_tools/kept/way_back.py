"""The schema half-way back: what the data need to be put into, without what could refuse them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from db_migrate_tools.schema.ddl.quote import holder, ident
from db_migrate_tools.schema.model import Catalog, Column, Constraint, Index, Object, Ref, Trigger


def halfway(now: Catalog, before: Catalog) -> Catalog:
    """`before` without the constraints, unique indexes and triggers that `now` lacks, and with columns that allow
    nulls where `now` does or lacks the column: rows can be put back into it in any state.
    """
    left_out: set[Ref] = set()
    for item in before:
        if item.ref not in now and _may_refuse(item):
            left_out.add(item.ref)
            if isinstance(item, Constraint) and item.index:
                left_out.add(Ref("index", item.ref.schema, item.index))
    kept: dict[Ref, Object] = {}
    for ref, item in before.objects.items():
        if ref not in left_out and not item.depends & left_out:
            kept[ref] = _open(item, now) if isinstance(item, Column) else item
    return replace(before, objects=kept)


def _may_refuse(item: Object) -> bool:
    return isinstance(item, Constraint | Trigger) or (
        isinstance(item, Index) and (item.unique or bool(item.constraint))
    )


def _open(column: Column, now: Catalog) -> Column:
    there = now.get(column.ref)
    if isinstance(there, Column):
        return replace(column, nullable=column.nullable or there.nullable)
    if column.generated:
        return column
    return replace(column, nullable=True, identity="", identity_options=None, identity_sequence=None, identity_acl=None)


def quiet(now: Catalog, tables: Iterable[Ref]) -> tuple[str, ...]:
    """What keeps the tables' triggers from acting on rows that are put back; the rest of the DDL turns them on again,
    as they were.
    """
    wanted = set(tables)
    return tuple(
        f"ALTER TABLE {holder(item.ref)} DISABLE TRIGGER {ident(item.ref.name)}"
        for item in sorted((o for o in now if isinstance(o, Trigger)), key=lambda t: t.ref)
        if item.ref.relation in wanted and item.enabled in ("origin", "always")
    )
