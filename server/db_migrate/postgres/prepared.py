"""Queries that are asked of one connection again and again, parsed and planned once."""

from __future__ import annotations

import secrets
from itertools import count
from typing import Any

import asyncpg

from db_migrate.postgres.connect import Connection


class Prepared:
    """The prepared queries of a connection. Whoever else uses it may throw them away (DEALLOCATE ALL): then asyncpg
    raises InvalidSQLStatementNameError, and `forget` begins anew.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: dict[str, Any] = {}
        # Without a name asyncpg, told to keep no statements, has each query parsed and planned every time.
        own = secrets.token_hex(6)
        self._names = (f"db_migrate_{own}_{number}" for number in count())

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """All rows of the query."""
        known = self._known.get(query)
        if known is None:
            known = self._known[query] = await self.connection.prepare(query, name=next(self._names))
        found: list[asyncpg.Record] = await known.fetch(*values)
        return found

    async def row(self, query: str, *values: object) -> asyncpg.Record:
        """The row of a query that always has one."""
        return (await self.fetch(query, *values))[0]

    async def value(self, query: str, *values: object) -> Any:
        """The only value of a query that always has one."""
        return (await self.row(query, *values))[0]

    def forget(self) -> None:
        """Prepare everything anew when it is next asked."""
        self._known.clear()
