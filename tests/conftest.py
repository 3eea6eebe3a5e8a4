"""Shared fixtures: one real Postgres a session, a fresh database a test."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from db_migrate.cluster import initialise, locks, parameters
from db_migrate.cluster.binaries import resolve
from db_migrate.cluster.launch import Home, start_postgres


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A running Postgres 18; yields the superuser's DSN of its `postgres` database.

    Started by our own launcher, so it ends with the tests however they end; unlike a shadow it asks for no password
    and has Postgres's own settings.
    """
    memory = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(prefix="dbm-test-", dir=memory if memory.is_dir() else None))
    path.chmod(0o711)
    home = Home(path, path / "run")
    using = locks.share(home.users)
    kept = locks.open_lock(home.keeper)
    binaries = resolve(None)
    options = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    initialise.initdb(binaries, home.data, superuser="postgres", password="unused", options=options)
    home.make_run()
    start_postgres(
        binaries,
        home,
        parameters.arguments({"listen_addresses": "", "fsync": "off"}, binaries.major),
        {},
        fresh=True,
        confined=False,
        starting=locks.own(home.start),
        keeping=locks.own(home.keeper),
    )
    yield f"postgresql://postgres@/postgres?host={home.run}"
    os.close(using)
    locks.wait_until_free(kept)
    os.close(kept)
    assert not path.exists()


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
