"""What a rollback that was run amounts to, in one word and the sentences that justify it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from db_migrate.shadow.observe import Step
from db_migrate_tools.evidence import PgFailure, RollbackProof
from db_migrate_tools.kept.model import WayBack
from db_migrate_tools.rows.compare import State, TableDifference
from db_migrate_tools.schema.diff import Delta, lost
from db_migrate_tools.schema.model import Column, Ref

SHOWN = 4

# Both ways keep every value that was there before the migration.
LOSSLESS = frozenset(
    {
        ("smallint", "integer"),
        ("smallint", "bigint"),
        ("integer", "bigint"),
        ("real", "double precision"),
        ("integer", "numeric"),
        ("bigint", "numeric"),
        ("smallint", "numeric"),
        ("text", "character varying"),
        ("smallint", "text"),
        ("integer", "text"),
        ("bigint", "text"),
        ("boolean", "text"),
        ("uuid", "text"),
    }
)


_CHANGING = re.compile(r"\b(now|random|current_|clock_|localtime|gen_|uuid|crypt|DO|CALL|SELECT)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lost` are objects of the schema before the migration whose rows or values do not come back; `values` counts
    the rows and values seen missing or changed, `stays` that nothing is lost and everything seen, but rows are there
    that were not.
    """

    proof: RollbackProof
    why: str | None = None
    lost: tuple[Ref, ...] = ()
    notes: tuple[str, ...] = ()
    values: int = 0
    stays: bool = False


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


def failed(number: int, count: int, said: PgFailure) -> Verdict:
    """The rollback itself was refused."""
    return Verdict("failed", f"Statement {number} of {count} of the rollback failed: {said.message}.")


def not_restored(differences: Sequence[str]) -> Verdict:
    """It ran, and the schema is not the one before."""
    return Verdict("failed", f"After the rollback the schema is not as it was: {listed(differences)}.")


def impossible(differences: Sequence[str]) -> Verdict:
    """There are no statements that would undo it."""
    return Verdict("impossible", f"There is no statement that undoes this: {listed(differences)}.")


def restored(
    made: Delta,
    steps: Sequence[Step],
    order: Sequence[Ref] = (),
    kept: WayBack | None = None,
    why_no_rows: str = "",
    more: Sequence[str] = (),
) -> Verdict:
    """The schema came back, and nothing is known of rows: there were none.

    What is said of them follows from what the statements did: `proven` only where the migration left every row as
    it was. Rows that went with their table or column are known to be lost; rows that statements wrote or that were
    `kept` are a matter that a copy without rows cannot settle, and the weaker word wins.
    """
    gone = _gone(made, steps)
    back = gone & kept.keeps if kept is not None else set[Ref]()
    gone -= back
    unwatched = [str(step.statement.number) for step in steps if blind(step)]
    unsettled = [*_left_out(steps), *_written(steps, gone), *_converted(made), *_unwatched(unwatched)]
    if back:
        unsettled.append(f"Whether the data of {listed(sorted(map(_called, back)))} come back was not seen.")
    if why_no_rows:
        unsettled.append(why_no_rows)
    unsettled += more
    sentences: list[str] = []
    if gone:
        sentences.append(f"The schema comes back without the data of {listed(sorted(map(_called, gone)))}.")
    sentences += unsettled
    proof: RollbackProof = "not-proven" if unsettled else "proven-with-data-loss" if gone else "proven"
    return Verdict(proof, " ".join(sentences) or None, tuple(sorted(gone)), _notes(order))


