"""A migration run as it will be run, and every statement observed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import asyncpg

from db_migrate.postgres.catalog import read_catalog
from db_migrate.shadow.outside import run_outside
from db_migrate.shadow.server import RAISED, failure
from db_migrate.shadow.session import Ran, Session
from db_migrate.shadow.stage import Stage
from db_migrate.shadow.traces import (
    Relations,
    Touched,
    Traces,
    between,
    count_catalog_writes,
    read_relations,
    read_touched,
    told,
)
from db_migrate_tools.evidence import Observation, PgFailure
from db_migrate_tools.schema.diff import Delta, diff
from db_migrate_tools.schema.model import Catalog, Ref
from db_migrate_tools.sql.model import Statement

PLANNED = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "SelectStmt", "CopyStmt"})
"""Kinds whose scans are the planner's choice."""

Excuse = Callable[[Statement, PgFailure], str | None]
"""Why a failure is the shadow's and not the statement's, if it is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One statement's observation, and what it did to relations. `hidden`: a lock that an earlier statement of
    the transaction holds would hide this one's. `left_out`: it could not be run here, the rest went on without.
    """

    statement: Statement
    observation: Observation
    traces: Traces = field(default_factory=Traces)
    hidden: bool = False
    left_out: bool = False


@dataclass(slots=True)
class Record:
    """What has been observed so far; it outlives the run that writes it, should that be stopped."""

    steps: list[Step] = field(default_factory=list[Step])
    running: Statement | None = None
    complete: bool = False
    after: Catalog | None = None

    @property
    def left_out(self) -> list[int]:
        return [step.statement.number for step in self.steps if step.left_out]


class Performance:
    """The run of a migration on one database. With `reads_each` the catalog is read after every statement that wrote
    to it, else only at the end.
    """

    def __init__(
        self,
        stage: Stage,
        database: str,
        session: Session,
        known: Relations,
        before: Catalog,
        record: Record,
        *,
        reads_each: bool,
    ) -> None:
        self.stage = stage
        self.database = database
        self.session = session
        self.known = known
        self.catalog = before
        self.record = record
        self.reads_each = reads_each

    async def play(
        self, statements: Sequence[Statement], excuse: Excuse, tell: Callable[[Statement], Awaitable[None]]
    ) -> None:
        """Run the statements: one transaction, parted only by what cannot be in one. Ends at the first failure."""
        for transactional, run in groupby(statements, key=lambda statement: statement.transactional):
            play = self._inside if transactional else self._outside
            if not await play(list(run), excuse, tell):
                return
        self.record.running = None
        self.record.after = self.catalog if self.reads_each else await read_catalog(self.session.connection)
        self.record.complete = True

    async def _inside(
        self, statements: Sequence[Statement], excuse: Excuse, tell: Callable[[Statement], Awaitable[None]]
    ) -> bool:
        connection = self.session.connection
        await connection.execute("BEGIN")
        async with self.session.reading():
            relations = await read_relations(connection)
            writes = await count_catalog_writes(connection)
        held = _at_first(relations)
        for statement in statements:
            self.record.running = statement
            await tell(statement)
            try:
                await connection.execute("SAVEPOINT dbm_statement; SET LOCAL client_min_messages = debug1")
                ran = await self.session.run(statement.text)
                await connection.execute("RELEASE SAVEPOINT dbm_statement")
            except RAISED as error:
                if not self._refused(statement, failure(error), excuse):
                    await _give_up(self.session)
                    return False
                await connection.execute("ROLLBACK TO SAVEPOINT dbm_statement; RELEASE SAVEPOINT dbm_statement")
                continue
            try:
                async with self.session.reading():
                    touched = await read_touched(connection)
                    written = await count_catalog_writes(connection)
                delta = await self._delta(changed=written != writes)
            except RAISED as error:
                if isinstance(error, asyncpg.PostgresError) and not connection.is_closed():
                    raise
                # A time limit that the statement has set took the session away.
                self._refused(statement, failure(error), excuse)
                return False
            traces = between(self.known, held, touched, count_scans=_counts_scans(statement))
            hidden = any(oid in self.known.by_oid for oid, _ in held.modes)
            self._note(statement, ran, traces, delta, hidden=hidden)
            held, writes = _and_then(held, touched), written
        return await self._commit()

    async def _commit(self) -> bool:
        try:
            await self.session.connection.execute("COMMIT")
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
                ran, traces = await run_outside(self.stage, self.database, self.session, statement, self.known)
            except RAISED as error:
                if not self._refused(statement, failure(error), excuse):
                    return False
                continue
            self._note(statement, ran, traces, await self._delta(changed=True), hidden=False)
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

    async def _delta(self, *, changed: bool) -> Delta | None:
        if not changed or not self.reads_each:
            return None
        now = await read_catalog(self.session.connection)
        delta = diff(self.catalog, now)
        self.catalog = now
        return delta

    def _note(self, statement: Statement, ran: Ran, traces: Traces, delta: Delta | None, *, hidden: bool) -> None:
        altered: set[Ref] = set()
        if delta is not None:
            altered.update(change.ref for change in delta.altered)
            altered.update(ref for rename in delta.renamed for ref in (rename.before, rename.after))
        self.record.steps.append(
            Step(
                statement,
                Observation(
                    statement.number,
                    messages=told(self.known, ran.lines),
                    created=tuple(item.ref for item in delta.created) if delta else (),
                    altered=tuple(sorted(altered)),
                    dropped=tuple(item.ref for item in delta.dropped) if delta else (),
                    rows=ran.rows,
                    ms=round(ran.ms, 3),
                    compared=self.reads_each,
                ),
                traces,
                hidden=hidden,
            )
        )


