"""What stores what: the columns, here and there, that hold values of a type or the rows of a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Column, Ref, Table, Type

if TYPE_CHECKING:
    from db_migrate_tools.schema.ddl.closure import Closure


class Users(Mapping[Ref, Collection[Ref]]):
    """Who depends on what before, found when it is first asked for: many a delta never asks."""

    def __init__(self, delta: Delta) -> None:
        self._delta = delta
        self._found: dict[Ref, list[Ref]] | None = None

    @property
    def all(self) -> dict[Ref, list[Ref]]:
        if self._found is None:
            self._found = {}
            for item in self._delta.base:
                for ref in item.depends:
                    self._found.setdefault(ref, []).append(item.ref)
        return self._found

    def __getitem__(self, ref: Ref) -> Collection[Ref]:
        return self.all.get(ref, ())

    def __iter__(self) -> Iterator[Ref]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)


def held(ref: Ref, users: Users, delta: Delta) -> bool:
    """Whether something stores the type inside another one."""
    items = [delta.base.objects[user] for user in users[ref]]
    return any(
        isinstance(item, Type)
        or (isinstance(item, Column) and item.type_ref == ref and (item.is_array or _attribute(item, delta)))
        for item in items
    )


def _attribute(item: Column, delta: Delta) -> bool:
    return Ref("type", item.ref.schema, item.ref.parent) in delta.base.objects


def is_stored(ref: Ref, users: Users, delta: Delta) -> bool:
    """Whether tables have columns of this composite type, so that its attributes cannot change in place."""
    if not isinstance(delta.base.get(ref), Type) or ref not in delta.after.objects:
        return False
    seen = {ref}
    pending = [ref]
    while pending:
        for user in users[pending.pop()]:
            item = delta.base.get(user)
            holder = user
            if isinstance(item, Column) and item.type_ref in seen:
                if isinstance(delta.base.get(Ref("table", user.schema, user.parent)), Table):
                    return True
                holder = Ref("type", user.schema, user.parent)
            if isinstance(delta.base.get(holder), Type) and holder not in seen:
                seen.add(holder)
                pending.append(holder)
    return False


def rebuild_what_is_made_of(found: Closure, users: Users, delta: Delta) -> None:
    """Domains, ranges, and composite types that tables store follow the type that they are made of."""
    pending = list(found.rebuilt)
    while pending:
        needed = pending.pop()
        for user in users[needed]:
            item = delta.base.objects[user]
            if isinstance(item, Column) and item.type_ref == needed:
                made_of_it = Ref("type", user.schema, user.parent)
                follows = is_stored(made_of_it, users, delta)
            else:
                made_of_it, follows = user, isinstance(item, Type)
            known = made_of_it in found.rebuilt or made_of_it in found.remade
            if follows and made_of_it in delta.after.objects and not known:
                found.rebuilt[made_of_it] = ()
                pending.append(made_of_it)


def parked(found: Closure, users: Users, delta: Delta) -> set[Ref]:
    """Ranges, for their constructors keep their names, and the rebuilt types that hold one."""
    apart = {ref for ref in found.rebuilt if getattr(delta.base.objects[ref], "type", "") == "range"}
    pending = list(apart)
    while pending:
        for user in users[pending.pop()]:
            holder = Ref("type", user.schema, user.parent) if user.kind == "column" else user
            if holder in found.rebuilt and holder not in apart:
                apart.add(holder)
                pending.append(holder)
    return apart


def rows(found: Closure, retyped: set[Ref], users: Users, delta: Delta) -> dict[Ref, tuple[Column, ...]]:
    """The tables whose rows are written anew while columns of other tables store such rows, with those columns."""
    pending = [ref for ref in retyped if ref not in found.remade]
    pending += [column.ref for moved in found.rebuilt.values() for column in moved]
    found_rows: dict[Ref, tuple[Column, ...]] = {}
    while pending:
        ref = pending.pop()
        table = Ref("table", ref.schema, ref.parent)
        if table in found_rows or table not in delta.after.objects or not isinstance(delta.base.get(table), Table):
            continue
        columns = storing(table, users, delta)
        if columns:
            found_rows[table] = columns
            pending += [column.ref for column in columns]
    return found_rows


def storing(ref: Ref, users: Users, delta: Delta) -> tuple[Column, ...]:
    """The columns of tables that hold values of a table's row type, by way of other types too."""
    seen, pending, stored = {ref}, [ref], dict[Ref, Column]()
    while pending:
        needed = pending.pop()
        for user in users[needed]:
            item = delta.base.objects[user]
            holder = user
            if isinstance(item, Column):
                if item.type_ref != needed:
                    continue
                after = delta.after.get(user)
                if isinstance(delta.base.get(Ref("table", user.schema, user.parent)), Table):
                    stored |= {user: after} if isinstance(after, Column) else {}
                    continue
                holder = Ref("type", user.schema, user.parent)
            if isinstance(delta.base.get(holder), Type) and holder not in seen:
                seen.add(holder)
                pending.append(holder)
    return tuple(stored[one] for one in sorted(stored))
