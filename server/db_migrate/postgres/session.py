"""The executing session: its settings pinned to what was approved, and read back."""

from __future__ import annotations

import asyncpg

from db_migrate.postgres.connect import Connection, one_row
from db_migrate.postgres.patience import Patience
from db_migrate_tools.evidence import SessionSettings
from db_migrate_tools.ports import Refused

READ_SETTINGS = """
SELECT current_setting('search_path') AS search_path,
       current_setting('standard_conforming_strings') AS standard_conforming_strings,
       current_setting('TimeZone') AS timezone, current_setting('lock_timeout') AS lock_timeout,
       current_setting('statement_timeout') AS statement_timeout
"""
_WRITES = """
SELECT current_setting('default_transaction_read_only') = 'on' AS read_only, pg_is_in_recovery() AS replica
"""


async def read_settings(connection: Connection) -> SessionSettings:
    """The settings of this session. Of a new one they are what a session of this role and database begins with."""
    row = await one_row(connection, READ_SETTINGS)
    return SessionSettings(**dict(row))


async def refuse_unwritable(connection: Connection) -> None:
    """Raises Refused on a replica, or where this role's sessions are read-only."""
    row = await one_row(connection, _WRITES)
    if row["replica"]:
        raise Refused("This server is a read replica. Nothing was run.", "Give the primary server's URL.")
    if row["read_only"]:
        raise Refused(
            "Sessions of this role are read-only here (default_transaction_read_only). Nothing was run.",
            "Use the URL of a role that may write. Supabase sets this when the disk is full: then free space first.",
        )


async def pin(connection: Connection, approved: SessionSettings, patience: Patience) -> None:
    """Give the session what the approval names and bounds of our own, and verify both.

    Raises:
        Refused: The server did not take a setting that changes what the SQL means.
    """
    meaning = {
        "search_path": approved.search_path,
        "standard_conforming_strings": "on",
        "TimeZone": approved.timezone,
    }
    bounds = {
        "statement_timeout": str(patience.statement_timeout_ms),
        "idle_in_transaction_session_timeout": "60000",
        "lock_timeout": "0",
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "10",
    }
    for name, value in {**meaning, **bounds}.items():
        await connection.execute("SELECT set_config($1, $2, false)", name, value)
    for name, value in meaning.items():
        found = await connection.fetchval("SELECT current_setting($1)", name)
        if found != value:
            raise Refused(
                f"The session's {name} is {found!r}, and {value!r} was approved. Nothing was run.",
                "Look for a pooler or an extension that sets it, then plan again.",
            )
    try:
        await connection.execute("SET client_connection_check_interval = '500ms'")
    except (asyncpg.InvalidParameterValueError, asyncpg.UndefinedObjectError):
        return  # this platform cannot watch its clients; an orphan then ends with its statement
