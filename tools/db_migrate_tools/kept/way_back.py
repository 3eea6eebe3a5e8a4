"""The schema half-way back: what the data need to be put into, without what could refuse them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from db_migrate_tools.schema.ddl.quote import holder, ident
from db_migrate_tools.schema.model import Catalog, Column, Constraint, Index, Object, Ref, Table, Trigger

_ACTING = frozenset({"origin", "always"})
_FOR_ROWS = " FOR EACH ROW "


def halfway(now: Catalog, before: Catalog) -> Catalog:
    """`before` without the constraints, unique indexes and triggers that `now` lacks, and with columns that allow
    nulls where `now` does or lacks the column: rows can be put back into it in any state. What a parent that is still
    there refuses, a table below it must refuse as well, or it could not be attached.
    """
    left_out: set[Ref] = set()
    for item in before:
        if item.ref not in now and _may_refuse(item) and not _asked_for_above(item, now, before):
            left_out.add(item.ref)
            if isinstance(item, Constraint) and item.index:
                left_out.add(Ref("index", item.ref.schema, item.index))
    kept: dict[Ref, Object] = {}
    for ref, item in before.objects.items():
        if ref not in left_out and not item.depends & left_out:
            kept[ref] = _open(item, now) if isinstance(item, Column) else item
    kept |= {column.ref: replace(column, nullable=False) for column in _not_null_above(before, kept)}
    return replace(before, objects=kept)


def _may_refuse(item: Object) -> bool:
    return isinstance(item, Constraint | Trigger) or (
        isinstance(item, Index) and (item.unique or bool(item.constraint))
    )


def _asked_for_above(item: Object, now: Catalog, before: Catalog) -> bool:
    """Whether a table above this one has the same check now."""
    table = item.ref.relation
    return (
        isinstance(item, Constraint)
        and item.type == "check"
        and table is not None
        and any(Ref("constraint", up.schema, item.ref.name, up.name) in now for up in _above(table, before))
    )


def _not_null_above(before: Catalog, kept: Mapping[Ref, Object]) -> list[Column]:
    """The columns that allow nulls below a table where they do not."""
    found: list[Column] = []
    for table in before.tables():
        above = list(_above(table.ref, before))
        for name in table.columns if above else ():
            column, *parents = (kept.get(Ref("column", ref.schema, name, ref.name)) for ref in (table.ref, *above))
            refused = any(isinstance(parent, Column) and not parent.nullable for parent in parents)
            if isinstance(column, Column) and column.nullable and refused:
                found.append(column)
    return found


def _above(table: Ref, catalog: Catalog) -> Iterator[Ref]:
    """The tables whose partition or heir this one is, at every level."""
    item = catalog.get(table)
    if isinstance(item, Table):
        for parent in (*item.inherits, *((item.partition_of,) if item.partition_of else ())):
            yield parent
            yield from _above(parent, catalog)


def _open(column: Column, now: Catalog) -> Column:
    there = now.get(column.ref)
    if isinstance(there, Column):
        return replace(column, nullable=column.nullable or there.nullable)
    if column.generated:
        return column
    return replace(column, nullable=True, identity="", identity_options=None, identity_sequence=None, identity_acl=None)


def quiet(now: Catalog, tables: Iterable[Ref]) -> tuple[str, ...]:
    """What keeps triggers from acting on rows that are put back into the tables and their partitions; the rest of the
    DDL turns them on again, as they were.
    """
    filled = {*tables}
    filled |= {item.ref for item in now.tables() if item.partition_of and filled & {*_above(item.ref, now)}}
    acting = sorted((o for o in now if isinstance(o, Trigger)), key=lambda t: t.ref)
    found: dict[str, None] = {}
    for item in acting:
        if item.ref.relation in filled and item.enabled in _ACTING:
            found |= {f"ALTER TABLE {holder(item.ref)} DISABLE TRIGGER {ident(item.ref.name)}": None}
    for table in sorted(filled):
        here = now.get(table)
        # A partition has a copy of its parent's row triggers, which the catalog does not list.
        partition = isinstance(here, Table) and here.partition_of is not None
        above = {*_above(table, now)} - filled if partition else ()
        for trigger in acting if above else ():
            own = Ref("trigger", table.schema, trigger.ref.name, table.name)
            acts = trigger.enabled in _ACTING and _FOR_ROWS in trigger.definition
            if trigger.ref.relation in above and acts and own not in now:
                found |= {f"ALTER TABLE {holder(own)} DISABLE TRIGGER {ident(own.name)}": None}
    return tuple(found)
