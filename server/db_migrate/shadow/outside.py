"""Statements that Postgres refuses inside a transaction: run as they are while a second session watches.

Their locks come and go before anyone could read them. So the tables are held by locks of ours, on which the
statement must wait; while it waits, its own locks stand still. Then ours are let go, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import anyio
import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate.shadow.relations import FIRST_USER_OID, Relations, next_transaction, relations_since
from db_migrate.shadow.server import RAISED, name
from db_migrate.shadow.session import Ran, Session
from db_migrate.shadow.stage import Stage
from db_migrate.shadow.traces import Books, Traces, across
from db_migrate_tools.evidence import Lock
from db_migrate_tools.sql.model import Statement

LOOK_EVERY = 0.002
HOLDERS = 3
WATCHED = 400
"""Tables on which the locks of one statement are watched."""

_SCHEMA = re.compile(r'^\s*REINDEX\s*(?:\([^)]*\)\s*)?SCHEMA\s+(?:CONCURRENTLY\s+)?("(?:[^"]|"")+"|\w+)', re.IGNORECASE)

_FULL = re.compile(r"^\s*VACUUM\b.*\bFULL\b", re.IGNORECASE | re.DOTALL)

# By the migration's own search path, and without an operator that it could have made.
_NAMED = "SELECT DISTINCT pg_catalog.to_regclass(w)::oid::int8 FROM pg_catalog.unnest($1::text[]) AS w"

# A partitioned table's work is done on its partitions, an index's on its table.
_MEANT = """
SELECT DISTINCT p.relid::int8
FROM pg_catalog.unnest($1::oid[]) AS w (oid)
CROSS JOIN LATERAL (SELECT coalesce((SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = w.oid),
                                    w.oid) AS oid) t
CROSS JOIN LATERAL (SELECT t.oid AS relid UNION SELECT relid FROM pg_catalog.pg_partition_tree(t.oid)) p
ORDER BY 1
"""

# Statements that name no table go through them in the order of the catalog's own rows.
_EVERY = f"""
SELECT c.oid::int8 FROM pg_catalog.pg_class c
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.oid >= {FIRST_USER_OID}
  AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
  AND ($1::text IS NULL OR c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = $1::text))
  AND (NOT $2 OR EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisclustered))
ORDER BY c.ctid
"""

_CALLED = """
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[])
"""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table or materialized view by the name that it has now; only the former can be locked by LOCK TABLE."""

    oid: int
    quoted: str
    lockable: bool


