"""What no row could show of a migration, as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from db_migrate.shadow.observe import Step
from db_migrate.shadow.wording import called, listed, statements
from db_migrate_tools.schema.model import Ref


def left_out(steps: Sequence[Step]) -> Iterable[str]:
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


def idle_ones(steps: Sequence[Step], idle: Sequence[int], gone: set[Ref]) -> Iterable[str]:
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
    yield from unwatched_ones(numbers)


def unwatched_ones(numbers: Sequence[str]) -> Iterable[str]:
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


def written(steps: Sequence[Step], gone: set[Ref]) -> Iterable[str]:
    """Rows that statements insert, change or delete in tables that the rollback keeps."""
    wrote = {step.statement.number: step.traces.writes - gone for step in steps if step.traces.writes - gone}
    if wrote:
        tables = sorted({str(ref) for refs in wrote.values() for ref in refs})
        verb = "changes" if len(wrote) == 1 else "change"
        yield (
            f"{statements([str(number) for number in wrote])} {verb} rows of {listed(tables)}; "
            "the rollback does not bring those rows back."
        )


def not_shown(kept: Set[Ref]) -> list[str]:
    """What a rollback is made to bring back, and no row showed whether it does."""
    return [f"Whether the data of {listed(sorted(map(called, kept)))} come back was not seen."] if kept else []
