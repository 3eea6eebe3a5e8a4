"""A migration run as it will be run, and every statement observed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import asyncpg

from db_migrate.shadow.following import Following
from db_migrate.shadow.limits import made_roles
from db_migrate.shadow.outside import run_outside
from db_migrate.shadow.server import RAISED, failure
from db_migrate.shadow.session import Ran, Session
from db_migrate.shadow.stage import Stage
from db_migrate.shadow.traces import Books, Traces, between, told
from db_migrate_tools.evidence import Observation, PgFailure
from db_migrate_tools.schema.diff import Delta
from db_migrate_tools.schema.model import Catalog, Ref
from db_migrate_tools.sql.model import Statement

PLANNED = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "SelectStmt", "CopyStmt"})
"""Kinds whose scans are the planner's choice."""

LOOKED_AT = 300
"""Statements up to which a transaction's locks are read after each: each reading sees all that are held by then, so
it takes longer and longer. Beyond, they are read where every statement is committed by itself.
"""

Excuse = Callable[[Statement, PgFailure], str | None]
"""Why a failure is the shadow's and not the statement's, if it is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One statement's observation, and what it did to relations. `hidden`: a lock that an earlier statement of
    the transaction holds would hide this one's. `left_out`: it could not be run here, the rest went on without.
    `note` says what of it could not be seen.
    """

    statement: Statement
    observation: Observation
    traces: Traces = field(default_factory=Traces)
    hidden: bool = False
    left_out: bool = False
    note: str | None = None


@dataclass(slots=True)
class Record:
    """What has been observed so far; it outlives the run that writes it, should that be stopped."""

    steps: list[Step] = field(default_factory=list[Step])
    running: Statement | None = None
    complete: bool = False
    after: Catalog | None = None
    note: str | None = None
    most_locks: int = 0
    together: Traces = field(default_factory=Traces)
    """What transactions did that were too long to be looked at after each statement."""

    @property
    def left_out(self) -> list[int]:
        return [step.statement.number for step in self.steps if step.left_out]


