"""One database whose catalog the cases are rewritten against."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from db_migrate.postgres.target import PostgresTarget
from db_migrate_tools.evidence import TargetFacts
from kept.keptcases import SCHEMA


@pytest.fixture(scope="session")
def read() -> dict[str, TargetFacts]:
    """What was read of databases, by the SQL that made them."""
    return {}


@pytest.fixture
async def facts(make_database: Callable[[], Awaitable[str]], read: dict[str, TargetFacts]) -> TargetFacts:
    """The database of the cases, as planning sees it."""
    if SCHEMA not in read:
        dsn = await make_database()
        connection = await asyncpg.connect(dsn)
        await connection.execute(SCHEMA)
        await connection.close()

        async def url() -> str:
            return dsn

        read[SCHEMA] = await PostgresTarget("dev", url).facts()
    return read[SCHEMA]
