"""What must be dropped and made again because something that it needs is."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from db_migrate_tools.schema.ddl import stored
from db_migrate_tools.schema.ddl.quote import literal, qualified
from db_migrate_tools.schema.ddl.types import label_changes
from db_migrate_tools.schema.diff import Change, Delta
from db_migrate_tools.schema.kinds import KINDS, PublicationTable, Statistics
from db_migrate_tools.schema.model import Column, Constraint, Index, Object, Ref, Sequence, Table, Type
from db_migrate_tools.schema.order import BY_NAME
from db_migrate_tools.schema.renames import quoted
from db_migrate_tools.schema.replaced import must_replace

SET_EXPRESSION_SINCE = 170000
_WORD = re.compile(r'"(?:[^"]|"")+"|[^\W\d][\w$]*')
_ALWAYS = frozenset({"constraint", "index", "policy", "trigger", "view", "routine"}) | KINDS


@dataclass(slots=True)
class Closure:
    """`remade` get a drop and a create, `defaults` are taken off and put back, `rebuilt` types keep their columns,
    `reattached` partitions leave their parent and come back, `checks` are domains whose checks or default must go
    and come back. `rows` are tables whose columns change while others store their rows, with those columns; `parked`
    are rebuilt types that go before their successors come. `users` are who depends on what, before;
    `stored` are tables that gain columns while others store their rows.
    """

    remade: set[Ref] = field(default_factory=set[Ref])
    defaults: set[Ref] = field(default_factory=set[Ref])
    rebuilt: dict[Ref, tuple[Column, ...]] = field(default_factory=dict[Ref, tuple[Column, ...]])
    reattached: set[Ref] = field(default_factory=set[Ref])
    checks: set[Ref] = field(default_factory=set[Ref])
    rows: dict[Ref, tuple[Column, ...]] = field(default_factory=dict[Ref, tuple[Column, ...]])
    parked: set[Ref] = field(default_factory=set[Ref])
    users: Mapping[Ref, Collection[Ref]] = field(default_factory=dict[Ref, Collection[Ref]])
    stored: set[Ref] = field(default_factory=set[Ref])


def close(delta: Delta, gone: set[Ref], version: int, rebuild: frozenset[Ref] = frozenset()) -> Closure:
    """Follow the dependencies of what is dropped, replaced, retyped or rebuilt; `rebuild` are types that must be."""
    users = stored.Users(delta)
    found = Closure(rebuilt=dict.fromkeys(rebuild, ()), users=users)
    changes = {change.ref: change for change in delta.altered}
    retyped = {ref for ref, change in changes.items() if _retyped(change)}
    pending: list[Ref] = sorted(gone, key=BY_NAME)
    for ref, change in changes.items():
        if must_replace(change.before, change.after) or _needs_new_expression(change, version):
            found.remade.add(ref)
            pending.append(ref)
        elif (
            isinstance(change.after, Type)
            and isinstance(change.before, Type)
            and (
                _must_rebuild(change, delta)
                or (_tightens(change.before, change.after) and stored.held(ref, users, delta))
            )
        ):
            found.rebuilt[ref] = ()
        elif ref in retyped and stored.is_stored(holder := Ref("type", ref.schema, ref.parent), users, delta):
            found.rebuilt[holder] = ()
        elif ref in retyped and (view := Ref("view", ref.schema, ref.parent)) in delta.base.objects:
            # CREATE OR REPLACE VIEW keeps its columns' types.
            found.remade |= {view} & delta.after.objects.keys()
            pending.append(view)
    pending += sorted(retyped - found.remade)
    for ref, change in changes.items():
        if "partition_of" in change.fields and isinstance(before := change.before, Index) and before.partition_of:
            if not _stays_attached(before, delta):
                continue
            # An index leaves a partitioned one only by being made again, and that one too.
            found.remade |= {ref, before.partition_of} & delta.after.objects.keys() - gone
            pending += [ref, before.partition_of]
    for ref in gone:
        above = _index_above(ref, delta, gone)
        if above is not None and above not in found.remade:
            found.remade.add(above)
            pending.append(above)
    stored.rebuild_what_is_made_of(found, users, delta)
    found.parked = stored.parked(found, users, delta)
    soft = set(retyped)
    as_text: set[Ref] = set()
    for ref in found.rebuilt:
        columns = [
            item
            for item in (delta.after.get(user) for user in users[ref])
            if isinstance(item, Column) and item.type_ref == ref and _is_stored(item, delta)
        ]
        found.rebuilt[ref] = tuple(sorted(columns, key=lambda c: (c.ref.schema, c.ref.parent, c.position)))
        parts = {c.ref for c in columns} | _attributes(ref, delta)
        soft |= {ref, *parts}
        if ref in found.parked:
            as_text |= parts
        pending += [ref, *sorted(parts)]
    found.rows = stored.rows(found, retyped, users, delta)
    for columns_of in found.rows.values():
        parts = {column.ref for column in columns_of}
        soft |= parts
        as_text |= parts
        pending += sorted(parts)
    rebuilt = {ref for ref in soft if ref not in retyped}
    for ref in sorted(soft, key=BY_NAME):
        table = delta.base.get(Ref("table", ref.schema, ref.parent))
        if isinstance(table, Table) and table.ref in delta.after.objects and _in_key(ref, table):
            # A partition key's column keeps its type; the table itself holds no rows.
            found.remade.add(table.ref)
            pending.append(table.ref)
    while pending or _generated_behind(found, delta, gone, pending):
        ref = pending.pop()
        in_place = ref in soft and ref not in found.remade and ref not in gone
        for user in users[ref]:
            if user in gone or user in found.remade or user not in delta.after.objects:
                continue
            item = delta.base.objects[user]
            if (ref in as_text and isinstance(item, Index | Constraint)) or _must_go(
                item, ref, found, in_place=in_place, rebuilt=ref in rebuilt, retyped=retyped
            ):
                found.remade.add(user)
                pending.append(user)
                if isinstance(item, Index) and item.constraint is not None:
                    key = Ref("constraint", user.schema, item.constraint, item.table.name)
                    if (
                        key in delta.base.objects
                        and key in delta.after.objects
                        and key not in found.remade
                        and key not in gone
                    ):
                        found.remade.add(key)
                        pending.append(key)
    gaining = {
        Ref("table", item.ref.schema, item.ref.parent)
        for item in delta.created
        if isinstance(item, Column) and item.default is not None
    }
    found.stored = {
        ref for ref in gaining if isinstance(delta.base.get(ref), Table) and stored.storing(ref, users, delta)
    }
    # A domain that arrays or composite types hold takes no new checks.
    held = frozenset(ref for ref in found.checks if stored.held(ref, users, delta)) - found.rebuilt.keys()
    return close(delta, gone, version, rebuild | held) if held else found


def _generated_behind(found: Closure, delta: Delta, gone: set[Ref], pending: list[Ref]) -> bool:
    """Whether more is to be made again to keep an order: generated columns behind a remade one, if nothing else is."""
    for ref in sorted(found.remade, key=BY_NAME):
        table = delta.base.get(Ref("table", ref.schema, ref.parent))
        if ref.kind != "column" or not isinstance(table, Table) or table.ref in found.remade or table.ref in gone:
            continue
        names = table.columns[table.columns.index(ref.name) + 1 :]
        behind = [Ref("column", ref.schema, name, ref.parent) for name in names]
        behind = [one for one in behind if one in delta.after.objects and one not in found.remade and one not in gone]
        columns = [column for one in behind if isinstance(column := delta.after.objects[one], Column)]
        if behind and all(column.generated and column.local for column in columns):
            found.remade.update(behind)
            pending += behind
    return bool(pending)


def _attributes(ref: Ref, delta: Delta) -> set[Ref]:
    """The attributes that a composite type has before and afterwards."""
    before, after = delta.base.get(ref), delta.after.get(ref)
    if not isinstance(before, Type) or not isinstance(after, Type):
        return set()
    return {Ref("column", ref.schema, name, ref.name) for name in before.columns if name in after.columns}


def _in_key(ref: Ref, table: Table) -> bool:
    words = _WORD.findall(table.partition_by or "")
    return ref.kind == "column" and (ref.name in words or quoted(ref.name) in words)


def _stays_attached(index: Index, delta: Delta) -> bool:
    """Whether its table stays a partition of the same parent; a table that is detached takes its indexes along."""
    before, after = delta.base.get(index.table), delta.after.get(index.table)
    return isinstance(before, Table) and isinstance(after, Table) and before.partition_of == after.partition_of


def _index_above(ref: Ref, delta: Delta, gone: set[Ref]) -> Ref | None:
    """The partitioned index without which a partition's index cannot go, though it is to stay itself."""
    index = delta.base.objects[ref]
    if not isinstance(index, Index) or index.partition_of is None or index.partition_of in gone:
        return None
    table, above = delta.after.get(index.table), delta.base.get(index.partition_of)
    attached = isinstance(table, Table) and isinstance(above, Index) and table.partition_of == above.table
    return index.partition_of if attached and index.partition_of in delta.after.objects else None


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


