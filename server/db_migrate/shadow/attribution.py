"""Which statement takes which lock, where an earlier one of the same transaction holds it already.

A lock that a transaction holds leaves no second trace. So on another copy every statement is committed by itself;
only what does not run without its neighbours shares a transaction with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from db_migrate.shadow.observe import Step, counts_scans
from db_migrate.shadow.relations import Relations, next_transaction, relations_since
from db_migrate.shadow.server import RAISED
from db_migrate.shadow.session import Session
from db_migrate.shadow.traces import Books, Traces, between
from db_migrate_tools.sql.model import Statement

TRIES = 4
"""Copies on which it is tried; after each, more statements share a transaction."""

# What lasts as long as the transaction and may be what a later statement misses.
_PASSING = re.compile(
    r"\b(?:temp|temporary|on\s+commit|set\s+constraints|declare|set_config|advisory_xact|savepoint)\b", re.IGNORECASE
)

Copies = Callable[[], AbstractAsyncContextManager[Session]]
"""A session on a new copy of the schema before the migration."""


@dataclass(slots=True)
class Attributed:
    """What each statement does by itself, by its number. `unsure` are statements of which it could not be told."""

    traces: dict[int, Traces] = field(default_factory=dict[int, Traces])
    unsure: list[int] = field(default_factory=list[int])


@dataclass(frozen=True, slots=True)
class _Failed:
    """The statement at which a try ended; `late` where only the commit failed."""

    index: int
    late: bool


async def attribute(copies: Copies, known: Relations, steps: Sequence[Step]) -> Attributed:
    """What each of the statements does when none before it holds a lock."""
    played = [step for step in steps if not step.left_out and step.observation.error is None]
    together: set[int] = set()
    best = Attributed()
    for _ in range(TRIES):
        async with copies() as session:
            found, failed = await _try(session, known, played, together)
        if len(found.traces) >= len(best.traces):
            best = found
        more = _joined(played, together, failed) if failed else together
        if more == together:
            break
        together = more
    best.unsure = [
        step.statement.number
        for step in played
        if step.hidden and (step.statement.number in best.unsure or step.statement.number not in best.traces)
    ]
    return best


async def _try(
    session: Session, known: Relations, steps: Sequence[Step], together: set[int]
) -> tuple[Attributed, _Failed | None]:
    found = Attributed()
    books = Books(known)
    for index, step in enumerate(steps):
        statement = step.statement
        late = False
        try:
            if not statement.transactional:
                await _outside(session, books, statement)
                continue
            if index not in together:
                await session.begin()
                books.begin(forget_scans=session.publishes)
            await session.settle()
            await session.run(_alone(statement))
            touched = await session.look(known)
            traces = between(books, touched, count_scans=counts_scans(statement))
            shares = any(oid in known.by_oid for oid, _ in books.modes)
            books.take(touched)
            late = True
            if index + 1 not in together:
                await session.commit()
        except RAISED:
            await _give_up(session)
            return found, _Failed(index, late)
        if not shares and not step.traces.locks <= traces.locks:
            # It did something else than in the one transaction: what follows cannot be trusted either.
            await _give_up(session)
            return found, _Failed(index, late=False)
        found.traces[statement.number] = traces
        if shares:
            found.unsure.append(statement.number)
    return found, None


async def _outside(session: Session, books: Books, statement: Statement) -> None:
    since = await next_transaction(session.connection)
    await session.connection.execute(statement.text)
    books.learn(await relations_since(session.connection, since))


def _joined(steps: Sequence[Step], together: set[int], failed: _Failed) -> set[int]:
    """The indexes of statements that share the transaction of the one before, with those that the failure adds."""
    if failed.late:
        following = failed.index + 1
        inside = following < len(steps) and steps[following].statement.transactional
        return together | {following} if inside else together
    first = failed.index
    while first in together:
        first -= 1
    before = first - 1
    while before >= 0 and steps[before].statement.transactional:
        if _PASSING.search(steps[before].statement.text):
            break
        before -= 1
    else:
        before = first - 1
    if before < 0 or not steps[before].statement.transactional:
        return together
    return together | set(range(before + 1, failed.index + 1))


def _alone(statement: Statement) -> str:
    """SET LOCAL would end with the statement's own transaction here."""
    words = statement.text.split(None, 2)
    if statement.kind == "VariableSetStmt" and [word.upper() for word in words[:2]] == ["SET", "LOCAL"]:
        return f"SET {words[2]}"
    return statement.text


async def _give_up(session: Session) -> None:
    try:
        await session.rollback()
    except RAISED:
        session.connection.terminate()


def merged(steps: Sequence[Step], found: Attributed) -> list[Step]:
    """The steps with what was found out about them."""
    return [replace(step, traces=step.traces | found.traces.get(step.statement.number, Traces())) for step in steps]
