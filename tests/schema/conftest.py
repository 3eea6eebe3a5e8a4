"""One database for the cases, the roles that they name, and a second database to build copies in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from db_migrate.postgres.connect import Connection


@pytest.fixture(scope="session")
async def roles(cluster: str, anyio_backend: str) -> None:
    """The roles that the cases grant to, made once in the cluster."""
    connection = await asyncpg.connect(cluster)
    for name in ("case_reader", "case_writer", "supabase_admin", "supabase_auth_admin", 'odd "role'):
        if not await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", name):
            await connection.execute("CREATE ROLE " + '"' + name.replace('"', '""') + '"')
    await connection.close()


@pytest.fixture(scope="module")
async def shared(cluster: str, roles: None) -> AsyncIterator[Connection]:
    """A connection to a database that a module's tests share: each works in a transaction that it takes back."""
    admin = await asyncpg.connect(cluster)
    await admin.execute("DROP DATABASE IF EXISTS schema_cases WITH (FORCE)")
    await admin.execute("CREATE DATABASE schema_cases")
    connection = await asyncpg.connect(cluster.replace("/postgres?", "/schema_cases?"))
    yield connection
    await connection.close()
    await admin.execute("DROP DATABASE schema_cases WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def work(shared: Connection) -> AsyncIterator[Connection]:
    """Inside a transaction, in an empty schema `work` that is the search path."""
    await shared.execute("BEGIN; CREATE SCHEMA work; SET LOCAL search_path = work")
    yield shared
    await shared.execute("ROLLBACK")
