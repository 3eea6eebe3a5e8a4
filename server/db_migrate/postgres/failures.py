"""Errors that Postgres raised, as data, and what to do about those that a migration often meets."""

from __future__ import annotations

from typing import Final

import asyncpg

from db_migrate.postgres.dsn import Dsn, redact
from db_migrate_tools.evidence import PgFailure

LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.DatabaseDroppedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
    OSError,
)
"""What is raised when the session is gone; the statement's fate is then in the journal. asyncpg raises its
InternalClientError for the first query after a session was terminated between two.
"""

BLOCKED: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
"""What is raised when another session was in the way; trying again helps."""

_REMEDIES: Final = {
    "23505": "Remove the duplicate rows, or leave the unique constraint out.",
    "23503": "Correct the rows without a partner, or add the foreign key NOT VALID first.",
    "23502": "Give the rows a value first, or add the column with a default.",
    "23514": "Correct the rows that violate the check, or add it NOT VALID first.",
    "42501": "Run it with the role that owns the object, or grant the privilege named.",
    "53100": "Free disk space on the database server.",
    "53400": "Raise the limit named, or ask the database's administrator.",
    "55P04": "A new enum value can be used only after it is committed: move ADD VALUE into a migration of its own.",
    "57014": "It ran into statement_timeout, or somebody cancelled it: look who.",
    "25006": "The session is read-only: use the primary server and a role that may write.",
}


def failure_of(error: asyncpg.PostgresError, dsn: Dsn) -> PgFailure:
    """The error's fields without the DSN's password. `position` counts characters of the statement from 1."""

    def clean(text: str | None) -> str | None:
        return redact(text, dsn) if text else None

    return PgFailure(
        sqlstate=error.sqlstate,
        message=redact(error.message, dsn),
        detail=clean(error.detail),
        hint=clean(error.hint),
        position=int(error.position) if error.position else None,
        context=clean(error.context),
    )


def remedy_for(failure: PgFailure) -> str:
    """What to do next: Postgres's own hint where there is one, else ours."""
    advice = _REMEDIES.get(failure.sqlstate) or failure.hint or "Correct the SQL or the data."
    return f"{advice.rstrip('.')}."
