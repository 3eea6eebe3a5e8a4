"""A database with the baseline on each major version that can be had here."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from clusters import binaries_of
from db_migrate.cluster.shadow import start_shadow
from db_migrate.cluster.supabase import baseline
from supabase.places import PASSWORD, Base


@pytest.fixture(scope="session", params=[15, 17, 18])
async def base(request: pytest.FixtureRequest) -> AsyncIterator[Base]:
    major: int = request.param
    if binaries_of(major) is None:
        pytest.skip(f"no binaries of Postgres {major} on this machine")
    async with await start_shadow(major=major) as cluster:
        assert cluster.major == major
        await cluster.execute(f"CREATE ROLE supabase_admin SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        connection = await cluster.connect(user="supabase_admin", password=PASSWORD)
        await baseline.prepare(connection, "postgres", PASSWORD)
        notes = await baseline.complete(connection, "postgres")
        await connection.close()
        yield Base(cluster, notes)


@pytest.fixture
async def user(base: Base) -> AsyncIterator[asyncpg.Connection]:
    """A session of the application's role, in a transaction that is undone."""
    connection = await base.user()
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()