class Performance:
    """The run of a migration on one database."""

    def __init__(
        self, stage: Stage, database: str, session: Session, books: Books, following: Following, record: Record
    ) -> None:
        self.stage = stage
        self.database = database
        self.session = session
        self.books = books
        self.following = following
        self.record = record
        self.compared = True

    async def play(
        self, statements: Sequence[Statement], excuse: Excuse, tell: Callable[[Statement], Awaitable[None]]
    ) -> None:
        """Run the statements: one transaction, parted only by what cannot be in one. Ends at the first failure."""
        for transactional, run in groupby(statements, key=lambda statement: statement.transactional):
            play = self._inside if transactional else self._outside
            if not await play(list(run), excuse, tell):
                return
        self.record.running = None
        self.record.after, self.record.note = await self.following.whole()
        blind = [step.statement.number for step in self.record.steps if not step.observation.compared]
        if blind and not self.following.follows:
            self.record.note = (
                "The schema is so large, and had to be read as a whole so often, that from statement "
                f"{blind[0]} on it was compared only at the end."
            )
        self.record.complete = True

    async def _inside(
        self, statements: Sequence[Statement], excuse: Excuse, tell: Callable[[Statement], Awaitable[None]]
    ) -> bool:
        session, books = self.session, self.books
        await session.begin()
        books.begin(forget_scans=session.publishes)
        if not self.record.steps:
            await self.following.begin()
        looks = len(statements) <= LOOKED_AT
        books.take(await session.look(books.known, locks=False))
        for statement in statements:
            self.record.running = statement
            await tell(statement)
            try:
                ran = await session.guarded(statement.text)
            except RAISED as error:
                if not self._refused(statement, failure(error), excuse):
                    await _give_up(session)
                    return False
                await session.undo()
                await self._lend(statement)
                continue
            try:
                touched = await session.look(books.known, locks=looks)
                delta = await self._delta(changed=touched.written != books.written)
            except RAISED as error:
                if _ours(error, session):
                    raise
                # It ended the transaction, or a time limit that it has set took the session away.
                self._refused(statement, failure(error), excuse)
                await _give_up(session)
                return False
            traces = between(books, touched, count_scans=counts_scans(statement))
            hidden = not looks or any(oid in books.known.by_oid for oid, _ in books.modes)
            self._note(statement, ran, traces, delta, hidden=hidden)
            books.take(touched)
        if not looks:
            touched = await session.look(books.known)
            self.record.together |= between(books, touched, count_scans=False)
            books.take(touched)
        self.record.most_locks = max(self.record.most_locks, len(books.modes))
        return await self._commit()

    async def _commit(self) -> bool:
        try:
            await self.session.commit()
        except asyncpg.PostgresError as error:
            # Deferred constraints and triggers speak up only now; the last statement brought it about or let it pass.
            said = failure(error)
            context = "Raised when the transaction was committed, after this statement."
            step = self.record.steps[-1]
            failed = replace(said, context=f"{context} {said.context}" if said.context else context)
            self.record.steps[-1] = replace(step, observation=replace(step.observation, error=failed))
            return False
        return True

    async def _outside(
        self, statements: Sequence[Statement], excuse: Excuse, tell: Callable[[Statement], Awaitable[None]]
    ) -> bool:
        for statement in statements:
            self.record.running = statement
            await tell(statement)
            try:
                ran, traces, note = await run_outside(self.stage, self.database, self.session, statement, self.books)
            except RAISED as error:
                if not self._refused(statement, failure(error), excuse):
                    return False
                await self._lend(statement)
                continue
            self._note(statement, ran, traces, await self._delta(changed=True), hidden=False, note=note)
        return True

    def _refused(self, statement: Statement, said: PgFailure, excuse: Excuse) -> bool:
        """Record a failure; whether the run can go on without the statement."""
        earlier = self.record.left_out
        reason = excuse(statement, said)
        if reason is not None:
            why = f"This statement was left out of the rehearsal. {reason}"
        elif earlier:
            why = (
                f"It failed on the shadow: {said.message}. Statement {earlier[0]}, which it may need, could not be "
                "rehearsed there."
            )
        else:
            why = None
        observation = (
            Observation(statement.number, error=said)
            if why is None
            else Observation(statement.number, observed=False, why_not=why)
        )
        self.record.steps.append(Step(statement, observation, left_out=reason is not None))
        return reason is not None

    async def _lend(self, statement: Statement) -> None:
        """The roles that a statement would have made: what names them later is seen all the same."""
        for role in made_roles(statement):
            await self.stage.lend(role)

    async def _delta(self, *, changed: bool) -> Delta | None:
        self.compared = not changed or self.following.follows
        if not changed or not self.compared:
            return None
        await self.session.settle()
        return await self.following.changes()

    def _note(
        self,
        statement: Statement,
        ran: Ran,
        traces: Traces,
        delta: Delta | None,
        *,
        hidden: bool,
        note: str | None = None,
    ) -> None:
        altered: set[Ref] = set()
        if delta is not None:
            altered.update(change.ref for change in delta.altered)
            altered.update(ref for rename in delta.renamed for ref in (rename.before, rename.after))
        self.record.steps.append(
            Step(
                statement,
                Observation(
                    statement.number,
                    messages=told(self.books.known, ran.lines),
                    created=tuple(item.ref for item in delta.created) if delta else (),
                    altered=tuple(sorted(altered)),
                    dropped=tuple(item.ref for item in delta.dropped) if delta else (),
                    rows=ran.rows,
                    ms=round(ran.ms, 3),
                    compared=self.compared,
                ),
                traces,
                hidden=hidden,
                note=note,
            )
        )


def counts_scans(statement: Statement) -> bool:
    """Whether a scan is the statement's own doing; the planner's choice on empty tables says nothing."""
    return statement.opaque or statement.kind not in PLANNED


def _ours(error: Exception, session: Session) -> bool:
    """Whether the reading itself failed, and not because the transaction or the session has ended."""
    ended = asyncpg.NoActiveSQLTransactionError | asyncpg.InvalidSavepointSpecificationError
    return (
        isinstance(error, asyncpg.PostgresError) and not isinstance(error, ended) and not session.connection.is_closed()
    )


async def _give_up(session: Session) -> None:
    try:
        await session.rollback()
    except RAISED:
        session.connection.terminate()
