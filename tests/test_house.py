"""The envelope and the lifecycle, and that the test database is real."""

from __future__ import annotations

import asyncpg


async def test_the_test_database_answers(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
