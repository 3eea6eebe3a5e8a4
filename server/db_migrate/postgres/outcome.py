"""How a run is told: a report for every statement, what stands, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from db_migrate.postgres.journal import Run
from db_migrate_tools.evidence import Execution, PgFailure, StepReport
from db_migrate_tools.sql.model import Statement

StepOutcome = Literal["done", "already-done", "rolled_back", "failed", "not-run"]


class Failed(Exception):  # noqa: N818 - an outcome, not a bug
    """A part of the migration failed, and its transaction is rolled back. `remains` names what stayed of it."""

    def __init__(
        self,
        reason: str,
        remedy: str,
        *,
        statement: Statement | None = None,
        failure: PgFailure | None = None,
        blockers: tuple[str, ...] = (),
        remains: tuple[str, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.statement = statement
        self.failure = failure
        self.blockers = blockers
        self.remains = remains


@dataclass(frozen=True, slots=True)
class Lost:
    """The session ended while `statement` ran, or between statements; the journal knows what came of it."""

    statement: Statement | None
    said: str


def title(statement: Statement) -> str:
    """A statement in a few words, as messages name it."""
    first = " ".join(statement.text.split())
    return f"Statement {statement.number} ({first if len(first) <= 60 else first[:59] + '…'})"


def not_run(statement: Statement) -> StepReport:
    """The report of a statement before anything happened to it."""
    return StepReport(sql=statement.text, ms=0.0, lock_wait_ms=0.0, attempts=0, outcome="not-run")


def already_applied(statements: Sequence[Statement], fingerprint: str | None) -> Execution:
    """The plan was applied by an earlier call; nothing ran now."""
    return Execution(
        status="applied",
        steps=tuple(replace(not_run(s), outcome="already-done") for s in statements),
        reason="This plan was already applied here; nothing ran again.",
        fingerprint_after=fingerprint,
        resumed=True,
    )


def failed(statements: Sequence[Statement], reports: Mapping[int, StepReport], failure: Failed) -> Execution:
    """The outcome of a failure: `rolled_back` when nothing stands, else `failed`, and exactly what stands."""
    committed = [s for s in statements if reports[s.number].outcome in ("done", "already-done")]
    stands = (*(f"{title(s)} stands." for s in committed), *failure.remains)
    steps = tuple(reports[s.number] for s in statements)
    if not stands:
        return Execution(
            status="rolled_back",
            steps=steps,
            reason=f"{failure.reason} Everything was rolled back: the database is as it was.",
            remedy=failure.remedy,
            blockers=failure.blockers,
        )
    return Execution(
        status="failed",
        steps=steps,
        reason=f"{failure.reason} What had been committed before stands.",
        remedy=f"{failure.remedy} {_resume(statements, committed)}",
        stands=stands,
        blockers=failure.blockers,
        resumable=True,
    )


def told_by_journal(
    statements: Sequence[Statement], known: Run | None, lost: Lost, fingerprint: str | None
) -> Execution:
    """The outcome of a run whose session was lost."""
    if known is not None and known.state == "applied":
        steps = tuple(replace(not_run(s), outcome="done", attempts=1) for s in statements)
        return Execution(status="applied", steps=steps, fingerprint_after=fingerprint, resumed=True)
    where = f"while {title(lost.statement)} ran" if lost.statement else "between two statements"
    done = {} if known is None else {s.number: s for s in known.steps if s.state == "done"}
    reports = {
        s.number: replace(not_run(s), outcome="done", ms=done[s.number].ms, attempts=done[s.number].attempts)
        if s.number in done
        else not_run(s)
        for s in statements
    }
    if lost.statement is not None and lost.statement.number not in done:
        reports[lost.statement.number] = replace(reports[lost.statement.number], outcome="failed", attempts=1)
    intent = known.intent if known is not None else None
    remains = _begun(statements, intent.number) if intent else ()
    return failed(
        statements,
        reports,
        Failed(
            f"The database ended the session {where}: {lost.said}.",
            "Look why: a restart, pg_terminate_backend, the network.",
            remains=remains,
        ),
    )


def undecided(lost: Lost, why: str) -> Execution:
    """The session was lost and the database cannot be asked: nobody knows yet, and nothing is lost by waiting."""
    return Execution(
        status="failed",
        reason=f"The session was lost ({lost.said}) and the outcome cannot be read yet: {why}",
        remedy="Call approve again with the same token: it reads the outcome from the database and runs nothing twice.",
        busy=True,
    )


def _begun(statements: Sequence[Statement], number: int) -> tuple[str, ...]:
    return tuple(
        f"{title(s)} was begun outside a transaction; whether it is done is looked up when the run is resumed."
        for s in statements
        if s.number == number
    )


def _resume(statements: Sequence[Statement], committed: Iterable[Statement]) -> str:
    done = {s.number for s in committed}
    following = next((s.number for s in statements if s.number not in done), len(statements))
    return (
        f"The same approval resumes at statement {following} as long as nothing else changes the schema; "
        "to go back instead, plan the reverse of the statements that stand."
    )
