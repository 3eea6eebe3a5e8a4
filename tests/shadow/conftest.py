"""One shadow for all tests of this directory, and targets to rehearse against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import asyncpg
import pytest

from db_migrate.cluster.shadow import Cluster, start_shadow
from db_migrate.postgres.target import PostgresTarget
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate_tools.evidence import Env, Rehearsal, TargetFacts
from db_migrate_tools.sql.model import Piece, Statement
from db_migrate_tools.sql.script import build


def statements(sql: str) -> tuple[Statement, ...]:
    """The SQL's statements, as a plan has them."""
    script = build([Piece(sql)])
    assert not script.blockers
    return script.statements


async def silent(_: str) -> None:
    """Progress that nobody hears."""


async def facts_of(dsn: str) -> TargetFacts:
    async def url() -> str:
        return dsn

    return await PostgresTarget("dev", url).facts()


async def execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(sql)
    await connection.close()


class Rehearser:
    """Rehearses against a target made by SQL; targets with the same SQL are made once."""

    def __init__(self, shadow: ShadowRehearsal, make_database: Callable[[], Awaitable[str]], dumps: dict[str, str]):
        self.shadow = shadow
        self.make_database = make_database
        self.dumps = dumps

    async def target(self, setup: str, **identity: object) -> TargetFacts:
        dsn = await self.make_database()
        await execute(dsn, setup)
        self.dumps["dsn"] = dsn
        facts = await facts_of(dsn)
        return replace(facts, identity=replace(facts.identity, **identity))  # type: ignore[arg-type]

    async def __call__(self, setup: str | TargetFacts, sql: str, down: str = "") -> Rehearsal:
        target = await self.target(setup) if isinstance(setup, str) else setup
        return await self.shadow.rehearse(target, statements(sql), statements(down) if down else (), silent)


@pytest.fixture(scope="session")
def dumps() -> dict[str, str]:
    """Where pg_dump finds the target of the moment; empty means nowhere."""
    return {}


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Cluster]:
    """The running shadow itself, to look at behind the rehearsal's back."""
    async with await start_shadow() as cluster:
        yield cluster


@pytest.fixture(scope="session")
async def shadow(server: Cluster, dumps: dict[str, str]) -> ShadowRehearsal:
    async def start(_: int | None) -> Cluster:
        return server

    async def dump_dsn(_: Env) -> str | None:
        return dumps.get("dsn")

    return ShadowRehearsal(start, dump_dsn, deadline=60)


@pytest.fixture
async def rehearse(
    shadow: ShadowRehearsal, make_database: Callable[[], Awaitable[str]], dumps: dict[str, str]
) -> Rehearser:
    return Rehearser(shadow, make_database, dumps)
