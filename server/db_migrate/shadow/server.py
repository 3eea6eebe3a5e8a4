"""Connections to the shadow server, and how names, texts and errors are carried between it and us."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import asyncpg

from db_migrate.cluster.shadow import Cluster, ClusterLost
from db_migrate.postgres.connect import Connection
from db_migrate_tools.evidence import PgFailure

ADMIN_DATABASE = "postgres"

LONGEST = 2000
"""Characters of an error's parts that are kept."""

_OURS = MappingProxyType(
    {
        "application_name": "db-migrate shadow",
        "client_min_messages": "notice",
        "default_table_access_method": "heap",
        "default_tablespace": "",
        "default_transaction_deferrable": "off",
        "default_transaction_isolation": "read committed",
        "default_transaction_read_only": "off",
        "exit_on_error": "off",
        "idle_in_transaction_session_timeout": "0",
        "idle_session_timeout": "0",
        "local_preload_libraries": "",
        "lock_timeout": "0",
        "quote_all_identifiers": "off",
        "row_security": "on",
        "statement_timeout": "0",
        "temp_tablespaces": "",
    }
)
"""What every session of ours begins with: a migration may set these for its database or its role, and what is said at
the start outranks both.
"""

# The shadow has little of each on purpose; a target has more.
_LIMITS: Mapping[str | None, Literal["space", "memory"]] = MappingProxyType(
    {"53100": "space", "53200": "memory", "53400": "space"}
)

_SHARED = "REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC"

RAISED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement can make asyncpg raise. The last comes when the server ends a session that is just in use."""


async def connect(
    server: Cluster,
    database: str = ADMIN_DATABASE,
    *,
    user: str | None = None,
    password: str | None = None,
    search_path: str = "pg_catalog, pg_temp",
    role: str = "none",
) -> Connection:
    """A connection as the superuser, or as `user`, who acts as `role` from the start.

    Its settings hold from the first moment, whatever a database's owner has set for sessions there. The superuser must
    run no code of theirs: its sessions fire no event trigger, not even the one for a login.

    Raises:
        ClusterLost: The shadow is not there any more.
    """
    try:
        return await asyncpg.connect(
            server.dsn(database, user, password),
            # A migration's DEALLOCATE ALL would take cached statements away.
            statement_cache_size=0,
            server_settings={
                **settings_of(server.major, superuser=user is None),
                "search_path": search_path,
                "role": role,
            },
        )
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
        raise ClusterLost(
            f"The shadow Postgres {server.version} has stopped.", "Ask again: a new one is started."
        ) from None


def settings_of(major: int, *, superuser: bool) -> dict[str, str]:
    """What a session of ours begins with on that major version."""
    settings = dict(_OURS)
    if major >= 17:
        settings["transaction_timeout"] = "0"
    if superuser:
        # Before 17 those stay awake that are meant for replicas: see `restore.asleep`. Nobody else may say either.
        settings |= {"event_triggers": "off"} if major >= 17 else {"session_replication_role": "replica"}
    return settings


async def close_doors(server: Cluster) -> None:
    """Let nobody but the superuser into the databases that all rehearsals share."""
    await server.execute(_SHARED)


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
        limit=_LIMITS.get(error.sqlstate),
    )


def _short(text: str | None) -> str | None:
    """SQL may raise errors of any length, which nobody reads and every copy of the plan would hold."""
    return text if text is None or len(text) <= LONGEST else f"{text[:LONGEST]}…"
