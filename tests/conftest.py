"""Shared fixtures: one real Postgres a session, a fresh database a test."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import pytest

from clusters import running
from db_migrate.cluster.binaries import resolve


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A running Postgres 18; yields the superuser's DSN of its `postgres` database.

    Started by our own launcher, so it ends with the tests however they end; unlike a shadow it asks for no password
    and has Postgres's own settings.
    """
    with running(resolve(None)) as dsn:
        yield dsn


@pytest.fixture
async def make_database(cluster: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Makes fresh empty databases, owned by the superuser; yields their DSNs and drops them afterwards."""
    made: list[str] = []

    async def make() -> str:
        name = f"t_{secrets.token_hex(6)}"
        connection = await asyncpg.connect(cluster)
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()
        made.append(name)
        return cluster.replace("/postgres?", f"/{name}?")

    yield make
    connection = await asyncpg.connect(cluster)
    for name in made:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


@pytest.fixture
async def dsn(make_database: Callable[[], Awaitable[str]]) -> str:
    """The DSN of a fresh empty database."""
    return await make_database()
