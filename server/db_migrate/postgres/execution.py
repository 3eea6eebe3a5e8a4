"""One migration on one session: parts in order, each with its journal rows, retried, resumed or failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from time import perf_counter

import anyio
import asyncpg

from db_migrate.postgres import concurrent, outcome
from db_migrate.postgres.catalog import read_catalog
from db_migrate.postgres.connect import Connection
from db_migrate.postgres.dsn import Dsn, redact
from db_migrate.postgres.failures import BLOCKED, LOST, failure_of, remedy_for
from db_migrate.postgres.journal import Journal, Run, Step, digest_of
from db_migrate.postgres.locks import in_the_way, knock_ms, wanted, watch
from db_migrate.postgres.observer import Observer
from db_migrate.postgres.outcome import Failed, Lost, Reports, StepOutcome, redacted, title
from db_migrate.postgres.patience import Patience
from db_migrate_tools.evidence import Execution
from db_migrate_tools.ports import Order, Progress, Refused
from db_migrate_tools.schema.fingerprint import fingerprint
from db_migrate_tools.sql.model import Statement

Part = tuple[Statement, ...]


def parts(statements: Sequence[Statement]) -> Iterator[Part]:
    """Consecutive statements that share a transaction; each of the others alone."""
    for transactional, run in groupby(statements, key=lambda s: s.transactional):
        if transactional:
            yield tuple(run)
        else:
            yield from ((statement,) for statement in run)


def _is_a_file_of_this_version(order: Order) -> bool:
    """Whether there is something to record though nothing runs: a migration file, named by its version."""
    return order.source is not None and order.source.rpartition("/")[2].startswith(f"{order.version}_")


class MigrationRun:
    """Executes an order on a session that is checked, locked and pinned already."""

    def __init__(
        self,
        connection: Connection,
        dsn: Dsn,
        order: Order,
        journal: Journal,
        observer: Observer,
        patience: Patience,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._dsn = dsn
        self._order = order
        self._journal = journal
        self._observer = observer
        self._patience = patience
        self._progress = progress
        self._reports = Reports(order.statements)
        self._current: Statement | None = None
        self._fingerprint: str | None = order.fingerprint
        self._resumed = False

    async def execute(self) -> Execution | Lost:
        """Run what is not done yet. A session that breaks is returned as Lost, never raised."""
        try:
            return await self._execute()
        except Refused as refusal:
            return Execution(status="refused", reason=refusal.reason, remedy=refusal.remedy)
        except Failed as failure:
            return await self._failed(failure)
        except LOST as error:
            return self._lost(error)
        except asyncpg.PostgresError as error:
            return await self._failed(self._refusal(error, 1))
        except asyncpg.InterfaceError as error:
            if not self._connection.is_closed():
                raise
            return self._lost(error)

    async def _execute(self) -> Execution:
        order = self._order
        known = await self._journal.run(order.plan_id)
        if known is not None and known.digest != order.digest:
            raise Refused("The journal knows this plan with another content. Nothing was run.", "Plan again.")
        if known is not None and known.state == "applied":
            return outcome.already_applied(order.statements, known.fingerprint_after or await self._read_fingerprint())
        self._resumed = known is not None and bool(known.steps)
        for step in known.steps if known is not None else ():
            if step.state == "done":
                self._reports.already_done(step.number)
        if not order.statements and not _is_a_file_of_this_version(order):
            raise Refused("The plan has no statements. Nothing was run.", "Plan again.")
        await self._check_schema(known)
        await self._journal.create()
        await self._journal.refuse_taken(order)
        await self._journal.begin(order)
        every = list(parts(order.statements))
        for part in every:
            await self._part(part, known, last=part is every[-1])
        if not every:
            async with self._connection.transaction():
                await self._journal.applied(order)
        after = await self._read_after()
        return Execution(
            status="applied",
            steps=self._reports.all(),
            fingerprint_after=after,
            resumed=self._resumed,
        )

    async def _read_after(self) -> str | None:
        """The fingerprint of the migrated schema; None when it cannot be read, for applied it is all the same."""
        try:
            after = await self._read_fingerprint()
            await self._journal.schema_after(self._order, after)
        except asyncpg.PostgresError as error:
            if isinstance(error, LOST):
                raise
            return None
        return after

    async def _part(self, part: Part, known: Run | None, *, last: bool) -> None:
        rows = [known.step(s.number) for s in part] if known else []
        for statement, row in zip(part, rows, strict=False):
            if row is not None and row.sql_sha256 != digest_of(statement):
                raise Failed(f"The journal has another text for {title(statement)}.", "Look who changed it.")
        if rows and all(row is not None and row.state == "done" for row in rows):
            return
        if part[0].transactional:
            await self._together(part, last=last)
        else:
            await self._alone(part[0], rows[0] if rows else None, last=last)
        if not last:
            self._fingerprint = await self._read_fingerprint()
            await self._journal.schema_is(self._order, self._fingerprint)

    async def _check_schema(self, known: Run | None) -> None:
        """The schema must be the one that was approved; of an interrupted run, the one that it left."""
        expected: str | None = self._order.fingerprint
        subject: concurrent.Subject | None = None
        if known is not None and self._resumed:
            await self._progress("Resuming where an earlier run of this plan stopped")
            expected = self._fingerprint = known.fingerprint
            if known.intent is not None:
                begun = next(s for s in self._order.statements if s.number == known.intent.number)
                subject, expected = concurrent.subject_of(begun), known.intent.fingerprint
        if expected is None:
            return
        if await self._read_fingerprint(subject) == expected:
            return
        if known is not None and self._resumed:
            raise Failed(
                "The schema was changed since this run was interrupted, so it is not resumed.",
                "Undo that change to let it resume.",
                remains=tuple(
                    f"Statement {step.number} was begun outside a transaction."
                    for step in known.steps
                    if step.state == "intent"
                ),
            )
        raise Refused(
            "The schema has changed since the preview. Nothing was run.",
            "Plan again: it shows what would happen now and gives a new token.",
        )

    async def _read_fingerprint(self, subject: concurrent.Subject | None = None) -> str:
        catalog = await read_catalog(self._connection)
        return fingerprint(catalog if subject is None else concurrent.without(catalog, subject))

    async def _together(self, part: Part, *, last: bool) -> None:
        """The part and its journal rows as one transaction, from its start again whenever a lock is not to be had."""
        connection, patience = self._connection, self._patience
        deadline = anyio.current_time() + patience.lock_wait
        waited, attempt = 0.0, 0
        while True:
            attempt += 1
            wants = await wanted(connection, part)
            until = min(deadline, anyio.current_time() + patience.watch)
            ms, _ = await watch(connection, wants, patience, self._progress, until)
            waited += ms
            if (attempt > 1 or ms > patience.poll * 1000) and await self._read_fingerprint() != self._fingerprint:
                raise Failed("The schema was changed by someone else while this waited for its locks.", "Look who.")
            knock = await knock_ms(connection, wants, patience, attempt)
            try:
                await self._attempt(part, attempt, waited, knock, last=last)
                return
            except BLOCKED as error:
                waited += knock
                blockers = tuple(map(str, await in_the_way(connection, wants) or self._observer.blockers))
                self._reports.undo(part, self._current, attempt, waited)
                if anyio.current_time() >= deadline:
                    raise self._refusal(error, attempt, blockers) from None
                named = f" {'; '.join(blockers[:3])}." if blockers else ""
                await self._progress(f"A lock was not to be had; everything was undone and is tried again.{named}")
                await anyio.sleep(patience.pause(attempt))
            except asyncpg.PostgresError as error:
                if isinstance(error, LOST):
                    raise
                self._reports.undo(part, self._current, attempt, waited)
                raise self._refusal(error, attempt) from None

    async def _attempt(self, part: Part, attempt: int, waited: float, knock: int, *, last: bool) -> None:
        connection = self._connection
        times: list[float] = []
        self._current = part[0]
        try:
            async with connection.transaction(isolation="read_committed"):
                await connection.execute(f"SET LOCAL lock_timeout = {knock}")
                for statement in part:
                    self._current = statement
                    self._observer.begin(title(statement))
                    began = perf_counter()
                    await connection.execute(statement.text)
                    times.append((perf_counter() - began) * 1000)
                    self._observer.end()
                await self._journal.done(self._order, part, times, attempt)
                if last:
                    await self._journal.applied(self._order)
                self._current = None
        finally:
            self._observer.end()
        for statement, ms in zip(part, times, strict=True):
            shown = waited if statement is part[0] else 0.0
            self._reports.set(statement, "done", ms=ms, lock_wait_ms=shown, attempts=attempt)

    async def _alone(self, statement: Statement, row: Step | None, *, last: bool) -> None:
        """A statement outside a transaction: intent, settled, run, and then its journal row."""
        subject = concurrent.subject_of(statement)
        self._current = statement
        seen = row.seen if row is not None else await concurrent.seen_before(self._connection, subject)
        if row is None:
            before = await self._read_fingerprint(subject) if concurrent.comparable(subject) else None
            await self._journal.intend(self._order, statement, seen, before)
        began = perf_counter()
        self._observer.begin(title(statement))
        fate: concurrent.Fate = "absent"
        try:
            await self._connection.execute(f"SET lock_timeout = '{self._patience.concurrent_wait * 1000:.0f}'")
            if row is not None or subject.lenient:
                fate = await concurrent.settle(self._connection, subject, seen)
            if fate == "unknown":
                raise Failed(
                    f"{title(statement)} was interrupted, and the catalog does not tell whether it is done.",
                    "Look at the database, and finish or undo it by hand.",
                    remains=(f"{title(statement)} may have been done in part.",),
                )
            if fate == "absent":
                await self._connection.execute(statement.text)
        except asyncpg.PostgresError as error:
            if isinstance(error, LOST):
                raise
            blockers = tuple(map(str, self._observer.blockers))
            waited = self._observer.lock_wait_ms
            self._reports.set(statement, "failed", lock_wait_ms=waited, attempts=1)
            left = await self._clean(statement, subject, seen)
            failure = self._refusal(error, 1, blockers)
            failure.remains = left
            raise failure from None
        finally:
            self._observer.end()
        ms = (perf_counter() - began) * 1000
        await self._connection.execute("SET lock_timeout = 0")
        async with self._connection.transaction():
            await self._journal.done(self._order, [statement], [ms], 1)
            if last:
                await self._journal.applied(self._order)
        kind: StepOutcome = "already-done" if fate == "done" else "done"
        self._reports.set(statement, kind, ms=ms, lock_wait_ms=self._observer.lock_wait_ms, attempts=1)
        self._current = None

    async def _clean(self, statement: Statement, subject: concurrent.Subject, seen: tuple[int, ...]) -> tuple[str, ...]:
        """Take away what a failed statement outside a transaction left; what cannot be is named."""
        connection = self._connection
        try:
            await connection.execute(f"SET lock_timeout = '{self._patience.cleanup_wait * 1000:.0f}'")
            if subject.form in ("create-index", "reindex"):
                await concurrent.settle(connection, subject, seen)
        except BLOCKED:
            await self._progress("The remains of the failed statement cannot be removed while others use the table")
        finally:
            if not connection.is_closed():
                await connection.execute("SET lock_timeout = 0")
        left = await concurrent.remains(connection, subject, seen)
        if not left:
            await self._journal.forget_intent(self._order, statement)
        return tuple(f"{what} is left half-done by {title(statement)}." for what in left)

    def _refusal(self, error: asyncpg.PostgresError, attempts: int, blockers: tuple[str, ...] = ()) -> Failed:
        """What Postgres's error comes to; the current statement's report has it too."""
        failure = failure_of(error, self._dsn)
        if self._current is not None:
            self._reports.set(self._current, "failed", attempts=attempts, error=failure)
        if isinstance(error, BLOCKED):
            return outcome.gave_up(self._current, attempts, blockers)
        return outcome.refused_by_postgres(self._current, failure, remedy_for(failure))

    async def _failed(self, failure: Failed) -> Execution | Lost:
        told = redacted(outcome.failed(self._order.statements, self._reports.all(), failure), self._dsn)
        try:
            if await self._journal.exists():
                await self._journal.ended(
                    self._order, "failed" if told.status == "failed" else "rolled_back", told.reason
                )
        except (asyncpg.InterfaceError, *LOST) as error:
            return self._lost(error)
        return told

    def _lost(self, error: BaseException) -> Lost:
        """What the server said last: closing the transaction on a dead session only hides it."""
        said: BaseException | None = error
        while said is not None and not isinstance(said, asyncpg.PostgresError):
            said = said.__context__
        return Lost(self._current, redact(str(said or error), self._dsn) or type(error).__name__)
