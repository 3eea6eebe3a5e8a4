"""Who puts rows into the shadow's tables: a login that may, with triggers asleep, and that is no superuser.

CHECK constraints, generated columns and types run code of the target, so the superuser must not insert. The login is a
member of the tables' owners, row security does not bind it, and its sessions are born with session_replication_role =
replica, which only a superuser can give it: triggers sleep without ALTER TABLE, which would change what is compared.
Foreign keys sleep with them; `seeding` therefore checks them itself.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

import anyio

from db_migrate.postgres.connect import Connection
from db_migrate.shadow import roles
from db_migrate.shadow.roles import Player
from db_migrate.shadow.server import RAISED, connect, literal, name
from db_migrate.shadow.stage import Stage, pinned

PATIENCE = "10s"
"""For one statement that fills or reads a table."""

_READABLE = {
    "bytea_output": "hex",
    "DateStyle": "ISO, MDY",
    "extra_float_digits": "1",
    "IntervalStyle": "postgres",
    "lc_monetary": "C",
    "statement_timeout": PATIENCE,
    "TimeZone": "UTC",
    "xmloption": "content",
}


class RowLogin:
    """The login of one proof; its sessions see and write every row of the owners' tables."""

    def __init__(self, stage: Stage, player: Player) -> None:
        self._stage = stage
        self._player = player

    @asynccontextmanager
    async def session(self, database: str) -> AsyncGenerator[Connection]:
        """A session in a database of the stage; it is over, also for the server, when the block ends."""
        connection = await connect(
            self._stage.server,
            database,
            user=self._player.login,
            password=self._player.password,
            search_path=self._stage.settings.search_path,
        )
        try:
            settings = {**pinned(self._stage.settings), **_READABLE}
            await connection.execute(
                "".join(
                    f"SELECT pg_catalog.set_config({literal(key)}, {literal(text)}, false);"
                    for key, text in settings.items()
                )
            )
            yield connection
        finally:
            try:
                await connection.close(timeout=5)
            except (*RAISED, TimeoutError):
                connection.terminate()


@asynccontextmanager
async def row_login(stage: Stage, owners: Iterable[str]) -> AsyncGenerator[RowLogin]:
    """A login that acts for the owners while the block runs."""
    player = Player(f"dbm_run_{secrets.token_hex(6)}", secrets.token_urlsafe(18))
    acting = sorted(o for o in set(owners) if o and o != stage.server.superuser and not o.startswith("pg_"))
    stage.players.append(player)
    try:
        await stage.admin.execute(
            f"CREATE ROLE {name(player.login)} LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION "
            f"BYPASSRLS CONNECTION LIMIT 2 PASSWORD {literal(player.password)};"
            f"ALTER ROLE {name(player.login)} SET session_replication_role = 'replica';"
            # A platform's and an extension's tables may belong to the superuser, whose member nobody is.
            f"GRANT pg_read_all_data, pg_write_all_data TO {name(player.login)};"
            + "".join(f"GRANT {name(owner)} TO {name(player.login)};" for owner in acting)
        )
        yield RowLogin(stage, player)
    finally:
        stage.players.remove(player)
        with anyio.CancelScope(shield=True):
            await roles.stop(stage.admin, player)
            await roles.dismiss(stage.admin, player)
