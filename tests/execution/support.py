"""Orders, runners and a view of waiting sessions, for the tests of execution."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg

from db_migrate.postgres.patience import Patience
from db_migrate.postgres.runner import PostgresRunner
from db_migrate.postgres.target import PostgresTarget
from db_migrate_tools.evidence import Execution
from db_migrate_tools.ports import Order
from db_migrate_tools.sql.model import Statement

PASSWORD = "k4nARY/p@ss"
"""A canary: no message, repr or result may show it."""

QUICK = Patience(
    connect=5.0,
    runner_lock=0.2,
    lock_wait=0.3,
    watch=0.05,
    old_ms=1,
    knock_ms=(20, 40),
    backoff=(0.01, 0.02),
    poll=0.01,
    observe=0.02,
    concurrent_wait=0.3,
    cleanup_wait=0.1,
    reconnect=5.0,
)
STEADFAST = replace(
    QUICK,
    runner_lock=60.0,
    lock_wait=60.0,
    watch=0.0,
    knock_ms=(60_000, 60_000),
    concurrent_wait=60.0,
    cleanup_wait=60.0,
)
"""Waits inside Postgres, where a test can see it waiting."""

KINDS = {
    "CREATE TABLE": "CreateStmt",
    "CREATE INDEX": "IndexStmt",
    "CREATE UNIQUE": "IndexStmt",
    "ALTER TABLE": "AlterTableStmt",
    "DROP INDEX": "DropStmt",
    "INSERT INTO": "InsertStmt",
    "UPDATE ": "UpdateStmt",
    "VACUUM": "VacuumStmt",
    "REINDEX": "ReindexStmt",
}


class Said:
    """A progress port that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    async def __call__(self, message: str) -> None:
        self.messages.append(message)


def statement(number: int, text: str, *relations: str) -> Statement:
    kind = next((k for head, k in KINDS.items() if text.upper().startswith(head)), "DoStmt")
    transactional = "CONCURRENTLY" not in text.upper() and kind != "VacuumStmt"
    return Statement(
        number, text, number, kind, "OTHER", "other", "", "", relations=relations, transactional=transactional
    )


def provider(dsn: str) -> Callable[[], Awaitable[str]]:
    async def give() -> str:
        return dsn

    return give


def target(dsn: str) -> PostgresTarget:
    return PostgresTarget("dev", provider(dsn))


def runner(dsn: str, patience: Patience = QUICK) -> PostgresRunner:
    return PostgresRunner("dev", provider(dsn), patience=patience, tool_version="test")


async def order(dsn: str, *texts: str, version: str = "20260101000000", undoes: str | None = None) -> Order:
    """An order for the database as it is now. A text `table: SQL` names the relation that the SQL mentions."""
    facts = await target(dsn).facts()
    statements: list[Statement] = []
    for number, text in enumerate(texts, 1):
        relation, colon, sql = text.partition(": ")
        statements.append(statement(number, sql, relation) if colon else statement(number, text))
    return Order(
        plan_id=secrets.token_hex(8),
        digest=secrets.token_hex(32),
        env="dev",
        identity=facts.identity,
        fingerprint=facts.fingerprint,
        settings=facts.settings,
        statements=tuple(statements),
        version=version,
        name="change",
        rollback=("SELECT 'back'",),
        rollback_proof="proven",
        approved_by="Ada",
        source="spec.md",
        source_sha256="0" * 64,
        undoes=undoes,
    )


async def execute(dsn: str, wanted: Order, patience: Patience = QUICK, said: Said | None = None) -> Execution:
    return await runner(dsn, patience).execute(wanted, said or Said())


async def sql(dsn: str, *statements: str) -> None:
    async with session(dsn) as connection:
        for text in statements:
            await connection.execute(text)


async def value(dsn: str, query: str, *args: object) -> object:
    async with session(dsn) as connection:
        return await connection.fetchval(query, *args)


async def rows(dsn: str, query: str) -> Sequence[tuple[object, ...]]:
    async with session(dsn) as connection:
        return [tuple(row) for row in await connection.fetch(query)]


@asynccontextmanager
async def session(dsn: str, name: str = "test") -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        dsn, server_settings={"application_name": name}, statement_cache_size=0
    )
    try:
        yield connection
    finally:
        await connection.close()


WAITING = """
SELECT (SELECT min(pid) FROM pg_stat_activity
        WHERE application_name = 'db-migrate' AND datname = current_database() AND wait_event_type = 'Lock'
          AND query ILIKE $1), pg_sleep(0.01)
"""
GONE = """
SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1), pg_sleep(0.01)
"""


async def until_waiting(dsn: str, query: str) -> int:
    """The pid of the runner's backend, once it waits for a lock with a statement like `query`."""
    async with session(dsn) as connection:
        while True:
            pid = await connection.fetchval(WAITING, query)
            if pid is not None:
                return int(pid)


async def until_gone(dsn: str, pid: int) -> None:
    """Until that backend has ended."""
    async with session(dsn) as connection:
        while not await connection.fetchval(GONE, pid):
            pass
