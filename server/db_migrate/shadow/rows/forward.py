"""The migration, run among synthetic rows as the runner will run it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate.shadow.observe import Step
from db_migrate.shadow.rows.watch import Watch, Written
from db_migrate.shadow.server import RAISED, failure
from db_migrate.shadow.session import rows_of
from db_migrate_tools.evidence import PgFailure
from db_migrate_tools.schema.model import Ref

_TAGGED = frozenset({"InsertStmt", "DeleteStmt", "MergeStmt"})
QUERIES = frozenset(
    {
        "SelectStmt",
        "InsertStmt",
        "UpdateStmt",
        "DeleteStmt",
        "MergeStmt",
        "CopyStmt",
        "CallStmt",
        "DoStmt",
        "ExecuteStmt",
        "ExplainStmt",
        "CreateTableAsStmt",
        "DeclareCursorStmt",
        "FetchStmt",
    }
)
"""Kinds of statements that may change rows of tables that they do not name; the rest is definitions."""

_CHANGES = """
SELECT coalesce(pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(o.oid)
                  + pg_catalog.pg_stat_get_xact_tuples_updated(o.oid)
                  + pg_catalog.pg_stat_get_xact_tuples_deleted(o.oid)), 0)::int8
FROM pg_catalog.unnest($1::oid[]) AS o (oid)
"""

# What code that commits has changed is in the counters of all sessions, once this one has handed in its own.
_HAND_IN = "SELECT pg_catalog.pg_stat_force_next_flush()"
_EVER = """
SELECT coalesce(pg_catalog.sum(pg_catalog.pg_stat_get_tuples_inserted(c.oid)
                  + pg_catalog.pg_stat_get_tuples_updated(c.oid)
                  + pg_catalog.pg_stat_get_tuples_deleted(c.oid)), 0)::int8
FROM pg_catalog.pg_class c
WHERE c.oid >= 16384 AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}')
"""


@dataclass(frozen=True, slots=True)
class Stumble:
    """A statement that failed among rows, and the table that Postgres blames, if it names one."""

    number: int
    said: PgFailure
    table: Ref | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """How it went: `idle` are the numbers of statements that were not seen to change a row."""

    stumble: Stumble | None = None
    idle: frozenset[int] = frozenset()
    written: Written = field(default_factory=Written)


async def forward(connection: Connection, steps: Sequence[Step]) -> Forward:
    """Run what the rehearsal on the empty copy ran: one transaction, parted only by what cannot be in one."""
    idle: list[int] = []
    watch = await Watch.start(connection)
    played = [step for step in steps if not step.left_out]
    for transactional, run in groupby(played, key=lambda step: step.statement.transactional):
        group = list(run)
        running = group[0]
        try:
            if transactional:
                await connection.execute("BEGIN")
            for running in group:
                if not await _changes(watch, running, counted=transactional):
                    idle.append(running.statement.number)
            if transactional:
                await watch.commit()
        except RAISED as error:
            schema, table = getattr(error, "schema_name", None), getattr(error, "table_name", None)
            blamed = Ref("table", schema, table) if isinstance(schema, str) and isinstance(table, str) else None
            column: object = getattr(error, "column_name", None)
            return Forward(
                Stumble(running.statement.number, failure(error), blamed, column if isinstance(column, str) else None)
            )
    return Forward(idle=frozenset(idle), written=await watch.written())


async def _changes(watch: Watch, step: Step, *, counted: bool) -> bool:
    """Run a statement; False where it was not seen to change a row."""
    connection, statement = watch.connection, step.statement
    if statement.kind in _TAGGED and not statement.opaque:
        return rows_of(await connection.execute(statement.text)) != 0
    if not (statement.opaque or statement.kind in QUERIES):
        await connection.execute(statement.text)
        return True
    if not counted:
        return await _outside(connection, statement.text)
    written = [oid for oid in watch.tables if watch.names[oid] in step.traces.writes]
    contents = await _digest(connection, written)
    before = int(await connection.fetchval(_CHANGES, watch.tables))
    await connection.execute(statement.text)
    if int(await connection.fetchval(_CHANGES, watch.tables)) == before:
        return False
    # A row that was written as it was shows nothing of how it would come back.
    return not contents or await _digest(connection, written) != contents


async def _digest(connection: Connection, tables: Sequence[int]) -> tuple[object, ...]:
    """What the tables hold, by their oids; empty where that cannot be read."""
    found: list[object] = []
    await connection.execute("SAVEPOINT db_migrate_digest")
    try:
        for oid in tables:
            relation = await connection.fetchval(
                "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c "
                "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
                "WHERE c.oid OPERATOR(pg_catalog.=) $1::oid",
                oid,
            )
            if relation is not None:
                found.append(
                    await connection.fetchval(
                        f"SELECT pg_catalog.sum(pg_catalog.hashtextextended(t::text, 0))::text FROM {relation} AS t"
                    )
                )
    except asyncpg.PostgresError:
        await connection.execute("ROLLBACK TO db_migrate_digest")
        found.clear()
    await connection.execute("RELEASE db_migrate_digest")
    return tuple(found)


async def _outside(connection: Connection, text: str) -> bool:
    """Run code that may commit. Postgres 14 has no counters that can be asked for at once: nothing is seen there."""
    if connection.get_server_version().major < 15:
        await connection.execute(text)
        return False
    await connection.execute(_HAND_IN)
    before = int(await connection.fetchval(_EVER))
    await connection.execute(text)
    await connection.execute(_HAND_IN)
    return int(await connection.fetchval(_EVER)) != before
