"""Watches the executing session from a second one: what it waits for, and how far an index build is."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import asyncpg

from db_migrate.postgres.connect import Connection, connect
from db_migrate.postgres.dsn import Dsn
from db_migrate.postgres.failures import LOST
from db_migrate.postgres.locks import Holder, holder
from db_migrate.postgres.patience import Patience
from db_migrate_tools.ports import Progress, Refused

_WAITS = """
SELECT wait_event_type = 'Lock' AS waits FROM pg_catalog.pg_stat_activity WHERE pid = $1
"""
_BLOCKERS = """
SELECT a.pid, a.application_name, a.state, a.usename::text AS role, NULL::text AS relation,
       (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::bigint AS age_ms
FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1)) ORDER BY a.xact_start
"""
_BUILD = """
SELECT phase, CASE WHEN blocks_total > 0 THEN 100 * blocks_done / blocks_total
                   WHEN tuples_total > 0 THEN 100 * tuples_done / tuples_total END AS percent
FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1
"""


class Observer:
    """What was seen while a statement ran. `statement` names it while it runs, None between statements."""

    def __init__(self, pid: int, patience: Patience, progress: Progress) -> None:
        self.statement: str | None = None
        self.blockers: tuple[Holder, ...] = ()
        self.lock_wait_ms = 0.0
        self._pid = pid
        self._patience = patience
        self._progress = progress
        self._said = ""

    def begin(self, statement: str) -> None:
        """A statement begins; `lock_wait_ms` counts anew."""
        self.statement = statement
        self.lock_wait_ms = 0.0

    def end(self) -> None:
        """It ended, one way or another."""
        self.statement = None

    async def run(self, dsn: Dsn) -> None:
        """Look until cancelled. A second session that cannot be had, or that breaks, ends only the looking."""
        try:
            # Before the first statement: a session that is opened when one already waits may come too late to see why.
            async with connect(dsn, application_name="db-migrate observer", read_only=True) as connection:
                while True:
                    await anyio.sleep(self._patience.observe)
                    if self.statement is not None:
                        await self._look(connection)
        except (Refused, asyncpg.PostgresError, asyncpg.InterfaceError, *LOST):
            return

    async def _look(self, connection: Connection) -> None:
        statement = self.statement
        if statement is None:
            return
        if await connection.fetchval(_WAITS, self._pid):
            self.blockers = tuple(holder(row) for row in await connection.fetch(_BLOCKERS, self._pid))
            self.lock_wait_ms += self._patience.observe * 1000
            if self.blockers:
                await self._say(f"{statement} waits for {'; '.join(str(b) for b in self.blockers[:3])}")
            return
        row = await connection.fetchrow(_BUILD, self._pid)
        if row is not None:
            done = "" if row["percent"] is None else f", {row['percent']:.0f} %"
            await self._say(f"{statement}: {row['phase']}{done}")

    async def _say(self, message: str) -> None:
        if message != self._said:
            self._said = message
            await self._progress(message)


@asynccontextmanager
async def observing(dsn: Dsn, pid: int, patience: Patience, progress: Progress) -> AsyncGenerator[Observer]:
    """An observer of the session with this backend pid, for as long as the block runs."""
    observer = Observer(pid, patience, progress)
    async with anyio.create_task_group() as group:
        group.start_soon(observer.run, dsn)
        try:
            yield observer
        finally:
            group.cancel_scope.cancel()