async def run_outside(
    stage: Stage, database: str, session: Session, statement: Statement, books: Books
) -> tuple[Ran, Traces, str | None]:
    """Run one statement outside a transaction and tell what it did, and what could not be watched.

    Raises:
        asyncpg.PostgresError: What Postgres said of the statement.
    """
    named: list[int] = []
    if statement.relations:
        rows = await session.connection.fetch(_NAMED, list(statement.relations))
        named = [int(row[0]) for row in rows if row[0] is not None]
    async with session.reading() as connection:
        tables = await _tables(connection, statement, named, books.known)
        since = await next_transaction(connection)
    held = [table for table in tables if table.lockable or _locks_out_readers(statement)]
    await session.connection.execute("SET client_min_messages = debug1")
    watch = _Watch(stage, database, session.pid, _mode(statement), held[:WATCHED], in_turn=not statement.relations)
    try:
        await watch.hold()
        ran = await _watched(session, statement, watch)
    finally:
        watch.terminate()
    async with session.reading() as connection:
        changed = await relations_since(connection, since)
    known = books.known
    locks = frozenset(Lock(known.by_oid[oid].display, mode) for oid, mode in watch.seen if oid in known.by_oid)
    traces = Traces(locks=locks) | across(books, changed)
    books.learn(changed)
    watched = min(len(held), WATCHED) - len(watch.waiting)
    note = None
    if watched < len(tables):
        note = (
            f"The locks of statement {statement.number} come and go by themselves; they were watched on {watched} of "
            f"{len(tables)} tables and materialized views."
        )
    return ran, traces, note


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
    """Looks at a session until it waits for one of ours, notes its locks, and lets it go on.

    `waiting` are tables that are still to be held; with `in_turn` the session comes to one after the other.
    """

    def __init__(
        self, stage: Stage, database: str, pid: int, mode: str, tables: Sequence[_Table], *, in_turn: bool
    ) -> None:
        self.stage = stage
        self.database = database
        self.pid = pid
        self.mode = mode
        # One holder a table, so that each can be let go by itself; few where the session comes to them in turn.
        self.waiting = list(tables) if in_turn or len(tables) <= HOLDERS else []
        self.at_once = [] if self.waiting else list(tables)
        self.in_turn = in_turn
        self.holders: list[Connection] = []
        self.seen: set[tuple[int, str]] = set()
        self.done = False

    async def hold(self) -> None:
        """Hold the first tables."""
        if self.at_once:
            await self._hold(await self.stage.watch(self.database), self.at_once)
        while self.waiting and len(self.holders) < HOLDERS:
            await self._hold(await self.stage.watch(self.database), [self.waiting.pop(0)])

    async def look(self) -> None:
        """Look until `done`."""
        while not self.done:
            waits_for: list[int] = await self.stage.admin.fetchval("SELECT pg_catalog.pg_blocking_pids($1)", self.pid)
            ours = [n for n, holder in enumerate(self.holders) if holder.get_server_pid() in waits_for]
            if ours:
                self.seen.update(
                    (oid, mode)
                    for oid, mode in await self.stage.admin.fetch(
                        "SELECT relation::int8, mode FROM pg_catalog.pg_locks "
                        f"WHERE pid = $1 AND locktype = 'relation' AND relation >= {FIRST_USER_OID}",
                        self.pid,
                    )
                )
                # What comes before in turn has been passed over: nothing will wait for it any more.
                gone = range(max(ours) + 1) if self.in_turn else ours
                for holder in [self.holders[n] for n in gone]:
                    await self._release(holder)
            await anyio.sleep(LOOK_EVERY)

    async def _release(self, holder: Connection) -> None:
        self.holders.remove(holder)
        if self.waiting:
            await holder.execute("ROLLBACK")
            await self._hold(holder, [self.waiting.pop(0)])
        else:
            await self.stage.leave(holder)

    async def _hold(self, connection: Connection, tables: Sequence[_Table]) -> None:
        self.holders.append(connection)
        await connection.execute("BEGIN; SET LOCAL lock_timeout = '1s'")
        ordinary = ", ".join(f"ONLY {table.quoted}" for table in tables if table.lockable)
        if ordinary:
            await connection.execute(f"LOCK TABLE {ordinary} IN {self.mode} MODE")
        for table in tables:
            if not table.lockable:
                await connection.execute(f"SELECT FROM {table.quoted} LIMIT 0")

    def terminate(self) -> None:
        """End every holder."""
        for holder in self.holders:
            holder.terminate()


def _mode(statement: Statement) -> str:
    # VACUUM waits for nobody who only writes; what it asks for conflicts with its like.
    return "SHARE UPDATE EXCLUSIVE" if statement.kind == "VacuumStmt" else "ROW EXCLUSIVE"


def _locks_out_readers(statement: Statement) -> bool:
    """Whether even reading stands in its way: for the rest, a materialized view cannot be held by LOCK TABLE."""
    return statement.kind == "ClusterStmt" or _FULL.match(statement.text) is not None


async def _tables(connection: Connection, statement: Statement, named: Sequence[int], known: Relations) -> list[_Table]:
    """The tables to which the statement will come, in that order where it names none."""
    if statement.relations:
        rows = await connection.fetch(_MEANT, named)
    else:
        schema = _SCHEMA.match(statement.text)
        rows = await connection.fetch(
            _EVERY, _identifier(schema[1]) if schema else None, statement.kind == "ClusterStmt"
        )
    oids = [int(row[0]) for row in rows if row[0] in known.by_oid]
    called = {
        int(oid): _Table(oid, f"{name(schema)}.{name(table)}", lockable=kind != "m")
        for oid, schema, table, kind in await connection.fetch(_CALLED, oids)
        if kind in "rpm"
    }
    return [called[oid] for oid in oids if oid in called]


def _identifier(written: str) -> str:
    return written[1:-1].replace('""', '"') if written.startswith('"') else written.lower()
