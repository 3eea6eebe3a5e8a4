"""The embedded development database of a project: durable, shared by its server processes, stopped with the last."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import anyio.to_thread
import asyncpg

from db_migrate.cluster import dev_home, initialise, leftovers, locks, parameters, waiting
from db_migrate.cluster.binaries import Binaries, refuse_windows, resolve
from db_migrate.cluster.launch import Home, NotStarted, start_postgres
from db_migrate.cluster.supabase import baseline
from db_migrate.cluster.supabase.shelf import stock
from db_migrate_tools.ports import Refused

SUPERUSER = "supabase_admin"
PORT_TRIES = 3


class OtherMajor(Refused):
    """The data directory is of another major version than the programs; nothing was touched."""


@dataclass(slots=True)
class DevDatabase:
    """A running development database. It runs at least as long as this object is open and this process lives.

    `dsn` is for our own connections, over the unix socket; it holds a password. What people connect to stands in
    `url_file`, which only its owner may read.
    """

    home: Path
    url_file: Path
    version: str
    major: int
    port: int
    socket_dir: Path
    secrets: dev_home.Secrets = field(repr=False)
    _using: int = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def dsn(self) -> str:
        return self._dsn(dev_home.APPLICATION, self.secrets.application)

    @property
    def admin_dsn(self) -> str:
        """The superuser's, for set-up only: what the application may do is decided with `dsn`."""
        return self._dsn(SUPERUSER, self.secrets.superuser)

    def _dsn(self, user: str, password: str) -> str:
        host = quote(os.fspath(self.socket_dir), safe="")
        return f"postgresql://{user}:{quote(password, safe='')}@/{dev_home.DATABASE}?host={host}&port={self.port}"

    def answers(self) -> bool:
        """Whether a Postgres listens at its socket."""
        if self._using < 0:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(2)
            try:
                probe.connect(os.fspath(self.socket_dir / f".s.PGSQL.{self.port}"))
            except TimeoutError:
                return True
            except OSError:
                return False
        return True

    async def close(self) -> None:
        """Let go of it. Postgres stops when no process uses it any more; this does not wait for that."""
        if self._using >= 0:
            using, self._using = self._using, -1
            os.close(using)


async def ensure_dev(
    state_dir: Path,
    *,
    location: Path | None = None,
    explicit: Path | None = None,
    cache: Path | None = None,
    root_home: Path = dev_home.ROOT_HOME,
    supabase: bool = False,
) -> DevDatabase:
    """The project's development database, started or joined; made at the first use.

    Args:
        state_dir: the project's `.db-migrate`, which exists. The database lives in `dev` below it; for root, who
            cannot let Postgres in there, below `root_home`.
        location: another directory for it; remembered in `dev/location`.
        explicit: a bin directory to take Postgres from.
        cache: where copies of programs are kept.
        root_home: where databases live when we are root.
        supabase: whether the project is a Supabase one; then the database gets what such a project finds in its own.

    Raises:
        NoBinaries, NotInitialised, NotStarted, NotServed, OtherMajor, LocationMissing.
    """
    database = await anyio.to_thread.run_sync(
        lambda: _start(state_dir, location, explicit, cache, root_home, supabase=supabase)
    )
    try:
        await _prepare(database, supabase=supabase)
    except BaseException:
        await database.close()
        raise
    return database


async def _prepare(database: DevDatabase, *, supabase: bool) -> None:
    try:
        connection = await asyncpg.connect(database.admin_dsn)
    except (OSError, asyncpg.PostgresError) as error:
        raise NotStarted(
            f"The development database at {database.home} runs but does not answer: {type(error).__name__}.",
            f"See {database.home / 'postgres.log'}, then try again.",
        ) from error
    try:
        await baseline.prepare(connection, dev_home.APPLICATION, database.secrets.application)
        if supabase:
            database.notes = await baseline.complete(connection, dev_home.APPLICATION)
    finally:
        await connection.close()


