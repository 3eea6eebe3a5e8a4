"""What was seen of rows before a migration and after its rollback."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from db_migrate.shadow.observe import Step
from db_migrate.shadow.wording import SHOWN, counted
from db_migrate_tools.rows.compare import State, TableDifference
from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Column, Ref, Table

_CHANGING = re.compile(
    r"\b(?:(?:now|random|crypt|DO|CALL|SELECT)\b|current_|clock_|localtime|gen_|uuid)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of rows: the state `before`, the `differences` from it after the rollback, the numbers of
    statements that change rows and met none (`idle`), tables that the migration works on and that got no rows
    (`unseen`, with the reason), leaves of partitioned tables, sequences that stand behind where they stood, columns
    that tell the rows of a table apart, sentences on what no rows could show (`unsettled`).
    """

    before: State = field(default_factory=State)
    differences: tuple[TableDifference, ...] = ()
    idle: tuple[int, ...] = ()
    unseen: Mapping[Ref, str] = field(default_factory=dict[Ref, str])
    leaves: Mapping[Ref, tuple[Ref, ...]] = field(default_factory=dict[Ref, tuple[Ref, ...]])
    rewound: tuple[Ref, ...] = ()
    keys: Mapping[Ref, tuple[tuple[str, ...], ...]] = field(default_factory=dict[Ref, tuple[tuple[str, ...], ...]])
    unsettled: tuple[str, ...] = ()


def is_back(ref: Ref, looked: Looked, different: Mapping[Ref, TableDifference]) -> bool:
    """Whether what the statements took away was seen to be there again. A column whose values were all alike does
    not show it.
    """
    table = ref if ref.kind == "table" else ref.relation
    if table is None:
        return False
    leaves = looked.leaves.get(table, (table,))
    contents = [looked.before.tables[leaf] for leaf in leaves if leaf in looked.before.tables]
    if len(contents) < len(leaves) or not any(found.lines for found in contents):
        return False
    if ref.kind == "table":
        return not any(leaf in different for leaf in leaves)
    changed = {column for leaf in leaves if leaf in different for column, _ in different[leaf].columns}
    whole = not any(leaf in different and different[leaf].missing for leaf in leaves)
    return whole and ref.name not in changed and any(found.varied(ref.name) > 1 for found in contents)


def is_back_above(ref: Ref, made: Delta, looked: Looked, different: Mapping[Ref, TableDifference]) -> bool:
    """Whether this is a partition, or a column of one, without rows, of a table whose rows all came back."""
    table = made.before.get(ref.relation or ref)
    while isinstance(table, Table) and table.partition_of is not None:
        above = table.partition_of
        if is_back(Ref("column", above.schema, ref.name, above.name) if ref.parent else above, looked, different):
            return True
        table = made.before.get(above)
    return False


def amount(ref: Ref, looked: Looked, different: Mapping[Ref, TableDifference]) -> str:
    table = ref if ref.kind == "table" else ref.relation
    if table is None:
        return ""
    found = [different[leaf] for leaf in looked.leaves.get(table, (table,)) if leaf in different]
    rows = sum(difference.rows for difference in found)
    if ref.kind == "table":
        missing = sum(difference.missing for difference in found)
        some = counted(rows) if missing == rows else f"{missing} of {counted(rows)}"
        return f" ({some})" if missing else ""
    count = sum(dict(difference.columns).get(ref.name, 0) for difference in found)
    return f" ({count} of {rows} values)" if count else ""


def changed(ref: Ref, count: int, difference: TableDifference, made: Delta, steps: Sequence[Step]) -> str:
    types = next(
        (
            f", after {change.before.type} to {change.after.type} and back"
            for change in made.altered
            if isinstance(change.before, Column)
            and isinstance(change.after, Column)
            and change.before.ref == ref
            and change.before.type != change.after.type
        ),
        "",
    )
    pair = difference.example.get(ref.name)
    if not types and any(_CHANGING.search(step.statement.text) for step in steps):
        # Another value each time: the same plan has the same words.
        pair = None
    shown = f" ({_cell(pair[0])} became {_cell(pair[1])})" if pair else ""
    return f"{count} of {difference.rows} values of {ref} differ{types}{shown}."


def _cell(value: str | None) -> str:
    if value is None:
        return "NULL"
    return f"{value[:24]!r}" if len(value) <= 24 else f"{value[:24]!r}…"


def remaining(difference: TableDifference, steps: Sequence[Step], keys: Sequence[tuple[str, ...]]) -> str:
    """The table and its new rows: by name where the migration names them, for other keys change from run to run."""
    text = "\n".join(step.statement.text for step in steps)
    for key in keys:
        named = [
            " ".join(repr(cell) for column in key if (cell := row.get(column)) is not None and _named(cell, text))
            for row in difference.new
        ]
        if named and len(named) == difference.extra and all(named):
            more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
            return f"{difference.table} {' and '.join(sorted(named)[:SHOWN])}{more}"
    return f"{counted(difference.extra)} of {difference.table}"


def _named(cell: str, text: str) -> bool:
    return f"'{cell}'" in text or (cell.isdigit() and re.search(rf"\b{cell}\b", text) is not None)
