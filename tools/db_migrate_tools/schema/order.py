"""Which tables' columns cannot come to stand in their order, for Postgres adds columns at the end only."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from db_migrate_tools.schema.model import Column, Ref, Table, Type

BY_NAME: Final = attrgetter("kind", "schema", "name", "parent")
"""The order of references, for `sorted`: many times faster than comparing them one by one."""

if TYPE_CHECKING:
    from db_migrate_tools.schema.diff import Delta


def order_differs(old: Table | Type, new: Table | Type, remade: frozenset[str] = frozenset()) -> bool:
    """Whether the columns that stay stand in another order, or new and `remade` ones elsewhere than at the end."""
    kept = [name for name in old.columns if name in new.columns and name not in remade]
    return list(new.columns[: len(kept)]) != kept


def with_remade_columns(delta: Delta) -> Delta:
    """The delta with those tables counted in where a generated column must be dropped and added again."""
    if not (delta.altered or delta.dropped) or not _any_generated(delta):
        return delta
    # Which columns these are is for the DDL to say, and its modules build on deltas.
    from db_migrate_tools.schema.ddl.closure import close

    gone = {delta.mapping.get(item.ref, item.ref) for item in delta.dropped}
    found = close(delta, gone, delta.before.server_version or delta.after.server_version)
    remade: dict[Ref, set[str]] = {}
    for ref in found.remade:
        table = Ref("table", ref.schema, ref.parent)
        if ref.kind == "column" and table not in found.remade and table in delta.after.objects:
            remade.setdefault(table, set()).add(ref.name)
    moved = set(delta.reordered) - found.remade - found.rebuilt.keys()
    for ref, names in remade.items():
        old, new = delta.base.get(ref), delta.after.get(ref)
        if isinstance(old, Table) and isinstance(new, Table):
            moved.discard(ref)
            moved |= {ref} if order_differs(old, new, frozenset(names)) else set()
    return replace(delta, reordered=tuple(sorted(moved)))


def _any_generated(delta: Delta) -> bool:
    """Whether there are columns that might have to be made again: generated before, or from now on."""
    if any(isinstance(change.after, Column) and change.after.generated for change in delta.altered):
        return True
    return any(isinstance(item, Column) and item.generated for item in delta.base)