def _start(
    state_dir: Path,
    location: Path | None,
    explicit: Path | None,
    cache: Path | None,
    root_home: Path,
    *,
    supabase: bool,
) -> DevDatabase:
    refuse_windows()
    notes = state_dir / "dev"
    state_dir.mkdir(mode=0o700, exist_ok=True)
    notes.mkdir(mode=0o700, exist_ok=True)
    path = dev_home.find_home(state_dir.resolve(), location, root_home)
    home = Home(path, dev_home.socket_directory(path))
    using = waiting.share(home.users)
    try:
        with waiting.owned(path / "files.lock"):
            known = dev_home.secrets_of(path)
        starting = waiting.own(home.start)
        keeping = locks.try_own(home.keeper)
        if keeping is None:
            os.close(starting)
        else:
            _launch(home, known, explicit, cache, supabase=supabase, starting=starting, keeping=keeping)
        running = json.loads((path / "cluster.json").read_text(encoding="utf-8"))
        url_file = notes / "url"
        dev_home.write_if_new(
            url_file, dev_home.url_for_people(known, home, running["port"], loopback=running["loopback"])
        )
    except BaseException:
        os.close(using)
        raise
    return DevDatabase(
        home=path,
        url_file=url_file,
        version=running["version"],
        major=running["major"],
        port=running["port"],
        socket_dir=home.run,
        secrets=known,
        _using=using,
    )


def _launch(
    home: Home,
    known: dev_home.Secrets,
    explicit: Path | None,
    cache: Path | None,
    *,
    supabase: bool,
    starting: int,
    keeping: int,
) -> None:
    """Start Postgres on the home, making its data first if there is none. Takes over both descriptors."""
    try:
        binaries = _binaries_for(home.data, explicit, cache)
        leftovers.end_postgres(home)
        if not home.data.exists():
            initialise.initdb(
                binaries,
                home.data,
                superuser=SUPERUSER,
                password=known.superuser,
                options=parameters.dev_initdb(binaries.major),
            )
        home.make_run()
        stocked = stock(binaries, home.path / "programs") if supabase else None
    except BaseException:
        os.close(starting)
        os.close(keeping)
        raise
    extensions: Mapping[str, str] = stocked.settings if stocked else {}
    _start_on_free_port(home, stocked.binaries if stocked else binaries, extensions, starting, keeping)


def _start_on_free_port(
    home: Home, binaries: Binaries, extensions: Mapping[str, str], starting: int, keeping: int
) -> None:
    try:
        for tries_left in reversed(range(PORT_TRIES)):
            port, loopback = dev_home.choose_port(home.path / "port")
            facts = {"version": binaries.version, "major": binaries.major, "port": port, "loopback": loopback}
            initialise.write_secret(home.path / "cluster.json", json.dumps(facts))
            settings = {
                **parameters.DEV_SETTINGS,
                **extensions,
                "port": str(port),
                "listen_addresses": dev_home.LOOPBACK if loopback else "",
            }
            words = parameters.arguments(settings, binaries.major)
            try:
                start_postgres(
                    binaries,
                    home,
                    words,
                    parameters.DEV_LIMITS,
                    fresh=False,
                    confined=False,
                    starting=os.dup(starting),
                    keeping=os.dup(keeping),
                )
                return
            except NotStarted as error:
                # Somebody took the port between our look and Postgres's.
                if tries_left == 0 or "could not create any TCP/IP sockets" not in error.log:
                    raise
                (home.path / "port").unlink(missing_ok=True)
    finally:
        os.close(starting)
        os.close(keeping)


def _binaries_for(data: Path, explicit: Path | None, cache: Path | None) -> Binaries:
    """The embedded programs, or for data of another major version those of that version."""
    found = resolve(None, explicit=explicit, cache=cache)
    try:
        made_by = int((data / "PG_VERSION").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return found
    if found.major != made_by:
        found = resolve(made_by, explicit=explicit, cache=cache)
    if found.major != made_by:
        raise OtherMajor(
            f"The development database at {data} was made by Postgres {made_by}; "
            f"the programs here are {found.version}.",
            f"Nothing was changed. Install PostgreSQL {made_by} to go on with it. To move to {found.major}: start it "
            f"once more with {made_by}, save it with `pg_dumpall`, move {data} away, and load the dump into the new "
            "database.",
        )
    return found
