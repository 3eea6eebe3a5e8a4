"""A throwaway Postgres: quick, fenced in, and gone with its last user."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import asyncpg
import pytest

from cluster.helpers import SHADOW, User, Watch, keeper, kill, postmaster, processes_of
from db_migrate.cluster import binaries, confine, initialise, leftovers, locks, parameters, pidfile, places
from db_migrate.cluster.launch import Home, NotStarted
from db_migrate.cluster.shadow import SUPERUSER, Cluster, ClusterLost, start_shadow


@pytest.fixture
async def shadow(base: Path, warm_cache: Path) -> AsyncIterator[Cluster]:
    async with await start_shadow(base=base, cache=warm_cache) as cluster:
        yield cluster


async def test_a_shadow_answers_and_leaves_nothing_when_it_is_closed(base: Path, warm_cache: Path) -> None:
    cluster = await start_shadow(base=base, cache=warm_cache)
    assert cluster.alive
    connection = await cluster.connect()
    assert str(await connection.fetchval("SHOW server_version")).startswith(str(cluster.major))
    await connection.close()
    await cluster.close()
    assert not cluster.alive
    assert processes_of(cluster.home.path) == []
    assert list(base.glob("s-*")) == []
    await cluster.close()


async def test_databases_are_made_owned_copied_and_dropped(shadow: Cluster) -> None:
    await shadow.execute("CREATE ROLE owner LOGIN PASSWORD 'secret'")
    await shadow.create_database('odd "name"', owner="owner")
    connection = await shadow.connect('odd "name"', user="owner", password="secret")
    await connection.execute("CREATE SCHEMA mine CREATE TABLE t (a int)")
    await connection.close()
    await shadow.create_database("copy", template='odd "name"', owner="owner")
    connection = await asyncpg.connect(shadow.dsn("copy"))
    assert await connection.fetchval("SELECT count(*) FROM mine.t") == 0
    await shadow.drop_database("copy")
    await shadow.drop_database("copy")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await shadow.connect("copy")
    await connection.close()


async def test_no_password_is_seen_in_a_shadow_s_repr(shadow: Cluster) -> None:
    assert shadow.password not in repr(shadow)
    assert shadow.password not in str(shadow)
    assert f":{shadow.password}@" in shadow.dsn()


async def test_a_password_is_needed_even_on_the_socket(shadow: Cluster) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await shadow.connect(user=shadow.superuser, password="guessed")


async def test_a_shadow_listens_on_no_network(shadow: Cluster) -> None:
    connection = await shadow.connect()
    assert await connection.fetchval("SHOW listen_addresses") == ""
    await connection.close()


async def test_what_takes_too_much_is_an_error_and_the_server_survives(
    base: Path, warm_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"RLIMIT_FSIZE": 16 * parameters.MEBIBYTE, "RLIMIT_AS": 400 * parameters.MEBIBYTE}
    monkeypatch.setattr(parameters, "SHADOW_LIMITS", {**parameters.SHADOW_LIMITS, **few})
    monkeypatch.setattr(parameters, "SHADOW_SETTINGS", {**parameters.SHADOW_SETTINGS, "temp_file_limit": "1MB"})
    async with await start_shadow(base=base, cache=warm_cache) as cluster:
        connection = await cluster.connect()
        with pytest.raises(asyncpg.PostgresError, match="File too large"):
            await connection.execute("CREATE TABLE big AS SELECT repeat('x', 1900) FROM generate_series(1, 20000)")
        with pytest.raises(asyncpg.OutOfMemoryError):
            await connection.execute("SELECT length(repeat('x', 500000000))")
        with pytest.raises(asyncpg.ConfigurationLimitExceededError):
            await connection.execute("SELECT a, repeat('x', 500) FROM generate_series(1, 20000) a ORDER BY 2, 1")
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


async def test_sorting_may_fill_no_more_than_a_little_and_no_role_can_raise_that(shadow: Cluster) -> None:
    await shadow.execute("CREATE ROLE sorter LOGIN PASSWORD 'secret'")
    await shadow.create_database("sorted", owner="sorter")
    connection = await shadow.connect("sorted", user="sorter", password="secret")
    assert await connection.fetchval("SHOW temp_file_limit") == "64MB"
    for raising in ("SET temp_file_limit = -1", "ALTER DATABASE sorted SET temp_file_limit = -1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(raising)
    await connection.close()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="this system does not show a process's environment")
async def test_what_our_environment_holds_does_not_reach_the_shadow(
    base: Path, warm_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROD_DATABASE_URL", "postgresql://canary")
    monkeypatch.setenv("PGOPTIONS", "-c canary.word=1")
    async with await start_shadow(base=base, cache=warm_cache) as cluster:
        held = Path(f"/proc/{postmaster(cluster.home.path)}/environ").read_bytes()
    assert {entry.partition(b"=")[0] for entry in held.split(b"\0") if entry} == {b"PATH", b"LC_ALL", b"TZ"}


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may leave the network")
async def test_as_root_a_shadow_has_a_network_of_its_own(shadow: Cluster) -> None:
    leaving = "import sys; from db_migrate.cluster import confine; sys.exit(not confine.leave_network())"
    if subprocess.run([sys.executable, "-c", leaving], check=False).returncode:
        pytest.skip("this machine gives root no network namespaces")
    assert shadow.offline
    theirs = Path(f"/proc/{postmaster(shadow.home.path)}/ns/net").readlink()
    assert theirs != Path("/proc/self/ns/net").readlink()


@pytest.mark.skipif(confine.landlock_version() == 0, reason="this kernel has no Landlock")
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_read_file('/etc/hosts')",
        "SELECT pg_read_file('/proc/self/environ')",
        "SELECT pg_ls_dir('/tmp')",
        "COPY (SELECT 1) TO '/tmp/db-migrate-was-here'",
        "COPY (SELECT 1) TO PROGRAM 'cat > /tmp/db-migrate-was-here'",
    ],
)
async def test_not_even_the_superuser_reaches_files_outside(shadow: Cluster, statement: str) -> None:
    connection = await shadow.connect()
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute(statement)
    assert not Path("/tmp/db-migrate-was-here").exists()
    await connection.close()


async def test_the_keeper_is_outside_the_terminal_s_session(shadow: Cluster) -> None:
    assert os.getsid(keeper(shadow.home.path)) != os.getsid(0)


def test_a_killed_server_leaves_no_process_and_no_file(base: Path, warm_cache: Path) -> None:
    user = User(SHADOW, warm_cache, base)
    watch = Watch(Path(user.ready()["home"]))
    user.kill()
    watch.until_ended()
    assert list(base.glob("s-*")) == []


async def test_a_killed_keeper_takes_postgres_with_it(base: Path, warm_cache: Path) -> None:
    cluster = await start_shadow(base=base, cache=warm_cache)
    watch = Watch(cluster.home.path)
    kill(keeper(cluster.home.path))
    if sys.platform == "linux":
        watch.until_ended()
        with pytest.raises(ClusterLost, match="stopped"):
            await cluster.connect()
    await cluster.close()
    assert processes_of(cluster.home.path) == []
    assert list(base.glob("s-*")) == []


async def test_a_killed_postmaster_takes_a_looping_backend_and_its_files_with_it(base: Path, warm_cache: Path) -> None:
    cluster = await start_shadow(base=base, cache=warm_cache)
    watch = Watch(cluster.home.path)
    connection = await cluster.connect()
    backend = connection.get_server_pid()
    await connection.execute("CREATE FUNCTION spin() RETURNS void LANGUAGE plpgsql AS 'BEGIN LOOP END LOOP; END'")
    other = await cluster.connect()
    transport_lost: list[BaseException] = []

    async def spin() -> None:
        try:
            await connection.execute("SELECT spin()")
        except (asyncpg.PostgresError, OSError) as error:
            transport_lost.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(spin)
        while not await other.fetchval(
            "SELECT true FROM pg_stat_activity WHERE pid = $1 AND state = 'active'", backend
        ):
            await anyio.lowlevel.checkpoint()
        kill(postmaster(cluster.home.path))
        await anyio.to_thread.run_sync(watch.until_ended)
    assert transport_lost
    assert not cluster.home.path.exists()
    assert not cluster.alive
    with pytest.raises(ClusterLost):
        await cluster.connect()
    await other.close()
    await cluster.close()


def test_what_a_power_cut_left_is_swept_and_what_is_used_stays(base: Path, warm_cache: Path) -> None:
    (base / "s-99999999").symlink_to("gone")
    left = base / "s-00000000"
    (left / "data").mkdir(parents=True)
    (left / "users.lock").touch()
    user = User(SHADOW, warm_cache, base)
    used = Path(user.ready()["home"])
    assert not left.exists()
    leftovers.sweep(base)
    assert used.exists()
    watch = Watch(used)
    user.leave()
    watch.until_ended()


def test_many_processes_may_start_at_once_with_nothing_cached(base: Path, place: Path) -> None:
    users = [User(SHADOW, place / "cache", base) for _ in range(3)]
    homes = [Path(user.ready()["home"]) for user in users]
    assert len(set(homes)) == 3
    watches = [Watch(home) for home in homes]
    for user in users:
        user.leave()
    for watch in watches:
        watch.until_ended()
    assert list(base.glob("s-*")) == []
    assert list((place / "cache").glob(".building-*")) == []


async def test_a_postgres_that_will_not_start_is_refused_with_its_own_words(
    base: Path, warm_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "SHADOW_SETTINGS", {**parameters.SHADOW_SETTINGS, "fsync": "perhaps"})
    with pytest.raises(NotStarted, match="requires a Boolean value") as refused:
        await start_shadow(base=base, cache=warm_cache)
    assert "Check" in refused.value.remedy
    assert list(base.glob("s-*")) == []


async def test_the_target_s_own_major_version_is_used_where_this_machine_has_it(base: Path, warm_cache: Path) -> None:
    if not Path("/usr/lib/postgresql/15/bin/postgres").exists():
        pytest.skip("no system Postgres 15 here")
    async with await start_shadow(major=15, base=base, cache=warm_cache) as cluster:
        assert cluster.major == 15
        await cluster.create_database("a")
        connection = await cluster.connect("a")
        assert "15." in str(await connection.fetchval("SHOW server_version"))
        await connection.close()


@dataclass(frozen=True)
class Unkept:
    """A Postgres that was started without a keeper."""

    home: Home
    process: subprocess.Popen[bytes]
    password: str

    async def connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            host=str(self.home.run), user=SUPERUSER, password=self.password, database="postgres"
        )


@pytest.fixture
def unkept(base: Path, warm_cache: Path) -> Unkept:
    found = binaries.resolve(None, cache=warm_cache)
    home = Home(base / "s-11111111", base / "s-11111111" / "run")
    home.path.mkdir(mode=0o711)
    home.make_run()
    seed = initialise.seed(found, SUPERUSER, warm_cache)
    initialise.copy_data(seed.data, home.data)
    alive = locks.own(home.postgres)
    words = parameters.arguments(parameters.SHADOW_SETTINGS, found.major)
    process = subprocess.Popen(
        [found.program("postgres"), "-D", home.data, "-k", home.run, *words],
        pass_fds=(alive,),
        stderr=subprocess.DEVNULL,
        **places.run_as(places.server_uid()),
    )
    os.close(alive)
    while not pidfile.is_ready(str(home.data), process.pid):
        assert process.poll() is None
    return Unkept(home, process, seed.password)


def test_a_postgres_without_a_keeper_is_ended_before_its_files_are_removed(base: Path, unkept: Unkept) -> None:
    """As where the kernel tells no child that its parent died."""
    leftovers.sweep(base)
    assert not unkept.home.path.exists()
    assert unkept.process.wait() == 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list a process's files")
async def test_a_looping_backend_that_nobody_keeps_any_more_is_ended_by_the_next_start(
    base: Path, unkept: Unkept
) -> None:
    """As when postmaster and keeper are killed at the same moment."""
    looping, other = await unkept.connect(), await unkept.connect()

    async def spin() -> None:
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await looping.execute("DO $$ BEGIN LOOP END LOOP; END $$")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(spin)
        busy = "SELECT true FROM pg_stat_activity WHERE pid = $1 AND state = 'active'"
        while not await other.fetchval(busy, looping.get_server_pid()):
            await anyio.lowlevel.checkpoint()
        unkept.process.kill()
        unkept.process.wait()
        await anyio.to_thread.run_sync(leftovers.sweep, base)
    assert not unkept.home.path.exists()
    other.terminate()
