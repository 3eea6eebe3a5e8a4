"""Locks: one runner a database, and who stands between a statement and its tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import anyio
import asyncpg

from db_migrate.postgres.connect import Connection
from db_migrate.postgres.patience import Patience
from db_migrate_tools.ports import Progress, Refused
from db_migrate_tools.sql.model import Statement

RUNNER: Final = (1684172135, 1)
"""The advisory lock's two keys; the first spells `dbmg`."""

_MODES: Final = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
_CONFLICTS: Final[dict[str, tuple[str, ...]]] = {
    "AccessShareLock": _MODES[7:],
    "RowExclusiveLock": _MODES[4:],
    "ShareUpdateExclusiveLock": _MODES[3:],
    "ShareLock": (*_MODES[2:4], *_MODES[5:]),
    "ShareRowExclusiveLock": _MODES[2:],
    "AccessExclusiveLock": _MODES,
}
_TAKES: Final[dict[str, str]] = {
    "AlterTableStmt": "AccessExclusiveLock",
    "DropStmt": "AccessExclusiveLock",
    "TruncateStmt": "AccessExclusiveLock",
    "RenameStmt": "AccessExclusiveLock",
    "AlterObjectSchemaStmt": "AccessExclusiveLock",
    "CreatePolicyStmt": "AccessExclusiveLock",
    "AlterPolicyStmt": "AccessExclusiveLock",
    "RuleStmt": "AccessExclusiveLock",
    "CreateTrigStmt": "ShareRowExclusiveLock",
    "CreateStmt": "ShareRowExclusiveLock",
    "IndexStmt": "ShareLock",
    "CommentStmt": "ShareUpdateExclusiveLock",
    "InsertStmt": "RowExclusiveLock",
    "UpdateStmt": "RowExclusiveLock",
    "DeleteStmt": "RowExclusiveLock",
    "MergeStmt": "RowExclusiveLock",
    "ViewStmt": "AccessShareLock",
}
_ONLY_VALIDATES: Final = re.compile(r"\bVALIDATE\s+CONSTRAINT\b", re.IGNORECASE)

_HOLDS_RUNNER: Final = """
SELECT a.pid, a.application_name, a.state,
       (extract(epoch FROM clock_timestamp() - a.backend_start) * 1000)::bigint AS age_ms, a.usename::text AS role,
       NULL::text AS relation
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.classid = $1::bigint::oid AND l.objid = $2::bigint::oid AND l.granted
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""

_RELATIONS: Final = """
WITH RECURSIVE named AS (
    SELECT coalesce(i.indrelid, c.oid) AS oid
    FROM unnest($1::text[]) AS name JOIN pg_catalog.pg_class c ON c.oid = to_regclass(name)
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
), family AS (
    SELECT oid FROM named UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN family f ON h.inhparent = f.oid
)
SELECT oid::bigint FROM family
"""

_HOLDERS: Final = """
SELECT a.pid, a.application_name, a.state, a.usename::text AS role, l.relation::regclass::text AS relation,
       (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::bigint AS age_ms
FROM unnest($1::bigint[], $2::text[]) AS wanted (relation, mode)
JOIN pg_catalog.pg_locks l ON l.relation = wanted.relation AND l.mode = wanted.mode AND l.locktype = 'relation'
JOIN pg_catalog.pg_stat_activity a USING (pid)
WHERE l.granted AND l.pid <> pg_backend_pid() AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
ORDER BY a.xact_start
"""

_AUTOVACUUM: Final = """
SELECT (extract(epoch FROM current_setting('deadlock_timeout')::interval) * 1000)::int AS deadlock_ms,
       EXISTS (SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
               WHERE l.relation = ANY ($1::bigint[]) AND a.backend_type = 'autovacuum worker') AS works
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that is in the way. `age_ms` is its transaction's, None where this role may not see it."""

    pid: int
    application: str
    state: str
    role: str
    age_ms: int | None
    relation: str | None = None

    def __str__(self) -> str:
        """In words, without what it runs: a query's literals are data."""
        name = f" ({self.application})" if self.application else ""
        age = "" if self.age_ms is None else f", transaction open for {self.age_ms / 1000:.1f} s"
        held = f", holds {self.relation}" if self.relation else ""
        return f"pid {self.pid}{name}, role {self.role}, {self.state}{age}{held}"


def holder(row: asyncpg.Record) -> Holder:
    """A row of the queries above as a Holder; what this role may not see is said to be unknown."""
    return Holder(
        pid=row["pid"],
        application=row["application_name"] or "",
        state=row["state"] or "state unknown",
        role=row["role"] or "unknown",
        age_ms=row["age_ms"],
        relation=row["relation"],
    )


class RunnerBusy(Refused):
    """Another runner works on this database."""


async def take_runner_lock(connection: Connection, patience: Patience, progress: Progress) -> None:
    """Take the session's advisory lock by asking again and again: waiting inside Postgres would deadlock with a
    concurrent index build, which waits for every older transaction.

    Raises:
        RunnerBusy: Another session keeps it; says which.
    """
    deadline = anyio.current_time() + patience.runner_lock
    told = False
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1::int, $2::int)", *RUNNER):
        rows = await connection.fetch(_HOLDS_RUNNER, *RUNNER)
        who = "; ".join(str(holder(row)) for row in rows) or "a session that ended just now"
        if anyio.current_time() >= deadline:
            raise RunnerBusy(
                f"Another db-migrate run is at work on this database: {who}. Nothing was run.",
                "Wait for it to end, then call approve again with the same token.",
            )
        if not told:
            await progress(f"Waiting for another db-migrate run to end: {who}")
            told = True
        await anyio.sleep(patience.poll)


