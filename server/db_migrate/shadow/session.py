"""A session that runs a migration's statements and can be read in between without leaving a trace."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from anyio.lowlevel import checkpoint

from db_migrate.postgres.connect import Connection

# Our own queries must mean the same whatever the migration has set, and must not fail by its time limits.
_UNDISTURBED = (
    "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL client_min_messages = warning; "
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL standard_conforming_strings = on"
)
_COUNTED = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "SELECT", "FETCH", "MOVE")


@dataclass(frozen=True, slots=True)
class Ran:
    """A statement that ran: the count in its command tag, the lines that Postgres said, milliseconds."""

    rows: int | None
    lines: tuple[str, ...]
    ms: float


class Session:
    """A connection with its DEBUG1 lines collected."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._lines: list[str] = []
        connection.add_log_listener(self._listen)

    def _listen(self, _: object, message: asyncpg.PostgresLogMessage) -> None:
        said: object = getattr(message, "message", None)
        severity: object = getattr(message, "severity_en", None)
        if isinstance(said, str) and isinstance(severity, str) and severity.startswith("DEBUG"):
            self._lines.append(said)

    @property
    def pid(self) -> int:
        return self.connection.get_server_pid()

    async def run(self, text: str) -> Ran:
        """Run one statement as it is written."""
        self._lines.clear()
        started = time.perf_counter()
        tag = await self.connection.execute(text)
        ms = (time.perf_counter() - started) * 1000
        # asyncpg hands log lines to the event loop, which must have come round once to have them here.
        await checkpoint()
        return Ran(rows_of(tag), tuple(self._lines), ms)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Connection]:
        """For our own queries: settings of our own, and locks that reading takes are given back."""
        inside = self.connection.is_in_transaction()
        await self.connection.execute(f"{'SAVEPOINT dbm_reading' if inside else 'BEGIN'}; {_UNDISTURBED}")
        yield self.connection
        await self.connection.execute(
            "ROLLBACK TO SAVEPOINT dbm_reading; RELEASE SAVEPOINT dbm_reading" if inside else "ROLLBACK"
        )


def rows_of(tag: str) -> int | None:
    """The count in a command tag such as `UPDATE 3`, None where a tag counts nothing."""
    words = tag.split()
    return int(words[-1]) if len(words) > 1 and words[0] in _COUNTED and words[-1].isdigit() else None