def seen(
    made: Delta, steps: Sequence[Step], looked: Looked, order: Sequence[Ref] = (), kept: WayBack | None = None
) -> Verdict:
    """The schema came back, and rows were there before: `proven` only where every one of them is back as it was."""
    different = {difference.table: difference for difference in looked.differences}
    gone = {ref for ref in _gone(made, steps) if not _is_back(ref, looked, different)}
    named: dict[Ref, str] = {ref: _called(ref) + _amount(ref, looked, different) for ref in gone}
    lost_refs = set(gone)
    rest: list[str] = []
    extra: list[str] = []
    told = {leaf for ref in gone if ref.kind == "table" for leaf in looked.leaves.get(ref, (ref,))}
    for table, difference in different.items():
        if table in told:
            continue
        for column, count in difference.columns:
            ref = Ref("column", table.schema, column, table.name)
            if ref not in gone:
                lost_refs.add(ref)
                rest.append(_changed(ref, count, difference, made, steps))
        if difference.missing:
            lost_refs.add(table)
            rest.append(f"{difference.missing} of {difference.rows} rows of {table} are not there any more.")
        if difference.extra:
            extra.append(_remaining(difference, steps, looked.keys.get(table, ())))
    sentences: list[str] = []
    if gone:
        sentences.append(f"The schema comes back without the data of {listed([named[ref] for ref in sorted(gone)])}.")
    if rest:
        sentences.append("After the rollback, of the synthetic rows: " + " ".join(rest[:SHOWN]))
        if len(rest) > SHOWN:
            sentences.append(f"And {len(rest) - SHOWN} more differences like these.")
    for ref in looked.rewound:
        lost_refs.add(ref)
        sentences.append(f"The sequence {ref} starts again behind values that it has given out: its position is lost.")
    loses = bool(lost_refs or rest)
    if extra:
        sentences.append(
            f"After the rollback rows remain that were not there before: {listed(extra)}. A rollback written in the "
            "source can remove them."
        )
    # Losses that were seen are told as such; a column that is kept as it was is not converted back.
    known = lost_refs | (set(kept.keeps) if kept is not None else set[Ref]())
    unsettled = [
        *_left_out(steps),
        *_idle(steps, looked.idle, gone),
        *unseen(looked.unseen),
        *_tried_only(made, known),
        *looked.unsettled,
    ]
    sentences += unsettled
    proof: RollbackProof = "not-proven" if unsettled or extra else "proven-with-data-loss" if loses else "proven"
    values = sum(d.missing + d.extra + sum(count for _, count in d.columns) for d in looked.differences)
    stays = bool(extra) and not loses and not unsettled
    return Verdict(proof, " ".join(sentences) or None, tuple(sorted(lost_refs)), _notes(order), values, stays)


def _named(cell: str, text: str) -> bool:
    return f"'{cell}'" in text or (cell.isdigit() and re.search(rf"\b{cell}\b", text) is not None)


def _remaining(difference: TableDifference, steps: Sequence[Step], keys: Sequence[tuple[str, ...]]) -> str:
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
    return f"{_rows(difference.extra)} of {difference.table}"


def _gone(made: Delta, steps: Sequence[Step]) -> set[Ref]:
    return set(lost(made)) | {ref for step in steps for ref in step.traces.truncated}


def _notes(order: Sequence[Ref]) -> tuple[str, ...]:
    return tuple(f"The columns of {ref} stand in another order after the rollback." for ref in order)


def _is_back(ref: Ref, looked: Looked, different: Mapping[Ref, TableDifference]) -> bool:
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


def _amount(ref: Ref, looked: Looked, different: Mapping[Ref, TableDifference]) -> str:
    table = ref if ref.kind == "table" else ref.relation
    if table is None:
        return ""
    found = [different[leaf] for leaf in looked.leaves.get(table, (table,)) if leaf in different]
    rows = sum(difference.rows for difference in found)
    if ref.kind == "table":
        missing = sum(difference.missing for difference in found)
        some = _rows(rows) if missing == rows else f"{missing} of {_rows(rows)}"
        return f" ({some})" if missing else ""
    count = sum(dict(difference.columns).get(ref.name, 0) for difference in found)
    return f" ({count} of {rows} values)" if count else ""


def _changed(ref: Ref, count: int, difference: TableDifference, made: Delta, steps: Sequence[Step]) -> str:
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


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _left_out(steps: Sequence[Step]) -> Iterable[str]:
    numbers = [str(step.statement.number) for step in steps if step.left_out]
    if numbers:
        yield (
            f"{statements(numbers)} could not be rehearsed, so nothing is known about undoing "
            f"{'it' if len(numbers) == 1 else 'them'}."
        )


def blind(step: Step) -> bool:
    """Whether it is code that commits by itself, where writing is not seen by its locks, and that made nothing else."""
    seen = step.observation
    return (
        step.statement.opaque and not step.statement.transactional and not (seen.created + seen.altered + seen.dropped)
    )


