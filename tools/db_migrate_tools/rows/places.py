"""Sequences: which of them a migration may set back, and where they stand before it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Catalog, Column, Ref, Sequence, SequenceOptions
from db_migrate_tools.schema.semantics import KEPT_SCHEMA

FAR = 1_000_000
"""Values given out before the migration runs: more than a migration's own text is likely to name."""

NEAR = 41


@dataclass(frozen=True, slots=True)
class Counter:
    """A sequence, or the one behind an identity `column`."""

    ref: Ref
    options: SequenceOptions
    column: Ref | None = None


def counters(catalog: Catalog) -> dict[Ref, Counter]:
    """Every sequence of a schema, those behind identities included."""
    found: dict[Ref, Counter] = {}
    for item in catalog:
        if item.ref.schema == KEPT_SCHEMA:
            continue
        if isinstance(item, Sequence):
            found[item.ref] = Counter(item.ref, item.options)
        elif isinstance(item, Column) and item.identity_options is not None and item.identity_sequence:
            ref = Ref("sequence", item.ref.schema, item.identity_sequence)
            found[ref] = Counter(ref, item.identity_options, item.ref)
    return found


def at_risk(every: Mapping[Ref, Counter], touched: Iterable[str], delta: Delta) -> tuple[Counter, ...]:
    """The sequences that a migration's statements locked (`touched`, as `schema.name`) or changed."""
    names = {other: one for one, other in delta.mapping.items()}
    refs = {item.ref for item in delta.dropped} | {rename.before for rename in delta.renamed}
    refs |= {names.get(change.ref, change.ref) for change in delta.altered}
    locked = frozenset(touched)
    return tuple(
        counter for ref, counter in sorted(every.items()) if ref in refs or counter.column in refs or str(ref) in locked
    )


def advanced(counter: Counter, after: Mapping[Ref, Counter], *, far: bool) -> int:
    """A value that a used sequence may have given out last, one that the migration's own bounds allow too."""
    mine, later = counter.options, after.get(counter.ref, counter).options
    low, high = max(mine.minimum, later.minimum), min(mine.maximum, later.maximum)
    room = (high - mine.start) // mine.increment if mine.increment > 0 else (low - mine.start) // mine.increment
    steps = max(0, min(FAR if far else NEAR, room // 2))
    return mine.start + steps * mine.increment


def same_now(counter: Counter, now: Catalog) -> Ref:
    """The sequence's name in another schema: one behind an identity is found by its column."""
    column = now.get(counter.column) if counter.column is not None else None
    if isinstance(column, Column) and column.identity_sequence:
        return Ref("sequence", column.ref.schema, column.identity_sequence)
    return counter.ref


def set_back(
    before: Mapping[Ref, tuple[int, bool]], after: Mapping[Ref, tuple[int, bool]], every: Mapping[Ref, Counter]
) -> tuple[Ref, ...]:
    """The sequences that stand behind where they stood."""
    return tuple(
        ref
        for ref, (value, called) in before.items()
        if ref in after and _along(every.get(ref), *after[ref]) < _along(every.get(ref), value, called=called)
    )


def _along(counter: Counter | None, value: int, called: bool) -> tuple[int, bool]:
    return (-value if counter is not None and counter.options.increment < 0 else value), called
