"""Cases from files, and the roles that they name."""

from __future__ import annotations

import asyncpg
import pytest


@pytest.fixture
async def roles(cluster: str) -> None:
    """The roles that the cases grant to, made once in the cluster."""
    connection = await asyncpg.connect(cluster)
    for name in ("case_reader", "case_writer"):
        if not await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", name):
            await connection.execute(f"CREATE ROLE {name}")
    await connection.close()