def _idle(steps: Sequence[Step], idle: Sequence[int], gone: set[Ref]) -> Iterable[str]:
    """Statements that change rows and found none to change."""
    tables = {step.statement.number: step.traces.writes - gone for step in steps if step.statement.number in idle}
    tables = {number: refs for number, refs in tables.items() if refs}
    if tables:
        names = sorted({str(ref) for refs in tables.values() for ref in refs})
        verb = "changes" if len(tables) == 1 else "change"
        yield (
            f"{statements([str(number) for number in tables])} {verb} rows of {listed(names)}, but none of the "
            "synthetic rows was one of those, so it was not seen whether the rollback brings them back."
        )
    numbers = [
        str(step.statement.number)
        for step in steps
        if step.statement.number in idle and step.statement.number not in tables and not step.traces.writes
    ]
    yield from _unwatched(numbers)


def _unwatched(numbers: Sequence[str]) -> Iterable[str]:
    if numbers:
        verb = "runs" if len(numbers) == 1 else "run"
        yield (
            f"{statements(numbers)} {verb} code that commits by itself, but none of the synthetic rows was changed by "
            "it, so it was not seen whether the rollback brings rows back."
        )


def unseen(tables: Mapping[Ref, str]) -> Iterable[str]:
    """Tables without rows, with the reason of each."""
    if tables:
        reasons = [f"{ref} ({reason})" for ref, reason in sorted(tables.items())]
        yield f"The proof had no rows in {listed(reasons)}."


def _written(steps: Sequence[Step], gone: set[Ref]) -> Iterable[str]:
    """Rows that statements insert, change or delete in tables that the rollback keeps."""
    wrote = {step.statement.number: step.traces.writes - gone for step in steps if step.traces.writes - gone}
    if wrote:
        tables = sorted({str(ref) for refs in wrote.values() for ref in refs})
        verb = "changes" if len(wrote) == 1 else "change"
        yield (
            f"{statements([str(number) for number in wrote])} {verb} rows of {listed(tables)}; "
            "the rollback does not bring those rows back."
        )


def _conversions(made: Delta, known: Set[Ref] = frozenset()) -> list[str]:
    """Columns that are converted to a type from which a value may not come back, all but those that are `known`."""
    return [
        f"{change.ref} ({change.before.type} to {change.after.type})"
        for change in made.altered
        if isinstance(change.before, Column)
        and isinstance(change.after, Column)
        and "type" in change.fields
        and (change.before.type, change.after.type) not in LOSSLESS
        and not _widened(change.before.type, change.after.type)
        and not known & {change.before.ref, change.before.ref.relation, change.ref}
    ]


def _converted(made: Delta) -> Iterable[str]:
    """Columns whose values are converted, there and back."""
    columns = _conversions(made)
    if columns:
        yield f"The values of {listed(columns)} are converted there and back, which may change them."


def _tried_only(made: Delta, known: Set[Ref]) -> Iterable[str]:
    """Conversions that brought back the values that were tried, which are not all that there are."""
    columns = _conversions(made, known)
    if columns:
        yield (
            f"The values of {listed(columns)} are converted there and back; other values than those tried may not "
            "come back."
        )


_NUMERIC = re.compile(r"numeric(?:\((\d+),(\d+)\))?")


def _widened(before: str, after: str) -> bool:
    """Whether a character type only grew: varchar(50) to varchar(80), to varchar, or to text; or numeric did."""
    one, other_one = _NUMERIC.fullmatch(before), _NUMERIC.fullmatch(after)
    if one is not None and one[1] and other_one is not None:
        digits, scale = int(one[1]), int(one[2])
        if not other_one[1]:
            return True
        return int(other_one[2]) >= scale and int(other_one[1]) - int(other_one[2]) >= digits - scale
    base, _, limit = before.partition("(")
    wider, _, other = after.partition("(")
    if base != "character varying" or wider not in {"character varying", "text"}:
        return False
    return not other or (bool(limit) and int(other.rstrip(")")) >= int(limit.rstrip(")")))


def _called(ref: Ref) -> str:
    return f"{ref.kind} {ref}"


def statements(numbers: Sequence[str]) -> str:
    return f"Statement {numbers[0]}" if len(numbers) == 1 else f"Statements {listed(numbers)}"


def listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more
