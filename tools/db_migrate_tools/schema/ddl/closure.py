"""What must be dropped and made again because something that it needs is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from db_migrate_tools.schema.ddl.quote import literal, qualified
from db_migrate_tools.schema.ddl.types import label_changes
from db_migrate_tools.schema.diff import Change, Delta
from db_migrate_tools.schema.model import Column, Constraint, Index, Object, Ref, Sequence, Table, Type
from db_migrate_tools.schema.replaced import must_replace

SET_EXPRESSION_SINCE = 170000
_ALWAYS = frozenset({"constraint", "index", "policy", "trigger", "view", "routine"})


@dataclass(slots=True)
class Closure:
    """`remade` get a drop and a create, `defaults` are taken off and put back, `rebuilt` types keep their columns,
    `reattached` partitions leave their parent and come back.
    """

    remade: set[Ref] = field(default_factory=set[Ref])
    defaults: set[Ref] = field(default_factory=set[Ref])
    rebuilt: dict[Ref, tuple[Column, ...]] = field(default_factory=dict[Ref, tuple[Column, ...]])
    reattached: set[Ref] = field(default_factory=set[Ref])


def close(delta: Delta, gone: set[Ref], version: int) -> Closure:
    """Follow the dependencies of what is dropped, replaced, retyped or rebuilt."""
    found = Closure()
    users = _users(delta)
    changes = {change.ref: change for change in delta.altered}
    retyped = {ref for ref, change in changes.items() if _retyped(change)}
    pending: list[Ref] = sorted(gone)
    for ref, change in changes.items():
        if must_replace(change.before, change.after) or _needs_new_expression(change, version):
            found.remade.add(ref)
            pending.append(ref)
        elif isinstance(change.after, Type) and isinstance(change.before, Type) and _must_rebuild(change, delta):
            found.rebuilt[ref] = ()
        elif ref in retyped and (view := Ref("view", ref.schema, ref.parent)) in delta.base.objects:
            # CREATE OR REPLACE VIEW keeps its columns' types.
            found.remade |= {view} & delta.after.objects.keys()
            pending.append(view)
    pending += sorted(retyped - found.remade)
    for ref in gone:
        above = _index_above(ref, delta, gone)
        if above is not None and above not in found.remade:
            found.remade.add(above)
            pending.append(above)
    soft = set(retyped)
    for ref in found.rebuilt:
        columns = [
            item
            for item in (delta.after.get(user) for user in users[ref])
            if isinstance(item, Column) and item.type_ref == ref and _is_stored(item, delta)
        ]
        found.rebuilt[ref] = tuple(sorted(columns, key=lambda c: (c.ref.schema, c.ref.parent, c.position)))
        soft |= {ref, *(c.ref for c in columns)}
        pending += [ref, *(c.ref for c in columns)]
    rebuilt = {ref for ref in soft if ref not in retyped}
    while pending:
        ref = pending.pop()
        in_place = ref in soft and ref not in found.remade and ref not in gone
        for user in users[ref]:
            if user in gone or user in found.remade or user not in delta.after.objects:
                continue
            item = delta.base.objects[user]
            if _must_go(item, ref, found, in_place=in_place, rebuilt=ref in rebuilt, retyped=retyped):
                found.remade.add(user)
                pending.append(user)
    return found


def _index_above(ref: Ref, delta: Delta, gone: set[Ref]) -> Ref | None:
    """The partitioned index without which a partition's index cannot go, though it is to stay itself."""
    index = delta.base.objects[ref]
    if not isinstance(index, Index) or index.partition_of is None or index.partition_of in gone:
        return None
    table = delta.after.get(index.table)
    attached = isinstance(table, Table) and table.partition_of is not None
    return index.partition_of if attached and index.partition_of in delta.after.objects else None


def _users(delta: Delta) -> dict[Ref, list[Ref]]:
    users: dict[Ref, list[Ref]] = defaultdict(list)
    for item in delta.base:
        for ref in sorted(item.depends):
            users[ref].append(item.ref)
    return users


def _retyped(change: Change) -> bool:
    return isinstance(change.after, Column) and bool({"type", "collation"} & set(change.fields))


def _is_stored(item: Column, delta: Delta) -> bool:
    """Whether it is a table's column or a composite type's, not a view's."""
    return Ref("view", item.ref.schema, item.ref.parent) not in delta.after.objects


def _needs_new_expression(change: Change, version: int) -> bool:
    before, after = change.before, change.after
    if not isinstance(before, Column) or not isinstance(after, Column) or not (before.generated and after.generated):
        return False
    return "default" in change.fields and bool(version) and version < SET_EXPRESSION_SINCE


def _must_rebuild(change: Change, delta: Delta) -> bool:
    before, after = change.before, change.after
    if not isinstance(before, Type) or not isinstance(after, Type):
        return False
    if before.type != after.type or {"base_type", "collation", "range_options"} & set(change.fields):
        return True
    if "labels" not in change.fields:
        return False
    if label_changes(before, after) is None:
        return True
    if len(before.labels) == len(after.labels):
        return False
    # Postgres refuses the use of a label in the transaction that added it.
    new = [f"{literal(label)}::{qualified(after.ref)}" for label in after.labels if label not in before.labels]
    return any(use in text for text in _texts(delta) for use in new)


def _texts(delta: Delta) -> list[str]:
    items: list[Object] = [*delta.created, *(change.after for change in delta.altered)]
    values = (getattr(item, name, None) for item in items for name in ("definition", "default", "using", "check"))
    return [value for value in values if isinstance(value, str)]


def _must_go(item: Object, needed: Ref, found: Closure, *, in_place: bool, rebuilt: bool, retyped: set[Ref]) -> bool:
    """Whether `item` cannot stay while `needed` is dropped, or retyped in place."""
    if in_place:
        return _must_go_for_type(item, rebuilt=rebuilt, retyped=retyped)
    if item.ref.kind in _ALWAYS:
        return True
    if isinstance(item, Column):
        if needed.kind in ("table", "view", "type") and needed.name == item.ref.parent:
            return needed.schema == item.ref.schema
        if item.generated:
            return True
        if needed.kind in ("routine", "sequence"):
            found.defaults.add(item.ref)
        return False
    if isinstance(item, Sequence):
        return item.owned_by == needed
    if isinstance(item, Table) and item.partition_of == needed:
        found.reattached.add(item.ref)
    return False


def _must_go_for_type(item: Object, *, rebuilt: bool, retyped: set[Ref]) -> bool:
    if item.ref.kind in ("view", "policy", "trigger", "routine"):
        return True
    if isinstance(item, Column):
        return bool(item.generated)
    if isinstance(item, Constraint) and item.type == "foreign key" and item.references is not None:
        there = {Ref("column", item.references.schema, name, item.references.name) for name in item.referenced_columns}
        here = {Ref("column", item.ref.schema, name, item.ref.parent) for name in item.columns}
        return rebuilt or bool(there & retyped and here & retyped)
    if isinstance(item, Constraint):
        return rebuilt and item.type in ("check", "exclude")
    if isinstance(item, Index):
        return rebuilt and item.constraint is None and (item.partial or "" in item.columns)
    return False
