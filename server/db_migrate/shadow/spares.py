"""Copies of a template made beforehand, while nobody waits for them."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable

import anyio

from db_migrate.cluster.shadow import Cluster
from db_migrate.shadow.server import RAISED, connect, name
from db_migrate_tools.ports import Refused

WANTED = 4
"""What one rehearsal uses: the migration itself, its statements one by one, and the rollback with rows, often twice."""

TEMPLATES = 2
"""Templates that have spares: those used last."""

SHARE = 4
"""The spares of a shadow may fill one part in so many of the room that is left."""

Room = Callable[[], int]
"""How many bytes are free where the shadow keeps its data."""


class Spares:
    """Ready copies by template. What goes wrong while making one only means that there is one less."""

    def __init__(self, server: Cluster, *, wanted: int = WANTED, room: Room | None = None) -> None:
        self._server = server
        self._wanted = wanted
        self._room = room or (lambda: shutil.disk_usage(server.home.data).free)
        self._ready: dict[str, list[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._making = anyio.Lock()

    def take(self, template: str) -> str | None:
        """A copy of the template that nobody else will get, or None when there is none."""
        ready = self._ready.get(template)
        return ready.pop() if ready else None

    def restock(self, template: str) -> None:
        """Make copies in the background until there are as many as one rehearsal uses."""
        self._ready[template] = self._ready.pop(template, [])
        task = asyncio.create_task(self._fill(template))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def forget(self, template: str) -> None:
        """Drop the template's copies: the template goes."""
        async with self._making:
            for database in self._ready.pop(template, []):
                await self._server.drop_database(database)

    async def settle(self) -> None:
        """Wait until nothing is being made."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Make no more copies. Those that are there end with the server."""
        self._wanted = 0
        await self.settle()
        self._ready.clear()

    async def _fill(self, template: str) -> None:
        try:
            for other in list(self._ready)[:-TEMPLATES]:
                await self.forget(other)
            while await self._one_more(template):
                continue
        except (*RAISED, Refused, OSError):
            # The shadow is gone or has no room: whoever needs a copy makes it, and hears why it cannot be had.
            return

    async def _one_more(self, template: str) -> bool:
        async with self._making:
            ready = self._ready.get(template)
            if ready is None or len(ready) >= self._wanted:
                return False
            admin = await connect(self._server)
            try:
                size = int(await admin.fetchval("SELECT pg_catalog.pg_database_size($1::name)", template))
                if size * SHARE > self._room():
                    return False
                database = f"dbm_spare_{secrets.token_hex(6)}"
                how = " STRATEGY file_copy" if self._server.major >= 15 else ""
                await admin.execute(f"CREATE DATABASE {name(database)} TEMPLATE {name(template)}{how}")
            finally:
                admin.terminate()
            ready.append(database)
            return True
