"""Connections to the shadow server, and how names, texts and errors are carried between it and us."""

from __future__ import annotations

import asyncpg

from db_migrate.cluster.shadow import Cluster, ClusterLost
from db_migrate.postgres.connect import Connection
from db_migrate_tools.evidence import PgFailure

ADMIN_DATABASE = "postgres"

LONGEST = 2000
"""Characters of an error's parts that are kept."""

RAISED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement can make asyncpg raise. The last comes when the server ends a session that is just in use."""


async def connect(
    server: Cluster,
    database: str = ADMIN_DATABASE,
    *,
    user: str | None = None,
    password: str | None = None,
    search_path: str = "pg_catalog, pg_temp",
) -> Connection:
    """A connection as the superuser, or as `user`.

    The search path holds from the first moment, whatever a database's owner has set for sessions there: the
    superuser must run no code of theirs.

    Raises:
        ClusterLost: The shadow is not there any more.
    """
    try:
        return await asyncpg.connect(
            server.dsn(database, user, password),
            # A migration's DEALLOCATE ALL would take cached statements away.
            statement_cache_size=0,
            server_settings={"search_path": search_path, "application_name": "db-migrate shadow"},
        )
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
        raise ClusterLost(
            f"The shadow Postgres {server.version} has stopped.", "Ask again: a new one is started."
        ) from None


def name(identifier: str) -> str:
    """The identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as a literal that means the same whatever standard_conforming_strings says."""
    escaped = text.replace("'", "''")
    return f" E'{escaped.replace(chr(92), chr(92) * 2)}'" if "\\" in escaped else f"'{escaped}'"


def failure(error: asyncpg.PostgresError | asyncpg.InterfaceError | asyncpg.InternalClientError) -> PgFailure:
    """What Postgres said, field by field; what asyncpg itself says is about the session."""
    if not isinstance(error, asyncpg.PostgresError):
        return PgFailure("08006", f"the session cannot go on: {str(error).partition(chr(10))[0]}")
    return PgFailure(
        sqlstate=error.sqlstate,
        # Errors that asyncpg raises for Postgres, a lost connection for one, have no fields.
        message=_short(error.message or str(error)) or "",
        detail=_short(error.detail),
        hint=_short(error.hint),
        position=int(error.position) if error.position else None,
        context=_short(error.context),
    )


def _short(text: str | None) -> str | None:
    """SQL may raise errors of any length, which nobody reads and every copy of the plan would hold."""
    return text if text is None or len(text) <= LONGEST else f"{text[:LONGEST]}…"
