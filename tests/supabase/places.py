"""A cluster like a Supabase project's."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from db_migrate.cluster.shadow import Cluster

PASSWORD = "made-for-tests"


@dataclass(frozen=True)
class Base:
    """A throwaway cluster whose database `postgres` is like a new Supabase project's."""

    cluster: Cluster
    notes: tuple[str, ...]

    async def admin(self) -> asyncpg.Connection:
        return await self.cluster.connect(user="supabase_admin", password=PASSWORD)

    async def user(self, database: str = "postgres") -> asyncpg.Connection:
        """A session of the role that people and migrations use."""
        return await self.cluster.connect(database, user="postgres", password=PASSWORD)


async def row(connection: asyncpg.Connection, sql: str, *arguments: object) -> tuple[object, ...]:
    """The one row that a query gives."""
    found = await connection.fetchrow(sql, *arguments)
    assert found is not None
    return tuple(found)
