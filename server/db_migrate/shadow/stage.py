"""Where one rehearsal plays: databases of its own, a login of its own, all gone when it ends."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType

import anyio

from db_migrate.cluster.shadow import Cluster
from db_migrate.postgres.connect import Connection
from db_migrate.shadow import roles
from db_migrate.shadow.roles import Cast, Casting, Player
from db_migrate.shadow.server import RAISED, connect, literal, name
from db_migrate.shadow.spares import Spares
from db_migrate.shadow.sweeping import Sweeper
from db_migrate_tools.evidence import SessionSettings

CLEARING = 30.0


class Stage:
    """The databases and connections of one rehearsal."""

    def __init__(
        self,
        server: Cluster,
        admin: Connection,
        cast: Cast,
        settings: SessionSettings,
        spares: Spares | None,
        sweeper: Sweeper,
        also: Mapping[str, str],
        casting: Casting,
    ) -> None:
        self.server = server
        self._casting = casting
        self._lent: list[str] = []
        self._also = also
        self._spares = spares
        self._sweeper = sweeper
        self._copying = anyio.Lock()
        self._copier: Connection | None = None
        self.admin = admin
        self.cast = cast
        self.settings = settings
        self.player = Player(f"dbm_run_{secrets.token_hex(6)}", secrets.token_urlsafe(18))
        self.players = [self.player]
        self._databases: list[str] = []
        self._connections: list[Connection] = []

    async def copy(self, template: str) -> str:
        """A new database with the template's contents, owned by the role that acts."""
        database = f"dbm_run_{secrets.token_hex(6)}"
        self._databases.append(database)
        async with self._copying:
            # The passes of a rehearsal run side by side, and a connection serves one of them at a time.
            self._copier = self._copier or await connect(self.server)
            spare = self._spares.take(template) if self._spares else None
            if spare is not None:
                self._databases.append(spare)
                await self._copier.execute(
                    f"ALTER DATABASE {name(spare)} OWNER TO {name(self.cast.role)};"
                    f"ALTER DATABASE {name(spare)} RENAME TO {name(database)}"
                )
                self._databases.remove(spare)
                return database
            # Copying files costs a tenth of writing every block to the log; Postgres 14 knows no other way.
            how = " STRATEGY file_copy" if self.server.major >= 15 else ""
            await self._copier.execute(
                f"CREATE DATABASE {name(database)} TEMPLATE {name(template)} OWNER {name(self.cast.role)}{how}"
            )
        return database

    async def connect(self, database: str) -> Connection:
        """A session of the login with the target's settings: what a migration's connection will be."""
        connection = await connect(
            self.server,
            database,
            user=self.player.login,
            password=self.player.password,
            search_path=self.settings.search_path,
            role=self.cast.role,
        )
        self._connections.append(connection)
        await connection.execute(
            "".join(
                f"SELECT pg_catalog.set_config({literal(setting)}, {literal(value)}, false);"
                for setting, value in {**pinned(self.settings), **self._also}.items()
            )
        )
        return connection

    async def watch(self, database: str) -> Connection:
        """A session of the superuser in the rehearsal's database. It must run no code of that database."""
        connection = await connect(self.server, database)
        self._connections.append(connection)
        return connection

    async def lend(self, role: str) -> None:
        """Have a role on the shadow while the stage stands: without login, without rights."""
        if await self._casting.lend(self.admin, role):
            self._lent.append(role)

    async def leave(self, connection: Connection) -> None:
        """Close a session of this stage."""
        self._connections.remove(connection)
        try:
            await connection.close(timeout=5)
        except (*RAISED, TimeoutError):
            connection.terminate()

    async def clear(self) -> None:
        """Stop what still runs and have everything removed; roles that were lent are given back at once."""
        await roles.stop(self.admin, self.player)
        for connection in (*self._connections, *([self._copier] if self._copier else [])):
            connection.terminate()
        self._sweeper.take(self._databases, [self.player])
        if self._lent:
            # What is in the databases may belong to them.
            await self._sweeper.settle()
            for role in self._lent:
                await self._casting.give_back(self.admin, role)


def pinned(settings: SessionSettings) -> dict[str, str]:
    """The settings that a session of the target begins with and that change what SQL means. Time limits are not
    among them: the runner has its own, and so has the rehearsal.
    """
    return {
        "search_path": settings.search_path,
        "standard_conforming_strings": settings.standard_conforming_strings,
        "TimeZone": settings.timezone,
    }


@asynccontextmanager
async def stage(
    server: Cluster,
    casting: roles.Casting,
    cast: Cast,
    settings: SessionSettings,
    sweeper: Sweeper,
    spares: Spares | None = None,
    also: Mapping[str, str] = MappingProxyType({}),
) -> AsyncGenerator[Stage]:
    """A stage for one rehearsal, cleared however the block ends, its databases by the `sweeper`; `also` are settings
    of its sessions.
    """
    async with AsyncExitStack() as stack:
        admin = await connect(server)
        stack.callback(admin.terminate)
        await stack.enter_async_context(casting.acting(admin, cast))
        made = Stage(server, admin, cast, settings, spares, sweeper, also, casting)
        try:
            await roles.hire(admin, made.player, cast)
            yield made
        finally:
            with anyio.move_on_after(CLEARING, shield=True):
                await made.clear()