async def attribute(session: Session, known: Relations, steps: Sequence[Step]) -> dict[int, Traces]:
    """What each statement does when none before it holds a lock: every one committed by itself, on another copy.

    A lock that a transaction holds already leaves no second trace, so one transaction cannot tell which later
    statement asks for it again. Ends where a statement fails without the others' transaction.
    """
    found: dict[int, Traces] = {}
    connection = session.connection
    for step in steps:
        if step.left_out or step.observation.error:
            continue
        statement = step.statement
        try:
            if not statement.transactional:
                await connection.execute(statement.text)
                continue
            await connection.execute("BEGIN")
            async with session.reading():
                held = _at_first(await read_relations(connection))
            await connection.execute(_for_the_session(statement))
            async with session.reading():
                touched = await read_touched(connection)
            await connection.execute("COMMIT")
        except RAISED:
            await _give_up(session)
            break
        traces = between(known, held, touched, count_scans=_counts_scans(statement))
        if not step.traces.locks <= traces.locks:
            # It did something else than in the one transaction: what follows cannot be trusted either.
            break
        found[statement.number] = traces
    return found


def _for_the_session(statement: Statement) -> str:
    """SET LOCAL would end with the statement's own transaction here."""
    words = statement.text.split(None, 2)
    if statement.kind == "VariableSetStmt" and [word.upper() for word in words[:2]] == ["SET", "LOCAL"]:
        return f"SET {words[2]}"
    return statement.text


def _at_first(relations: Relations) -> Touched:
    return Touched(
        files={oid: relation.file for oid, relation in relations.by_oid.items()},
        indexes={oid: relation.table for oid, relation in relations.by_oid.items() if relation.kind == "i"},
        scans=relations.scans,
    )


def _and_then(held: Touched, touched: Touched) -> Touched:
    return Touched(
        touched.modes,
        {**held.files, **touched.files},
        {**held.indexes, **touched.indexes},
        {**held.scans, **touched.scans},
    )


def _counts_scans(statement: Statement) -> bool:
    return statement.opaque or statement.kind not in PLANNED


async def _give_up(session: Session) -> None:
    try:
        await session.connection.execute("ROLLBACK")
    except RAISED:
        session.connection.terminate()
