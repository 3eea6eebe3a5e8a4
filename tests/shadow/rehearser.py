"""Rehearsals as a plan asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg

from db_migrate.postgres.target import PostgresTarget
from db_migrate.shadow.rehearsal import ShadowRehearsal
from db_migrate_tools.evidence import Observation, Rehearsal, TargetFacts
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
        if setup:
            await execute(dsn, setup)
        self.dumps["dsn"] = dsn
        facts = await facts_of(dsn)
        return replace(facts, identity=replace(facts.identity, **identity))  # type: ignore[arg-type]

    async def __call__(self, setup: str | TargetFacts, sql: str, down: str = "") -> Rehearsal:
        """Rehearse, and wait until everything of it is swept."""
        target = await self.target(setup) if isinstance(setup, str) else setup
        found = await self.shadow.rehearse(target, statements(sql), statements(down) if down else (), silent)
        await self.shadow.settle()
        return found


def by_hand(*texts: str, kind: str = "SelectStmt", transactional: bool = True) -> tuple[Statement, ...]:
    """Statements that reading a source would refuse."""
    return tuple(
        Statement(number, text, number, kind, "OTHER", "other", "", "", transactional=transactional, opaque=True)
        for number, text in enumerate(texts, 1)
    )


def seen(rehearsal: Rehearsal, statement: int = 1) -> Observation:
    """The observation of a statement that ran."""
    observation = rehearsal.observations[statement - 1]
    assert observation.statement == statement
    assert observation.error is None
    assert observation.observed
    return observation
