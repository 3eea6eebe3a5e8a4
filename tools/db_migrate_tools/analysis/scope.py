"""How far a migration reaches: tables, rows, bytes, and what hangs on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from db_migrate_tools.analysis.names import show
from db_migrate_tools.analysis.situation import Situation
from db_migrate_tools.schema.model import Object, Ref, Routine, Table, Trigger, View
from db_migrate_tools.wire import ImpactScope


def _relation(ref: Ref) -> Ref | None:
    if ref.kind in ("table", "view"):
        return ref
    return ref.relation


def touched(every: Iterable[Situation]) -> tuple[list[Ref], list[Ref]]:
    """Tables and views that were there and that a statement locks, changes or names; and those that are new."""
    old: dict[Ref, None] = {}
    new: dict[Ref, None] = {}
    for s in every:
        changed = (*s.seen.created, *s.seen.altered, *s.seen.dropped)
        for ref in filter(None, map(_relation, changed)):
            if ref in s.before:
                old[ref] = None
            elif (found := Ref("view", ref.schema, ref.name)) in s.before:
                old[found] = None
        old.update(dict.fromkeys(ref for ref, _ in s.stopped() if ref in s.before))
        old.update(dict.fromkeys(ref for ref in s.named() if ref.kind in ("table", "view")))
        new.update(dict.fromkeys(s.created("table")))
    return list(old), list(new)


def dependents(every: Sequence[Situation]) -> list[str]:
    """Views, functions and triggers that use something which a statement changes or drops, by pg_depend."""
    if not every:
        return []
    before = every[0].before
    changed = {ref for s in every for ref in (*s.seen.altered, *s.seen.dropped) if ref in before}
    tables = {ref.relation for ref in changed if ref.kind == "column"} | {ref for ref in changed if ref.kind == "table"}
    found: list[str] = []
    for thing in before:
        if thing.ref in changed or not isinstance(thing, View | Routine | Trigger):
            continue
        own = thing.ref.relation
        if thing.depends & (changed | tables) and (isinstance(thing, Trigger) or own is None):
            found.append(f"{thing.ref.kind} {show(thing.ref)}")
    return sorted(found)


def _holds_rows(thing: Object | None) -> bool:
    return isinstance(thing, Table) or (isinstance(thing, View) and thing.materialized)


def _holding(every: Sequence[Situation], old: Iterable[Ref]) -> list[Ref]:
    """Those that hold rows; a partition's are counted with its parent's."""
    found = {ref: thing for ref in old if every and _holds_rows(thing := every[0].was(ref))}
    return [
        ref for ref, thing in found.items() if not (isinstance(thing, Table) and _parents(thing, every) & set(found))
    ]


def _parents(table: Table, every: Sequence[Situation]) -> set[Ref]:
    found: set[Ref] = set()
    above: Object | None = table
    while isinstance(above, Table) and above.partition_of is not None:
        found.add(above.partition_of)
        above = every[0].before.get(above.partition_of)
    return found


def scope(every: Sequence[Situation], application_files: Sequence[str]) -> ImpactScope:
    old, new = touched(every)
    holding = _holding(every, old)
    sizes = {ref: every[0].ground.size(ref) for ref in holding}
    empty = {ref for ref in holding if every[0].ground.empty(ref)}
    rows = {ref: 0 if ref in empty else size.rows if size is not None else None for ref, size in sizes.items()}
    known = sum(count for count in rows.values() if count is not None)
    uncounted = [show(ref) for ref, count in rows.items() if count is None]
    return ImpactScope(
        tables=[show(ref) for ref in old] + [f"{show(ref)} (new)" for ref in new],
        rows=None if uncounted else known,
        known_rows=known,
        exact=all(ref in empty or (size is not None and size.exact) for ref, size in sizes.items()),
        uncounted=uncounted,
        bytes=sum(size.bytes for size in sizes.values() if size is not None),
        dependents=dependents(every),
        application_files=list(application_files),
    )