def _tightens(before: Type, after: Type) -> bool:
    """Whether a domain comes to allow less."""
    old = {check.name: check for check in before.checks}
    return (before.nullable and not after.nullable) or any(
        check.name not in old
        or (check.definition, check.validated) != (old[check.name].definition, old[check.name].validated)
        for check in after.checks
    )


def _texts(delta: Delta) -> list[str]:
    items: list[Object] = [*delta.created, *(change.after for change in delta.altered)]
    checks = [check.definition for item in items if isinstance(item, Type) for check in item.checks]
    values = (getattr(item, name, None) for item in items for name in ("definition", "default", "using", "check"))
    return [*checks, *(value for value in values if isinstance(value, str))]


def _must_go(item: Object, needed: Ref, found: Closure, *, in_place: bool, rebuilt: bool, retyped: set[Ref]) -> bool:
    """Whether `item` cannot stay while `needed` is dropped, or retyped in place."""
    if in_place:
        if isinstance(item, Column) and needed.kind == "type" and item.type_ref != needed and not item.generated:
            found.defaults |= {item.ref} if item.default is not None else set()
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
    if isinstance(item, Type) and needed.kind == "routine":
        found.checks.add(item.ref)
    if isinstance(item, Table) and item.partition_of == needed:
        found.reattached.add(item.ref)
    return isinstance(item, Table) and needed.kind == "foreign-server"


def _must_go_for_type(item: Object, *, rebuilt: bool, retyped: set[Ref]) -> bool:
    if item.ref.kind in ("view", "policy", "trigger", "routine", "rule"):
        return True
    if isinstance(item, PublicationTable | Statistics):
        # Postgres refuses for the one; the other it makes again itself, as the property of whoever alters.
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
        return rebuilt and (item.partial or "" in item.columns)
    return rebuilt and item.ref.kind in KINDS
