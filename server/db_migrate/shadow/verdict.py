"""What a rollback that was run amounts to, in one word and the sentences that justify it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from db_migrate.shadow.observe import Step
from db_migrate_tools.evidence import PgFailure, RollbackProof
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
    }
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lost` are objects of the schema before the migration whose rows or values do not come back."""

    proof: RollbackProof
    why: str | None = None
    lost: tuple[Ref, ...] = ()
    notes: tuple[str, ...] = ()


def failed(number: int, count: int, said: PgFailure) -> Verdict:
    """The rollback itself was refused."""
    return Verdict("failed", f"Statement {number} of {count} of the rollback failed: {said.message}.")


def not_restored(differences: Sequence[str]) -> Verdict:
    """It ran, and the schema is not the one before."""
    return Verdict("failed", f"After the rollback the schema is not as it was: {_listed(differences)}.")


def impossible(differences: Sequence[str]) -> Verdict:
    """There are no statements that would undo it."""
    return Verdict("impossible", f"There is no statement that undoes this: {_listed(differences)}.")


def restored(made: Delta, steps: Sequence[Step], order: Sequence[Ref] = ()) -> Verdict:
    """The schema came back; `made` is what the migration did to it. Now the rows.

    The copy has none, so what is said of them follows from what the statements did: `proven` only where the
    migration left every row as it was. Rows that went with their table or column are known to be lost; rows that
    statements wrote are a matter that the copy cannot settle, and the weaker word wins.
    """
    gone = set(lost(made)) | {ref for step in steps for ref in step.traces.truncated}
    unsettled = [*_left_out(steps), *_written(steps, gone), *_converted(made)]
    notes = tuple(f"The columns of {ref} stand in another order after the rollback." for ref in order)
    sentences: list[str] = []
    if gone:
        sentences.append(f"The schema comes back without the data of {_listed(sorted(map(_called, gone)))}.")
    sentences += unsettled
    proof: RollbackProof = "not-proven" if unsettled else "proven-with-data-loss" if gone else "proven"
    return Verdict(proof, " ".join(sentences) or None, tuple(sorted(gone)), notes)


def _left_out(steps: Sequence[Step]) -> Iterable[str]:
    numbers = [str(step.statement.number) for step in steps if step.left_out]
    if numbers:
        yield (
            f"{_statements(numbers)} could not be rehearsed, so nothing is known about undoing "
            f"{'it' if len(numbers) == 1 else 'them'}."
        )


def _written(steps: Sequence[Step], gone: set[Ref]) -> Iterable[str]:
    """Rows that statements insert, change or delete in tables that the rollback keeps."""
    wrote = {step.statement.number: step.traces.writes - gone for step in steps if step.traces.writes - gone}
    if wrote:
        tables = sorted({str(ref) for refs in wrote.values() for ref in refs})
        verb = "changes" if len(wrote) == 1 else "change"
        yield (
            f"{_statements([str(number) for number in wrote])} {verb} rows of {_listed(tables)}; "
            "the rollback does not bring those rows back."
        )


def _converted(made: Delta) -> Iterable[str]:
    """Columns whose values are converted, there and back."""
    columns = [
        f"{change.ref} ({change.before.type} to {change.after.type})"
        for change in made.altered
        if isinstance(change.before, Column)
        and isinstance(change.after, Column)
        and "type" in change.fields
        and (change.before.type, change.after.type) not in LOSSLESS
        and not _widened(change.before.type, change.after.type)
    ]
    if columns:
        yield f"The values of {_listed(columns)} are converted there and back, which may change them."


def _widened(before: str, after: str) -> bool:
    """Whether a character type only grew: varchar(50) to varchar(80), to varchar, or to text."""
    base, _, limit = before.partition("(")
    wider, _, other = after.partition("(")
    if base != "character varying" or wider not in {"character varying", "text"}:
        return False
    return not other or (bool(limit) and int(other.rstrip(")")) >= int(limit.rstrip(")")))


def _called(ref: Ref) -> str:
    return f"{ref.kind} {ref}"


def _statements(numbers: Sequence[str]) -> str:
    return f"Statement {numbers[0]}" if len(numbers) == 1 else f"Statements {_listed(numbers)}"


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more
