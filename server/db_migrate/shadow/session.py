"""A session that runs a migration's statements and can be read in between without leaving a trace."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from anyio.lowlevel import checkpoint

from db_migrate.postgres.connect import Connection
from db_migrate.postgres.prepared import Prepared
from db_migrate.shadow.relations import Relations
from db_migrate.shadow.traces import LOOK, SOURCES, Touched, says, touched

# Our own queries must mean the same whatever the migration has set, and must not fail by its time limits.
_UNDISTURBED = (
    "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL client_min_messages = warning; "
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL standard_conforming_strings = on"
)
_READ = f"SAVEPOINT dbm_reading; {_UNDISTURBED}"
_HAVE_READ = "ROLLBACK TO SAVEPOINT dbm_reading; RELEASE SAVEPOINT dbm_reading"
_GUARD = "SAVEPOINT dbm_statement; SET LOCAL client_min_messages = debug1"
_KEEP = "RELEASE SAVEPOINT dbm_statement"
_UNDO = f"ROLLBACK TO SAVEPOINT dbm_statement; {_KEEP}"
_PUBLISH = "SELECT pg_catalog.pg_stat_force_next_flush()"
MOST_LINES = 4_000
LONGEST_LINE = 500
"""Characters; the names of relations in them are short."""

_COUNTED = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "SELECT", "FETCH", "MOVE")


@dataclass(frozen=True, slots=True)
class Ran:
    """A statement that ran: the count in its command tag, the lines that Postgres said, milliseconds."""

    rows: int | None
    lines: tuple[str, ...]
    ms: float


class Session:
    """A connection with those DEBUG1 lines collected that tell what Postgres does to relations."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._lines: list[str] = []
        self._reader = Prepared(connection)
        self._owed: list[str] = []
        connection.add_log_listener(self._listen)

    def _listen(self, _: object, message: asyncpg.PostgresLogMessage) -> None:
        said: object = getattr(message, "message", None)
        severity: object = getattr(message, "severity_en", None)
        if len(self._lines) >= MOST_LINES or not isinstance(said, str) or not isinstance(severity, str):
            return
        # A migration's own code may say anything at this level, any number of times: only what Postgres's own
        # sources say counts.
        told_by: object = getattr(message, "server_source_filename", None)
        if severity.startswith("DEBUG") and told_by in SOURCES and says(said):
            self._lines.append(said[:LONGEST_LINE])

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

    @property
    def publishes(self) -> bool:
        """Whether this version can be told to put its counters back to 0 when a transaction begins."""
        return self.connection.get_server_version().major >= 15

    async def begin(self) -> None:
        """Begin a transaction whose counters of scans start from 0, where the version can be told to."""
        if self.publishes:
            # They are published when the session goes idle, so this cannot ride along with BEGIN.
            await self.connection.execute(_PUBLISH)
        await self.connection.execute("BEGIN")

    async def commit(self) -> None:
        """Commit. Raises what Postgres says to it."""
        await self._pay("COMMIT")

    async def rollback(self) -> None:
        """Give the transaction up."""
        self._owed.clear()
        await self.connection.execute("ROLLBACK")

    async def guarded(self, text: str) -> Ran:
        """Run one statement inside the transaction; after a failure `undo` goes on as if it had not been there."""
        await self._pay(_GUARD)
        ran = await self.run(text)
        self._owed.append(_KEEP)
        return ran

    async def undo(self) -> None:
        """Take back the guarded statement that has just failed."""
        await self._pay(_UNDO)

    async def look(self, known: Relations, *, locks: bool = True) -> Touched:
        """What the open transaction holds and has written; without `locks` only how much it has written."""
        await self._pay(_READ)
        try:
            rows = await self._reader.fetch(LOOK, known.catalogs, locks)
        except asyncpg.InvalidSQLStatementNameError:
            # The migration has thrown away what the session had prepared.
            self._reader.forget()
            await self.connection.execute("ROLLBACK TO SAVEPOINT dbm_reading; " + _UNDISTURBED)
            rows = await self._reader.fetch(LOOK, known.catalogs, locks)
        self._owed.append(_HAVE_READ)
        return touched(tuple(row) for row in rows)

    async def settle(self) -> None:
        """Send what was put off, so that others may use the connection."""
        if self._owed:
            await self._pay()

    async def _pay(self, *words: str) -> None:
        """Send words together with those put off: one journey instead of several."""
        text = "; ".join((*self._owed, *words))
        self._owed.clear()
        await self.connection.execute(text)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Connection]:
        """For our own queries: settings of our own, and locks that reading takes are given back."""
        await self.settle()
        inside = self.connection.is_in_transaction()
        await self.connection.execute(f"{'SAVEPOINT dbm_reading' if inside else 'BEGIN'}; {_UNDISTURBED}")
        yield self.connection
        await self.connection.execute(_HAVE_READ if inside else "ROLLBACK")


def rows_of(tag: str) -> int | None:
    """The count in a command tag such as `UPDATE 3`, None where a tag counts nothing."""
    words = tag.split()
    return int(words[-1]) if len(words) > 1 and words[0] in _COUNTED and words[-1].isdigit() else None
