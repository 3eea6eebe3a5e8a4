"""A throwaway Postgres for this process: started in a moment, fenced in, gone when the process is gone."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import anyio.to_thread
import asyncpg

from db_migrate.cluster import initialise, leftovers, locks, parameters, places, waiting
from db_migrate.cluster.binaries import resolve
from db_migrate.cluster.launch import Home, start_postgres
from db_migrate.cluster.supabase.shelf import Shelf, stock
from db_migrate.cluster.supabase.stand_ins import CLUSTER_NAME
from db_migrate_tools.ports import Refused

SUPERUSER = "db_migrate_shadow"
"""No target has a role of this name, so every role of a target can be played."""
PORT = 5432


class ClusterLost(Refused):
    """The Postgres of this cluster is gone: it was stopped or it died. Start another one."""


@dataclass(slots=True)
class Cluster:
    """A running throwaway Postgres, reached over a unix socket in `socket_dir`.

    `async with await start_shadow() as cluster`, or `close()` it. However this process ends, the keeper stops
    Postgres and removes its files. `offline`: it has a network of its own, with nothing in it.
    """

    home: Home
    superuser: str
    password: str = field(repr=False)
    version: str
    major: int
    bin_dir: Path
    port: int
    offline: bool
    _using: int = field(repr=False)
    _kept: int = field(repr=False)
    shelf: Shelf | None = field(default=None, repr=False)

    @property
    def socket_dir(self) -> Path:
        return self.home.run

    @property
    def alive(self) -> bool:
        """Whether its keeper, and so its Postgres, still runs."""
        return self._using >= 0 and self.home.path.exists() and locks.is_held(self.home.keeper)

    def dsn(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """A DSN with its password: never for a log or a person. Without a user, the superuser's."""
        if user is None:
            user, password = self.superuser, self.password
        secret = f":{quote(password, safe='')}" if password is not None else ""
        host = quote(os.fspath(self.socket_dir), safe="")
        return f"postgresql://{quote(user, safe='')}{secret}@/{quote(database, safe='')}?host={host}&port={self.port}"

    async def connect(
        self, database: str = "postgres", *, user: str | None = None, password: str | None = None
    ) -> asyncpg.Connection:
        """A connection as the superuser, or as `user` with their password.

        Raises:
            ClusterLost: Postgres is not there any more.
        """
        try:
            return await asyncpg.connect(
                host=os.fspath(self.socket_dir),
                port=self.port,
                user=user or self.superuser,
                password=password if user else self.password,
                database=database,
            )
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError) as error:
            raise ClusterLost(
                f"The shadow Postgres {self.version} has stopped.", "Ask again: a new one is started."
            ) from error

    async def create_database(self, name: str, *, template: str | None = None, owner: str | None = None) -> None:
        """Create a database, as a copy of `template` when given, owned by `owner` or the superuser."""
        words = [f"CREATE DATABASE {quoted(name)}"]
        if owner is not None:
            words.append(f"OWNER {quoted(owner)}")
        if template is not None:
            words.append(f"TEMPLATE {quoted(template)}")
        if self.major >= 15:
            # Writing every block to the log costs several times more; 14 copies files anyway.
            words.append("STRATEGY file_copy")
        await self.execute(" ".join(words))

    async def drop_database(self, name: str) -> None:
        """Drop a database and end whoever is connected to it; nothing when there is none."""
        await self.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")

    async def execute(self, sql: str) -> None:
        """Run SQL as the superuser in the database `postgres`, on a connection of its own."""
        connection = await self.connect()
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def close(self) -> None:
        """Let go of the cluster; returns when Postgres has ended and its files are gone."""
        await anyio.to_thread.run_sync(self.close_blocking)

    def close_blocking(self) -> None:
        """`close` for code that runs no event loop."""
        if self._using < 0:
            return
        using, self._using = self._using, -1
        os.close(using)
        ended = locks.wait_until_free(self._kept)
        os.close(self._kept)
        # Its keeper may have been killed before it could tidy up; one that hangs is left to the next sweep.
        if ended and self.home.path.exists():
            leftovers.remove(self.home)

    async def __aenter__(self) -> Cluster:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self.close()


async def start_shadow(
    *, major: int | None = None, explicit: Path | None = None, cache: Path | None = None, base: Path | None = None
) -> Cluster:
    """Start a throwaway Postgres of that major version, or of the nearest there is: compare `Cluster.major`.

    `explicit` names a bin directory, `cache` where initialised data is kept, `base` where clusters are made.

    Raises:
        NoBinaries, NotInitialised, NotStarted, NotServed.
    """
    return await anyio.to_thread.run_sync(lambda: start_shadow_blocking(major, explicit, cache, base))


def start_shadow_blocking(
    major: int | None = None, explicit: Path | None = None, cache: Path | None = None, base: Path | None = None
) -> Cluster:
    """`start_shadow` for code that runs no event loop."""
    binaries = resolve(major, explicit=explicit, cache=cache)
    seed = initialise.seed(binaries, SUPERUSER, cache)
    base = base or places.shadow_base()
    with waiting.owned(base / "base.lock"):
        # Under this lock no home exists without its user's lock, unless it was left behind.
        leftovers.sweep(base)
        path = base / f"s-{secrets.token_hex(4)}"
        path.mkdir(mode=0o711 if places.server_uid() is not None else 0o700)
        home = Home(path, path / "run")
        using = waiting.share(home.users)
    kept = -1
    try:
        kept = locks.open_lock(home.keeper)
        home.make_run()
        initialise.copy_data(seed.data, home.data)
        stocked = stock(binaries, home.path / "programs")
        settings = {
            **parameters.SHADOW_SETTINGS,
            "port": str(PORT),
            "cluster_name": CLUSTER_NAME,
            **(stocked.settings if stocked else {}),
        }
        offline = start_postgres(
            stocked.binaries if stocked else binaries,
            home,
            parameters.arguments(settings, binaries.major),
            parameters.SHADOW_LIMITS,
            fresh=True,
            confined=True,
            starting=waiting.own(home.start),
            keeping=waiting.own(home.keeper),
        )
    except BaseException:
        if kept >= 0:
            os.close(kept)
        os.close(using)
        shutil.rmtree(path, ignore_errors=True)
        raise
    return Cluster(
        home=home,
        superuser=SUPERUSER,
        password=seed.password,
        version=binaries.version,
        major=binaries.major,
        bin_dir=binaries.bin_dir,
        port=PORT,
        offline=offline,
        _using=using,
        _kept=kept,
        shelf=stocked.shelf if stocked else None,
    )


def quoted(name: str) -> str:
    """An identifier as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
