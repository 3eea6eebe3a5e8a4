"""The migration, run among synthetic rows as the runner will run it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from db_migrate.postgres.connect import Connection
from db_migrate.shadow.observe import Step
from db_migrate.shadow.server import RAISED, failure
from db_migrate.shadow.session import rows_of
from db_migrate_tools.evidence import PgFailure
from db_migrate_tools.schema.model import Ref

_TAGGED = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_QUERIES = frozenset({"SelectStmt", "CopyStmt", "CallStmt", "DoStmt", "ExecuteStmt"})
_CHANGES = """
SELECT coalesce(pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
                  + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
                  + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)), 0)::int8
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
    """How it went: `idle` are the numbers of statements that were seen to change no row."""

    stumble: Stumble | None = None
    idle: frozenset[int] = frozenset()


async def forward(connection: Connection, steps: Sequence[Step]) -> Forward:
    """Run what the rehearsal on the empty copy ran: one transaction, parted only by what cannot be in one."""
    idle: list[int] = []
    played = [step for step in steps if not step.left_out]
    for transactional, run in groupby(played, key=lambda step: step.statement.transactional):
        group = list(run)
        running = group[0]
        try:
            if transactional:
                await connection.execute("BEGIN")
            for running in group:
                if not await _changes(connection, running, counted=transactional):
                    idle.append(running.statement.number)
            if transactional:
                await connection.execute("COMMIT")
        except RAISED as error:
            schema, table = getattr(error, "schema_name", None), getattr(error, "table_name", None)
            blamed = Ref("table", schema, table) if isinstance(schema, str) and isinstance(table, str) else None
            column: object = getattr(error, "column_name", None)
            return Forward(
                Stumble(running.statement.number, failure(error), blamed, column if isinstance(column, str) else None)
            )
    return Forward(idle=frozenset(idle))


async def _changes(connection: Connection, step: Step, *, counted: bool) -> bool:
    """Run a statement; False where it was seen to change no row."""
    statement = step.statement
    if statement.kind in _TAGGED and not statement.opaque:
        return rows_of(await connection.execute(statement.text)) != 0
    if not counted or not (statement.opaque or statement.kind in _QUERIES):
        await connection.execute(statement.text)
        return True
    before = int(await connection.fetchval(_CHANGES))
    await connection.execute(statement.text)
    return int(await connection.fetchval(_CHANGES)) != before
