"""A probe of how many more clients a server will take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from db_migrate.postgres.connect import connect, one_row
from db_migrate.postgres.dsn import parse
from db_migrate_tools.wire import Check

_CONNECTIONS = """
SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend')::int AS used,
       current_setting('max_connections')::int AS most
"""


async def check_connections(dsn: Callable[[], Awaitable[str]], *, timeout: float = 10.0) -> Check:  # noqa: ASYNC109
    """How near the server is to refusing clients. Raises Refused when it cannot be reached."""
    async with connect(parse(await dsn()), timeout=timeout, read_only=True) as connection:
        row = await one_row(connection, _CONNECTIONS)
    used, most = row["used"], row["most"]
    full = used >= 0.9 * most
    return Check(
        name="connections",
        status="warn" if full else "pass",
        detail=f"{used} of {most} connections are in use.",
        remedy="Close idle clients or put a session pooler in front." if full else None,
    )