async def release_runner_lock(connection: Connection) -> None:
    """Give the advisory lock back; closing the session would, too."""
    await connection.execute(f"SELECT pg_advisory_unlock({RUNNER[0]}, {RUNNER[1]})")


def lock_taken(statement: Statement) -> str | None:
    """The strongest lock that a statement of this kind takes on the tables it names; None where it takes none that
    blocks others, or only running it shows.
    """
    if statement.kind == "AlterTableStmt" and _ONLY_VALIDATES.search(statement.text):
        return "ShareUpdateExclusiveLock"
    return _TAKES.get(statement.kind)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Relations by oid, each with the modes that must not be held on it by others."""

    pairs: tuple[tuple[int, str], ...] = ()

    @property
    def relations(self) -> list[int]:
        return sorted({oid for oid, _ in self.pairs})


async def wanted(connection: Connection, statements: Iterable[Statement]) -> Wanted:
    """What the statements need to themselves. Names that mean no relation yet, or that Postgres cannot read, need
    nothing: this only chooses the moment, lock_timeout is what protects.
    """
    pairs: set[tuple[int, str]] = set()
    for statement in statements:
        mode = lock_taken(statement)
        if mode is None or not statement.relations:
            continue
        try:
            rows = await connection.fetch(_RELATIONS, list(statement.relations))
        except (asyncpg.SyntaxOrAccessError, asyncpg.InvalidNameError, asyncpg.FeatureNotSupportedError):
            continue
        pairs.update((row[0], other) for row in rows for other in _CONFLICTS[mode])
    return Wanted(tuple(sorted(pairs)))


async def in_the_way(connection: Connection, wanted: Wanted) -> tuple[Holder, ...]:
    """Every session that holds what is wanted now, oldest transaction first."""
    if not wanted.pairs:
        return ()
    rows = await connection.fetch(_HOLDERS, [oid for oid, _ in wanted.pairs], [mode for _, mode in wanted.pairs])
    return tuple({h.pid: h for h in map(holder, rows)}.values())


async def watch(
    connection: Connection,
    wanted: Wanted,
    patience: Patience,
    progress: Progress,
    until: float,
    clock: Callable[[], float] = anyio.current_time,
) -> tuple[float, tuple[Holder, ...]]:
    """Wait until no old transaction holds what is wanted, at most to the moment `until` of the clock.

    Returns the milliseconds waited and who still stood in the way at the end.
    """
    began = clock()
    first_seen: dict[int, float] = {}
    told: Sequence[int] = ()
    while True:
        now = clock()
        holders = await in_the_way(connection, wanted)
        first_seen = {h.pid: first_seen.get(h.pid, now) for h in holders}
        old = tuple(
            h
            for h in holders
            if (h.age_ms if h.age_ms is not None else (now - first_seen[h.pid]) * 1000) >= patience.old_ms
        )
        if not holders or (not old and all(h.age_ms is not None for h in holders)) or now >= until:
            return (clock() - began) * 1000, old
        if old and [h.pid for h in old] != told:
            told = [h.pid for h in old]
            await progress("Waiting for a clear moment: " + "; ".join(map(str, old[:3])))
        await anyio.sleep(patience.poll)


async def knock_ms(connection: Connection, wanted: Wanted, patience: Patience, attempt: int) -> int:
    """The lock_timeout of this attempt. An autovacuum gives way only after deadlock_timeout, so it needs longer."""
    chosen = patience.knock(attempt)
    if attempt > 1 and wanted.pairs:
        row = await connection.fetchrow(_AUTOVACUUM, wanted.relations)
        if row is not None and row["works"]:
            return max(chosen, int(row["deadlock_ms"]) + 200)
    return chosen
