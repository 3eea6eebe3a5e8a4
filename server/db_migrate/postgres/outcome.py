"""How a run is told: a report for every statement, what stands, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from db_migrate.postgres.concurrent import without_comments
from db_migrate.postgres.dsn import Dsn, redact
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
        blockers: tuple[str, ...] = (),
        remains: tuple[str, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.blockers = blockers
        self.remains = remains


@dataclass(frozen=True, slots=True)
class Lost:
    """The session ended while `statement` ran, or between statements; the journal knows what came of it."""

    statement: Statement | None
    said: str


def title(statement: Statement) -> str:
    """A statement in a few words, without its comments, as messages name it."""
    first = " ".join(without_comments(statement.text).split())
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


class Reports:
    """The report of every statement, in order, as a run goes on."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._reports = {s.number: not_run(s) for s in statements}

    def all(self) -> tuple[StepReport, ...]:
        return tuple(self._reports.values())

    def already_done(self, number: int) -> None:
        """An earlier run of the plan committed this statement."""
        if number in self._reports:
            self._reports[number] = replace(self._reports[number], outcome="already-done")

    def set(
        self,
        statement: Statement,
        kind: StepOutcome,
        *,
        attempts: int,
        ms: float | None = None,
        lock_wait_ms: float | None = None,
        error: PgFailure | None = None,
    ) -> None:
        """What came of one statement; times that are not given stay."""
        before = self._reports[statement.number]
        self._reports[statement.number] = replace(
            before,
            outcome=kind,
            attempts=attempts,
            ms=before.ms if ms is None else ms,
            lock_wait_ms=before.lock_wait_ms if lock_wait_ms is None else lock_wait_ms,
            error=error,
        )

    def undo(self, part: Sequence[Statement], current: Statement | None, attempts: int, waited: float) -> None:
        """After a rollback: those before the failing statement ran and are undone, the rest never ran."""
        for statement in part:
            if statement is current:
                self.set(statement, "failed", attempts=attempts, lock_wait_ms=waited)
                return
            self.set(statement, "rolled_back", attempts=attempts)


def refused_by_postgres(statement: Statement | None, failure: PgFailure, remedy: str) -> Failed:
    """An error in the words of Postgres; without a statement it came at the commit."""
    detail = f" {failure.detail.rstrip('.')}." if failure.detail else ""
    return Failed(f"{_where(statement)} failed: {failure.message.rstrip('.')}.{detail}", remedy)


def gave_up(statement: Statement | None, attempts: int, blockers: tuple[str, ...]) -> Failed:
    """Others held what the statement needs for as long as it may wait."""
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    who = f" In the way: {'; '.join(blockers)}." if blockers else ""
    return Failed(
        f"{_where(statement)} could not get its locks{tried}.{who}",
        "End that session, or wait for a quieter moment.",
        blockers=blockers,
    )


def _where(statement: Statement | None) -> str:
    return title(statement) if statement is not None else "The commit"


def redacted(execution: Execution, dsn: Dsn) -> Execution:
    """The outcome with the DSN's password taken out of every text of ours; a statement's SQL stays as approved."""
    return replace(
        execution,
        reason=redact(execution.reason, dsn) if execution.reason else None,
        remedy=redact(execution.remedy, dsn) if execution.remedy else None,
        stands=tuple(redact(text, dsn) for text in execution.stands),
        blockers=tuple(redact(text, dsn) for text in execution.blockers),
    )


def failed(statements: Sequence[Statement], reports: Sequence[StepReport], failure: Failed) -> Execution:
    """The outcome of a failure: `rolled_back` when nothing stands, else `failed`, and exactly what stands."""
    committed = [s for s, report in zip(statements, reports, strict=True) if report.outcome in ("done", "already-done")]
    stands = (*(f"{title(s)} stands." for s in committed), *failure.remains)
    steps = tuple(reports)
    if not stands:
        return Execution(
            status="rolled_back",
            steps=steps,
            reason=f"{failure.reason} Everything was rolled back: the database is as it was.",
            remedy=f"{failure.remedy} Then plan again.",
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
    reports = Reports(statements)
    for statement in statements:
        if (row := done.get(statement.number)) is not None:
            reports.set(statement, "done", ms=row.ms, attempts=row.attempts)
        elif lost.statement is not None and lost.statement.number == statement.number:
            reports.set(statement, "failed", attempts=1)
    intent = known.intent if known is not None else None
    remains = _begun(statements, intent.number) if intent else ()
    return failed(
        statements,
        reports.all(),
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
