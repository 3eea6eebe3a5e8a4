"""What a rehearsal leaves on the shadow, removed while nobody waits: its databases, then its logins."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import anyio

from db_migrate.cluster.shadow import Cluster
from db_migrate.shadow import roles
from db_migrate.shadow.roles import Player
from db_migrate.shadow.server import RAISED, connect, name
from db_migrate_tools.ports import Refused


class Sweeper:
    """Drops databases to which nobody is connected any more. What it does not come to ends with the server."""

    def __init__(self, server: Cluster) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeping = anyio.Lock()

    def take(self, databases: Sequence[str], players: Sequence[Player]) -> None:
        """Drop these databases in the background, and then the logins, whose sessions have ended."""
        task = asyncio.create_task(self._sweep(list(databases), list(players)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until everything is gone."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _sweep(self, databases: Sequence[str], players: Sequence[Player]) -> None:
        async with self._sweeping:
            try:
                admin = await connect(self._server)
            except (*RAISED, Refused, OSError):
                # The server is gone, and everything with it.
                return
            try:
                for database in databases:
                    await admin.execute(f"DROP DATABASE IF EXISTS {name(database)} WITH (FORCE)")
                for player in players:
                    await roles.dismiss(admin, player)
            except (*RAISED, OSError):
                return
            finally:
                admin.terminate()
