"""Statements that Postgres refuses inside a transaction: run as they are while a second session watches.

Their locks come and go before anyone could read them. So the tables are held by locks of ours, on which the
statement must wait; while it waits, its own locks stand still. Then ours are let go, one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import anyio
import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate.shadow.server import RAISED, name
from db_migrate.shadow.session import Ran, Session
from db_migrate.shadow.stage import Stage
from db_migrate.shadow.traces import FIRST_USER_OID, Relation, Relations, Traces, across, read_relations
from db_migrate_tools.evidence import Lock
from db_migrate_tools.sql.model import Statement

LOOK_EVERY = 0.002
HOLDERS = 3
LOCKABLE = frozenset("rpf")


async def run_outside(
    stage: Stage, database: str, session: Session, statement: Statement, known: Relations
) -> tuple[Ran, Traces]:
    """Run one statement outside a transaction and tell what it did.

    Raises:
        asyncpg.PostgresError: What Postgres said of the statement.
    """
    async with session.reading() as connection:
        before = await read_relations(connection)
    tables = await _tables(session, statement, before)
    await session.connection.execute("SET client_min_messages = debug1")
    watch = _Watch(stage.admin, session.pid)
    try:
        for group in _groups(tables):
            watch.holders.append(await _hold(stage, database, group, statement))
        ran = await _watched(session, statement, watch)
    finally:
        for holder in watch.holders:
            holder.terminate()
    async with session.reading() as connection:
        after = await read_relations(connection)
    locks = frozenset(Lock(known.by_oid[oid].display, mode) for oid, mode in watch.seen if oid in known.by_oid)
    return ran, Traces(locks=locks) | across(known, before, after)


async def _watched(session: Session, statement: Statement, watch: _Watch) -> Ran:
    outcome: Ran | Exception = asyncpg.InterfaceError("The statement did not end.")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch.look)
        try:
            outcome = await session.run(statement.text)
        except RAISED as error:
            outcome = error
        finally:
            watch.done = True
    if not isinstance(outcome, Ran):
        raise outcome
    return outcome


class _Watch:
    """Looks at a session until it waits for one of ours, notes its locks, and lets it go on."""

    def __init__(self, admin: Connection, pid: int) -> None:
        self.admin = admin
        self.pid = pid
        self.holders: list[Connection] = []
        self.seen: set[tuple[int, str]] = set()
        self.done = False

    async def look(self) -> None:
        while not self.done:
            waits_for: list[int] = await self.admin.fetchval("SELECT pg_catalog.pg_blocking_pids($1)", self.pid)
            ours = [holder for holder in self.holders if holder.get_server_pid() in waits_for]
            if ours:
                self.seen.update(
                    (oid, mode)
                    for oid, mode in await self.admin.fetch(
                        "SELECT relation::int8, mode FROM pg_catalog.pg_locks "
                        f"WHERE pid = $1 AND locktype = 'relation' AND relation >= {FIRST_USER_OID}",
                        self.pid,
                    )
                )
                for holder in ours:
                    self.holders.remove(holder)
                    await holder.close(timeout=5)
            await anyio.sleep(LOOK_EVERY)


async def _tables(session: Session, statement: Statement, now: Relations) -> list[Relation]:
    """The tables that the statement names, by their own name or by an index's."""
    oids = [
        await session.connection.fetchval("SELECT pg_catalog.to_regclass($1)::oid::int8", written)
        for written in statement.relations
    ]
    named = [now.by_oid[oid] for oid in oids if oid in now.by_oid]
    tables = {relation.table or relation.oid for relation in named}
    return [now.by_oid[oid] for oid in sorted(tables) if now.by_oid[oid].kind in LOCKABLE]


def _groups(tables: Sequence[Relation]) -> list[Sequence[Relation]]:
    """One holder a table, so that each can be let go by itself; one for all where there are many."""
    return [[table] for table in tables] if len(tables) <= HOLDERS else [tables]


async def _hold(stage: Stage, database: str, tables: Iterable[Relation], statement: Statement) -> Connection:
    # VACUUM waits for nobody who only writes; what it asks for conflicts with its like.
    mode = "SHARE UPDATE EXCLUSIVE" if statement.kind == "VacuumStmt" else "ROW EXCLUSIVE"
    connection = await stage.watch(database)
    listed = ", ".join(f"{name(table.ref.schema)}.{name(table.ref.name)}" for table in tables)
    await connection.execute(f"BEGIN; LOCK TABLE {listed} IN {mode} MODE")
    return connection
